//! An edge application over the identity graph on Fastly Compute.
//!
//! - [`handle`]: one request in, one response out; the routes are those of `edge-routes`
//! - [`Platform`]: what it needs of the place it runs in; its graph is an
//!   [`IdentityGraph`](identity_graph::IdentityGraph), whoever carries out the operations
//! - [`Config`]: the `[ec]` section of its configuration file
//! - `compute`: the same on Fastly Compute
//!
//! Everything but `compute` is plain Rust that runs and is tested anywhere. The two programs in
//! `bin/` differ in one thing: whether the rules of the graph are linked or composed.

mod config;
mod log;
mod platform;
mod synchronous;

#[cfg(target_arch = "wasm32")]
pub mod compute;

pub use config::Config;
pub use edge_routes::{Client, ConfigError, MAX_BODY_BYTES, MAX_MAPPINGS, Response};
pub use platform::Platform;
pub use synchronous::handle;
