//! The runtime's graph as the rules' synchronous one.

use host_server_runtime::{Graph, Snapshot};
use identity_graph::{
    CreateOutcome, Entry, EntrySnapshot, Failure, IdentityGraph, IfMissing, Mapping, Metadata,
    NewEntry, PartnerUid, RawRow, Report, TouchOutcome, UpsertOutcome, VisitOutcome,
    WithdrawOutcome,
};
use tokio::runtime::Handle;

/// The runtime's graph for a synchronous caller: each call holds its thread.
pub struct BlockingGraph {
    graph: Graph,
    runtime: Handle,
}

impl BlockingGraph {
    /// The graph, with the runtime that its store's connections live on.
    #[must_use]
    pub fn new(graph: Graph, runtime: Handle) -> Self {
        Self { graph, runtime }
    }
}

/// Operations that wait for the asynchronous ones of the same names.
macro_rules! waits {
    ($($field:ident.$operation:ident($($name:ident: $type:ty),*) -> $ok:ty;)+) => {$(
        fn $operation(&self, $($name: $type),*) -> Result<$ok, Failure> {
            self.runtime.block_on(self.$field.$operation($($name),*))
        }
    )+};
    (mut $($field:ident.$operation:ident($($name:ident: $type:ty),*) -> $ok:ty;)+) => {$(
        fn $operation(&mut self, $($name: $type),*) -> Result<$ok, Failure> {
            self.runtime.block_on(self.$field.$operation($($name),*))
        }
    )+};
}

impl IdentityGraph for BlockingGraph {
    fn get(&self, ec_id: &str, now: u64) -> Result<Option<Box<dyn EntrySnapshot + '_>>, Failure> {
        let found = self.runtime.block_on(self.graph.get(ec_id, now))?;
        let runtime = self.runtime.clone();
        Ok(found.map(|snapshot| Box::new(BlockingSnapshot { snapshot, runtime }) as _))
    }

    waits! {
        graph.get_metadata(ec_id: &str) -> Option<Metadata>;
        graph.visit(ec_id: &str, entry: NewEntry) -> Report<VisitOutcome>;
        graph.create(ec_id: &str, entry: NewEntry) -> Report<()>;
        graph.create_or_revive(ec_id: &str, entry: NewEntry) -> Report<CreateOutcome>;
        graph.upsert_partner_id(ec_id: &str, id: PartnerUid, missing: IfMissing, now: u64)
            -> UpsertOutcome;
        graph.upsert_partner_ids(
            ec_id: &str, ids: Vec<PartnerUid>, missing: IfMissing, now: u64
        ) -> Vec<UpsertOutcome>;
        graph.remove_partner_ids(ec_id: &str, partners: Vec<String>, now: u64)
            -> Vec<UpsertOutcome>;
        graph.update_last_seen(ec_id: &str, now: u64) -> TouchOutcome;
        graph.write_withdrawal_tombstone(ec_id: &str, now: u64) -> ();
        graph.delete(ec_id: &str) -> bool;
        graph.sync_partner_ids(partner: &str, mappings: &[Mapping], now: u64)
            -> Vec<Result<UpsertOutcome, Failure>>;
        graph.evaluate_cluster(ec_id: &str, now: u64) -> Option<u32>;
        graph.inspect(ec_id: &str) -> Option<RawRow>;
    }
}

struct BlockingSnapshot {
    snapshot: Snapshot,
    runtime: Handle,
}

impl EntrySnapshot for BlockingSnapshot {
    fn entry(&self) -> Entry {
        self.snapshot.entry().clone()
    }

    fn generation(&self) -> u64 {
        self.snapshot.generation()
    }

    waits! { mut
        snapshot.upsert_partner_ids(ids: Vec<PartnerUid>, now: u64) -> Vec<UpsertOutcome>;
        snapshot.remove_partner_ids(partners: Vec<String>, now: u64) -> Vec<UpsertOutcome>;
        snapshot.visit(entry: NewEntry) -> Report<VisitOutcome>;
        snapshot.update_last_seen(now: u64) -> TouchOutcome;
        snapshot.withdraw(now: u64) -> WithdrawOutcome;
        snapshot.evaluate_cluster(now: u64) -> Option<u32>;
    }
}
