//! The graph that the application is composed with.

use edge_app::{EntrySnapshot, Failure, IdentityGraph, StoredRow};
use identity_graph::{
    CreateOutcome, Entry, Mapping, NewEntry, PartnerUid, TouchOutcome, UpsertOutcome,
};

use crate::convert;
use crate::wit;

pub(crate) fn open(store: &str) -> Result<Box<dyn IdentityGraph>, Failure> {
    Ok(Box::new(Composed(wit::Graph::open(store)?)))
}

struct Composed(wit::Graph);

impl IdentityGraph for Composed {
    fn get(&self, ec_id: &str) -> Result<Option<Box<dyn EntrySnapshot + '_>>, Failure> {
        let snapshot = self.0.get(ec_id)?;
        Ok(snapshot.map(|snapshot| Box::new(ComposedSnapshot(snapshot)) as _))
    }

    fn create(&self, ec_id: &str, entry: NewEntry) -> Result<(), Failure> {
        Ok(self.0.create(ec_id, &entry.into())?)
    }

    fn create_or_revive(&self, ec_id: &str, entry: NewEntry) -> Result<CreateOutcome, Failure> {
        Ok(self.0.create_or_revive(ec_id, &entry.into())?.into())
    }

    fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure> {
        Ok(self.0.write_withdrawal_tombstone(ec_id, now)?)
    }

    fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure> {
        let mappings: Vec<_> = mappings.iter().map(wit::Mapping::from).collect();
        let outcomes = self.0.sync_partner_ids(partner, &mappings, now)?;
        Ok(outcomes.into_iter().map(convert::mapping_outcome).collect())
    }

    fn inspect(&self, ec_id: &str) -> Result<Option<StoredRow>, Failure> {
        Ok(self.0.inspect(ec_id)?.map(StoredRow::from))
    }
}

struct ComposedSnapshot(wit::Snapshot);

impl EntrySnapshot for ComposedSnapshot {
    fn entry(&self) -> Entry {
        self.0.entry().into()
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }

    fn upsert_partner_ids(
        &mut self,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        let outcomes = self.0.upsert_partner_ids(&convert::each(ids), now)?;
        Ok(convert::each(outcomes))
    }

    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure> {
        Ok(self.0.update_last_seen(now)?.into())
    }

    fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        Ok(self.0.evaluate_cluster(now)?)
    }
}
