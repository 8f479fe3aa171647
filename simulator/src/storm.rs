//! The storm of a page load: 50 requests of one browser, at two places, each of which carries the same
//! three UIDs, over the model of Fastly's store.
//!
//! A page load is where many writers meet on one row every day. [`run`] plays the same load in three
//! [ways](Way) and says what each cost the store and what it left in the row.

mod common;
mod load;
mod ways;

use std::ops::AddAssign;

pub use ways::Way;

use crate::model::Knobs;

/// Requests of a page load: the document, and what it makes the browser fetch.
pub const REQUESTS: u64 = 50;
/// UIDs that each request carries.
pub const UIDS: u64 = 3;
/// Places that serve a load's requests.
pub const PLACES: u64 = 2;

/// What a store does about a second write of a key within a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// It refuses it (429), as Fastly's limits say.
    OnePerSecond,
    /// It only looks at the condition. So it is seen in the field, too: the limit is not enforced to
    /// the millisecond, and whoever reads a stale row is refused for its generation.
    None,
}

impl Limit {
    /// Both.
    pub const ALL: [Self; 2] = [Self::OnePerSecond, Self::None];

    /// The store, on a good day: what is lost then is lost by the way of writing alone.
    fn knobs(self) -> Knobs {
        let fair = Knobs::fair();
        match self {
            Self::OnePerSecond => fair,
            Self::None => Knobs { write_interval_ms: 0, ..fair },
        }
    }
}

/// What one page load cost, and what it left in the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Reads of the row.
    pub reads: u64,
    /// Writes that were tried.
    pub writes: u64,
    /// Writes that were refused for their rate (429).
    pub throttled: u64,
    /// Writes that were refused by their condition.
    pub refused: u64,
    /// Writes after a refusal that could not have succeeded either: within the second for which the
    /// key takes no other write, or under a condition that had just been refused.
    pub wasted: u64,
    /// Conflicts and throttlings that were reported to the callers.
    pub reported: u64,
    /// UIDs in the row when the load is over.
    pub stored: u64,
    /// UIDs in the row after the next page view.
    pub stored_next: u64,
}

impl AddAssign for Load {
    fn add_assign(&mut self, other: Self) {
        *self = self.with(other, |a, b| a + b);
    }
}

impl Load {
    /// The greater of each number.
    #[must_use]
    pub fn most(self, other: Self) -> Self {
        self.with(other, u64::max)
    }

    /// The lesser of each number.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        self.with(other, u64::min)
    }

    fn with(self, other: Self, both: impl Fn(u64, u64) -> u64) -> Self {
        let Self { reads, writes, throttled, refused, wasted, reported, stored, stored_next } =
            other;
        Self {
            reads: both(self.reads, reads),
            writes: both(self.writes, writes),
            throttled: both(self.throttled, throttled),
            refused: both(self.refused, refused),
            wasted: both(self.wasted, wasted),
            reported: both(self.reported, reported),
            stored: both(self.stored, stored),
            stored_next: both(self.stored_next, stored_next),
        }
    }
}

/// Plays the page load of a seed, and the next view of the same browser.
#[must_use]
pub fn run(way: Way, limit: Limit, seed: u64) -> Load {
    load::run(way, limit.knobs(), seed)
}
