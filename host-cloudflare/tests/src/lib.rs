//! Runs a Worker on workerd, Cloudflare's own runtime, for tests.
//!
//! Everything here panics with what went wrong and what to do about it: a test has no other use for an
//! error.

mod shared;
mod workerd;

pub use shared::Shared;
pub use workerd::{Workerd, host_cloudflare};
