//! A server of one's own: the routes of `edge-routes` over the identity graph and a store of choice.
//!
//! - [`Config`]: its configuration file
//! - [`Service`]: the routes, `/healthz`, `/readyz` and `/metrics` over one store
//! - [`serve`]: the service on a socket, until it is told to stop
//! - [`threads`]: what it runs on; [`cache_folder`]: where the compiled component is kept

mod body;
mod cache;
mod config;
mod forwarded;
mod graph;
mod measured;
mod metrics;
mod platform;
mod serve;
mod service;
mod threads;

pub use cache::cache_folder;
pub use config::{Config, DEFAULT_LISTEN, DEFAULT_STORE};
pub use serve::{REQUEST_TIMEOUT, serve};
pub use service::{Service, StartError};
pub use threads::threads;
