//! An entry as it was read.

use std::fmt;

use identity_graph::{
    Entry, Failure, NewEntry, PartnerUid, Report, TouchOutcome, UpsertOutcome, VisitOutcome,
    WithdrawOutcome,
};
use wasmtime::component::ResourceAny;

use crate::convert::Convert;
use crate::pool::{Instance, Lease};

/// An entry to look at and to write back on without another read: the operations of
/// [`identity_graph::EntrySnapshot`].
pub struct Snapshot {
    lease: Lease,
    resource: ResourceAny,
    entry: Entry,
    generation: u64,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entry, generation) = (&self.entry, &self.generation);
        f.debug_struct("Snapshot")
            .field("entry", entry)
            .field("generation", generation)
            .finish_non_exhaustive()
    }
}

/// Operations of a snapshot, each with the call of the component that answers it.
macro_rules! operations {
    ($($(#[$doc:meta])* $operation:ident($($name:ident: $type:ty),*) -> $ok:ty
        = $call:ident($($argument:expr),*);)+) => {$(
        $(#[$doc])*
        pub async fn $operation(&mut self, $($name: $type),*) -> Result<$ok, Failure> {
            let Instance { store, bindings, .. } = self.lease.enter()?;
            let interface = bindings.trusted_server_ec_identity_graph().snapshot();
            let called = interface.$call(store, self.resource, $($argument),*).await;
            let answer = self.lease.answer(called)?.convert();
            (self.entry, self.generation) = look(&mut self.lease, self.resource).await?;
            answer
        }
    )+};
}

impl Snapshot {
    pub(crate) async fn new(mut lease: Lease, resource: ResourceAny) -> Result<Self, Failure> {
        let (entry, generation) = look(&mut lease, resource).await?;
        Ok(Self { lease, resource, entry, generation })
    }

    /// The entry as it was read, or as it was written on it since.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The version it was read at.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    operations! {
        /// Notes a page view.
        visit(entry: NewEntry) -> Report<VisitOutcome> = call_visit(&entry.convert());
        /// Adds or replaces partners' UIDs.
        upsert_partner_ids(ids: Vec<PartnerUid>, now: u64) -> Vec<UpsertOutcome> =
            call_upsert_partner_ids(&Convert::convert_all(ids), now);
        /// Removes partners' UIDs.
        remove_partner_ids(partners: Vec<String>, now: u64) -> Vec<UpsertOutcome> =
            call_remove_partner_ids(&partners, now);
        /// Moves the time of the last visit on.
        update_last_seen(now: u64) -> TouchOutcome = call_update_last_seen(now);
        /// Withdraws consent where there is an entry that is not withdrawn yet.
        withdraw(now: u64) -> WithdrawOutcome = call_withdraw(now);
        /// How many EC IDs share this one's hash.
        evaluate_cluster(now: u64) -> Option<u32> = call_evaluate_cluster(now);
    }
}

/// What the snapshot shows by now.
async fn look(lease: &mut Lease, resource: ResourceAny) -> Result<(Entry, u64), Failure> {
    let Instance { store, bindings, .. } = lease.enter()?;
    let interface = bindings.trusted_server_ec_identity_graph().snapshot();
    let called = interface.call_entry(store, resource).await;
    let entry = lease.answer(called)?.convert();
    let Instance { store, bindings, .. } = lease.enter()?;
    let interface = bindings.trusted_server_ec_identity_graph().snapshot();
    let called = interface.call_generation(store, resource).await;
    Ok((entry, lease.answer(called)?))
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.lease.discard(self.resource);
    }
}
