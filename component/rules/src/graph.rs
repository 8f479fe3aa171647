//! The graph over one store. Its operations stand in `crate::ops`.

use alloc::vec::Vec;

use crate::error::{GraphError, InvalidArgument};
use crate::operation::{Answer, Call, Calls, OneCall, Operation, Then};
use crate::policy::Policy;
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::store::{Store, StoreError};

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
#[derive(Debug, Clone)]
pub struct Graph<S> {
    store: S,
    rules: Rules,
}

impl<S: Store> Graph<S> {
    /// The graph over a store.
    ///
    /// # Errors
    /// [`InvalidArgument::Policy`] when a value of the policy is out of its range.
    pub fn new(store: S, policy: Policy) -> Result<Self, InvalidArgument> {
        Ok(Self { store, rules: Rules::new(policy)? })
    }

    /// The store below.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The operations, without the store.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Carries out an operation.
    pub(crate) fn run<T>(&self, mut operation: Operation<T>) -> Result<T, GraphError> {
        self.drive(operation.calls());
        operation.finish()
    }

    /// Carries out an operation that was started on a snapshot.
    pub(crate) fn run_on<T>(
        &self,
        snapshot: &mut Snapshot,
        mut operation: Operation<T>,
    ) -> Result<T, GraphError> {
        self.drive(operation.calls());
        operation.finish_on(snapshot)
    }

    /// Carries out an operation of one store call.
    pub(crate) fn ask<T>(&self, operation: OneCall<T, impl Then<T>>) -> Result<T, GraphError> {
        operation.ask(|call| self.call(call))
    }

    fn drive(&self, calls: &mut dyn Calls) {
        while let Some(call) = calls.call() {
            let answer = self.call(call);
            calls.answer(answer);
        }
    }

    /// Makes a store call.
    #[inline(never)]
    fn call(&self, call: Call<'_>) -> Answer {
        let store = &self.store;
        match call {
            Call::Get(key) => Answer::Get(store.get(key).map_err(Into::into)),
            Call::Head(key) => Answer::Head(store.head(key).map_err(Into::into)),
            Call::Put(write) => Answer::Put(store.put(write).map_err(Into::into)),
            Call::Delete(key) => Answer::Delete(store.delete(key).map_err(Into::into)),
            Call::Count { prefix, limit } => {
                Answer::Count(store.count(prefix, limit).map_err(Into::into))
            }
            Call::GetMany(keys) => Answer::GetMany(each(store.get_many(&keys))),
            Call::PutMany(writes) => Answer::PutMany(each(store.put_many(&writes))),
        }
    }
}

fn each<T, E: Into<StoreError>>(answers: Vec<Result<T, E>>) -> Vec<Result<T, StoreError>> {
    answers.into_iter().map(|answer| answer.map_err(Into::into)).collect()
}
