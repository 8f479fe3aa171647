//! What one page load is made of, and what it costs, in numbers.

use std::ops::AddAssign;

/// Requests of a page load: the document, and what it makes the browser fetch.
pub const REQUESTS: u64 = 50;
/// UIDs that each request carries.
pub const UIDS: u64 = 3;
/// Places that serve a load's requests.
pub const PLACES: u64 = 2;

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
