//! `create`: the entry of an ID just minted.

use alloc::vec::Vec;

use super::judge::new_row;
use super::report::Report;
use super::upsert_outcome::UpsertOutcome;
use crate::cas_loop::{Mutation, Plan, PlannedWrite, Refused};
use crate::entry::Geo;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::new_entry::{NewEntry, Visit};
use crate::policy::Policy;
use crate::row::{EncodedRow, NewRow, Row};
use crate::store::{Precondition, Store};
use crate::types::{EcId, Timestamp};

impl<S: Store> Graph<S> {
    /// Writes the entry of an ID just minted: 1 write, no read.
    ///
    /// # Errors
    /// [`GraphError::AlreadyExists`] when the key holds something; after a write without an answer
    /// [`GraphError::Unavailable`], whatever is found.
    pub fn create(&self, ec_id: &str, entry: NewEntry) -> Result<Report<()>, GraphError> {
        let id = EcId::parse(ec_id)?;
        let visit = Visit::parse(entry, &self.policy())?;
        let ids = self.start(&id, Create { visit: &visit, policy: self.policy() })?;
        Ok(Report::new(((), ids), &visit.assertions, visit.left_out.clone()))
    }
}

/// A first visit that must be the first.
struct Create<'a> {
    visit: &'a Visit,
    policy: Policy,
}

impl Mutation for Create<'_> {
    type Outcome = Vec<UpsertOutcome>;
    const REFUSED: Refused = Refused::GiveUp(GraphError::AlreadyExists);

    fn decide(&self, row: Option<&Row>) -> Result<Plan<Self::Outcome>, GraphError> {
        if row.is_some() {
            return Err(GraphError::AlreadyExists);
        }
        let (row, ids) = self.visit.new_row(None, &self.policy)?;
        let (time_to_live, condition) = (self.policy.entry_ttl, Precondition::Absent);
        Ok(Plan::Write(PlannedWrite { row, time_to_live, condition }, ids))
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
