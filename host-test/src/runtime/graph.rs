//! The resources `graph` and `snapshot` of the component, as the graph's operations.

use identity_graph::{
    CreateOutcome, Entry, EntrySnapshot, Failure, IdentityGraph, IfMissing, Mapping, Metadata,
    NewEntry, PartnerUid, RawRow, TouchOutcome, UpsertOutcome,
};
use wasmtime::component::ResourceAny;

use super::convert::Convert;
use super::{Instance, untrapped};

/// Calls a method of a resource: what it answers, and a panic when it traps.
macro_rules! call {
    ($owned:expr, $resource:ident . $method:ident ( $($argument:expr),* )) => {{
        let Owned { instance, resource } = &$owned;
        let interface = instance.inner.bindings.trusted_server_ec_identity_graph();
        let called = interface.$resource().$method(&mut *instance.enter(), *resource, $($argument),*);
        untrapped(called)
    }};
}

/// A resource of the component that is dropped with its handle.
struct Owned {
    instance: Instance,
    resource: ResourceAny,
}

impl Drop for Owned {
    fn drop(&mut self) {
        // After a trap the instance takes no more calls, and what it held goes with it.
        if let Ok(mut store) = self.instance.inner.store.try_borrow_mut() {
            let _ = self.resource.resource_drop(&mut *store);
        }
    }
}

/// A graph of the component, opened over one store.
pub struct ComponentGraph {
    graph: Owned,
}

impl ComponentGraph {
    pub(super) fn new(instance: Instance, resource: ResourceAny) -> Self {
        Self { graph: Owned { instance, resource } }
    }

    /// Reads an entry: [`IdentityGraph::get`], of which the snapshot may outlive the graph.
    pub fn snapshot(&self, ec_id: &str) -> Result<Option<ComponentSnapshot>, Failure> {
        let instance = &self.graph.instance;
        let found = call!(self.graph, graph.call_get(ec_id)).map_err(Convert::convert)?;
        let owned = |resource| Owned { instance: instance.clone(), resource };
        Ok(found.map(|resource| ComponentSnapshot { snapshot: owned(resource) }))
    }
}

impl IdentityGraph for ComponentGraph {
    fn get(&self, ec_id: &str) -> Result<Option<Box<dyn EntrySnapshot + '_>>, Failure> {
        Ok(self.snapshot(ec_id)?.map(|snapshot| Box::new(snapshot) as _))
    }

    fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure> {
        call!(self.graph, graph.call_get_metadata(ec_id)).convert()
    }

    fn create(&self, ec_id: &str, entry: NewEntry) -> Result<(), Failure> {
        call!(self.graph, graph.call_create(ec_id, &entry.convert())).convert()
    }

    fn create_or_revive(&self, ec_id: &str, entry: NewEntry) -> Result<CreateOutcome, Failure> {
        call!(self.graph, graph.call_create_or_revive(ec_id, &entry.convert())).convert()
    }

    fn upsert_partner_id(
        &self,
        ec_id: &str,
        id: PartnerUid,
        missing: IfMissing,
        now: u64,
    ) -> Result<UpsertOutcome, Failure> {
        let (id, missing) = (id.convert(), missing.convert());
        call!(self.graph, graph.call_upsert_partner_id(ec_id, &id, missing, now)).convert()
    }

    fn upsert_partner_ids(
        &self,
        ec_id: &str,
        ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        let (ids, missing): (Vec<_>, _) = (ids.convert(), missing.convert());
        call!(self.graph, graph.call_upsert_partner_ids(ec_id, &ids, missing, now)).convert()
    }

    fn update_last_seen(&self, ec_id: &str, now: u64) -> Result<TouchOutcome, Failure> {
        call!(self.graph, graph.call_update_last_seen(ec_id, now)).convert()
    }

    fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure> {
        call!(self.graph, graph.call_write_withdrawal_tombstone(ec_id, now)).convert()
    }

    fn delete(&self, ec_id: &str) -> Result<bool, Failure> {
        call!(self.graph, graph.call_delete(ec_id)).convert()
    }

    fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure> {
        let mappings: Vec<_> = mappings.to_vec().convert();
        call!(self.graph, graph.call_sync_partner_ids(partner, &mappings, now)).convert()
    }

    fn evaluate_cluster(&self, ec_id: &str, now: u64) -> Result<Option<u32>, Failure> {
        call!(self.graph, graph.call_evaluate_cluster(ec_id, now)).convert()
    }

    fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure> {
        call!(self.graph, graph.call_inspect(ec_id)).convert()
    }
}

/// A snapshot of the component.
pub struct ComponentSnapshot {
    snapshot: Owned,
}

impl EntrySnapshot for ComponentSnapshot {
    fn entry(&self) -> Entry {
        call!(self.snapshot, snapshot.call_entry()).convert()
    }

    fn generation(&self) -> u64 {
        call!(self.snapshot, snapshot.call_generation())
    }

    fn upsert_partner_ids(
        &mut self,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        let ids: Vec<_> = ids.convert();
        call!(self.snapshot, snapshot.call_upsert_partner_ids(&ids, now)).convert()
    }

    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure> {
        call!(self.snapshot, snapshot.call_update_last_seen(now)).convert()
    }

    fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        call!(self.snapshot, snapshot.call_evaluate_cluster(now)).convert()
    }
}
