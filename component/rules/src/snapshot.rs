//! An entry as it was read, to look at and to write back on.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::entry::{Consent, Entry};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::new_entry::NewEntry;
use crate::operation::Change;
use crate::ops::{Report, TouchOutcome, UpsertOutcome, VisitOutcome, WithdrawOutcome};
use crate::partner_uid::PartnerUid;
use crate::row::{EncodedRow, Row};
use crate::store::Store;
use crate::types::{EcId, Now};

/// An entry as it was read, or as it was written since.
///
/// A change costs 1 write and no read, or nothing when the entry already is as wanted. Once a write may
/// have been applied, or was refused because the row has changed, the snapshot is outdated and further
/// changes read first, since another write on its generation could not succeed. A snapshot shows what
/// was written on it, and what a change read anew and left as it is: where that was withdrawn, so is the
/// snapshot. After an error it stays as it was. It can be cloned and sent, so that it may ride along with
/// a request. `Debug` shows no stored text.
#[derive(Clone)]
pub struct Snapshot {
    id: EcId,
    row: Box<Row>,
    now: Now,
    is_outdated: bool,
    written: Option<EncodedRow>,
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
    pub(crate) fn of_row(id: EcId, row: Box<Row>, now: Now) -> Self {
        Self { id, row, now, is_outdated: false, written: None }
    }

    /// The entry. UIDs that had ended when it was read are not shown.
    #[must_use]
    pub fn entry(&self) -> Entry {
        self.shown(|row| row.entry(self.now))
    }

    /// False for a withdrawal tombstone.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.shown(Row::is_live)
    }

    /// The consent that the entry was given under. A tombstone shows no strings.
    #[must_use]
    pub fn consent(&self) -> Consent {
        self.shown(Row::consent)
    }

    /// One partner's UID; `None` in a tombstone, and when it had ended.
    #[must_use]
    pub fn uid(&self, partner: &str) -> Option<String> {
        self.shown(|row| row.uid(partner, self.now))
    }

    /// The generation that it was read at. A write does not tell the one it makes.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.row.generation.number()
    }

    /// Stores partners' UIDs, as [`Graph::upsert_partner_ids`] does; a row that is gone by now is
    /// not made anew.
    pub fn upsert_partner_ids<S: Store>(
        &mut self,
        graph: &Graph<S>,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, GraphError> {
        let operation = graph.rules().upsert_partner_ids_on(self, ids, now)?;
        graph.run_on(self, operation)
    }

    /// Removes partners' UIDs, as [`Graph::remove_partner_ids`] does.
    pub fn remove_partner_ids<S: Store>(
        &mut self,
        graph: &Graph<S>,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, GraphError> {
        let operation = graph.rules().remove_partner_ids_on(self, partners, now)?;
        graph.run_on(self, operation)
    }

    /// Notes a page view, as [`Graph::visit`] does.
    pub fn visit<S: Store>(
        &mut self,
        graph: &Graph<S>,
        entry: NewEntry,
    ) -> Result<Report<VisitOutcome>, GraphError> {
        let operation = graph.rules().visit_on(self, entry)?;
        graph.run_on(self, operation)
    }

    /// Moves `last_seen` on, as [`Graph::update_last_seen`] does.
    pub fn update_last_seen<S: Store>(
        &mut self,
        graph: &Graph<S>,
        now: u64,
    ) -> Result<TouchOutcome, GraphError> {
        let operation = graph.rules().update_last_seen_on(self, now)?;
        graph.run_on(self, operation)
    }

    /// Counts the cluster where that is due, as [`Graph::evaluate_cluster`] does.
    pub fn evaluate_cluster<S: Store>(
        &mut self,
        graph: &Graph<S>,
        now: u64,
    ) -> Result<Option<u32>, GraphError> {
        let operation = graph.rules().evaluate_cluster_on(self, now)?;
        graph.run_on(self, operation)
    }

    /// Withdraws the consent of a row that is known to be there: 1 write, or none where it is a
    /// tombstone already or gone by now. Tried again, like other changes, when others win.
    ///
    /// This is for withdrawals that may not make a row, as where the ID in a request may be forged, and
    /// for those that are said with every request, as by a `Sec-GPC` header: the second of a second
    /// costs no write that the store would refuse for its rate. It trusts what was read. A read may be
    /// stale: where it showed an older tombstone, or nothing, although a live entry is stored by now,
    /// that entry stays. And a tombstone keeps its time, so that it does not hold back a consent from
    /// between it and this call. Where the visitor says no, use
    /// [`Graph::write_withdrawal_tombstone`], which asks nobody.
    pub fn withdraw<S: Store>(
        &mut self,
        graph: &Graph<S>,
        now: u64,
    ) -> Result<WithdrawOutcome, GraphError> {
        let operation = graph.rules().withdraw_on(self, now)?;
        graph.run_on(self, operation)
    }

    pub(crate) fn id(&self) -> &EcId {
        &self.id
    }

    /// The row to change, unless it is outdated.
    pub(crate) fn current(&self) -> Option<&Row> {
        (!self.is_outdated).then_some(&self.row)
    }

    /// Takes what became of the row.
    pub(crate) fn settle(&mut self, change: Change) {
        let Change { written, seen, has_moved_on } = change;
        // What was written over is not read anew: the read was stale.
        let is_stale = |row: &Row| self.written.is_some() && row.generation == self.row.generation;
        if let Some(row) = seen.filter(|row| !is_stale(row)) {
            (self.row, self.written, self.is_outdated) = (row, None, false);
            return;
        }
        self.is_outdated |= has_moved_on;
        if written.is_some() {
            self.written = written;
        }
    }

    /// What was written is read only when it is looked at, which most callers do not.
    fn shown<T>(&self, show: impl FnOnce(&Row) -> T) -> T {
        match self.written.as_ref().map(|written| Row::written(written, self.row.generation)) {
            Some(Ok(row)) => show(&row),
            _ => show(&self.row),
        }
    }
}
