//! The component, compiled and linked.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use host_server_store::AsyncStore;
use identity_graph::{Failure, GraphError, Policy};
use identity_graph_binary::COMPONENT;
use thiserror::Error;
use wasmtime::component::{Component, Linker};
use wasmtime::{
    Cache, CacheConfig, Config, Enabled, Engine, InstanceAllocationStrategy,
    PoolingAllocationConfig,
};

use crate::bindings::GraphPre;
use crate::graph::Graph;
use crate::host::{Host, MAX_MEMORY_BYTES};
use crate::pool::Pool;

/// Bytes of memory, of tables and of a stack that are kept for the next instance in the same place.
const MAX_RESIDENT_BYTES: usize = 256 << 10;

/// Modules of one instance, each with a table at most: the graph, and what wires it to its imports.
const MODULES: u32 = 4;

/// What a [`Runtime`] may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Calls in flight, snapshots that are held included (2,000); more of them wait. A call takes about
    /// 30 KiB while it is in flight.
    pub max_calls: u32,
    /// An absolute folder in which the compiled component is kept, so that the next process starts
    /// without compiling it. It must be one that nobody else can write to: what is found there is run.
    pub cache: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_calls: 2_000, cache: None }
    }
}

/// Why the component could not be loaded: the settings, or this machine, do not allow it.
#[derive(Debug, Error)]
#[error("the component cannot be loaded: {0:#}")]
pub struct LoadError(wasmtime::Error);

/// The graph's component, ready to make instances. Clones are handles to the same.
#[derive(Clone)]
pub struct Runtime {
    pool: Arc<Pool>,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("traps", &self.traps()).finish_non_exhaustive()
    }
}

impl Runtime {
    /// Loads the component, which takes less than a second, or milliseconds from the cache.
    pub fn new(settings: &Settings) -> Result<Self, LoadError> {
        let component = load(settings).map_err(LoadError)?;
        Ok(Self { pool: Arc::new(Pool::new(component, settings.max_calls as usize)) })
    }

    /// The graph over a store.
    ///
    /// # Errors
    /// [`Failure::InvalidArgument`] when a value of the policy is out of its range.
    pub fn open(&self, store: Arc<dyn AsyncStore>, policy: Policy) -> Result<Graph, Failure> {
        policy.validate().map_err(GraphError::from)?;
        Ok(Graph::new(Arc::clone(&self.pool), store, policy))
    }

    /// How many calls trapped so far. Each cost its instance and nothing else; none is ever expected.
    #[must_use]
    pub fn traps(&self) -> u64 {
        self.pool.traps()
    }
}

fn load(settings: &Settings) -> wasmtime::Result<GraphPre<Host>> {
    // As many instances again may wait for a call.
    let instances = settings.max_calls.saturating_mul(2);
    let modules = instances.saturating_mul(MODULES);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(modules)
        .total_memories(instances)
        .total_tables(modules)
        .total_stacks(instances)
        .max_memory_size(MAX_MEMORY_BYTES)
        .linear_memory_keep_resident(MAX_RESIDENT_BYTES)
        .table_keep_resident(MAX_RESIDENT_BYTES)
        .async_stack_keep_resident(MAX_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    if let Some(folder) = &settings.cache {
        let mut cache = CacheConfig::new();
        cache.with_directory(folder);
        config.cache(Some(Cache::new(cache)?));
    }
    let engine = Engine::new(&config)?;
    let component = Component::from_binary(&engine, COMPONENT)?;
    let mut linker = Linker::new(&engine);
    Host::add_to_linker(&mut linker)?;
    GraphPre::new(linker.instantiate_pre(&component)?)
}
