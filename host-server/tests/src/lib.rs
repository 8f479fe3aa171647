//! Databases that a test starts for itself on this machine, in a folder of their own, and ends.
//!
//! - [`Postgres`], [`Valkey`]: a server that lives as long as its handle
//! - [`Authority`]: what signs the certificates of those that speak TLS
//! - [`StoreFixture`], [`failed_cases`]: any store for the conformance suite; [`VALKEY_DEVIATIONS`]

mod authority;
mod conformance;
mod postgres;
mod process;
mod valkey;

pub use authority::Authority;
pub use conformance::{StoreFixture, VALKEY_DEVIATIONS, failed_cases};
pub use postgres::Postgres;
pub use valkey::Valkey;
