//! The identity graph over a store in memory, under wasmtime.
//!
//! - [`World`] and [`for_both`]: a graph and its store, for tests
//! - [`Instance`], [`ComponentGraph`], [`COMPONENT`]: the component under wasmtime
//! - [`GraphApi`], [`Native`]: the same operations on the component and on the native rules
//! - [`MemoryStore`]: a strict store with a virtual clock; [`Ops`]: what was asked of it
//! - [`Faulty`]: a store that fails, lies and is overtaken by script
//! - [`conformance`]: what every binding of `kv-cas` has to keep
//! - [`model`]: Fastly's KV store with all its faults, on a virtual clock
//! - [`simulate`]: workers of the component in every order, and what must hold
//! - [`spent`]: what each operation spends, in instructions
//! - [`storm`]: one page load in three ways, over that model

pub mod conformance;
pub mod model;
pub mod simulate;
#[cfg(feature = "component")]
pub mod spent;
#[cfg(feature = "component")]
pub mod storm;

mod api;
mod dice;
mod failure;
mod faulty;
mod memory;
mod names;
mod ops;
#[cfg(feature = "component")]
mod runtime;
mod world;

pub use api::{GraphApi, Native, RawRow, SnapshotApi};
pub use failure::Failure;
pub use faulty::{Fault, Faulty};
pub use memory::{MAX_BODY_BYTES, MAX_KEY_BYTES, MAX_METADATA_BYTES, MemoryStore, Row};
pub use names::Name;
pub use ops::{OpKind, Ops};
#[cfg(feature = "component")]
pub use runtime::{COMPONENT, ComponentGraph, ComponentSnapshot, Instance, Spent};
pub use world::{Build, World, for_both, for_both_with};

/// The examples of the README are compiled and run like those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
