//! An edge application that had an identity graph of its own and hands the rules over.
//!
//! What such an application has already are [`kv`], its view of a key-value store, and [`types`], what
//! its handlers speak of. What is written for the graph are [`store`], the store that the graph asks for,
//! `mapping`, the types to and fro, and [`identity`], the methods by the names that the handlers call.
//! [`memory`] is a store for tests.
//!
//! `docs/trusted-server.md` is the page to it.

#![forbid(unsafe_code)]

pub mod identity;
pub mod kv;
mod mapping;
pub mod memory;
pub mod store;
pub mod types;

pub use identity::KvIdentityGraph;
pub use types::EcError;

/// The page, whose examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/trusted-server.md")]
struct Page;
