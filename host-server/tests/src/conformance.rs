//! Any store for the conformance suite.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use host_server_store::{AsyncStore, Blocking};
use identity_graph::{KvError, Store};
use identity_graph_conformance::{Deviation, Fixture, cases};
use tokio::runtime::Handle;

/// A store, and what it is known not to keep.
pub struct StoreFixture {
    /// The store.
    pub store: Arc<dyn AsyncStore>,
    /// The runtime that its connections live on.
    pub runtime: Handle,
    /// What it does otherwise.
    pub deviations: &'static [Deviation],
}

impl Fixture for StoreFixture {
    fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
        Box::new(Blocking::new(Arc::clone(&self.store), self.runtime.clone()))
    }

    fn deviations(&self) -> &[Deviation] {
        self.deviations
    }
}

/// Runs every case of the suite over one store, and answers the names of those that fail.
#[must_use]
pub fn failed_cases(fixture: &StoreFixture) -> Vec<&'static str> {
    let fails = |name| {
        let run = || identity_graph_conformance::run(name, fixture);
        catch_unwind(AssertUnwindSafe(run)).is_err()
    };
    cases().iter().map(|case| case.name).filter(|name| fails(name)).collect()
}
