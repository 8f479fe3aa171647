//! The resources `graph` and `snapshot` of the component, as the graph's operations.

use identity_graph::{
    CreateOutcome, Entry, IfMissing, Mapping, Metadata, NewEntry, PartnerUid, TouchOutcome,
    UpsertOutcome,
};
use wasmtime::component::ResourceAny;

use super::bindings::exports::trusted_server::ec::identity_graph as wit;
use super::convert::mapping_outcome;
use super::{Instance, untrapped};
use crate::api::{GraphApi, RawRow, SnapshotApi};
use crate::failure::Failure;

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
}

/// Calls a method of a resource: what it answers, and a panic when it traps.
macro_rules! call {
    ($owned:expr, $resource:ident . $method:ident ( $($argument:expr),* )) => {{
        let Owned { instance, resource } = &$owned;
        let interface = instance.inner.bindings.trusted_server_ec_identity_graph();
        let called = interface.$resource().$method(&mut *instance.enter(), *resource, $($argument),*);
        untrapped(called)
    }};
}

impl GraphApi for ComponentGraph {
    fn get(&self, ec_id: &str) -> Result<Option<Box<dyn SnapshotApi>>, Failure> {
        let found = call!(self.graph, graph.call_get(ec_id))?;
        let boxed = |resource| {
            let snapshot = Owned { instance: self.graph.instance.clone(), resource };
            Box::new(ComponentSnapshot { snapshot }) as Box<dyn SnapshotApi>
        };
        Ok(found.map(boxed))
    }

    fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure> {
        Ok(call!(self.graph, graph.call_get_metadata(ec_id))?.map(Into::into))
    }

    fn create(&self, ec_id: &str, entry: NewEntry) -> Result<(), Failure> {
        Ok(call!(self.graph, graph.call_create(ec_id, &entry.into()))?)
    }

    fn create_or_revive(&self, ec_id: &str, entry: NewEntry) -> Result<CreateOutcome, Failure> {
        Ok(call!(self.graph, graph.call_create_or_revive(ec_id, &entry.into()))?.into())
    }

    fn upsert_partner_id(
        &self,
        ec_id: &str,
        id: PartnerUid,
        missing: IfMissing,
        now: u64,
    ) -> Result<UpsertOutcome, Failure> {
        let (id, missing) = (id.into(), missing.into());
        Ok(call!(self.graph, graph.call_upsert_partner_id(ec_id, &id, missing, now))?.into())
    }

    fn upsert_partner_ids(
        &self,
        ec_id: &str,
        ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        let (ids, missing) = (wit_ids(ids), missing.into());
        let outcomes = call!(self.graph, graph.call_upsert_partner_ids(ec_id, &ids, missing, now))?;
        Ok(outcomes.into_iter().map(Into::into).collect())
    }

    fn update_last_seen(&self, ec_id: &str, now: u64) -> Result<TouchOutcome, Failure> {
        Ok(call!(self.graph, graph.call_update_last_seen(ec_id, now))?.into())
    }

    fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure> {
        Ok(call!(self.graph, graph.call_write_withdrawal_tombstone(ec_id, now))?)
    }

    fn delete(&self, ec_id: &str) -> Result<bool, Failure> {
        Ok(call!(self.graph, graph.call_delete(ec_id))?)
    }

    fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure> {
        let mappings: Vec<wit::Mapping> = mappings.iter().map(Into::into).collect();
        let outcomes = call!(self.graph, graph.call_sync_partner_ids(partner, &mappings, now))?;
        Ok(outcomes.into_iter().map(mapping_outcome).collect())
    }

    fn evaluate_cluster(&self, ec_id: &str, now: u64) -> Result<Option<u32>, Failure> {
        Ok(call!(self.graph, graph.call_evaluate_cluster(ec_id, now))?)
    }

    fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure> {
        Ok(call!(self.graph, graph.call_inspect(ec_id))?.map(Into::into))
    }
}

/// A snapshot of the component.
pub struct ComponentSnapshot {
    snapshot: Owned,
}

impl SnapshotApi for ComponentSnapshot {
    fn entry(&self) -> Entry {
        call!(self.snapshot, snapshot.call_entry()).into()
    }

    fn generation(&self) -> u64 {
        call!(self.snapshot, snapshot.call_generation())
    }

    fn upsert_partner_ids(
        &mut self,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        let outcomes = call!(self.snapshot, snapshot.call_upsert_partner_ids(&wit_ids(ids), now))?;
        Ok(outcomes.into_iter().map(Into::into).collect())
    }

    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure> {
        Ok(call!(self.snapshot, snapshot.call_update_last_seen(now))?.into())
    }

    fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        Ok(call!(self.snapshot, snapshot.call_evaluate_cluster(now))?)
    }
}

fn wit_ids(ids: Vec<PartnerUid>) -> Vec<wit::PartnerUid> {
    ids.into_iter().map(Into::into).collect()
}
