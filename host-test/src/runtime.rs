//! The component under wasmtime.

mod bindings;
mod convert;
mod graph;
mod host;

use std::cell::{RefCell, RefMut};
use std::rc::Rc;
use std::sync::OnceLock;

use identity_graph::{Failure, Policy, Store};
use wasmtime::component::{Component, Linker, ResourceAny};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use bindings::GraphPre;
use bindings::exports::trusted_server::ec::identity_graph as wit;
use convert::Convert;
use host::Host;

pub use graph::{ComponentGraph, ComponentSnapshot};

/// The identity graph as a WebAssembly component: imports `kv-cas`, exports `identity-graph`.
pub static COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/identity-graph.wasm"));

/// Bytes of memory that an instance may have: what Fastly gives a request.
const MAX_MEMORY_BYTES: usize = 128 << 20;

/// Bytes of memory and of tables that are kept for the next instance.
const MAX_RESIDENT_BYTES: usize = 4 << 20;

/// The component compiled and linked, once per process: it takes as long as thousands of calls.
fn compiled() -> &'static GraphPre<Host> {
    static COMPILED: OnceLock<GraphPre<Host>> = OnceLock::new();
    COMPILED.get_or_init(|| loaded(compile(false)))
}

/// The same with code that counts its instructions, which makes it slower.
fn metered() -> &'static GraphPre<Host> {
    static METERED: OnceLock<GraphPre<Host>> = OnceLock::new();
    METERED.get_or_init(|| loaded(compile(true)))
}

fn loaded(component: wasmtime::Result<GraphPre<Host>>) -> GraphPre<Host> {
    component.unwrap_or_else(|error| panic!("the component does not load: {error:?}"))
}

fn compile(is_metered: bool) -> wasmtime::Result<GraphPre<Host>> {
    let mut pool = PoolingAllocationConfig::new();
    pool.max_memory_size(MAX_MEMORY_BYTES);
    // An instance that goes hands its memory back to the next, zeroed, rather than to the system,
    // where the system tells which pages need it: half the cost of an instance otherwise.
    pool.linear_memory_keep_resident(MAX_RESIDENT_BYTES);
    pool.table_keep_resident(MAX_RESIDENT_BYTES);
    pool.pagemap_scan(wasmtime::Enabled::Auto);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.consume_fuel(is_metered);
    let engine = Engine::new(&config)?;
    let component = Component::from_binary(&engine, COMPONENT)?;
    let mut linker = Linker::new(&engine);
    Host::add_to_linker(&mut linker)?;
    GraphPre::new(linker.instantiate_pre(&component)?)
}

/// One instance of the component, with the stores that it can open. Clones are handles to the same
/// instance.
#[derive(Clone)]
pub struct Instance {
    inner: Rc<Inner>,
}

/// What an instance has used, the same on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Instructions, about.
    pub fuel: u64,
    /// The most memory it has had.
    pub memory_bytes: usize,
}

struct Inner {
    store: RefCell<wasmtime::Store<Host>>,
    bindings: bindings::Graph,
}

impl Instance {
    /// A new instance. The first of a process compiles the component.
    ///
    /// # Panics
    /// When the component does not load, which is a defect of this build.
    #[must_use]
    pub fn new<'a>(stores: impl IntoIterator<Item = (&'a str, Box<dyn Store>)>) -> Self {
        let compiled = compiled();
        let store = wasmtime::Store::new(compiled.engine(), Host::new(stores));
        Self::of(compiled, store)
    }

    /// A new instance that counts what it [uses](Self::usage).
    ///
    /// # Panics
    /// When the component does not load, which is a defect of this build.
    #[must_use]
    pub fn metered<'a>(stores: impl IntoIterator<Item = (&'a str, Box<dyn Store>)>) -> Self {
        let compiled = metered();
        let mut store = wasmtime::Store::new(compiled.engine(), Host::new(stores));
        store.limiter(|host| &mut host.memory);
        untrapped(store.set_fuel(u64::MAX));
        Self::of(compiled, store)
    }

    fn of(compiled: &GraphPre<Host>, mut store: wasmtime::Store<Host>) -> Self {
        let bindings = untrapped(compiled.instantiate(&mut store));
        Self { inner: Rc::new(Inner { store: RefCell::new(store), bindings }) }
    }

    /// What a [metered](Self::metered) instance has used so far; of others nothing is known.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        let store = self.enter();
        let fuel = u64::MAX - store.get_fuel().ok()?;
        Some(Usage { fuel, memory_bytes: store.data().memory.bytes })
    }

    /// The policy of graphs that are opened without one.
    #[must_use]
    pub fn default_policy(&self) -> Policy {
        let identity_graph = self.inner.bindings.trusted_server_ec_identity_graph();
        untrapped(identity_graph.call_default_policy(&mut *self.enter())).convert()
    }

    /// Opens the graph over the named store with the default policy.
    pub fn open(&self, store: &str) -> Result<ComponentGraph, Failure> {
        let identity_graph = self.inner.bindings.trusted_server_ec_identity_graph();
        let opened = identity_graph.graph().call_open(&mut *self.enter(), store);
        self.graph(untrapped(opened))
    }

    /// Opens the graph over the named store.
    pub fn open_with(&self, store: &str, policy: Policy) -> Result<ComponentGraph, Failure> {
        let identity_graph = self.inner.bindings.trusted_server_ec_identity_graph();
        let policy = policy.convert();
        let opened = identity_graph.graph().call_open_with(&mut *self.enter(), store, policy);
        self.graph(untrapped(opened))
    }

    fn graph(
        &self,
        opened: Result<ResourceAny, wit::GraphError>,
    ) -> Result<ComponentGraph, Failure> {
        let resource = opened.map_err(Convert::convert)?;
        Ok(ComponentGraph::new(self.clone(), resource))
    }

    fn enter(&self) -> RefMut<'_, wasmtime::Store<Host>> {
        self.inner.store.try_borrow_mut().unwrap_or_else(|_| {
            panic!("a call is under way in this instance; another worker needs one of its own")
        })
    }
}

