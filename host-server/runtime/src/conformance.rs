//! The conformance suite of `kv-cas` through a component that forwards its calls: over this host's import,
//! into WebAssembly and out again, over every store.

use std::cell::RefCell;
use std::sync::Arc;

use host_server_store::{AsyncStore, system_clock};
use host_server_tests::{Postgres, VALKEY_DEVIATIONS, Valkey, failed_cases};
use identity_graph::{
    Item, ItemHead, KvError, Precondition, Read, Store, Write, WriteOutcome, Written,
};
use identity_graph_conformance::{Deviation, Fixture};
use tokio::runtime::Runtime;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker, ResourceAny};

use crate::host::{Host, STORE};
use bindings::exports::trusted_server::ec::kv_cas;

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "kv-provider",
        exports: { default: async },
    });
}

/// A store that is called through the component.
struct Through {
    runtime: Runtime,
    store: Arc<dyn AsyncStore>,
    component: bindings::KvProviderPre<Host>,
    deviations: &'static [Deviation],
}

impl Through {
    fn open(url: &str, deviations: &'static [Deviation]) -> Self {
        let runtime = Runtime::new().unwrap();
        let store = runtime.block_on(host_server_stores::open(url, system_clock())).unwrap();
        let engine = Engine::default();
        let component = Component::from_binary(&engine, host_server_forward::COMPONENT).unwrap();
        let mut linker = Linker::new(&engine);
        Host::add_to_linker(&mut linker).unwrap();
        let component = linker.instantiate_pre(&component).unwrap();
        let component = bindings::KvProviderPre::new(component).unwrap();
        Self { runtime, store, component, deviations }
    }
}

impl Fixture for Through {
    fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
        let opened = self.runtime.block_on(async {
            let host = Host::new(Arc::clone(&self.store));
            let mut store = wasmtime::Store::new(self.component.engine(), host);
            let instance = self.component.instantiate_async(&mut store).await.unwrap();
            let interface = instance.trusted_server_ec_kv_cas().store();
            let handle = interface.call_open(&mut store, STORE).await.unwrap().unwrap();
            Opened { store, instance, handle }
        });
        Box::new(Forwarded { runtime: &self.runtime, opened: RefCell::new(opened) })
    }

    fn deviations(&self) -> &[Deviation] {
        self.deviations
    }
}

struct Opened {
    store: wasmtime::Store<Host>,
    instance: bindings::KvProvider,
    handle: ResourceAny,
}

struct Forwarded<'a> {
    runtime: &'a Runtime,
    opened: RefCell<Opened>,
}

/// Calls the component's export.
macro_rules! call {
    ($forwarded:expr, $call:ident($($argument:expr),*)) => {{
        let Opened { store, instance, handle } = &mut *$forwarded.opened.borrow_mut();
        let interface = instance.trusted_server_ec_kv_cas().store();
        let called = async { interface.$call(store, *handle, $($argument),*).await };
        $forwarded.runtime.block_on(called).expect("the component does not trap")
    }};
}

impl Store for Forwarded<'_> {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        read(call!(self, call_get(key)))
    }
    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        let head = call!(self, call_head(key)).map_err(kv_error)?;
        Ok(head.map(|kv_cas::ItemHead { metadata, generation }| ItemHead { metadata, generation }))
    }
    fn put(&self, write: Write<'_>) -> Written {
        written(call!(self, call_put(&owned(&write))))
    }
    fn delete(&self, key: &str) -> Result<bool, KvError> {
        call!(self, call_delete(key)).map_err(kv_error)
    }
    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        call!(self, call_count(prefix, limit)).map_err(kv_error)
    }
    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        call!(self, call_get_many(&keys)).into_iter().map(read).collect()
    }
    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let writes: Vec<_> = writes.iter().map(owned).collect();
        call!(self, call_put_many(&writes)).into_iter().map(written).collect()
    }
}

fn owned(write: &Write<'_>) -> kv_cas::Write {
    kv_cas::Write {
        key: write.key.to_owned(),
        body: write.body.to_vec(),
        metadata: write.metadata.to_owned(),
        time_to_live: write.time_to_live,
        condition: match write.condition {
            Precondition::None => kv_cas::Precondition::None,
            Precondition::Absent => kv_cas::Precondition::Absent,
            Precondition::Matches(generation) => kv_cas::Precondition::Matches(generation),
        },
    }
}

fn item(item: kv_cas::Item) -> Item {
    let kv_cas::Item { body, metadata, generation } = item;
    Item { body, metadata, generation }
}

fn read(read: Result<Option<kv_cas::Item>, kv_cas::KvError>) -> Read {
    Ok(read.map_err(kv_error)?.map(item))
}

fn written(written: Result<kv_cas::WriteOutcome, kv_cas::KvError>) -> Written {
    Ok(match written.map_err(kv_error)? {
        kv_cas::WriteOutcome::Stored => WriteOutcome::Stored,
        kv_cas::WriteOutcome::Conflict(current) => WriteOutcome::Conflict(current.map(item)),
    })
}

fn kv_error(error: kv_cas::KvError) -> KvError {
    match error {
        kv_cas::KvError::NoSuchStore => KvError::NoSuchStore,
        kv_cas::KvError::Invalid => KvError::Invalid,
        kv_cas::KvError::Throttled => KvError::Throttled,
        kv_cas::KvError::Unavailable => KvError::Unavailable,
        kv_cas::KvError::UnknownOutcome => KvError::UnknownOutcome,
        kv_cas::KvError::TooLarge => KvError::TooLarge,
        kv_cas::KvError::NotRead => KvError::NotRead,
    }
}

#[test]
fn a_store_in_memory_keeps_every_case_through_the_component() {
    assert_eq!(failed_cases(&Through::open("memory:", &[])), [""; 0]);
}

#[test]
fn redb_keeps_every_case_through_the_component() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("redb://{}", folder.path().join("graph.redb").display());
    assert_eq!(failed_cases(&Through::open(&url, &[])), [""; 0]);
}

#[test]
fn postgres_keeps_every_case_through_the_component() {
    let server = Postgres::start();
    assert_eq!(failed_cases(&Through::open(&server.url(""), &[])), [""; 0]);
}

#[test]
fn valkey_keeps_every_case_through_the_component_but_those_that_count() {
    let server = Valkey::start();
    assert_eq!(failed_cases(&Through::open(&server.url(""), VALKEY_DEVIATIONS)), [""; 0]);
}
