//! What becomes of one UID, whichever operation brings it.

use alloc::string::String;

/// What became of one UID that was asserted, or of one removal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum UpsertOutcome {
    /// It is stored; of a removal: the UID is gone, or will not come.
    Written,
    /// The stored UID is the same; of a removal: it was made before. No write for this.
    Unchanged,
    /// The stored UID was asserted at the same time or later, or this was asserted before consent was
    /// withdrawn or the UID removed; no write for this.
    Stale,
    /// The entry is a tombstone; no write.
    Withdrawn,
    /// There is no entry; no write.
    NotFound,
    /// It breaks a rule, which the text says; the others are not touched by that.
    Invalid(String),
    /// The row has as many partners as it may, or no room for this UID.
    Full,
}
