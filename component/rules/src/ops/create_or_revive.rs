//! `create-or-revive`: a visit with consent, whatever is stored.

use super::state::{State, matches};
use crate::cas_loop::{Mutation, Plan, PlannedWrite};
use crate::entry::{Entry, NewEntry};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::policy::Policy;
use crate::row::{EncodedRow, Row};
use crate::store::Store;
use crate::types::{EcId, Timestamp};

/// What `create_or_revive` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateOutcome {
    /// The entry is new.
    Created,
    /// A live entry exists and stays as it is.
    AlreadyLive,
    /// A tombstone older than this consent was replaced.
    Revived,
    /// A tombstone at least as new as this consent stays.
    Withdrawn,
}

impl<S: Store> Graph<S> {
    /// Makes sure that a visit with consent has a live entry: 1 write when there is none; where the
    /// key holds a row, 1 read more, and 1 write more when that is a tombstone older than this
    /// consent.
    ///
    /// A refused creation whose row cannot be read is a [`GraphError::Conflict`]: reads lag.
    pub fn create_or_revive(
        &self,
        ec_id: &str,
        entry: NewEntry,
    ) -> Result<CreateOutcome, GraphError> {
        let id = EcId::parse(ec_id)?;
        let now = Timestamp::new(entry.now);
        let row = Entry::new(entry)?.encode()?;
        self.start(&id, CreateOrRevive { row, policy: self.policy(), now })
    }
}

struct CreateOrRevive {
    row: EncodedRow,
    policy: Policy,
    now: Timestamp,
}

impl Mutation for CreateOrRevive {
    type Outcome = CreateOutcome;

    fn decide(&self, row: Option<&Row>) -> Result<Plan<CreateOutcome>, GraphError> {
        let (condition, outcome) = match State::of(row, &self.policy, self.now) {
            State::Live(..) => return Ok(Plan::Keep(CreateOutcome::AlreadyLive)),
            // Within one second the order is not known, and the withdrawal wins.
            State::Tombstone(tombstone) if self.now <= tombstone.consent_updated() => {
                return Ok(Plan::Keep(CreateOutcome::Withdrawn));
            }
            State::Tombstone(tombstone) => (matches(tombstone), CreateOutcome::Revived),
            State::Missing(condition) => (condition, CreateOutcome::Created),
        };
        let (row, time_to_live) = (self.row.clone(), self.policy.entry_ttl);
        Ok(Plan::Write(PlannedWrite { row, time_to_live, condition }, outcome))
    }
}
