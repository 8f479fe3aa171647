//! The graph's operations as one trait, so that one body of code runs over the native rules and over
//! the component.

use std::fmt;
use std::rc::Rc;

use identity_graph::{
    CreateOutcome, Entry, Graph, IfMissing, InvalidArgument, Mapping, Metadata, NewEntry,
    PartnerUid, Policy, Snapshot, Store, TouchOutcome, UpsertOutcome,
};

use crate::failure::Failure;

/// Every operation of the identity graph; the WIT interface `identity-graph` says what each does.
pub trait GraphApi {
    /// Reads an entry.
    fn get(&self, ec_id: &str) -> Result<Option<Box<dyn SnapshotApi>>, Failure>;
    /// Reads what is stored beside an entry.
    fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure>;
    /// Writes a new entry.
    fn create(&self, ec_id: &str, entry: NewEntry) -> Result<(), Failure>;
    /// Writes a new entry, or replaces a tombstone that is older than its consent.
    fn create_or_revive(&self, ec_id: &str, entry: NewEntry) -> Result<CreateOutcome, Failure>;
    /// Adds or replaces one partner's UID.
    fn upsert_partner_id(
        &self,
        ec_id: &str,
        id: PartnerUid,
        missing: IfMissing,
        now: u64,
    ) -> Result<UpsertOutcome, Failure>;
    /// Adds or replaces several partners' UIDs in one write.
    fn upsert_partner_ids(
        &self,
        ec_id: &str,
        ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure>;
    /// Notes a visit.
    fn update_last_seen(&self, ec_id: &str, now: u64) -> Result<TouchOutcome, Failure>;
    /// Withdraws consent.
    fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure>;
    /// Forgets an entry; true when there was one.
    fn delete(&self, ec_id: &str) -> Result<bool, Failure>;
    /// Adds one partner's UIDs to many entries.
    fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure>;
    /// How many EC IDs share this one's hash.
    fn evaluate_cluster(&self, ec_id: &str, now: u64) -> Result<Option<u32>, Failure>;
    /// The row as stored, readable or not.
    fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure>;
}

/// An entry as it was read, to look at and to write back on.
pub trait SnapshotApi {
    /// The entry.
    fn entry(&self) -> Entry;
    /// The version it was read at.
    fn generation(&self) -> u64;
    /// Adds or replaces partners' UIDs without another read.
    fn upsert_partner_ids(
        &mut self,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure>;
    /// Notes a visit without another read.
    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure>;
    /// How many EC IDs share this one's hash.
    fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure>;
}

/// A stored row that may not be an entry. `Debug` does not show its content.
#[derive(Clone, PartialEq, Eq)]
pub struct RawRow {
    /// The value.
    pub body: Vec<u8>,
    /// What is stored beside it.
    pub metadata: Option<String>,
    /// Version of the value.
    pub generation: u64,
    /// Why the body is not an entry, when it is not.
    pub problem: Option<String>,
}

impl fmt::Debug for RawRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRow")
            .field("body_bytes", &self.body.len())
            .field("metadata_bytes", &self.metadata.as_ref().map(String::len))
            .field("generation", &self.generation)
            .field("problem", &self.problem)
            .finish()
    }
}

/// The rules run natively, as a Rust program that links them does.
pub struct Native<S> {
    graph: Rc<Graph<S>>,
}

impl<S: Store> Native<S> {
    /// A graph over `store`.
    pub fn new(store: S, policy: Policy) -> Result<Self, InvalidArgument> {
        Ok(Self { graph: Rc::new(Graph::new(store, policy)?) })
    }
}

impl<S: Store + 'static> GraphApi for Native<S> {
    fn get(&self, ec_id: &str) -> Result<Option<Box<dyn SnapshotApi>>, Failure> {
        let boxed = |snapshot| {
            let graph = Rc::clone(&self.graph);
            Box::new(NativeSnapshot { graph, snapshot }) as Box<dyn SnapshotApi>
        };
        Ok(self.graph.get(ec_id)?.map(boxed))
    }

    fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure> {
        Ok(self.graph.get_metadata(ec_id)?)
    }

    fn create(&self, ec_id: &str, entry: NewEntry) -> Result<(), Failure> {
        Ok(self.graph.create(ec_id, entry)?)
    }

    fn create_or_revive(&self, ec_id: &str, entry: NewEntry) -> Result<CreateOutcome, Failure> {
        Ok(self.graph.create_or_revive(ec_id, entry)?)
    }

    fn upsert_partner_id(
        &self,
        ec_id: &str,
        id: PartnerUid,
        missing: IfMissing,
        now: u64,
    ) -> Result<UpsertOutcome, Failure> {
        Ok(self.graph.upsert_partner_id(ec_id, id, missing, now)?)
    }

    fn upsert_partner_ids(
        &self,
        ec_id: &str,
        ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        Ok(self.graph.upsert_partner_ids(ec_id, ids, missing, now)?)
    }

    fn update_last_seen(&self, ec_id: &str, now: u64) -> Result<TouchOutcome, Failure> {
        Ok(self.graph.update_last_seen(ec_id, now)?)
    }

    fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure> {
        Ok(self.graph.write_withdrawal_tombstone(ec_id, now)?)
    }

    fn delete(&self, ec_id: &str) -> Result<bool, Failure> {
        Ok(self.graph.delete(ec_id)?)
    }

    fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure> {
        let outcomes = self.graph.sync_partner_ids(partner, mappings, now)?;
        Ok(outcomes.into_iter().map(|outcome| outcome.map_err(Failure::from)).collect())
    }

    fn evaluate_cluster(&self, ec_id: &str, now: u64) -> Result<Option<u32>, Failure> {
        Ok(self.graph.evaluate_cluster(ec_id, now)?)
    }

    fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure> {
        let row = self.graph.inspect(ec_id)?;
        Ok(row.map(|row| RawRow {
            body: row.body,
            metadata: row.metadata,
            generation: row.generation,
            problem: row.problem.map(|problem| problem.to_string()),
        }))
    }
}

struct NativeSnapshot<S> {
    graph: Rc<Graph<S>>,
    snapshot: Snapshot,
}

impl<S: Store> SnapshotApi for NativeSnapshot<S> {
    fn entry(&self) -> Entry {
        self.snapshot.entry()
    }

    fn generation(&self) -> u64 {
        self.snapshot.generation()
    }

    fn upsert_partner_ids(
        &mut self,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        Ok(self.snapshot.upsert_partner_ids(&self.graph, ids, now)?)
    }

    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure> {
        Ok(self.snapshot.update_last_seen(&self.graph, now)?)
    }

    fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        Ok(self.snapshot.evaluate_cluster(&self.graph, now)?)
    }
}
