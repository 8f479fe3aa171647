//! `evaluate-cluster`: how many EC IDs share a network.

use alloc::boxed::Box;
use core::mem;

use super::state::{State, matches};
use crate::cas_loop::{Plan, PlannedWrite, UNCONFIRMED};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::limits::MAX_CLUSTER;
use crate::operation::{Answer, Call, Calls, Change, Machine, Operation};
use crate::policy::Policy;
use crate::row::{Edit, Field, Row};
use crate::row_operation::{Decider, Mutation, RowLoop, Start};
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::types::{EcId, Now};

impl<S: Store> Graph<S> {
    /// How many EC IDs share this one's hash, which means its network, counted up to 100; `None` for
    /// a tombstone, no entry, or a provider's ID, which costs no call: 1 read, and 1 count and 1 write
    /// when the stored size is older than the recheck interval.
    pub fn evaluate_cluster(&self, ec_id: &str, now: u64) -> Result<Option<u32>, GraphError> {
        self.run(self.rules().evaluate_cluster(ec_id, now)?)
    }
}

impl Rules {
    /// [`Graph::evaluate_cluster`] without a store.
    pub fn evaluate_cluster(
        &self,
        ec_id: &str,
        now: u64,
    ) -> Result<Operation<Option<u32>>, GraphError> {
        self.cluster(EcId::parse(ec_id)?, None, now)
    }

    /// [`Snapshot::evaluate_cluster`] without a store.
    pub fn evaluate_cluster_on(
        &self,
        snapshot: &Snapshot,
        now: u64,
    ) -> Result<Operation<Option<u32>>, GraphError> {
        self.cluster(snapshot.id().clone(), snapshot.current(), now)
    }

    fn cluster(
        &self,
        id: EcId,
        row: Option<&Row>,
        now: u64,
    ) -> Result<Operation<Option<u32>>, GraphError> {
        let (policy, now) = (*self.policy(), Now::parse(now, self.policy())?);
        if id.hash().is_none() {
            return Ok(Operation::over(Ok(None)));
        }
        let stage = match row {
            None => Stage::Read,
            Some(row) => match recount(Some(row), &policy, now) {
                Recount::Keep(size) => Stage::Over(Ok(size)),
                Recount::Due(row, _) => Stage::Count(Box::new(row.clone())),
            },
        };
        Ok(Operation::new(Evaluation { id, policy, now, stage, change: Change::default() }))
    }
}

/// An evaluation, and how far it has come.
struct Evaluation {
    id: EcId,
    policy: Policy,
    now: Now,
    stage: Stage,
    change: Change,
}

enum Stage {
    Read,
    /// The cluster of this row is counted.
    Count(Box<Row>),
    /// The size is stored.
    Store(Box<RowLoop>, Decider<Cluster>),
    Over(Result<Option<u32>, GraphError>),
}

impl Evaluation {
    /// Takes what was read.
    fn read(&self, answer: Answer) -> Result<Stage, GraphError> {
        let row = answer.into_read()?.map(Row::boxed).transpose()?;
        Ok(match recount(row.as_deref(), &self.policy, self.now) {
            Recount::Keep(size) => Stage::Over(Ok(size)),
            Recount::Due(..) => row.map_or(Stage::Over(Ok(None)), Stage::Count),
        })
    }

    /// Takes what was counted.
    fn counted(&self, row: &Row, answer: Answer) -> Result<Stage, GraphError> {
        let Self { ref id, policy, now, .. } = *self;
        // The row itself counts, even where the count lags behind its creation.
        let counted = answer.into_count()?.clamp(1, MAX_CLUSTER);
        let mut decider = Decider::new(Cluster { counted, policy, now });
        let decide = &mut |row: Option<&Row>| decider.decide(row);
        let start = Start::On(row);
        let row = RowLoop::new(id.clone(), start, Cluster::REFUSED, &policy, decide);
        Ok(Stage::Store(Box::new(row), decider))
    }
}

impl Calls for Evaluation {
    fn call(&self) -> Option<Call<'_>> {
        match &self.stage {
            Stage::Read => Some(Call::Get(self.id.as_str())),
            Stage::Count(_) => {
                let prefix = self.id.hash()?;
                Some(Call::Count { prefix, limit: MAX_CLUSTER })
            }
            Stage::Store(row, _) => row.call(),
            Stage::Over(_) => None,
        }
    }

    fn answer(&mut self, answer: Answer) {
        let stage = mem::replace(&mut self.stage, Stage::Over(Err(UNCONFIRMED)));
        let next = match stage {
            Stage::Read => self.read(answer),
            Stage::Count(row) => self.counted(&row, answer),
            Stage::Store(mut row, mut decider) => {
                row.answer(answer, &mut |row| decider.decide(row));
                Ok(Stage::Store(row, decider))
            }
            stage @ Stage::Over(_) => Ok(stage),
        };
        self.stage = match next {
            // Nothing more is to be asked.
            Ok(Stage::Store(mut row, decider)) if row.call().is_none() => {
                self.change = row.change();
                Stage::Over(row.result().and_then(|()| decider.answer()))
            }
            Ok(stage) => stage,
            Err(error) => Stage::Over(Err(error)),
        };
    }
}

impl Machine<Option<u32>> for Evaluation {
    fn finish(self: Box<Self>) -> Result<Option<u32>, GraphError> {
        match self.stage {
            Stage::Over(result) => result,
            Stage::Read | Stage::Count(_) | Stage::Store(..) => Err(UNCONFIRMED),
        }
    }

    fn is_about(&self, id: &EcId) -> bool {
        self.id == *id
    }

    fn change(&mut self) -> Change {
        match &mut self.stage {
            Stage::Store(row, _) => row.change(),
            Stage::Read | Stage::Count(_) | Stage::Over(_) => mem::take(&mut self.change),
        }
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
    type Answer = Option<u32>;

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

    fn answer(self, size: Option<u32>) -> Option<u32> {
        size
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
