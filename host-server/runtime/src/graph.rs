//! The operations of the graph, asynchronous.

use std::fmt;
use std::sync::Arc;

use host_server_store::AsyncStore;
use identity_graph::{
    CreateOutcome, Failure, IfMissing, Mapping, Metadata, NewEntry, PartnerUid, Policy, RawRow,
    Report, TouchOutcome, UpsertOutcome, VisitOutcome,
};

use crate::convert::Convert;
use crate::pool::{Instance, Owner, Pool};
use crate::snapshot::Snapshot;

/// The identity graph over one store: the operations of [`identity_graph::IdentityGraph`], each a call of
/// the component. Clones are handles to the same graph.
///
/// A call whose future is dropped ends where it is: a write of it may be applied or not, and its instance
/// is dropped. A trap, which is never expected, is a [`Failure::Unavailable`] that says so.
#[derive(Clone)]
pub struct Graph {
    pool: Arc<Pool>,
    owner: Arc<Owner>,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").finish_non_exhaustive()
    }
}

/// Operations of the graph, each with the call of the component that answers it.
macro_rules! operations {
    ($($(#[$doc:meta])* $operation:ident($($name:ident: $type:ty),*) -> $ok:ty
        = $call:ident($($argument:expr),*);)+) => {$(
        $(#[$doc])*
        pub async fn $operation(&self, $($name: $type),*) -> Result<$ok, Failure> {
            let mut lease = self.pool.lease(&self.owner).await?;
            let Instance { store, bindings, graph, .. } = lease.enter()?;
            let interface = bindings.trusted_server_ec_identity_graph().graph();
            let called = interface.$call(store, *graph, $($argument),*).await;
            lease.answer(called)?.convert()
        }
    )+};
}

impl Graph {
    pub(crate) fn new(pool: Arc<Pool>, store: Arc<dyn AsyncStore>, policy: Policy) -> Self {
        Self { pool, owner: Arc::new(Owner::new(store, policy)) }
    }

    /// Reads an entry. The snapshot keeps an instance to itself until it is dropped.
    pub async fn get(&self, ec_id: &str, now: u64) -> Result<Option<Snapshot>, Failure> {
        let mut lease = self.pool.lease(&self.owner).await?;
        let Instance { store, bindings, graph, .. } = lease.enter()?;
        let interface = bindings.trusted_server_ec_identity_graph();
        let called = interface.graph().call_get(store, *graph, ec_id, now).await;
        match lease.answer(called)? {
            Ok(Some(resource)) => Snapshot::new(lease, resource).await.map(Some),
            Ok(None) => Ok(None),
            Err(failure) => Err(failure.convert()),
        }
    }

    operations! {
        /// Reads what is stored beside an entry.
        get_metadata(ec_id: &str) -> Option<Metadata> = call_get_metadata(ec_id);
        /// Notes a page view with all it brings, whatever is stored.
        visit(ec_id: &str, entry: NewEntry) -> Report<VisitOutcome> =
            call_visit(ec_id, &entry.convert());
        /// Writes the entry of an ID just minted.
        create(ec_id: &str, entry: NewEntry) -> Report<()> = call_create(ec_id, &entry.convert());
        /// Writes a new entry, or replaces a tombstone that is older than its consent.
        create_or_revive(ec_id: &str, entry: NewEntry) -> Report<CreateOutcome> =
            call_create_or_revive(ec_id, &entry.convert());
        /// Adds or replaces one partner's UID.
        upsert_partner_id(ec_id: &str, id: PartnerUid, missing: IfMissing, now: u64)
            -> UpsertOutcome =
            call_upsert_partner_id(ec_id, &id.convert(), missing.convert(), now);
        /// Adds or replaces several partners' UIDs in one write.
        upsert_partner_ids(ec_id: &str, ids: Vec<PartnerUid>, missing: IfMissing, now: u64)
            -> Vec<UpsertOutcome> =
            call_upsert_partner_ids(ec_id, &Convert::convert_all(ids), missing.convert(), now);
        /// Removes several partners' UIDs in one write.
        remove_partner_ids(ec_id: &str, partners: Vec<String>, now: u64) -> Vec<UpsertOutcome> =
            call_remove_partner_ids(ec_id, &partners, now);
        /// Moves the time of the last visit on.
        update_last_seen(ec_id: &str, now: u64) -> TouchOutcome = call_update_last_seen(ec_id, now);
        /// Withdraws consent.
        write_withdrawal_tombstone(ec_id: &str, now: u64) -> () =
            call_write_withdrawal_tombstone(ec_id, now);
        /// Forgets an entry; true when there was one.
        delete(ec_id: &str) -> bool = call_delete(ec_id);
        /// Adds one partner's UIDs to many entries.
        sync_partner_ids(partner: &str, mappings: &[Mapping], now: u64)
            -> Vec<Result<UpsertOutcome, Failure>> =
            call_sync_partner_ids(partner, &Convert::convert_all(mappings.to_vec()), now);
        /// How many EC IDs share this one's hash.
        evaluate_cluster(ec_id: &str, now: u64) -> Option<u32> = call_evaluate_cluster(ec_id, now);
        /// The row as stored, readable or not.
        inspect(ec_id: &str) -> Option<RawRow> = call_inspect(ec_id);
    }
}
