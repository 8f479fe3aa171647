//! What an operation did, named so that a caller can act on it.

use crate::error::GraphError;

/// What `create_or_revive` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateOutcome {
    /// The entry is new.
    Created,
    /// A live entry exists and stays as it is.
    AlreadyLive,
    /// A tombstone older than this consent was replaced.
    Revived,
    /// A tombstone at least as new as this consent stays.
    Withdrawn,
}

/// What an upsert did with one UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpsertOutcome {
    /// The UID is stored.
    Written,
    /// The stored UID is the same; no write.
    Unchanged,
    /// The stored UID was asserted at the same time or later; no write.
    Stale,
    /// The entry is a tombstone; no write.
    Withdrawn,
    /// There is no entry; no write.
    NotFound,
}

/// What `update_last_seen` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TouchOutcome {
    /// `last_seen` and the lifetime moved on.
    Written,
    /// The last write is less than the debounce ago; no write.
    Debounced,
    /// The entry has been seen later than this; no write.
    Stale,
    /// The entry is a tombstone; no write.
    Withdrawn,
    /// There is no entry; no write.
    NotFound,
}

/// The fate of one mapping of a batch. A mapping's failure never touches another's.
pub type MappingOutcome = Result<UpsertOutcome, GraphError>;
