//! The identity graph by the names that the application's handlers call.

use identity_graph::{
    Graph, GraphError, IfMissing, Mapping, PartnerUid, Policy, RawRow, Snapshot, WithdrawOutcome,
};

use crate::kv::Kv;
use crate::store::KvStore;
use crate::types::{
    BatchLine, EcEntry, EcError, EcMetadata, EcPartnerId, EcVisit, IdOutcome, Seen, Visited,
    VisitedOutcome, Withdrawal,
};

/// The identity graph during one request. It holds the request's time, which is the time of all that is
/// done in it: the partners' own times do not order.
#[derive(Debug)]
pub struct KvIdentityGraph<K> {
    graph: Graph<KvStore<K>>,
    now: u64,
}

impl<K: Kv> KvIdentityGraph<K> {
    /// The graph for a request at this time, in Unix seconds.
    pub fn for_request(kv: K, now: u64) -> Result<Self, EcError> {
        // Where times decide nothing, no write is worth a time alone.
        let policy = Policy { resync: u32::MAX, ..Policy::trusted_server() };
        let graph = Graph::new(KvStore(kv), policy).map_err(GraphError::from)?;
        Ok(Self { graph, now })
    }

    /// The entry and its version: 1 read.
    pub fn get(&self, ec_id: &str) -> Result<Option<(EcEntry, u64)>, EcError> {
        let found = self.snapshot(ec_id)?;
        Ok(found.map(|snapshot| (snapshot.entry().into(), snapshot.generation())))
    }

    /// The entry as it was read, for a route that goes on with it: 1 read.
    pub fn snapshot(&self, ec_id: &str) -> Result<Option<Snapshot>, EcError> {
        Ok(self.graph.get(ec_id, self.now)?)
    }

    /// What stands beside the entry: 1 read.
    pub fn get_metadata(&self, ec_id: &str) -> Result<Option<EcMetadata>, EcError> {
        Ok(self.graph.get_metadata(ec_id)?.map(EcMetadata::from))
    }

    /// The entry of an ID just minted: 1 write.
    pub fn create(&self, ec_id: &str, visit: EcVisit) -> Result<Visited, EcError> {
        let report = self.graph.create(ec_id, visit.at(self.now))?;
        Ok(Visited::new(VisitedOutcome::Created, report))
    }

    /// Makes sure that there is a live entry: 1 write, or 1 more and 1 read where there is a row.
    pub fn create_or_revive(&self, ec_id: &str, visit: EcVisit) -> Result<Visited, EcError> {
        let report = self.graph.create_or_revive(ec_id, visit.at(self.now))?;
        Ok(Visited::new(report.outcome.into(), report))
    }

    /// Stores one partner's ID: 1 read and at most 1 write. No entry is made.
    pub fn upsert_partner_id(&self, ec_id: &str, id: EcPartnerId) -> Result<IdOutcome, EcError> {
        let outcome = self.graph.upsert_partner_id(ec_id, id.into(), IfMissing::Skip, self.now)?;
        Ok(outcome.into())
    }

    /// Stores the IDs that a browser brings, on an entry that was read: at most 1 write for all.
    pub fn sync_browser_ids(
        &self,
        entry: &mut Snapshot,
        ids: Vec<EcPartnerId>,
    ) -> Result<Vec<IdOutcome>, EcError> {
        let ids = ids.into_iter().map(PartnerUid::from).collect();
        let outcomes = entry.upsert_partner_ids(&self.graph, ids, self.now)?;
        Ok(outcomes.into_iter().map(IdOutcome::from).collect())
    }

    /// Notes a visit: 1 read and at most 1 write.
    pub fn update_last_seen(&self, ec_id: &str) -> Result<Seen, EcError> {
        Ok(self.graph.update_last_seen(ec_id, self.now)?.into())
    }

    /// The visitor's own word: 1 write, whatever is stored.
    pub fn write_withdrawal_tombstone(&self, ec_id: &str) -> Result<(), EcError> {
        Ok(self.graph.write_withdrawal_tombstone(ec_id, self.now)?)
    }

    /// A signal that comes with every request, and with an ID that may be forged: 1 read, and 1 write
    /// where there is a live entry.
    pub fn withdraw_known(&self, ec_id: &str) -> Result<Withdrawal, EcError> {
        let Some(mut entry) = self.snapshot(ec_id)? else {
            return Ok(WithdrawOutcome::NotFound.into());
        };
        Ok(entry.withdraw(&self.graph, self.now)?.into())
    }

    /// Forgets an entry, its withdrawal included; true when there was one: 1 delete.
    pub fn delete(&self, ec_id: &str) -> Result<bool, EcError> {
        Ok(self.graph.delete(ec_id)?)
    }

    /// One partner's batch: a fate for each line, in order. 1 read of each row, and 1 write of each
    /// that changes.
    pub fn batch_sync(
        &self,
        source_domain: &str,
        lines: Vec<BatchLine>,
    ) -> Result<Vec<Result<IdOutcome, EcError>>, EcError> {
        let mapping = |BatchLine { ec_id, uid }| Mapping::new(ec_id, uid, self.now);
        let mappings: Vec<_> = lines.into_iter().map(mapping).collect();
        let outcomes = self.graph.sync_partner_ids(source_domain, &mappings, self.now)?;
        let fate = |outcome: Result<_, GraphError>| Ok(IdOutcome::from(outcome?));
        Ok(outcomes.into_iter().map(fate).collect())
    }

    /// How many IDs share the network of an entry that was read: nothing where a size is stored, else 1
    /// list and 1 write.
    pub fn evaluate_cluster(&self, entry: &mut Snapshot) -> Result<Option<u32>, EcError> {
        Ok(entry.evaluate_cluster(&self.graph, self.now)?)
    }

    /// The row as it is stored, for an operator: 1 read.
    pub fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, EcError> {
        Ok(self.graph.inspect(ec_id)?)
    }
}
