//! The example's store keeps the contract, without deviations.

use identity_graph::{ItemHead, KvError, Read, Store, StoreError, Write, Written};
use identity_graph_conformance::{Fixture, conformance_tests};
use trusted_server_example::memory::MemoryKv;
use trusted_server_example::store::KvStore;

/// The suite judges kinds of errors; the store says more.
struct Kinds<S>(S);

impl<S: Store<Error = StoreError>> Store for Kinds<S> {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        self.0.get(key).map_err(|error| error.kind())
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        self.0.head(key).map_err(|error| error.kind())
    }

    fn put(&self, write: Write<'_>) -> Written {
        self.0.put(write).map_err(|error| error.kind())
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.0.delete(key).map_err(|error| error.kind())
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.0.count(prefix, limit).map_err(|error| error.kind())
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let answers = self.0.get_many(keys).into_iter();
        answers.map(|answer| answer.map_err(|error| error.kind())).collect()
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let answers = self.0.put_many(writes).into_iter();
        answers.map(|answer| answer.map_err(|error| error.kind())).collect()
    }
}

#[derive(Default)]
struct Example(MemoryKv);

impl Fixture for Example {
    fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
        Box::new(Kinds(KvStore(&self.0)))
    }
}

conformance_tests!(Example::default());
