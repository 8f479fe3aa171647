//! `create-or-revive`: a visit with consent that leaves a live entry as it is.

use alloc::vec;
use alloc::vec::Vec;

use super::report::Report;
use super::state::{State, matches};
use super::upsert_outcome::UpsertOutcome;
use crate::cas_loop::{Plan, PlannedWrite};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::new_entry::{NewEntry, Visit};
use crate::operation::Operation;
use crate::policy::Policy;
use crate::row::Row;
use crate::row_operation::{Mutation, Start, change};
use crate::rules::Rules;
use crate::store::Store;
use crate::types::EcId;

/// What `create_or_revive` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
    /// consent. A live entry stays as it is, and nothing is said of the UIDs.
    ///
    /// A refused creation whose row cannot be read is a [`GraphError::Conflict`]: reads lag.
    pub fn create_or_revive(
        &self,
        ec_id: &str,
        entry: NewEntry,
    ) -> Result<Report<CreateOutcome>, GraphError> {
        self.run(self.rules().create_or_revive(ec_id, entry)?)
    }
}

impl Rules {
    /// [`Graph::create_or_revive`] without a store.
    pub fn create_or_revive(
        &self,
        ec_id: &str,
        entry: NewEntry,
    ) -> Result<Operation<Report<CreateOutcome>>, GraphError> {
        let (id, policy) = (EcId::parse(ec_id)?, *self.policy());
        let visit = Visit::parse(entry, &policy)?;
        Ok(change(id, Start::Absent, &policy, CreateOrRevive { visit, policy }))
    }
}

struct CreateOrRevive {
    visit: Visit,
    policy: Policy,
}

impl Mutation for CreateOrRevive {
    type Outcome = (CreateOutcome, Vec<UpsertOutcome>);
    type Answer = Report<CreateOutcome>;

    fn decide(&self, row: Option<&Row>) -> Result<Plan<Self::Outcome>, GraphError> {
        let visit = &self.visit;
        Ok(match State::of(row, &self.policy, visit.now) {
            State::Live(..) => Plan::Keep((CreateOutcome::AlreadyLive, Vec::new())),
            state => match visit.made(state, &self.policy)? {
                Made::New(write, ids) => Plan::Write(write, (CreateOutcome::Created, ids)),
                Made::Anew(write, ids) => Plan::Write(write, (CreateOutcome::Revived, ids)),
                Made::Withdrawn(ids) => Plan::Keep((CreateOutcome::Withdrawn, ids)),
            },
        })
    }

    fn answer(self, (outcome, ids): Self::Outcome) -> Report<CreateOutcome> {
        let mut report = self.visit.report(outcome, &ids);
        if outcome == CreateOutcome::AlreadyLive {
            report.ids = Vec::new();
        }
        report
    }
}

/// What a visit does where there is no live entry.
pub(super) enum Made {
    /// It makes one.
    New(PlannedWrite, Vec<UpsertOutcome>),
    /// It makes one in place of an older tombstone.
    Anew(PlannedWrite, Vec<UpsertOutcome>),
    /// Nothing: the withdrawal is not older.
    Withdrawn(Vec<UpsertOutcome>),
}

impl Visit {
    /// Decides where there is no live entry.
    pub(super) fn made(&self, state: State<'_>, policy: &Policy) -> Result<Made, GraphError> {
        let withdrawn = || vec![UpsertOutcome::Withdrawn; self.assertions.winners.len()];
        let write = |(row, ids), condition| {
            (PlannedWrite { row, time_to_live: policy.entry_ttl, condition }, ids)
        };
        Ok(match state {
            State::Missing(condition) => {
                let (write, ids) = write(self.new_row(None, policy)?, condition);
                Made::New(write, ids)
            }
            // Within one second the order is not known, and the withdrawal wins.
            State::Tombstone(tombstone) if self.now.at > tombstone.consent_updated() => {
                let since = Some(tombstone.consent_updated());
                let (write, ids) = write(self.new_row(since, policy)?, matches(tombstone));
                Made::Anew(write, ids)
            }
            State::Tombstone(_) | State::Live(..) => Made::Withdrawn(withdrawn()),
        })
    }
}
