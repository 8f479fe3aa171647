//! A graph over a store in memory, ready for a test.

use std::fmt;

use identity_graph::{Graph, IdentityGraph, KvError, Policy, Store};

use crate::faulty::Faulty;
use crate::memory::MemoryStore;
#[cfg(feature = "component")]
use crate::runtime::Instance;
use crate::store_calls::StoreCalls;

/// How the rules are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// Compiled to the component, under wasmtime.
    Component,
    /// Compiled into this program.
    Native,
}

impl Build {
    /// Both, or what there is without the feature `component`.
    pub const ALL: &[Self] = if cfg!(feature = "component") {
        &[Self::Native, Self::Component]
    } else {
        &[Self::Native]
    };
}

/// One graph over one store in memory, with everything a test wants to hold on to.
///
/// ```
/// use host_test::{StoreCalls, TestGraph};
/// use identity_graph::NewEntry;
///
/// let test = TestGraph::component();
/// let ec_id = "a".repeat(64);
/// test.graph.create(&ec_id, NewEntry::at(test.at(100)))?;
/// assert_eq!(test.take_store_calls(), StoreCalls { puts: 1, ..StoreCalls::default() });
/// assert_eq!(test.store.keys(), [ec_id]);
/// # Ok::<(), identity_graph::Failure>(())
/// ```
pub struct TestGraph {
    /// What is stored.
    pub store: MemoryStore,
    /// What stands between the graph and the store.
    pub faults: Faulty<MemoryStore>,
    /// The graph.
    pub graph: Box<dyn IdentityGraph>,
    build: Build,
    policy: Policy,
}

impl fmt::Debug for TestGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestGraph")
            .field("build", &self.build)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl TestGraph {
    /// The component over an empty store.
    #[must_use]
    pub fn component() -> Self {
        Self::over(Build::Component, MemoryStore::new(), Policy::default())
    }

    /// The native rules over an empty store.
    #[must_use]
    pub fn native() -> Self {
        Self::over(Build::Native, MemoryStore::new(), Policy::default())
    }

    /// A graph over a store that other graphs may share.
    ///
    /// # Panics
    /// When a value of the policy is out of its range.
    #[must_use]
    pub fn over(build: Build, store: MemoryStore, policy: Policy) -> Self {
        let faults = Faulty::new(store.clone());
        let graph = open(build, faults.clone(), policy);
        Self { store, faults, graph, build, policy }
    }

    /// A graph of the same build and policy over the same store: another worker, who meets no
    /// faults.
    #[must_use]
    pub fn another_worker(&self) -> Box<dyn IdentityGraph> {
        open(self.build, self.store.clone(), self.policy)
    }

    /// Moves the store's clock to `now`, and hands `now` on to the operation that it is for.
    #[must_use = "the operation wants to be told the time, too"]
    pub fn at(&self, now: u64) -> u64 {
        self.store.set_now(now);
        now
    }

    /// The store calls that the graph has made since the last call of this.
    #[must_use = "the count starts anew"]
    pub fn take_store_calls(&self) -> StoreCalls {
        self.faults.take_store_calls()
    }

    /// How the rules are run.
    #[must_use]
    pub fn build(&self) -> Build {
        self.build
    }
}

fn open(
    build: Build,
    store: impl Store<Error = KvError> + 'static,
    policy: Policy,
) -> Box<dyn IdentityGraph> {
    let opened = match build {
        #[cfg(not(feature = "component"))]
        Build::Component => Err("this build is without the component".to_owned()),
        #[cfg(feature = "component")]
        Build::Component => {
            const NAME: &str = "ec_identity_store";
            Instance::new([(NAME, Box::new(store) as Box<dyn Store<Error = KvError>>)])
                .open_with(NAME, policy)
                .map(|graph| Box::new(graph) as Box<dyn IdentityGraph>)
                .map_err(|failure| failure.to_string())
        }
        Build::Native => Graph::new(store, policy)
            .map(|graph| Box::new(graph) as Box<dyn IdentityGraph>)
            .map_err(|rule| rule.to_string()),
    };
    opened.unwrap_or_else(|error| panic!("the graph cannot be opened: {error}"))
}

/// Runs a test over the native rules and over the component, each with an empty store.
pub fn for_both(check: impl Fn(&TestGraph)) {
    for_both_with(Policy::default(), check);
}

/// [`for_both`] with another policy.
pub fn for_both_with(policy: Policy, check: impl Fn(&TestGraph)) {
    for &build in Build::ALL {
        // Shown by the test runner when the test fails: it tells which of the two it was.
        println!("over the rules as {build:?}");
        check(&TestGraph::over(build, MemoryStore::new(), policy));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use identity_graph::{Failure, KvError, NewEntry};

    use super::*;
    use crate::faulty::Fault;
    use crate::store_calls::StoreCall;

    fn ec_id() -> String {
        "0".repeat(64)
    }

    #[test]
    fn the_store_goes_by_the_time_of_the_test() {
        for_both(|test| {
            test.graph.create(&ec_id(), NewEntry::at(test.at(500))).unwrap();
            let expires_at = test.store.row(&ec_id()).unwrap().expires_at;
            assert_eq!(expires_at, Some(500 + u64::from(Policy::default().entry_ttl)));
        });
    }

    #[test]
    fn another_worker_gets_in_between() {
        for_both(|test| {
            let other = test.another_worker();
            test.faults.before(StoreCall::Put, move || {
                other.create(&ec_id(), NewEntry::at(1)).unwrap();
            });
            assert_eq!(test.graph.create(&ec_id(), NewEntry::at(1)), Err(Failure::AlreadyExists));
            assert!(test.faults.is_done());
            assert_eq!(test.take_store_calls().puts, 1);
        });
    }

    #[test]
    fn both_builds_meet_the_same_faults_and_name_them_in_the_same_words() {
        for error in [
            KvError::NoSuchStore,
            KvError::Invalid,
            KvError::Throttled,
            KvError::Unavailable,
            KvError::UnknownOutcome,
            KvError::TooLarge,
            KvError::NotRead,
        ] {
            let failures = RefCell::new(Vec::new());
            for_both(|test| {
                test.faults.next(StoreCall::Get, Fault::Fail(error));
                let failure = test.graph.inspect(&ec_id()).unwrap_err();
                failures.borrow_mut().push(failure);
            });
            let failures = failures.into_inner();
            assert!(
                failures.iter().all(|failure| *failure == failures[0]),
                "{error:?}: {failures:?}"
            );
        }
    }

    #[test]
    fn both_builds_refuse_in_the_same_words() {
        let failures = RefCell::new(Vec::new());
        for_both(|test| {
            test.store.seed(&ec_id(), "[]", None);
            let of = |ec_id: &str| test.graph.get(ec_id, 1).err().unwrap();
            failures.borrow_mut().push((of("short"), of(&ec_id())));
        });
        let failures = failures.into_inner();
        assert!(failures.iter().all(|failure| *failure == failures[0]), "{failures:?}");
        assert!(matches!(&failures[0], (Failure::InvalidArgument(_), Failure::Corrupt(_))));
    }
}
