//! What a Cloudflare Worker runs, as one WebAssembly module with two halves.
//!
//! - [`Worker`]: the routes of the example application. It serves a request in [`Step`]s: each asks
//!   Durable Objects for something, or is the response
//! - [`carry_out`]: one operation of the graph, over the rows of the Durable Object that it runs in
//!
//! The script around it (`host-cloudflare/src`) makes the calls, and knows neither requests nor rows. Both
//! halves are this one module, so that what travels between them is its own matter. The exports of the module are
//! in `exports`, and exist for WebAssembly alone; all else is plain Rust that is tested anywhere.

mod call;
mod config;
mod exchange;
mod graph;
mod object;
mod platform;
mod shard;
mod worker;

#[cfg(target_arch = "wasm32")]
mod exports;
#[cfg(any(test, target_arch = "wasm32"))]
mod frames;
#[cfg(target_arch = "wasm32")]
mod imports;
#[cfg(target_arch = "wasm32")]
mod store;

pub use config::{Config, ConfigError};
pub use exchange::{Ask, ObjectCall};
pub use object::carry_out;
pub use platform::{Arrival, Surroundings};
pub use worker::{Step, Worker};
