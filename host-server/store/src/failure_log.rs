//! What a database says of its failures, for the log.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One line in so long at most.
const EVERY: Duration = Duration::from_secs(10);

/// Warns of a store's failures in the log: of the first at once, and then in one line every ten seconds at
/// most, with how many came in between. A store that is down does not flood the log.
///
/// What is handed over must hold no key, no value and no credentials.
pub struct FailureLog {
    store: &'static str,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    last: Option<Instant>,
    since: u64,
}

impl FailureLog {
    /// The log of the failures of a store of this kind.
    #[must_use]
    pub fn new(store: &'static str) -> Self {
        Self { store, told: Mutex::default() }
    }

    /// Notes a failure.
    pub fn failed(&self, what: impl fmt::Display) {
        let due = self.told.lock().unwrap_or_else(PoisonError::into_inner).due(Instant::now());
        match due {
            None => {}
            Some(0) => tracing::warn!("{} store: {what}", self.store),
            Some(more) => tracing::warn!("{} store: {what} (and {more} before)", self.store),
        }
    }
}

impl Told {
    /// How many failures were not told when this one is to be.
    fn due(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now.duration_since(last) < EVERY) {
            self.since += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_told_at_once_and_the_others_are_counted() {
        let (mut told, begun) = (Told::default(), Instant::now());
        let mut due = |millis| told.due(begun + Duration::from_millis(millis));
        assert_eq!([due(0), due(1), due(9_999)], [Some(0), None, None]);
        assert_eq!([due(10_000), due(10_001)], [Some(2), None]);
    }
}
