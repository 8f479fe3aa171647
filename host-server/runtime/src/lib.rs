//! The identity graph's component under wasmtime over an asynchronous store: what a server of one's own
//! is built on.
//!
//! - [`Runtime`]: the component, compiled once; [`Settings`]
//! - [`Graph`]: the operations over one store; [`Snapshot`]: an entry to write back on
//! - [`AsyncStore`], [`MemoryStore`] and the rest of `host-server-store`
//!
//! A call waits for its store on a stack of its own and holds no thread meanwhile, so that a few threads
//! carry thousands of calls. Each call has an instance of the component to itself, which serves the next
//! one afterwards.
//!
//! ```
//! use std::sync::Arc;
//! use host_server_runtime::{MemoryStore, Runtime, Settings, system_clock};
//! use identity_graph::{NewEntry, Policy, VisitOutcome};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = Runtime::new(&Settings::default())?;
//! let store = Arc::new(MemoryStore::new(system_clock()));
//! let graph = runtime.open(store, Policy::default())?;
//! let ec_id = format!("{}.Ab12Cd", "3f".repeat(32));
//! let report = graph.visit(&ec_id, NewEntry::at(1_790_000_000)).await?;
//! assert_eq!(report.outcome, VisitOutcome::Created);
//! # Ok(())
//! # }
//! ```

mod bindings;
#[cfg(test)]
mod conformance;
#[path = "../../../component/binary/convert.rs"]
mod convert;
mod graph;
mod host;
mod pool;
mod runtime;
mod snapshot;

pub use graph::Graph;
pub use host_server_store::{
    AsyncStore, Blocking, Clock, MemoryStore, OpenError, Page, StoreUrl, async_trait, system_clock,
};
pub use runtime::{LoadError, Runtime, Settings};
pub use snapshot::Snapshot;
