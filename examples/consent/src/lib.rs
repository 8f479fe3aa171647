//! What a visitor has consented to.
//!
//! - [`Policy`]: what the law asks for where the visitor is, and which vendor the publisher is
//! - [`Signals`]: what the visitor sent: TCF, GPP, `us_privacy` and Global Privacy Control
//! - [`Decision`]: whether an ID may be stored, with whom it may be shared, and [`Why`]
//!
//! ```
//! use edge_consent::{Consent, Policy, Signals};
//!
//! let policy = Policy::default();
//! let signals = Signals { country: Some("US"), us_privacy: Some("1YYN"), ..Signals::default() };
//! let decision = policy.decide(&signals);
//! assert_eq!(decision.consent(), Consent::Denied);
//! assert_eq!(decision.why().to_string(), "us_privacy says that the visitor opted out of sale");
//! ```
//!
//! # Why the strings are read here
//! The one maintained crate for GPP and TCF, `iab_gpp` 0.1, is no choice for text that anybody can send:
//! it lists every vendor of every range, so that one cookie of 4 KB costs seconds; it panics when a
//! header overflows; one section that it does not know costs all others; and its errors quote the string.
//! So the fields that a decision needs are read where they stand in the text, in time linear in its length and
//! without a copy. `tests/oracle.rs` holds that `iab_gpp` reads the same of what it can read.

mod bits;
mod decision;
mod gpp;
mod policy;
mod tcf;
mod us;

pub use bits::Unreadable;
pub use decision::{Consent, Decision, Signal, Signals, Why};
pub use policy::{Policy, PolicyError, Regime};
