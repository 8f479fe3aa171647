//! An entry as it was read, to look at and to write back on.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use crate::cached_row::CachedRow;
use crate::entry::Entry;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::new_entry::NewEntry;
use crate::ops::{IfMissing, Report, TouchOutcome, UpsertOutcome, VisitOutcome};
use crate::partner_uid::PartnerUid;
use crate::row::Row;
use crate::store::Store;
use crate::types::{EcId, Now};

/// An entry as it was read.
///
/// A change costs 1 write and no read, or nothing when the entry already is as wanted. Once a write may
/// have been applied, or was refused because the row has changed, the snapshot is outdated and further
/// changes read first, since another write on its generation could not succeed. What it shows stays as it was read. `Debug`
/// shows no stored text.
pub struct Snapshot {
    id: EcId,
    row: Row,
    now: Now,
    is_outdated: Cell<bool>,
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
    pub(crate) fn new(id: EcId, row: Row, now: Now) -> Self {
        Self { id, row, now, is_outdated: Cell::new(false) }
    }

    /// The entry as it was read. UIDs that had ended by then are not shown.
    #[must_use]
    pub fn entry(&self) -> Entry {
        self.row.entry(self.now)
    }

    /// The generation that it was read at.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.row.generation.number()
    }

    /// Stores partners' UIDs, as [`Graph::upsert_partner_ids`] does; a row that is gone by now is
    /// not made anew.
    pub fn upsert_partner_ids<S: Store>(
        &self,
        graph: &Graph<S>,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, GraphError> {
        graph.upsert(&self.id, self.cached(), ids, IfMissing::Skip, now)
    }

    /// Removes partners' UIDs, as [`Graph::remove_partner_ids`] does.
    pub fn remove_partner_ids<S: Store>(
        &self,
        graph: &Graph<S>,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, GraphError> {
        graph.remove(&self.id, self.cached(), partners, now)
    }

    /// Notes a page view, as [`Graph::visit`] does.
    pub fn visit<S: Store>(
        &self,
        graph: &Graph<S>,
        entry: NewEntry,
    ) -> Result<Report<VisitOutcome>, GraphError> {
        graph.note_visit(&self.id, self.cached(), entry)
    }

    /// Moves `last_seen` on, as [`Graph::update_last_seen`] does.
    pub fn update_last_seen<S: Store>(
        &self,
        graph: &Graph<S>,
        now: u64,
    ) -> Result<TouchOutcome, GraphError> {
        graph.touch(&self.id, self.cached(), now)
    }

    /// Counts the cluster where that is due, as [`Graph::evaluate_cluster`] does.
    pub fn evaluate_cluster<S: Store>(
        &self,
        graph: &Graph<S>,
        now: u64,
    ) -> Result<Option<u32>, GraphError> {
        match self.cached() {
            Some(cached) => graph.cluster(&self.id, cached, now),
            None => graph.evaluate_cluster(self.id.as_str(), now),
        }
    }

    fn cached(&self) -> Option<CachedRow<'_>> {
        let Self { row, is_outdated, .. } = self;
        (!is_outdated.get()).then_some(CachedRow { row, is_outdated })
    }
}
