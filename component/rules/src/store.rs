//! What the graph needs of a key-value store. Mirrors the WIT interface `kv-cas`, whose text is the
//! contract: linearizable conditional writes, reads that may be stale, expiry.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::redact::{Bytes, Key};

/// A stored value with everything needed to write it back conditionally. `Debug` shows the lengths of
/// body and metadata only.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// The value.
    pub body: Vec<u8>,
    /// What is stored beside it and can be read without it.
    pub metadata: Option<String>,
    /// Version of the value: opaque, it changes with every write.
    pub generation: u64,
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("body", &Bytes(self.body.len()))
            .field("metadata", &self.metadata.as_ref().map(|text| Bytes(text.len())))
            .field("generation", &self.generation)
            .finish()
    }
}

/// A stored value without its body. `Debug` shows the metadata's length only.
#[derive(Clone, PartialEq, Eq)]
pub struct ItemHead {
    /// What is stored beside the body.
    pub metadata: Option<String>,
    /// Version of the value.
    pub generation: u64,
}

impl fmt::Debug for ItemHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemHead")
            .field("metadata", &self.metadata.as_ref().map(|text| Bytes(text.len())))
            .field("generation", &self.generation)
            .finish()
    }
}

/// When a write may take place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing is required: create or overwrite.
    None,
    /// The key holds no value.
    Absent,
    /// The key holds exactly this version. A key without a value does not match any version.
    Matches(u64),
}

/// One write. `Debug` shows the start of the key and the lengths of body and metadata only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Write<'a> {
    /// The key.
    pub key: &'a str,
    /// The value.
    pub body: &'a [u8],
    /// At most 2,000 bytes.
    pub metadata: &'a str,
    /// Seconds for which the value is kept at least.
    pub time_to_live: u32,
    /// What must be true of the key.
    pub condition: Precondition,
}

impl fmt::Debug for Write<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write")
            .field("key", &Key(self.key))
            .field("body", &Bytes(self.body.len()))
            .field("metadata", &Bytes(self.metadata.len()))
            .field("time_to_live", &self.time_to_live)
            .field("condition", &self.condition)
            .finish()
    }
}

/// How a write ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The value is stored.
    Stored,
    /// The precondition did not hold and nothing was written; with the current item where the store
    /// learnt it in the same round trip.
    Conflict(Option<Item>),
}

/// How a store call failed. The store's own words stay in the host, which can log them: the graph
/// cannot know what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KvError {
    /// No store has this name.
    #[error("no store has this name")]
    NoSuchStore,
    /// The request can never succeed: something is outside the store's limits.
    #[error("the request is outside the store's limits")]
    Invalid,
    /// Refused for its rate. Nothing was written.
    #[error("refused for its rate")]
    Throttled,
    /// The store failed before it applied anything.
    #[error("the store failed")]
    Unavailable,
    /// A write may or may not have been applied.
    #[error("the store did not answer")]
    UnknownOutcome,
    /// The stored body is larger than [`MAX_READ_BYTES`](crate::limits::MAX_READ_BYTES) and was not
    /// transferred.
    #[error("the stored body is too large to be read")]
    TooLarge,
    /// [`Store::get_many`] only: the answer is full. Ask for this key again.
    #[error("the answer was full")]
    NotRead,
}

/// Answer to one read.
pub type Read = Result<Option<Item>, KvError>;
/// Answer to one write.
pub type Written = Result<WriteOutcome, KvError>;

/// A key-value store with versioned reads, conditional writes and expiry.
///
/// Writes to one key are linearizable; reads may be stale, or miss a key that was written a moment
/// ago; a value is kept at least for its time to live and may stay longer.
pub trait Store {
    /// Reads a value.
    fn get(&self, key: &str) -> Read;
    /// Reads a value's metadata and generation.
    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError>;
    /// Writes a value under its precondition.
    fn put(&self, write: Write<'_>) -> Written;
    /// Removes a value; true when there was one.
    fn delete(&self, key: &str) -> Result<bool, KvError>;
    /// Number of keys that start with `prefix`, counted up to `limit`.
    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError>;
    /// As many [`get`](Store::get)s, in flight together where the store can; one answer per key, in
    /// order. Once the bodies make up 16 MiB the keys that are left are answered
    /// [`KvError::NotRead`]; the first never is.
    fn get_many(&self, keys: &[&str]) -> Vec<Read>;
    /// As many [`put`](Store::put)s of distinct keys, likewise.
    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written>;
}

impl<S: Store + ?Sized> Store for &S {
    fn get(&self, key: &str) -> Read {
        (**self).get(key)
    }
    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        (**self).head(key)
    }
    fn put(&self, write: Write<'_>) -> Written {
        (**self).put(write)
    }
    fn delete(&self, key: &str) -> Result<bool, KvError> {
        (**self).delete(key)
    }
    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        (**self).count(prefix, limit)
    }
    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        (**self).get_many(keys)
    }
    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        (**self).put_many(writes)
    }
}
