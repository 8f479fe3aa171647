//! Lifetimes and bounds that a caller may set.

use crate::error::InvalidArgument;
use crate::limits::{MAX_CAS_ATTEMPTS, MAX_PARTNERS};

/// Lifetimes and bounds of one graph. [`Policy::default`] has the values in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Seconds that a live entry is kept after its last visit (31,536,000: one year); at least 1.
    pub entry_ttl: u32,
    /// Seconds that a withdrawal stays visible (86,400: 24 hours); at least 1.
    pub tombstone_ttl: u32,
    /// Least seconds between two writes of `last_seen` (300); at most half of `entry_ttl`, since a
    /// visitor who comes again within it must not lose the row.
    pub last_seen_debounce: u32,
    /// Tries of one conditional write (3); 1 to [`MAX_CAS_ATTEMPTS`].
    pub max_cas_attempts: u8,
    /// Seconds after which a stored cluster size is counted anew (86,400).
    pub cluster_recheck: u32,
    /// Seconds that clocks may differ (300); at most half of `entry_ttl`.
    pub clock_skew: u32,
    /// Seconds after which an equal UID that is asserted again is written for its time alone (86,400).
    pub resync: u32,
    /// Partners that a row may have (64); 1 to [`MAX_PARTNERS`].
    pub max_partners: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            entry_ttl: 31_536_000,
            tombstone_ttl: 86_400,
            last_seen_debounce: 300,
            max_cas_attempts: 3,
            cluster_recheck: 86_400,
            clock_skew: 300,
            resync: 86_400,
            max_partners: 64,
        }
    }
}

impl Policy {
    /// Checks that every value is in its range.
    ///
    /// # Errors
    /// [`InvalidArgument::Policy`] names the first value that is not.
    pub fn validate(&self) -> Result<(), InvalidArgument> {
        let attempts = u32::from(self.max_cas_attempts);
        let half = self.entry_ttl / 2;
        for (name, value, least, most) in [
            ("entry-ttl", self.entry_ttl, 1, u32::MAX),
            ("tombstone-ttl", self.tombstone_ttl, 1, u32::MAX),
            ("max-cas-attempts", attempts, 1, u32::from(MAX_CAS_ATTEMPTS)),
            ("last-seen-debounce", self.last_seen_debounce, 0, half),
            ("clock-skew", self.clock_skew, 0, half),
            ("max-partners", self.max_partners, 1, MAX_PARTNERS),
        ] {
            if !(least..=most).contains(&value) {
                return Err(InvalidArgument::Policy(name, value, least, most));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debounce_that_could_cost_a_daily_visitor_the_row_is_refused() {
        let day = 86_400;
        let policy = |last_seen_debounce| Policy {
            entry_ttl: 2 * day,
            last_seen_debounce,
            ..Policy::default()
        };
        assert_eq!(policy(day).validate(), Ok(()));
        let refused = InvalidArgument::Policy("last-seen-debounce", day + 1, 0, day);
        assert_eq!(policy(day + 1).validate(), Err(refused));
    }
}
