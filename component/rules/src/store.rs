//! What the graph needs of a key-value store. Mirrors the WIT interface `kv-cas`, whose text is the
//! contract: linearizable conditional writes, reads that may be stale, expiry.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::ops::Deref;

use crate::limits::MAX_ANSWER_BYTES;
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

impl From<Item> for ItemHead {
    fn from(item: Item) -> Self {
        let Item { metadata, generation, .. } = item;
        Self { metadata, generation }
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

/// The store's own error, for whoever walks the chain of sources. `Debug` does not show it, and two
/// are equal whatever they say: what a store writes into its errors, the graph cannot know.
#[derive(Clone)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

impl Deref for Cause {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cause(..)")
    }
}

impl PartialEq for Cause {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Cause {}

/// A failed store call: what it means to the graph, and the store's own error where it is handed on. The
/// latter is the source of [`GraphError::Throttled`](crate::GraphError::Throttled) and
/// [`GraphError::Unavailable`](crate::GraphError::Unavailable).
///
/// ```
/// use identity_graph::{KvError, StoreError};
/// use std::error::Error;
///
/// let error = StoreError::new(KvError::Unavailable, std::io::Error::other("reset by peer"));
/// assert_eq!(error.to_string(), "the store failed");
/// assert!(error.source().unwrap().is::<std::io::Error>());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct StoreError {
    kind: KvError,
    source: Option<Cause>,
}

impl StoreError {
    /// A failure that this error of the store's caused.
    pub fn new(kind: KvError, error: impl Error + Send + Sync + 'static) -> Self {
        Self { kind, source: Some(Cause(Arc::new(error))) }
    }

    pub(crate) const fn of(kind: KvError) -> Self {
        Self { kind, source: None }
    }

    /// What the failure means.
    #[must_use]
    pub fn kind(&self) -> KvError {
        self.kind
    }

    pub(crate) fn into_cause(self) -> Option<Cause> {
        self.source
    }
}

impl From<KvError> for StoreError {
    fn from(kind: KvError) -> Self {
        Self::of(kind)
    }
}

/// Answer to one read.
pub type Read<E = KvError> = Result<Option<Item>, E>;
/// Answer to one write.
pub type Written<E = KvError> = Result<WriteOutcome, E>;

/// A key-value store with versioned reads, conditional writes and expiry.
///
/// Writes to one key are linearizable; reads may be stale, or miss a key that was written a moment
/// ago; a value is kept at least for its time to live and may stay longer.
///
/// What an error says decides what the graph does next, so that a binding tells apart what its store
/// tells apart. [`KvError::Throttled`] and [`KvError::Unavailable`] are for writes that were surely not
/// applied. A write that was sent and not answered is [`KvError::UnknownOutcome`]: the graph reads it
/// back and tries once more, which costs at most 2 reads and 2 writes of the key. A refusal for the rate
/// that is reported as unknown costs these too, for nothing.
pub trait Store {
    /// What a failed call says: [`KvError`], or [`StoreError`] where the store's own error is to reach
    /// the caller.
    type Error: From<KvError> + Into<StoreError>;

    /// Reads a value.
    fn get(&self, key: &str) -> Read<Self::Error>;

    /// Reads a value's metadata and generation. By default a [`get`](Store::get).
    fn head(&self, key: &str) -> Result<Option<ItemHead>, Self::Error> {
        Ok(self.get(key)?.map(ItemHead::from))
    }

    /// Writes a value under its precondition.
    fn put(&self, write: Write<'_>) -> Written<Self::Error>;

    /// Removes a value; true when there was one.
    fn delete(&self, key: &str) -> Result<bool, Self::Error>;

    /// Number of keys that start with `prefix`, counted up to `limit`.
    fn count(&self, prefix: &str, limit: u32) -> Result<u32, Self::Error>;

    /// As many [`get`](Store::get)s, in flight together where the store can; one answer per key, in
    /// order. Once the bodies make up 16 MiB the keys that are left are answered
    /// [`KvError::NotRead`]; the first never is. By default one after the other.
    fn get_many(&self, keys: &[&str]) -> Vec<Read<Self::Error>> {
        let mut bytes = 0_usize;
        let answer = |key: &&str| {
            if bytes >= MAX_ANSWER_BYTES {
                return Err(KvError::NotRead.into());
            }
            let answer = self.get(key);
            if let Ok(Some(item)) = &answer {
                bytes = bytes.saturating_add(item.body.len());
            }
            answer
        };
        keys.iter().map(answer).collect()
    }

    /// As many [`put`](Store::put)s of distinct keys, likewise. By default one after the other.
    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written<Self::Error>> {
        writes.iter().map(|write| self.put(*write)).collect()
    }
}

/// A store behind a pointer is a store.
macro_rules! behind {
    ($($pointer:ty),*) => {$(
        impl<S: Store + ?Sized> Store for $pointer {
            type Error = S::Error;

            fn get(&self, key: &str) -> Read<S::Error> {
                (**self).get(key)
            }
            fn head(&self, key: &str) -> Result<Option<ItemHead>, S::Error> {
                (**self).head(key)
            }
            fn put(&self, write: Write<'_>) -> Written<S::Error> {
                (**self).put(write)
            }
            fn delete(&self, key: &str) -> Result<bool, S::Error> {
                (**self).delete(key)
            }
            fn count(&self, prefix: &str, limit: u32) -> Result<u32, S::Error> {
                (**self).count(prefix, limit)
            }
            fn get_many(&self, keys: &[&str]) -> Vec<Read<S::Error>> {
                (**self).get_many(keys)
            }
            fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written<S::Error>> {
                (**self).put_many(writes)
            }
        }
    )*};
}

behind!(&S, Box<S>, Rc<S>, Arc<S>);
