//! Lifetimes and bounds that a caller may set.

use crate::error::InvalidArgument;
use crate::limits::MAX_CAS_ATTEMPTS;
use crate::types::Timestamp;

/// Lifetimes and bounds of one graph. [`Policy::default`] has the values in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Seconds that a live entry is kept after its last visit (31,536,000: one year); at least 1.
    pub entry_ttl: u32,
    /// Seconds that a withdrawal stays visible (86,400: 24 hours); at least 1.
    pub tombstone_ttl: u32,
    /// Least seconds between two writes of `last_seen` (300).
    pub last_seen_debounce: u32,
    /// Tries of one conditional write (3); 1 to [`MAX_CAS_ATTEMPTS`].
    pub max_cas_attempts: u8,
    /// Seconds after which a stored cluster size is counted anew (86,400).
    pub cluster_recheck: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            entry_ttl: 31_536_000,
            tombstone_ttl: 86_400,
            last_seen_debounce: 300,
            max_cas_attempts: 3,
            cluster_recheck: 86_400,
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
        let most = u32::from(MAX_CAS_ATTEMPTS);
        for (name, value, most) in [
            ("entry-ttl", self.entry_ttl, u32::MAX),
            ("tombstone-ttl", self.tombstone_ttl, u32::MAX),
            ("max-cas-attempts", attempts, most),
        ] {
            if !(1..=most).contains(&value) {
                return Err(InvalidArgument::Policy(name, value, 1, most));
            }
        }
        Ok(())
    }

    /// Seconds left of a live entry's lifetime, `None` when it is over.
    ///
    /// A clock behind the last visit sees the whole lifetime, never more.
    pub(crate) fn remaining(&self, last_visit: Timestamp, now: Timestamp) -> Option<u32> {
        let age = u32::try_from(now.since(last_visit).unwrap_or_default()).ok()?;
        self.entry_ttl.checked_sub(age).filter(|left| *left > 0)
    }
}
