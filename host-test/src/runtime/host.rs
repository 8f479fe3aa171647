//! The import `kv-cas`, bound to stores of this process.

use identity_graph::{KvError, Store};
use wasmtime::ResourceLimiter;
use wasmtime::component::{HasSelf, Linker, Resource};

use super::bindings::trusted_server::ec::kv_cas;
use super::bindings::{Graph, OpenStore};
use super::convert::Convert;

/// What one instance can open.
pub(super) struct Host {
    stores: Vec<(String, Box<dyn Store<Error = KvError>>)>,
    pub(super) memory: Memory,
}

/// The memory of an instance: it gets what it asks for, and the largest size is remembered.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) bytes: usize,
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.bytes = self.bytes.max(desired);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

impl Host {
    pub(super) fn new<'a>(
        stores: impl IntoIterator<Item = (&'a str, Box<dyn Store<Error = KvError>>)>,
    ) -> Self {
        let named = |(name, store): (&str, _)| (name.to_owned(), store);
        Self { stores: stores.into_iter().map(named).collect(), memory: Memory::default() }
    }

    /// Defines `kv-cas` and nothing else: a component that imports more is not linked.
    pub(super) fn add_to_linker(linker: &mut Linker<Self>) -> wasmtime::Result<()> {
        Graph::add_to_linker::<_, HasSelf<Self>>(linker, |host| host)
    }

    fn store(&self, handle: &Resource<OpenStore>) -> &dyn Store<Error = KvError> {
        &*self.stores[handle.rep() as usize].1
    }
}

impl kv_cas::Host for Host {}

impl kv_cas::HostStore for Host {
    fn open(&mut self, name: String) -> Result<Resource<OpenStore>, kv_cas::KvError> {
        let index = self.stores.iter().position(|(known, _)| *known == name);
        let index = index.and_then(|index| u32::try_from(index).ok());
        index.map(Resource::new_own).ok_or(kv_cas::KvError::NoSuchStore)
    }

    fn get(
        &mut self,
        store: Resource<OpenStore>,
        key: String,
    ) -> Result<Option<kv_cas::Item>, kv_cas::KvError> {
        self.store(&store).get(&key).convert()
    }

    fn head(
        &mut self,
        store: Resource<OpenStore>,
        key: String,
    ) -> Result<Option<kv_cas::ItemHead>, kv_cas::KvError> {
        self.store(&store).head(&key).convert()
    }

    fn put(
        &mut self,
        store: Resource<OpenStore>,
        write: kv_cas::Write,
    ) -> Result<kv_cas::WriteOutcome, kv_cas::KvError> {
        self.store(&store).put((&write).convert()).convert()
    }

    fn delete(&mut self, store: Resource<OpenStore>, key: String) -> Result<bool, kv_cas::KvError> {
        self.store(&store).delete(&key).convert()
    }

    fn count(
        &mut self,
        store: Resource<OpenStore>,
        prefix: String,
        limit: u32,
    ) -> Result<u32, kv_cas::KvError> {
        self.store(&store).count(&prefix, limit).convert()
    }

    fn get_many(
        &mut self,
        store: Resource<OpenStore>,
        keys: Vec<String>,
    ) -> Vec<Result<Option<kv_cas::Item>, kv_cas::KvError>> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.store(&store).get_many(&keys).convert()
    }

    fn put_many(
        &mut self,
        store: Resource<OpenStore>,
        writes: Vec<kv_cas::Write>,
    ) -> Vec<Result<kv_cas::WriteOutcome, kv_cas::KvError>> {
        let writes: Vec<_> = writes.iter().map(Convert::convert).collect();
        self.store(&store).put_many(&writes).convert()
    }

    fn drop(&mut self, _: Resource<OpenStore>) -> wasmtime::Result<()> {
        Ok(())
    }
}
