//! The model of Fastly's store keeps the contract of `kv-cas`.

use std::sync::atomic::{AtomicUsize, Ordering};

use identity_graph::{ItemHead, KvError, Read, Store, Write, Written};
use identity_graph_conformance::{Fixture, conformance_tests};
use identity_graph_simulator::model::{Knobs, Kv, Place};

/// The model of Fastly's store, whose places take turns. A rate limit is no promise of the contract,
/// so that whoever is refused for it waits and asks again.
struct Fastly(Vec<Place>, AtomicUsize);

impl Fastly {
    fn new() -> Self {
        let knobs = Knobs::fair();
        let places = knobs.places;
        Self(Place::all(Kv::new(7, knobs, 1_790_000_000_000), places), AtomicUsize::new(0))
    }
}

impl Fixture for Fastly {
    fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
        // Threads that ask at the same time sit at different places.
        let turn = self.1.fetch_add(1, Ordering::Relaxed) % self.0.len();
        Box::new(Patient(&self.0[turn]))
    }

    fn settled(&self) {
        self.0[0].settle();
    }
}

struct Patient<'a>(&'a Place);

impl Patient<'_> {
    fn wait_out<T>(&self, call: impl Fn() -> Result<T, KvError>) -> Result<T, KvError> {
        loop {
            match call() {
                Err(KvError::Throttled) => self.0.wait_ms(100),
                answer => return answer,
            }
        }
    }
}

impl Store for Patient<'_> {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        self.0.get(key)
    }
    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        self.0.head(key)
    }
    fn put(&self, write: Write<'_>) -> Written {
        self.wait_out(|| self.0.put(write))
    }
    fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.wait_out(|| self.0.delete(key))
    }
    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.0.count(prefix, limit)
    }
    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        self.0.get_many(keys)
    }
    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        writes.iter().map(|write| self.put(*write)).collect()
    }
}

conformance_tests!(Fastly::new());
