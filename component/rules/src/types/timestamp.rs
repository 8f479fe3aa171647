//! A moment.

/// A moment in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Timestamp(u64);

impl Timestamp {
    pub(crate) fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    pub(crate) fn seconds(self) -> u64 {
        self.0
    }

    /// Seconds from an earlier moment to this one; `None` when that one is later.
    pub(crate) fn since(self, earlier: Self) -> Option<u64> {
        self.0.checked_sub(earlier.0)
    }

    /// Seconds between two moments, whichever is the earlier.
    pub(crate) fn distance(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }
}
