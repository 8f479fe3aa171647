//! What a server of one's own needs of a store: the contract of `kv-cas` with asynchronous calls, so that a
//! call over the network holds no thread.
//!
//! - [`AsyncStore`]: the store; [`Page`]: some of its keys
//! - [`MemoryStore`]: one in memory, for tests and a first look
//! - [`StoreUrl`]: the address and settings of a store, as one URL
//! - [`Clock`], [`system_clock`], [`expires_at`], [`new_generation`]: what stores need beside their database
//! - [`FailureLog`]: what they say of their database's failures
//! - [`Blocking`]: any of them as the rules' synchronous store

mod async_store;
mod blocking;
mod clock;
mod failure_log;
mod generation;
mod memory;
mod store_url;

pub use async_store::{AsyncStore, Page};
pub use async_trait::async_trait;
pub use blocking::Blocking;
pub use clock::{Clock, expires_at, system_clock};
pub use failure_log::FailureLog;
pub use generation::new_generation;
pub use memory::MemoryStore;
pub use store_url::{OpenError, StoreUrl};