/// Whatever it is given, the component answers; anything else is a defect of the component.
fn untrapped<T>(result: wasmtime::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("the component trapped: {}", error.root_cause()))
}

#[cfg(test)]
mod tests {
    use identity_graph::{
        EntrySnapshot, IdentityGraph, IfMissing, NewEntry, PartnerUid, TouchOutcome, UpsertOutcome,
    };

    use super::*;
    use crate::memory::MemoryStore;

    fn instance(stores: &[(&'static str, &MemoryStore)]) -> Instance {
        let boxed = |(name, store): &(&'static str, &MemoryStore)| {
            (*name, Box::new(MemoryStore::clone(store)) as Box<dyn Store>)
        };
        Instance::new(stores.iter().map(boxed))
    }

    fn ec_id() -> String {
        "0".repeat(64)
    }

    #[test]
    fn a_name_that_no_store_has_is_not_opened() {
        let opened = instance(&[("one", &MemoryStore::new())]).open("two");
        assert_eq!(opened.err(), Some(Failure::NoSuchStore));
    }

    #[test]
    fn a_policy_out_of_range_is_refused_in_the_words_of_the_rules() {
        let policy = Policy { max_cas_attempts: 0, ..Policy::default() };
        let opened = instance(&[("one", &MemoryStore::new())]).open_with("one", policy);
        let rule = policy.validate().unwrap_err().to_string();
        assert_eq!(opened.err(), Some(Failure::InvalidArgument(rule)));
    }

    #[test]
    fn the_default_policy_is_that_of_the_rules() {
        assert_eq!(instance(&[]).default_policy(), Policy::default());
    }

    #[test]
    fn one_instance_keeps_graphs_over_several_stores_apart() {
        let (one, two) = (MemoryStore::new(), MemoryStore::new());
        let instance = instance(&[("one", &one), ("two", &two)]);
        let (first, second) = (instance.open("one").unwrap(), instance.open("two").unwrap());
        first.create(&ec_id(), NewEntry::at(1)).unwrap();
        assert!(second.get(&ec_id()).unwrap().is_none());
        assert_eq!((one.len(), two.len()), (1, 0));
    }

    #[test]
    fn a_snapshot_outlives_its_graph() {
        let store = MemoryStore::new();
        let graph = instance(&[("one", &store)]).open("one").unwrap();
        graph.create(&ec_id(), NewEntry::at(1)).unwrap();
        let mut snapshot = graph.snapshot(&ec_id()).unwrap().unwrap();
        drop(graph);
        let id = PartnerUid { partner: "p.example".into(), uid: "u".into(), synced: None };
        assert_eq!(snapshot.upsert_partner_ids(vec![id], 2), Ok(vec![UpsertOutcome::Written]));
        assert_eq!(snapshot.update_last_seen(1_000), Ok(TouchOutcome::Written));
    }

    #[test]
    fn instances_come_and_go_without_number() {
        let store = MemoryStore::new();
        for now in 0..3_000 {
            let graph = instance(&[("one", &store)]).open("one").unwrap();
            let id = PartnerUid { partner: format!("p{}", now % 5), uid: "u".into(), synced: None };
            graph.upsert_partner_id(&ec_id(), id, IfMissing::CreateMinimal, now).unwrap();
        }
        let graph = instance(&[("one", &store)]).open("one").unwrap();
        assert_eq!(graph.get(&ec_id()).unwrap().unwrap().entry().ids.len(), 5);
    }
}
