//! The resources `graph` and `snapshot` of the component, as the graph's operations.

use identity_graph::{
    CreateOutcome, Entry, EntrySnapshot, Failure, IdentityGraph, IfMissing, Mapping, Metadata,
    NewEntry, PartnerUid, Policy, RawRow, Report, TouchOutcome, UpsertOutcome, VisitOutcome,
    WithdrawOutcome,
};
use wasmtime::component::ResourceAny;

use super::bindings::exports::trusted_server::ec::identity_graph as wit;
use super::convert::Convert;
use super::instance::{Instance, untrapped};

/// Calls a method of a resource: what it answers, and a panic when it traps.
macro_rules! call {
    ($owned:expr, $resource:ident . $method:ident ( $($argument:expr),* )) => {{
        let Owned { instance, resource } = &$owned;
        let interface = instance.inner.bindings.trusted_server_ec_identity_graph();
        let called = interface.$resource().$method(&mut *instance.enter(), *resource, $($argument),*);
        untrapped(called)
    }};
}

/// Operations of the graph, each with the call of the component that answers it.
macro_rules! answers {
    ($($operation:ident($($name:ident: $type:ty),*) -> $ok:ty
        = $call:ident($($argument:expr),*);)+) => {$(
        fn $operation(&self, $($name: $type),*) -> Result<$ok, Failure> {
            call!(self.graph, graph.$call($($argument),*)).convert()
        }
    )+};
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

impl Instance {
    /// The policy of graphs that are opened without one.
    #[must_use]
    pub fn default_policy(&self) -> Policy {
        let identity_graph = self.inner.bindings.trusted_server_ec_identity_graph();
        untrapped(identity_graph.call_default_policy(&mut *self.enter())).convert()
    }

    /// The policy of trusted-server's edge application.
    #[must_use]
    pub fn trusted_server_policy(&self) -> Policy {
        let identity_graph = self.inner.bindings.trusted_server_ec_identity_graph();
        untrapped(identity_graph.call_trusted_server_policy(&mut *self.enter())).convert()
    }

    /// Opens the graph over the named store with the default policy.
    pub fn open(&self, store: &str) -> Result<ComponentGraph, Failure> {
        let identity_graph = self.inner.bindings.trusted_server_ec_identity_graph();
        let opened = identity_graph.graph().call_open(&mut *self.enter(), store);
        self.graph(untrapped(opened))
    }

    /// Opens the graph over the named store.
    pub fn open_with(&self, store: &str, policy: Policy) -> Result<ComponentGraph, Failure> {
        let identity_graph = self.inner.bindings.trusted_server_ec_identity_graph();
        let policy = policy.convert();
        let opened = identity_graph.graph().call_open_with(&mut *self.enter(), store, policy);
        self.graph(untrapped(opened))
    }

    fn graph(
        &self,
        opened: Result<ResourceAny, wit::GraphError>,
    ) -> Result<ComponentGraph, Failure> {
        let resource = opened.map_err(Convert::convert)?;
        Ok(ComponentGraph::new(self.clone(), resource))
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
    pub fn snapshot(&self, ec_id: &str, now: u64) -> Result<Option<ComponentSnapshot>, Failure> {
        let instance = &self.graph.instance;
        let found = call!(self.graph, graph.call_get(ec_id, now)).map_err(Convert::convert)?;
        let owned = |resource| Owned { instance: instance.clone(), resource };
        Ok(found.map(|resource| ComponentSnapshot { snapshot: owned(resource) }))
    }
}

impl IdentityGraph for ComponentGraph {
    fn get(&self, ec_id: &str, now: u64) -> Result<Option<Box<dyn EntrySnapshot + '_>>, Failure> {
        Ok(self.snapshot(ec_id, now)?.map(|snapshot| Box::new(snapshot) as _))
    }

    answers! {
        get_metadata(ec_id: &str) -> Option<Metadata> = call_get_metadata(ec_id);
        visit(ec_id: &str, entry: NewEntry) -> Report<VisitOutcome> =
            call_visit(ec_id, &entry.convert());
        create(ec_id: &str, entry: NewEntry) -> Report<()> = call_create(ec_id, &entry.convert());
        create_or_revive(ec_id: &str, entry: NewEntry) -> Report<CreateOutcome> =
            call_create_or_revive(ec_id, &entry.convert());
        upsert_partner_id(ec_id: &str, id: PartnerUid, missing: IfMissing, now: u64)
            -> UpsertOutcome =
            call_upsert_partner_id(ec_id, &id.convert(), missing.convert(), now);
        upsert_partner_ids(ec_id: &str, ids: Vec<PartnerUid>, missing: IfMissing, now: u64)
            -> Vec<UpsertOutcome> =
            call_upsert_partner_ids(ec_id, &Convert::convert_all(ids), missing.convert(), now);
        remove_partner_ids(ec_id: &str, partners: Vec<String>, now: u64) -> Vec<UpsertOutcome> =
            call_remove_partner_ids(ec_id, &partners, now);
        update_last_seen(ec_id: &str, now: u64) -> TouchOutcome = call_update_last_seen(ec_id, now);
        write_withdrawal_tombstone(ec_id: &str, now: u64) -> () =
            call_write_withdrawal_tombstone(ec_id, now);
        delete(ec_id: &str) -> bool = call_delete(ec_id);
        sync_partner_ids(partner: &str, mappings: &[Mapping], now: u64)
            -> Vec<Result<UpsertOutcome, Failure>> =
            call_sync_partner_ids(partner, &Convert::convert_all(mappings.to_vec()), now);
        evaluate_cluster(ec_id: &str, now: u64) -> Option<u32> = call_evaluate_cluster(ec_id, now);
        inspect(ec_id: &str) -> Option<RawRow> = call_inspect(ec_id);
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
        let ids = Convert::convert_all(ids);
        call!(self.snapshot, snapshot.call_upsert_partner_ids(&ids, now)).convert()
    }

    fn remove_partner_ids(
        &mut self,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        call!(self.snapshot, snapshot.call_remove_partner_ids(&partners, now)).convert()
    }

    fn visit(&mut self, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        call!(self.snapshot, snapshot.call_visit(&entry.convert())).convert()
    }

    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure> {
        call!(self.snapshot, snapshot.call_update_last_seen(now)).convert()
    }

    fn withdraw(&mut self, now: u64) -> Result<WithdrawOutcome, Failure> {
        call!(self.snapshot, snapshot.call_withdraw(now)).convert()
    }

    fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        call!(self.snapshot, snapshot.call_evaluate_cluster(now)).convert()
    }
}
