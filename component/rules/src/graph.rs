//! The graph over one store. Its operations stand in `crate::ops`.

use crate::cached_row::CachedRow;
use crate::cas_loop::{CasLoop, Decided, Mutation, Operation, Step};
use crate::error::{GraphError, InvalidArgument};
use crate::policy::Policy;
use crate::row::Row;
use crate::store::Store;
use crate::types::EcId;

/// The identity graph over one store.
///
/// Times are Unix seconds and come from the caller. Every operation is idempotent: calling again
/// after an error is safe.
///
/// ```
/// use identity_graph::{CreateOutcome, Graph, NewEntry, Policy, Store};
///
/// fn first_visit(store: impl Store) -> Result<(), identity_graph::GraphError> {
///     let graph = Graph::new(store, Policy::default())?;
///     let ec_id = format!("{}.Ab12Cd", "3f".repeat(32));
///     let report = graph.create_or_revive(&ec_id, NewEntry::at(1_790_000_000))?;
///     assert_eq!(report.outcome, CreateOutcome::Created);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Graph<S> {
    store: S,
    policy: Policy,
}

impl<S: Store> Graph<S> {
    /// The graph over a store.
    ///
    /// # Errors
    /// [`InvalidArgument::Policy`] when a value of the policy is out of its range.
    pub fn new(store: S, policy: Policy) -> Result<Self, InvalidArgument> {
        policy.validate()?;
        Ok(Self { store, policy })
    }

    /// The store below.
    pub fn store(&self) -> &S {
        &self.store
    }

    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    /// Changes a row that is presumed absent.
    pub(crate) fn start<M: Mutation>(&self, id: &EcId, mutation: M) -> Answer<M> {
        let mut operation = Operation::new(mutation);
        let mut cas = CasLoop::new(M::REFUSED, self.policy.max_cas_attempts);
        self.run(id, &mut cas, Step::Decide(None), &mut |row| operation.decide(row))?;
        operation.outcome()
    }

    /// Changes a row, from one that is cached or else from a read.
    pub(crate) fn change<M: Mutation>(
        &self,
        id: &EcId,
        cached: Option<CachedRow<'_>>,
        mutation: M,
    ) -> Answer<M> {
        let mut operation = Operation::new(mutation);
        let mut cas = CasLoop::new(M::REFUSED, self.policy.max_cas_attempts);
        let step = match cached {
            Some(cached) => cas.decided(operation.decide(Some(cached.row))),
            None => Step::Read,
        };
        let result = self.run(id, &mut cas, step, &mut |row| operation.decide(row));
        if let Some(cached) = cached {
            cached.is_outdated.set(cas.has_moved_on());
        }
        result?;
        operation.outcome()
    }

    /// Makes the store calls that the loop asks for, and has the operation decide.
    fn run(
        &self,
        id: &EcId,
        cas: &mut CasLoop,
        mut step: Step,
        decide: &mut dyn FnMut(Option<&Row>) -> Decided,
    ) -> Result<(), GraphError> {
        loop {
            step = match step {
                Step::Read => cas.read(self.store.get(id.as_str())),
                Step::Write => {
                    let write = cas.write(id.as_str()).ok_or(GraphError::Conflict)?;
                    let answer = self.store.put(write);
                    cas.written(answer)
                }
                Step::Decide(row) => cas.decided(decide(row.as_ref())),
                Step::Done(result) => return result,
            };
        }
    }
}

type Answer<M> = Result<<M as Mutation>::Outcome, GraphError>;
