//! A server of one's own: the routes of `edge-routes` over the identity graph and a store of choice.
//!
//! - [`Config`]: its configuration file
//! - [`Service`]: the routes, `/healthz`, `/readyz` and `/metrics` over one store
//! - [`serve`]: the service on a socket, until it is told to stop

mod body;
mod config;
mod graph;
mod measured;
mod metrics;
mod platform;
mod serve;
mod service;

pub use config::{Config, DEFAULT_LISTEN, DEFAULT_STORE};
pub use serve::{REQUEST_TIMEOUT, serve};
pub use service::{Service, StartError};
