//! Lifetimes and bounds: what a caller may set, and what is fixed.

use alloc::string::String;
use core::fmt;

use crate::error::InvalidArgument;
use crate::redact::{Bytes, Key};

/// Bytes of a body that a write may have.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// Bytes of a body above which a read row counts as corrupt.
pub const MAX_READ_BYTES: usize = 1024 * 1024;
/// Bytes of metadata that a write may have.
pub const MAX_METADATA_BYTES: usize = 2_000;
/// Bytes of a partner key.
pub const MAX_PARTNER_BYTES: usize = 255;
/// Bytes of a partner UID.
pub const MAX_UID_BYTES: usize = 512;
/// Bytes of a domain.
pub const MAX_DOMAIN_BYTES: usize = 255;
/// Bytes of a region.
pub const MAX_REGION_BYTES: usize = 8;
/// Bytes of a device class (`ja4_class`, `platform_class`, `h2_fp_hash`).
pub const MAX_CLASS_BYTES: usize = 64;
/// Seen domains that an entry shows.
pub const MAX_SEEN_DOMAINS: usize = 50;
/// Up to how many EC IDs a cluster is counted.
pub const MAX_CLUSTER: u32 = 100;
/// Levels of nested arrays and objects that a stored row may have.
pub const MAX_DEPTH: usize = 128;
/// Most tries of one conditional write that a policy may ask for.
pub const MAX_CAS_ATTEMPTS: u8 = 10;

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
    pub(crate) fn remaining(&self, last_visit: u64, now: u64) -> Option<u32> {
        let age = now.saturating_sub(last_visit);
        let age = u32::try_from(age).ok()?;
        self.entry_ttl.checked_sub(age).filter(|left| *left > 0)
    }
}

/// What an upsert does where there is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMissing {
    /// Report [`UpsertOutcome::NotFound`](crate::UpsertOutcome::NotFound).
    Skip,
    /// Create a minimal live entry: the recovery path for a first visit whose create failed.
    CreateMinimal,
}

/// One line of a batch: what a partner says of one EC ID. `Debug` shows the start of the ID and the
/// UID's length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The EC ID, not yet checked.
    pub ec_id: String,
    /// The partner's UID, not yet checked.
    pub uid: String,
    /// When the partner asserted it, in Unix seconds.
    pub synced: u64,
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("ec_id", &Key(&self.ec_id))
            .field("uid", &Bytes(self.uid.len()))
            .field("synced", &self.synced)
            .finish()
    }
}
