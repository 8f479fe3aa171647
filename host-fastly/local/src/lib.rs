//! Builds a Compute service and runs it on Viceroy, Fastly's local runtime, for tests.
//!
//! Everything here panics with what went wrong and what to do about it: a test has no other use for
//! an error.

mod build;
mod shared;
mod viceroy;

pub use build::{adapt, module, plug, workspace};
pub use shared::Shared;
pub use viceroy::Viceroy;
