//! The storm of a page load: 50 requests of one browser, at two places, each of which carries the same
//! three UIDs, over the model of Fastly's store.
//!
//! A page load is where many writers meet on one row every day. [`run`] plays the same load with three
//! [strategies](Strategy) and says what each cost the store and what it left in the row.

mod common;
mod figures;
mod page_load;
mod strategies;

pub use figures::{Load, PLACES, REQUESTS, UIDS};
pub use strategies::Strategy;

use crate::model::Knobs;

/// What a store does about a second write of a key within a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// It refuses it (429), as Fastly's limits say.
    OnePerSecond,
    /// It takes the write if its condition holds. This is seen in the field, too: the limit is not
    /// enforced to the millisecond, and a write on a stale row is refused for its generation.
    None,
}

impl Limit {
    /// Both.
    pub const ALL: [Self; 2] = [Self::OnePerSecond, Self::None];

    /// The store, on a good day: what is lost then is lost by the strategy alone.
    fn knobs(self) -> Knobs {
        let fair = Knobs::fair();
        match self {
            Self::OnePerSecond => fair,
            Self::None => Knobs { write_interval_ms: 0, ..fair },
        }
    }
}

/// Plays the page load of a seed, and the next view of the same browser.
#[must_use]
pub fn run(strategy: Strategy, limit: Limit, seed: u64) -> Load {
    page_load::run(strategy, limit.knobs(), seed)
}
