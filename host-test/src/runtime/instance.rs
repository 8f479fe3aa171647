//! Instances of the component, compiled once per process.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;
use std::sync::OnceLock;

use identity_graph::{KvError, Store};
use identity_graph_binary::COMPONENT;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::bindings::{self, GraphPre};
use super::host::Host;

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
    pub(super) inner: Rc<Inner>,
}

/// What an instance has used, the same on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Instructions, about.
    pub fuel: u64,
    /// The most memory it has had.
    pub memory_bytes: usize,
}

pub(super) struct Inner {
    pub(super) store: RefCell<wasmtime::Store<Host>>,
    pub(super) bindings: bindings::Graph,
}

impl Instance {
    /// A new instance. The first of a process compiles the component.
    ///
    /// # Panics
    /// When the component does not load, which is a defect of this build.
    #[must_use]
    pub fn new<'a>(
        stores: impl IntoIterator<Item = (&'a str, Box<dyn Store<Error = KvError>>)>,
    ) -> Self {
        let compiled = compiled();
        let store = wasmtime::Store::new(compiled.engine(), Host::new(stores));
        Self::of(compiled, store)
    }

    /// A new instance that counts what it [uses](Self::usage).
    ///
    /// # Panics
    /// When the component does not load, which is a defect of this build.
    #[must_use]
    pub fn metered<'a>(
        stores: impl IntoIterator<Item = (&'a str, Box<dyn Store<Error = KvError>>)>,
    ) -> Self {
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

    /// The instance's store, for one call.
    pub(super) fn enter(&self) -> RefMut<'_, wasmtime::Store<Host>> {
        self.inner.store.try_borrow_mut().unwrap_or_else(|_| {
            panic!("a call is under way in this instance; another worker needs one of its own")
        })
    }
}

/// Whatever it is given, the component answers; anything else is a defect of the component.
pub(super) fn untrapped<T>(result: wasmtime::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("the component trapped: {}", error.root_cause()))
}
