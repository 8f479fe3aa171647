//! Workers of the component over a store that misbehaves as real ones do, and what must hold.
//!
//! - [`Worker`]: an operation that stops at every store call; [`Workers`] says who carries it out
//! - [`model`]: Fastly's KV store with all its faults, on a virtual clock
//! - [`random`]: scenarios that a seed decides, over that model
//! - [`exhaustive`]: every schedule of two or three operations on one row
//! - [`Invariant`]: what is checked at every step, against a reading of the rows that knows nothing
//!   of how the rules work
//! - [`History`]: what happened to a row, to be told or drawn
//! - [`storm`]: one page load with three strategies, over the model

pub mod exhaustive;
pub mod model;
pub mod random;
pub mod storm;

mod assertions;
mod bounds;
mod broken;
mod call;
mod causes;
mod describe;
mod dice;
mod durability;
mod evidence;
mod history;
mod lane;
mod outcomes;
mod reference;
mod worker;
mod writes;

pub use broken::{Broken, Invariant};
pub use call::{Answer, Call, Put, Script};
pub use history::{Event, History, What};
pub use lane::Lane;
pub use worker::{Component, NativeRules, Next, Operation, Outcome, Runner, View, Worker, Workers};
