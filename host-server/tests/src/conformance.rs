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

const COUNTS: &str = "it counts by whole EC hashes only, and answers other prefixes `invalid`";

/// What the store in Valkey or Redis is known not to keep.
pub const VALKEY_DEVIATIONS: &[Deviation] = &[
    Deviation { case: "count_is_of_keys_with_the_prefix", why: COUNTS, always: true },
    Deviation { case: "count_stops_at_the_limit", why: COUNTS, always: true },
    Deviation { case: "key_of_1025_bytes_is_refused", why: COUNTS, always: true },
];

/// Runs every case of the suite over one store, and answers the names of those that fail.
#[must_use]
pub fn failed_cases(fixture: &dyn Fixture) -> Vec<&'static str> {
    let fails = |name| {
        let run = || identity_graph_conformance::run(name, fixture);
        catch_unwind(AssertUnwindSafe(run)).is_err()
    };
    cases().iter().map(|case| case.name).filter(|name| fails(name)).collect()
}
