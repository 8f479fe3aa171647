//! The exported interface `identity-graph`.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use identity_graph as rules;
use identity_graph_kv_cas::KvCas;

use crate::wit;

pub(crate) struct Component;

impl wit::Guest for Component {
    type Graph = Graph;
    type Snapshot = Snapshot;

    fn default_policy() -> wit::Policy {
        rules::Policy::default().into()
    }

    fn trusted_server_policy() -> wit::Policy {
        rules::Policy::trusted_server().into()
    }
}

/// A graph over a store that the host opened; its snapshots share it.
pub(crate) struct Graph(Rc<rules::Graph<KvCas>>);

pub(crate) struct Snapshot {
    graph: Rc<rules::Graph<KvCas>>,
    /// The component is not called while it waits for the store, so that nobody else borrows it.
    snapshot: RefCell<rules::Snapshot>,
}

type Answer<T> = Result<T, rules::Failure>;

fn open(store: &str, policy: rules::Policy) -> Answer<wit::Graph> {
    // The policy is checked before the host is asked for anything.
    policy.validate().map_err(rules::GraphError::from)?;
    let store = KvCas::open(store).map_err(rules::GraphError::from)?;
    let graph = rules::Graph::new(store, policy).map_err(rules::GraphError::from)?;
    Ok(wit::Graph::new(Graph(Rc::new(graph))))
}

impl wit::GuestGraph for Graph {
    fn open(store: String) -> Answer<wit::Graph> {
        open(&store, rules::Policy::default())
    }

    fn open_with(store: String, policy: wit::Policy) -> Answer<wit::Graph> {
        open(&store, policy.into())
    }

    fn get(&self, ec_id: String, now: u64) -> Answer<Option<wit::Snapshot>> {
        let snapshot = self.0.get(&ec_id, now)?;
        Ok(snapshot.map(|snapshot| {
            let graph = Rc::clone(&self.0);
            wit::Snapshot::new(Snapshot { graph, snapshot: RefCell::new(snapshot) })
        }))
    }

    fn get_metadata(&self, ec_id: String) -> Answer<Option<rules::Metadata>> {
        Ok(self.0.get_metadata(&ec_id)?)
    }

    fn visit(&self, ec_id: String, entry: rules::NewEntry) -> Answer<wit::VisitReport> {
        Ok(self.0.visit(&ec_id, entry)?.into())
    }

    fn create(&self, ec_id: String, entry: rules::NewEntry) -> Answer<wit::Report> {
        Ok(self.0.create(&ec_id, entry)?.into())
    }

    fn create_or_revive(&self, ec_id: String, entry: rules::NewEntry) -> Answer<wit::CreateReport> {
        Ok(self.0.create_or_revive(&ec_id, entry)?.into())
    }

    fn upsert_partner_id(
        &self,
        ec_id: String,
        id: rules::PartnerUid,
        missing: wit::IfMissing,
        now: u64,
    ) -> Answer<rules::UpsertOutcome> {
        Ok(self.0.upsert_partner_id(&ec_id, id, missing.into(), now)?)
    }

    fn upsert_partner_ids(
        &self,
        ec_id: String,
        ids: Vec<rules::PartnerUid>,
        missing: wit::IfMissing,
        now: u64,
    ) -> Answer<Vec<rules::UpsertOutcome>> {
        Ok(self.0.upsert_partner_ids(&ec_id, ids, missing.into(), now)?)
    }

    fn remove_partner_ids(
        &self,
        ec_id: String,
        partners: Vec<String>,
        now: u64,
    ) -> Answer<Vec<rules::UpsertOutcome>> {
        Ok(self.0.remove_partner_ids(&ec_id, partners, now)?)
    }

    fn update_last_seen(&self, ec_id: String, now: u64) -> Answer<wit::TouchOutcome> {
        Ok(self.0.update_last_seen(&ec_id, now)?.into())
    }

    fn write_withdrawal_tombstone(&self, ec_id: String, now: u64) -> Answer<()> {
        Ok(self.0.write_withdrawal_tombstone(&ec_id, now)?)
    }

    fn delete(&self, ec_id: String) -> Answer<bool> {
        Ok(self.0.delete(&ec_id)?)
    }

    fn sync_partner_ids(
        &self,
        partner: String,
        mappings: Vec<rules::Mapping>,
        now: u64,
    ) -> Answer<Vec<wit::MappingOutcome>> {
        let outcomes = self.0.sync_partner_ids(&partner, &mappings, now)?;
        Ok(outcomes.into_iter().map(Into::into).collect())
    }

    fn evaluate_cluster(&self, ec_id: String, now: u64) -> Answer<Option<u32>> {
        Ok(self.0.evaluate_cluster(&ec_id, now)?)
    }

    fn inspect(&self, ec_id: String) -> Answer<Option<rules::RawRow>> {
        Ok(self.0.inspect(&ec_id)?)
    }
}

impl wit::GuestSnapshot for Snapshot {
    fn entry(&self) -> rules::Entry {
        self.snapshot.borrow().entry()
    }

    fn generation(&self) -> u64 {
        self.snapshot.borrow().generation()
    }

    fn upsert_partner_ids(
        &self,
        ids: Vec<rules::PartnerUid>,
        now: u64,
    ) -> Answer<Vec<rules::UpsertOutcome>> {
        Ok(self.snapshot.borrow_mut().upsert_partner_ids(&self.graph, ids, now)?)
    }

    fn remove_partner_ids(
        &self,
        partners: Vec<String>,
        now: u64,
    ) -> Answer<Vec<rules::UpsertOutcome>> {
        Ok(self.snapshot.borrow_mut().remove_partner_ids(&self.graph, partners, now)?)
    }

    fn visit(&self, entry: rules::NewEntry) -> Answer<wit::VisitReport> {
        Ok(self.snapshot.borrow_mut().visit(&self.graph, entry)?.into())
    }

    fn update_last_seen(&self, now: u64) -> Answer<wit::TouchOutcome> {
        Ok(self.snapshot.borrow_mut().update_last_seen(&self.graph, now)?.into())
    }

    fn withdraw(&self, now: u64) -> Answer<wit::WithdrawOutcome> {
        Ok(self.snapshot.borrow_mut().withdraw(&self.graph, now)?.into())
    }

    fn evaluate_cluster(&self, now: u64) -> Answer<Option<u32>> {
        Ok(self.snapshot.borrow_mut().evaluate_cluster(&self.graph, now)?)
    }
}
