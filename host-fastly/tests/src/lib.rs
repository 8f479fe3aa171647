//! The store of a Compute service, called over HTTP, so that the conformance suite runs outside and
//! can do what a service cannot: write from several threads at once.
//!
//! - [`Call`]: one call of the store, as JSON
//! - [`Remote`]: the calling side, a store itself
//! - `answer_request`: the answering side, in the two services of `src/bin`
//!
//! `tests/hostcalls` needs no service: it plays Fastly's host to the store, call by call.

mod call;
mod remote;
#[cfg(target_arch = "wasm32")]
mod service;
mod wire;

pub use call::Call;
pub use remote::{Post, Remote};
#[cfg(target_arch = "wasm32")]
pub use service::answer_request;
