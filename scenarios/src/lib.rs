//! The scenarios that every host of the identity graph plays, and the player for hosts in Rust. Their format
//! is described in `scenarios/README.md`.
//!
//! - [`subjects`]: the scenarios of this repository; [`Subject`], [`Scenario`]: one file and one of its stories
//! - [`play`]: plays one over the scripted store in memory; [`play_over`]: over a host's own store
//! - [`Host`], [`Native`], [`Component`]: who carries the operations out
//! - [`Disagreement`]: where a host does something else
//!
//! ```
//! use identity_graph_scenarios::{Native, play, subjects};
//!
//! for subject in subjects()? {
//!     for scenario in &subject.scenarios {
//!         play(scenario, |store| Box::new(Native(store)))?;
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arguments;
mod ec_id;
mod expected;
mod format;
mod host;
mod operations;
mod player;
mod policy;
mod scripted;
mod steps;
mod stores;
mod told;

pub use format::{FormatError, Scenario, Subject, subjects};
#[cfg(feature = "component")]
pub use host::Component;
pub use host::{Host, Native};
pub use player::{Disagreement, play, play_over};
