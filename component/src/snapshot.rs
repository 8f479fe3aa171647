//! An entry as it was read, to look at and to write back on.

use alloc::vec::Vec;
use core::fmt;

use crate::change::{Recount, recount};
use crate::ec_id::EcId;
use crate::entry::Entry;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::outcome::{TouchOutcome, UpsertOutcome};
use crate::partner::PartnerUid;
use crate::policy::IfMissing;
use crate::row::Row;
use crate::store::Store;

/// An entry as it was read.
///
/// A change costs 1 write and no read, or nothing when the entry already is as wanted. Once a change
/// may have been written the snapshot is outdated and further changes read first, since a write on
/// its generation could not succeed. What it shows stays as it was read. `Debug` shows no stored text.
pub struct Snapshot {
    id: EcId,
    row: Row,
    is_outdated: bool,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("id", &self.id)
            .field("generation", &self.generation())
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(crate) fn new(id: EcId, row: Row) -> Self {
        Self { id, row, is_outdated: false }
    }

    /// The entry as it was read.
    #[must_use]
    pub fn entry(&self) -> Entry {
        self.row.entry()
    }

    /// The generation that it was read at.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.row.generation
    }

    /// Stores partners' UIDs, as [`Graph::upsert_partner_ids`] does; a row that is gone by now is
    /// not made anew.
    pub fn upsert_partner_ids<S: Store>(
        &mut self,
        graph: &Graph<S>,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, GraphError> {
        let result = graph.upsert(&self.id, self.current(), ids, IfMissing::Skip, now);
        let is_written = |outcomes: &Vec<_>| outcomes.contains(&UpsertOutcome::Written);
        self.note(&result, is_written);
        result
    }

    /// Moves `last_seen` on, as [`Graph::update_last_seen`] does.
    pub fn update_last_seen<S: Store>(
        &mut self,
        graph: &Graph<S>,
        now: u64,
    ) -> Result<TouchOutcome, GraphError> {
        let result = graph.touch(&self.id, self.current(), now);
        self.note(&result, |outcome| *outcome == TouchOutcome::Written);
        result
    }

    /// Counts the cluster where that is due, as [`Graph::evaluate_cluster`] does.
    pub fn evaluate_cluster<S: Store>(
        &mut self,
        graph: &Graph<S>,
        now: u64,
    ) -> Result<Option<u32>, GraphError> {
        if self.is_outdated {
            return graph.evaluate_cluster(self.id.as_str(), now);
        }
        let is_due = matches!(recount(Some(&self.row), &graph.policy(), now), Recount::Due(..));
        let result = graph.cluster(&self.id, &self.row, now);
        self.note(&result, |_| is_due);
        result
    }

    fn current(&self) -> Option<&Row> {
        (!self.is_outdated).then_some(&self.row)
    }

    fn note<T>(&mut self, result: &Result<T, GraphError>, is_written: impl Fn(&T) -> bool) {
        // An argument that was refused reached no store; after other errors nothing is certain.
        let is_outdated = match result {
            Ok(outcome) => is_written(outcome),
            Err(GraphError::InvalidArgument(_)) => false,
            Err(_) => true,
        };
        self.is_outdated |= is_outdated;
    }
}
