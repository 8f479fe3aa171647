//! The routes of an edge application over the identity graph, as an example of how to use it well.
//!
//! - [`handle`]: one request in, one response out; [`Route`] says which is which
//! - [`Platform`]: what they need of the place they run in, whether its calls are answered at once or
//!   later; [`GraphCalls`] and [`SnapshotCalls`]: the operations of the graph that they call
//! - [`Config`]: what they are configured by; its [`Policy`] says what a visitor's consent allows
//!
//! What a request means and what an answer looks like is here, and it is pure: time, randomness, the
//! stores and the log are the platform's. `edge-app` serves them on Fastly Compute,
//! `host-server` in a server of one's own, `host-cloudflare` in a Cloudflare Worker.

mod admin;
mod answer;
mod arriving;
mod asking;
mod batch_sync;
mod body;
mod config;
mod consent;
mod cookies;
mod eids;
mod eids_cookie;
mod identify;
mod mapping;
mod mint;
mod minted;
mod operator;
mod operator_page;
mod origin;
mod page;
mod partner;
mod platform;
mod routes;
mod scalar;
mod seen;
mod user_agent;
mod watched;
mod why;
mod withdrawal;

pub use answer::{Refused, Response, gave_up, problem};
pub use batch_sync::{MAX_BODY_BYTES, MAX_MAPPINGS};
pub use config::{Config, ConfigError, ConsentCookies, Proxy, read};
pub use edge_consent::Policy;
pub use partner::Partners;
pub use platform::{Body, BodyError, Client, GraphCalls, Noted, Platform, SnapshotCalls};
pub use routes::{Route, handle};
