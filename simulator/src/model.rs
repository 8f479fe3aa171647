//! A model of Fastly's KV store: places that each have a view of their own, one origin that judges
//! writes, a limit of writes per key, expiry that comes late, and every kind of failure. All of it
//! runs on a virtual clock and follows from one seed.
//!
//! [`Kv`] is the model; [`Knobs`] says how it behaves and where each value comes from; [`Place`] is
//! the model as a [`Store`](identity_graph::Store), for whoever calls one operation after the other.

mod knobs;
mod kv;
mod place;

pub use knobs::Knobs;
pub use kv::{Fate, Kv, NetworkFault};
pub use place::Place;
