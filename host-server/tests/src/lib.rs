//! Databases that a test starts for itself on this machine, in a folder of their own, and ends.
//!
//! - [`Postgres`], [`Valkey`]: a server that lives as long as its handle
//! - [`BlockingGraph`]: the runtime's graph as the rules' synchronous one
//! - [`StoreFixture`], [`failed_cases`]: any store for the conformance suite

mod blocking_graph;
mod conformance;
mod postgres;
mod process;
mod valkey;

pub use blocking_graph::BlockingGraph;
pub use conformance::{StoreFixture, failed_cases};
pub use postgres::Postgres;
pub use valkey::Valkey;
