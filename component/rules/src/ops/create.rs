//! `create`: the entry of an ID just minted.

use alloc::vec::Vec;

use super::judge::new_row;
use super::report::Report;
use super::upsert_outcome::UpsertOutcome;
use crate::cas_loop::{Plan, PlannedWrite, Refused};
use crate::entry::Geo;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::new_entry::{NewEntry, Visit};
use crate::operation::Operation;
use crate::policy::Policy;
use crate::row::{EncodedRow, NewRow, Row};
use crate::row_operation::{Mutation, Start, change};
use crate::rules::Rules;
use crate::store::{Precondition, Store};
use crate::types::{EcId, Timestamp};

impl<S: Store> Graph<S> {
    /// Writes the entry of an ID just minted: 1 write, no read.
    ///
    /// # Errors
    /// [`GraphError::AlreadyExists`] when the key holds something; after a write without an answer
    /// [`GraphError::Unavailable`], whatever is found.
    pub fn create(&self, ec_id: &str, entry: NewEntry) -> Result<Report<()>, GraphError> {
        self.run(self.rules().create(ec_id, entry)?)
    }
}

impl Rules {
    /// [`Graph::create`] without a store.
    pub fn create(
        &self,
        ec_id: &str,
        entry: NewEntry,
    ) -> Result<Operation<Report<()>>, GraphError> {
        let (id, policy) = (EcId::parse(ec_id)?, *self.policy());
        let visit = Visit::parse(entry, &policy)?;
        Ok(change(id, Start::Absent, &policy, Create { visit, policy }))
    }
}

/// A first visit that must be the first.
struct Create {
    visit: Visit,
    policy: Policy,
}

impl Mutation for Create {
    type Outcome = Vec<UpsertOutcome>;
    type Answer = Report<()>;
    const REFUSED: Refused = Refused::GiveUp(GraphError::AlreadyExists);

    fn decide(&self, row: Option<&Row>) -> Result<Plan<Self::Outcome>, GraphError> {
        if row.is_some() {
            return Err(GraphError::AlreadyExists);
        }
        let (row, ids) = self.visit.new_row(None, &self.policy)?;
        let (time_to_live, condition) = (self.policy.entry_ttl, Precondition::Absent);
        Ok(Plan::Write(PlannedWrite { row, time_to_live, condition }, ids))
    }

    fn answer(self, ids: Vec<UpsertOutcome>) -> Report<()> {
        self.visit.report((), &ids)
    }
}

impl Visit {
    /// The row that the visit makes, and what became of each UID.
    pub(super) fn new_row(
        &self,
        withdrawn: Option<Timestamp>,
        policy: &Policy,
    ) -> Result<(EncodedRow, Vec<UpsertOutcome>), GraphError> {
        let unknown;
        let geo = if let Some(geo) = &self.geo {
            geo
        } else {
            unknown = Geo::unknown();
            &unknown
        };
        let row = NewRow::of(self, geo, withdrawn);
        new_row(&row, &self.assertions.winners, withdrawn, policy)
    }
}
