//! A key-value store as the application knows it: one value at a time, and errors that are texts.

/// A value that was found.
#[derive(Clone, PartialEq, Eq)]
pub struct KvItem {
    /// The value.
    pub body: Vec<u8>,
    /// What is stored beside it.
    pub metadata: Option<String>,
    /// Its version.
    pub generation: u64,
}

/// When an insert may take place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KvMode {
    /// Whatever the key holds.
    Overwrite,
    /// Only where the key holds nothing.
    Add,
    /// Only where the key holds this version.
    IfGenerationMatch(u64),
}

/// A value to be stored.
#[derive(Clone, Copy)]
pub struct KvInsert<'a> {
    /// The key.
    pub key: &'a str,
    /// The value.
    pub body: &'a [u8],
    /// What is stored beside it.
    pub metadata: &'a str,
    /// Seconds for which it is kept.
    pub time_to_live: u32,
    /// When it may be stored.
    pub mode: KvMode,
}

/// A key-value store of the platform. A text says what went wrong.
pub trait Kv {
    /// The value of a key.
    fn lookup(&self, key: &str) -> Result<Option<KvItem>, String>;
    /// Stores a value.
    fn insert(&self, insert: KvInsert<'_>) -> Result<(), String>;
    /// Removes a key.
    fn delete(&self, key: &str) -> Result<(), String>;
    /// The first keys that start with a prefix, at most so many.
    fn list(&self, prefix: &str, limit: u32) -> Result<Vec<String>, String>;
}

impl<K: Kv + ?Sized> Kv for &K {
    fn lookup(&self, key: &str) -> Result<Option<KvItem>, String> {
        (**self).lookup(key)
    }

    fn insert(&self, insert: KvInsert<'_>) -> Result<(), String> {
        (**self).insert(insert)
    }

    fn delete(&self, key: &str) -> Result<(), String> {
        (**self).delete(key)
    }

    fn list(&self, prefix: &str, limit: u32) -> Result<Vec<String>, String> {
        (**self).list(prefix, limit)
    }
}
