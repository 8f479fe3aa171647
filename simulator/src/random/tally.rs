//! What seeds have made happen, in numbers.

use std::ops::AddAssign;

use identity_graph::{KvError, WriteOutcome, Written};

/// What seeds have made happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Operations, each in an instance of its own.
    pub workers: u64,
    /// Store calls.
    pub calls: u64,
    /// Reads that did not show the newest value.
    pub stale_reads: u64,
    /// Writes that were refused by their condition.
    pub conflicts: u64,
    /// Writes that were refused for their rate.
    pub throttled: u64,
    /// Calls that failed or went unanswered.
    pub faults: u64,
}

impl Tally {
    pub(super) fn count(&mut self, written: &Written) {
        self.conflicts += u64::from(matches!(written, Ok(WriteOutcome::Conflict(_))));
        self.throttled += u64::from(*written == Err(KvError::Throttled));
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self { workers, calls, stale_reads, conflicts, throttled, faults } = other;
        self.workers += workers;
        self.calls += calls;
        self.stale_reads += stale_reads;
        self.conflicts += conflicts;
        self.throttled += throttled;
        self.faults += faults;
    }
}
