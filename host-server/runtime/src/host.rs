//! The import `kv-cas`, bound to an asynchronous store.

use std::sync::Arc;

use host_server_store::AsyncStore;
use wasmtime::ResourceLimiter;
use wasmtime::component::{HasSelf, Linker, Resource};

use crate::bindings::trusted_server::ec::kv_cas;
use crate::bindings::{self, OpenStore};
use crate::convert::Convert;

/// The name under which an instance opens its store.
pub(crate) const STORE: &str = "store";

/// Bytes of memory that an instance may have: what Fastly gives a request.
pub(crate) const MAX_MEMORY_BYTES: usize = 128 << 20;

/// What one instance can reach.
pub(crate) struct Host {
    store: Arc<dyn AsyncStore>,
    pub(crate) memory: Memory,
}

/// The memory of an instance: bounded, and its size is remembered.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) bytes: usize,
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = desired <= MAX_MEMORY_BYTES;
        if fits {
            self.bytes = self.bytes.max(desired);
        }
        Ok(fits)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

impl Host {
    pub(crate) fn new(store: Arc<dyn AsyncStore>) -> Self {
        Self { store, memory: Memory::default() }
    }

    /// Defines `kv-cas` and nothing else: a component that imports more is not linked.
    pub(crate) fn add_to_linker(linker: &mut Linker<Self>) -> wasmtime::Result<()> {
        bindings::Graph::add_to_linker::<_, HasSelf<Self>>(linker, |host| host)
    }
}

impl kv_cas::Host for Host {}

impl kv_cas::HostStore for Host {
    async fn open(&mut self, name: String) -> Result<Resource<OpenStore>, kv_cas::KvError> {
        if name == STORE { Ok(Resource::new_own(0)) } else { Err(kv_cas::KvError::NoSuchStore) }
    }

    async fn get(
        &mut self,
        _: Resource<OpenStore>,
        key: String,
    ) -> Result<Option<kv_cas::Item>, kv_cas::KvError> {
        self.store.get(&key).await.convert()
    }

    async fn head(
        &mut self,
        _: Resource<OpenStore>,
        key: String,
    ) -> Result<Option<kv_cas::ItemHead>, kv_cas::KvError> {
        self.store.head(&key).await.convert()
    }

    async fn put(
        &mut self,
        _: Resource<OpenStore>,
        write: kv_cas::Write,
    ) -> Result<kv_cas::WriteOutcome, kv_cas::KvError> {
        self.store.put((&write).convert()).await.convert()
    }

    async fn delete(
        &mut self,
        _: Resource<OpenStore>,
        key: String,
    ) -> Result<bool, kv_cas::KvError> {
        self.store.delete(&key).await.convert()
    }

    async fn count(
        &mut self,
        _: Resource<OpenStore>,
        prefix: String,
        limit: u32,
    ) -> Result<u32, kv_cas::KvError> {
        self.store.count(&prefix, limit).await.convert()
    }

    async fn get_many(
        &mut self,
        _: Resource<OpenStore>,
        keys: Vec<String>,
    ) -> Vec<Result<Option<kv_cas::Item>, kv_cas::KvError>> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.store.get_many(&keys).await.convert()
    }

    async fn put_many(
        &mut self,
        _: Resource<OpenStore>,
        writes: Vec<kv_cas::Write>,
    ) -> Vec<Result<kv_cas::WriteOutcome, kv_cas::KvError>> {
        let writes: Vec<_> = writes.iter().map(Convert::convert).collect();
        self.store.put_many(&writes).await.convert()
    }

    async fn drop(&mut self, _: Resource<OpenStore>) -> wasmtime::Result<()> {
        Ok(())
    }
}
