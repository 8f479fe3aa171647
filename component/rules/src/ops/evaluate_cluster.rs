//! `evaluate-cluster`: how many EC IDs share a network.

use super::state::{State, matches};
use crate::cached_row::CachedRow;
use crate::cas_loop::{Mutation, Plan, PlannedWrite};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::limits::MAX_CLUSTER;
use crate::policy::Policy;
use crate::row::{Edit, Field, Row};
use crate::store::Store;
use crate::types::{EcId, Now};

impl<S: Store> Graph<S> {
    /// How many EC IDs share this one's hash, which means its network, counted up to 100; `None` for
    /// a tombstone, no entry, or a provider's ID, which costs no call: 1 read, and 1 count and 1 write
    /// when the stored size is older than the recheck interval.
    pub fn evaluate_cluster(&self, ec_id: &str, now: u64) -> Result<Option<u32>, GraphError> {
        let id = EcId::parse(ec_id)?;
        Now::parse(now, &self.policy())?;
        if id.hash().is_none() {
            return Ok(None);
        }
        match self.get(ec_id, now)? {
            Some(snapshot) => snapshot.evaluate_cluster(self, now),
            None => Ok(None),
        }
    }

    pub(crate) fn cluster(
        &self,
        id: &EcId,
        cached: CachedRow<'_>,
        now: u64,
    ) -> Result<Option<u32>, GraphError> {
        let Some(hash) = id.hash() else { return Ok(None) };
        let now = Now::parse(now, &self.policy())?;
        if let Recount::Keep(size) = recount(Some(cached.row), &self.policy(), now) {
            return Ok(size);
        }
        // The row itself counts, even where the count lags behind its creation.
        let counted = self.store().count(hash, MAX_CLUSTER)?.clamp(1, MAX_CLUSTER);
        self.change(id, Some(cached), Cluster { counted, policy: self.policy(), now })
    }
}

/// A cluster that was counted.
struct Cluster {
    counted: u32,
    policy: Policy,
    now: Now,
}

impl Mutation for Cluster {
    type Outcome = Option<u32>;

    fn decide(&self, row: Option<&Row>) -> Result<Plan<Option<u32>>, GraphError> {
        let (row, left) = match recount(row, &self.policy, self.now) {
            Recount::Keep(size) => return Ok(Plan::Keep(size)),
            Recount::Due(row, left) => (row, left),
        };
        let edit = Edit { cluster: Some(self.counted), ..Edit::at(self.now) };
        let write = PlannedWrite {
            row: row.rewritten(&edit)?,
            time_to_live: left,
            condition: matches(row),
        };
        Ok(Plan::Write(write, Some(self.counted)))
    }
}

/// Whether a cluster is to be counted.
enum Recount<'a> {
    /// No: this is the answer.
    Keep(Option<u32>),
    /// Yes, and the size is to be stored here, with this lifetime.
    Due(&'a Row, u32),
}

/// A stored size stands until the recheck interval has passed, and for good where there is none; one
/// stored without its time was counted nobody knows when.
fn recount<'a>(row: Option<&'a Row>, policy: &Policy, now: Now) -> Recount<'a> {
    let State::Live(row, left) = State::of(row, policy, now) else { return Recount::Keep(None) };
    let size = row.number(Field::ClusterSize);
    let stands = policy.cluster_recheck.is_none_or(|recheck| {
        let checked = now.known(row.time(Field::ClusterChecked));
        let age = checked.map(|checked| now.at.since(checked).unwrap_or_default());
        age.is_some_and(|age| age < u64::from(recheck))
    });
    if size.is_some() && stands { Recount::Keep(size) } else { Recount::Due(row, left) }
}
