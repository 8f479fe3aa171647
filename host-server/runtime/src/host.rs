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

#[cfg(test)]
mod tests {
    //! The suite of `kv-cas` over the import as the component sees it.

    use host_server_store::{MemoryStore, system_clock};
    use identity_graph::{ItemHead, KvError, Read, Store, Write, Written};
    use identity_graph_conformance::{Fixture, conformance_tests};
    use tokio::runtime::Runtime;

    use super::*;
    use crate::bindings::trusted_server::ec::kv_cas::HostStore;

    /// The import, called as the component calls it.
    struct Imported<'a> {
        runtime: &'a Runtime,
        store: MemoryStore,
    }

    /// Calls the import.
    macro_rules! call {
        ($imported:expr, $operation:ident($($argument:expr),*)) => {{
            let mut host = Host::new(Arc::new($imported.store.clone()));
            let called = HostStore::$operation(&mut host, Resource::new_own(0), $($argument),*);
            $imported.runtime.block_on(called).convert()
        }};
    }

    fn owned(write: &Write<'_>) -> kv_cas::Write {
        kv_cas::Write {
            key: write.key.to_owned(),
            body: write.body.to_vec(),
            metadata: write.metadata.to_owned(),
            time_to_live: write.time_to_live,
            condition: write.condition.convert(),
        }
    }

    impl Store for Imported<'_> {
        type Error = KvError;

        fn get(&self, key: &str) -> Read {
            call!(self, get(key.to_owned()))
        }
        fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
            call!(self, head(key.to_owned()))
        }
        fn put(&self, write: Write<'_>) -> Written {
            call!(self, put(owned(&write)))
        }
        fn delete(&self, key: &str) -> Result<bool, KvError> {
            call!(self, delete(key.to_owned()))
        }
        fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
            call!(self, count(prefix.to_owned(), limit))
        }
        fn get_many(&self, keys: &[&str]) -> Vec<Read> {
            call!(self, get_many(keys.iter().map(ToString::to_string).collect()))
        }
        fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
            call!(self, put_many(writes.iter().map(owned).collect()))
        }
    }

    struct Memory(Runtime, MemoryStore);

    impl Fixture for Memory {
        fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
            Box::new(Imported { runtime: &self.0, store: self.1.clone() })
        }
    }

    conformance_tests!(Memory(Runtime::new().unwrap(), MemoryStore::new(system_clock())));
}
