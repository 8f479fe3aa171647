//! Databases that a test starts for itself on this machine, in a folder of their own, and ends.
//!
//! - [`Postgres`], [`Valkey`]: a server that lives as long as its handle
//! - [`Authority`]: what signs the certificates of those that speak TLS
//! - [`BlockingGraph`]: the runtime's graph as the rules' synchronous one
//! - [`StoreFixture`], [`failed_cases`]: any store for the conformance suite; [`VALKEY_DEVIATIONS`]

mod authority;
mod blocking_graph;
mod conformance;
mod postgres;
mod process;
mod valkey;

pub use authority::Authority;
pub use blocking_graph::BlockingGraph;
pub use conformance::{StoreFixture, VALKEY_DEVIATIONS, failed_cases};
pub use postgres::Postgres;
pub use valkey::Valkey;
