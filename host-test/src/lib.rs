//! The test host of the identity graph: stores in memory, and the component under wasmtime.
//!
//! - [`TestGraph`] and [`for_both`]: a graph and its store, for tests
//! - [`MemoryStore`]: a strict store with a virtual clock; [`StoreCalls`]: what was asked of it
//! - [`Faulty`]: a store that fails, lies and is overtaken by script
//! - [`Instance`], [`ComponentGraph`], [`COMPONENT`]: the component under wasmtime
//! - [`fuel`]: what each operation takes, in instructions
//! - [`contract`]: what every store judges the same way

pub mod contract;
#[cfg(feature = "component")]
pub mod fuel;

mod faulty;
mod memory;
#[cfg(feature = "component")]
mod runtime;
mod store_calls;
mod test_graph;

pub use faulty::{Fault, Faulty};
pub use memory::{MemoryStore, Row};
#[cfg(feature = "component")]
pub use runtime::{COMPONENT, ComponentGraph, ComponentSnapshot, Instance, Usage};
pub use store_calls::{StoreCall, StoreCalls};
pub use test_graph::{Build, TestGraph, for_both, for_both_with};

/// The examples of the README are compiled and run like those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
