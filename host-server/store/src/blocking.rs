//! An asynchronous store as the rules' synchronous one.

use std::sync::Arc;

use identity_graph::{ItemHead, KvError, Read, Store, Write, Written};
use tokio::runtime::Handle;

use crate::AsyncStore;

/// An asynchronous store for synchronous callers: each call holds its thread until it is answered.
/// Clones are handles to the same store.
#[derive(Clone)]
pub struct Blocking {
    store: Arc<dyn AsyncStore>,
    runtime: Handle,
}

impl Blocking {
    /// The store, with the runtime that its connections live on.
    ///
    /// Calls panic on a thread that itself drives asynchronous tasks.
    #[must_use]
    pub fn new(store: Arc<dyn AsyncStore>, runtime: Handle) -> Self {
        Self { store, runtime }
    }
}

impl Store for Blocking {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        self.runtime.block_on(self.store.get(key))
    }
    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        self.runtime.block_on(self.store.head(key))
    }
    fn put(&self, write: Write<'_>) -> Written {
        self.runtime.block_on(self.store.put(write))
    }
    fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.runtime.block_on(self.store.delete(key))
    }
    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.runtime.block_on(self.store.count(prefix, limit))
    }
    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        self.runtime.block_on(self.store.get_many(keys))
    }
    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        self.runtime.block_on(self.store.put_many(writes))
    }
}
