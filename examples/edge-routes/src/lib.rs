//! The routes of an edge application over the identity graph, as an example of how to use it well.
//!
//! - [`handle`]: one request in, one response out; [`Route`] says which is which
//! - [`Platform`]: what they need of the place they run in, whether its calls are answered at once or
//!   later; [`GraphCalls`] and [`SnapshotCalls`]: the operations of the graph that they call
//! - [`Config`]: what they are configured by; its [`Policy`] says what a visitor's consent allows
//!
//! What a request means and what an answer looks like is here, and it is pure: time, randomness, the
//! stores and the log are the platform's. `edge-app` serves them on Fastly Compute,
//! `host-server` in a server of one's own.

mod admin;
mod answer;
mod asking;
mod batch_sync;
mod config;
mod consent;
mod cookies;
mod eids;
mod identify;
mod mint;
mod minted;
mod operator;
mod operator_page;
mod page;
mod partner;
mod platform;
mod routes;
mod seen;
mod user_agent;
mod watched;
mod withdrawal;

pub use answer::{Response, problem};
pub use batch_sync::{MAX_BODY_BYTES, MAX_MAPPINGS};
pub use config::{Config, ConfigError, ConsentCookies, Proxy, SHA256, is_sha256, read};
pub use edge_consent::Policy;
pub use platform::{Body, BodyError, Client, GraphCalls, Noted, Platform, SnapshotCalls};
pub use routes::{Route, handle};
