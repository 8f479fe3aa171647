//! Lifetimes and bounds that a caller may set.

use crate::error::InvalidArgument;
use crate::limits::{MAX_CAS_ATTEMPTS, MAX_PARTNERS};

/// Which of two assertions about a partner's UID stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Order {
    /// The one that was made later, by the time that comes with it; of equal times the stored one.
    #[default]
    Time,
    /// The one that arrives last: it counts as made at `now`, whatever time comes with it. For partners
    /// whose times do not order. The price: two sides that disagree, such as a browser's cookie and the
    /// partner's sync, overwrite each other for ever, with a write each time.
    Arrival,
}

/// Lifetimes and bounds of one graph. [`Policy::default`] has the values in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Policy {
    /// Seconds that the store is to keep a live entry after its last visit (31,536,000: one year); at
    /// least 1.
    pub entry_ttl: u32,
    /// Seconds after its last visit from which on a live row counts as absent, though the store still
    /// has it (31,536,000); at least 1. `None`: it lives as long as the store keeps it.
    pub max_age: Option<u32>,
    /// Seconds that a withdrawal stays visible (86,400: 24 hours); at least 1.
    pub tombstone_ttl: u32,
    /// Least seconds between two writes of `last_seen` (300); at most half of `entry_ttl` and of
    /// `max_age`, since a visitor who comes again within it must not lose the row.
    pub last_seen_debounce: u32,
    /// Tries of one conditional write (3); 1 to [`MAX_CAS_ATTEMPTS`].
    pub max_cas_attempts: u8,
    /// Seconds after which a stored cluster size is counted anew (86,400). `None`: one that is stored
    /// stands.
    pub cluster_recheck: Option<u32>,
    /// Seconds that clocks may differ (300); at most half of `entry_ttl` and of `max_age`.
    pub clock_skew: u32,
    /// Seconds after which an equal UID that is asserted again is written for its time alone (86,400).
    pub resync: u32,
    /// Partners that a row may have (64); 1 to [`MAX_PARTNERS`].
    pub max_partners: u32,
    /// Which of two assertions about a partner's UID stands (by their times).
    pub order: Order,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            entry_ttl: 31_536_000,
            max_age: Some(31_536_000),
            tombstone_ttl: 86_400,
            last_seen_debounce: 300,
            max_cas_attempts: 3,
            cluster_recheck: Some(86_400),
            clock_skew: 300,
            resync: 86_400,
            max_partners: 64,
            order: Order::Time,
        }
    }
}

impl Policy {
    /// The policy of trusted-server's edge application: 5 tries; a row lives as long as the store keeps
    /// it; a stored cluster size stands; and of two UIDs the one that arrives last does, since its
    /// partners' times do not order. All else is as in [`Policy::default`].
    #[must_use]
    pub fn trusted_server() -> Self {
        Self {
            max_age: None,
            max_cas_attempts: 5,
            cluster_recheck: None,
            order: Order::Arrival,
            ..Self::default()
        }
    }

    /// Checks that every value is in its range.
    ///
    /// # Errors
    /// [`InvalidArgument::Policy`] names the first value that is not.
    pub fn validate(&self) -> Result<(), InvalidArgument> {
        let attempts = u32::from(self.max_cas_attempts);
        let half = self.entry_ttl.min(self.max_age.unwrap_or(u32::MAX)) / 2;
        for (name, value, least, most) in [
            ("entry-ttl", self.entry_ttl, 1, u32::MAX),
            ("max-age", self.max_age.unwrap_or(1), 1, u32::MAX),
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

    #[test]
    fn the_shorter_of_lifetime_and_age_bounds_what_has_to_be_shorter() {
        let bound = |entry_ttl, max_age| {
            let policy = Policy { entry_ttl, max_age, clock_skew: u32::MAX, ..Policy::default() };
            match policy.validate() {
                Err(InvalidArgument::Policy("clock-skew", _, 0, most)) => most,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(bound(1_000, None), 500);
        assert_eq!(bound(1_000, Some(4_000)), 500);
        assert_eq!(bound(4_000, Some(1_000)), 500);
    }

    #[test]
    fn an_age_is_at_least_a_second() {
        let policy =
            |max_age| Policy { max_age, last_seen_debounce: 0, clock_skew: 0, ..Policy::default() };
        assert_eq!(
            policy(Some(0)).validate(),
            Err(InvalidArgument::Policy("max-age", 0, 1, u32::MAX))
        );
        assert_eq!(policy(Some(1)).validate(), Ok(()));
        assert_eq!(policy(None).validate(), Ok(()));
    }

    #[test]
    fn the_policy_of_trusted_server_is_in_order() {
        assert_eq!(Policy::trusted_server().validate(), Ok(()));
    }
}
