//! `update-last-seen`: a visit to a row that exists.

use super::state::{State, matches};
use crate::cas_loop::{Plan, PlannedWrite, Refused};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::operation::Operation;
use crate::policy::Policy;
use crate::row::{Edit, Row};
use crate::row_operation::{Mutation, Start, change};
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::types::{EcId, Now};

/// What `update_last_seen` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TouchOutcome {
    /// `last_seen` and the lifetime moved on.
    Written,
    /// The last write is less than the debounce ago; no write.
    Debounced,
    /// The entry has been seen later than this; no write.
    Stale,
    /// The entry is a tombstone; no write.
    Withdrawn,
    /// There is no entry; no write.
    NotFound,
}

impl<S: Store> Graph<S> {
    /// Moves `last_seen` and the lifetime on: 1 read and 1 write, or 1 read when nothing changes.
    /// Debounced, and never retried.
    pub fn update_last_seen(&self, ec_id: &str, now: u64) -> Result<TouchOutcome, GraphError> {
        self.run(self.rules().update_last_seen(ec_id, now)?)
    }
}

impl Rules {
    /// [`Graph::update_last_seen`] without a store.
    pub fn update_last_seen(
        &self,
        ec_id: &str,
        now: u64,
    ) -> Result<Operation<TouchOutcome>, GraphError> {
        self.touch(EcId::parse(ec_id)?, Start::Read, now)
    }

    /// [`Snapshot::update_last_seen`] without a store.
    pub fn update_last_seen_on(
        &self,
        snapshot: &Snapshot,
        now: u64,
    ) -> Result<Operation<TouchOutcome>, GraphError> {
        self.touch(snapshot.id().clone(), Start::on(snapshot), now)
    }

    fn touch(
        &self,
        id: EcId,
        start: Start<'_>,
        now: u64,
    ) -> Result<Operation<TouchOutcome>, GraphError> {
        let policy = *self.policy();
        let now = Now::parse(now, &policy)?;
        Ok(change(id, start, &policy, Touch { policy, now }))
    }
}

struct Touch {
    policy: Policy,
    now: Now,
}

impl Mutation for Touch {
    type Outcome = TouchOutcome;
    type Answer = TouchOutcome;
    /// Whoever won has seen the browser more recently, or the next visit will tell.
    const REFUSED: Refused = Refused::GiveUp(GraphError::Conflict);

    fn decide(&self, row: Option<&Row>) -> Result<Plan<TouchOutcome>, GraphError> {
        let row = match State::of(row, &self.policy, self.now) {
            State::Missing(_) => return Ok(Plan::Keep(TouchOutcome::NotFound)),
            State::Tombstone(_) => return Ok(Plan::Keep(TouchOutcome::Withdrawn)),
            State::Live(row, _) => row,
        };
        if let Some(last_seen) = row.last_seen(self.now) {
            match self.now.at.since(last_seen) {
                None => return Ok(Plan::Keep(TouchOutcome::Stale)),
                Some(age) if age < u64::from(self.policy.last_seen_debounce) => {
                    return Ok(Plan::Keep(TouchOutcome::Debounced));
                }
                Some(_) => {}
            }
        }
        let edit = Edit { last_seen: Some(self.now.at), ..Edit::at(self.now) };
        let write = PlannedWrite {
            row: row.rewritten(&edit)?,
            time_to_live: self.policy.entry_ttl,
            condition: matches(row),
        };
        Ok(Plan::Write(write, TouchOutcome::Written))
    }

    fn answer(self, outcome: TouchOutcome) -> TouchOutcome {
        outcome
    }
}
