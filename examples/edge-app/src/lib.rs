//! An edge application over the identity graph, as an example of how to use it well.
//!
//! - [`handle`]: one request in, one response out; the routes
//! - [`Platform`]: what it needs of the place it runs in; its graph is an
//!   [`IdentityGraph`](identity_graph::IdentityGraph), whoever carries out the operations
//! - [`Config`]: the `[ec]` section of its configuration file
//! - `compute`: the same on Fastly Compute
//!
//! Everything but `compute` is plain Rust that runs and is tested anywhere. The two programs in
//! `bin/` differ in one thing: whether the rules of the graph are linked or composed.

mod admin;
mod answer;
mod batch_sync;
mod config;
mod cookies;
mod eids;
mod identify;
mod log;
mod mint;
mod page;
mod partner;
mod platform;
mod routes;
mod seen;
mod withdrawal;

#[cfg(target_arch = "wasm32")]
pub mod compute;

pub use answer::Response;
pub use batch_sync::{MAX_BODY_BYTES, MAX_MAPPINGS};
pub use config::{Config, ConfigError};
pub use platform::{Client, Platform};
pub use routes::handle;
