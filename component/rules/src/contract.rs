//! What any store has to judge by the contract of `kv-cas`, for those who write one.

use alloc::vec::Vec;

use crate::limits::{MAX_ANSWER_BYTES, MAX_READ_BYTES};
use crate::store::{KvError, Precondition, Read, Write};

/// Bytes of a key.
pub const MAX_KEY_BYTES: usize = 1_024;
/// Bytes of metadata.
pub const MAX_METADATA_BYTES: usize = 2_000;
/// Bytes of a body.
pub const MAX_BODY_BYTES: usize = 25_000_000;

/// Checks that a key is within the limits.
pub fn check_key(key: &str) -> Result<(), KvError> {
    if (1..=MAX_KEY_BYTES).contains(&key.len()) { Ok(()) } else { Err(KvError::Invalid) }
}

/// Checks that a write is within the limits.
pub fn check_write(write: &Write<'_>) -> Result<(), KvError> {
    check_key(write.key)?;
    let fits = write.metadata.len() <= MAX_METADATA_BYTES && write.body.len() <= MAX_BODY_BYTES;
    if fits && write.time_to_live > 0 { Ok(()) } else { Err(KvError::Invalid) }
}

/// What a read answers: a body that is too large is not handed over.
pub fn bounded(read: Read) -> Read {
    match read {
        Ok(Some(item)) if item.body.len() > MAX_READ_BYTES => Err(KvError::TooLarge),
        read => read,
    }
}

/// How much of one answer to a batch of reads is taken.
#[derive(Debug, Default)]
pub struct OneAnswer {
    bytes: usize,
}

impl OneAnswer {
    /// An answer that is empty so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing more is handed over: what is left need not be read.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes >= MAX_ANSWER_BYTES
    }

    /// What the answer says of the next key: from the first body that does not fit, no more bodies are
    /// handed over. The first always fits.
    pub fn next(&mut self, read: Read) -> Read {
        let read = bounded(read);
        let Ok(Some(item)) = &read else { return read };
        if self.bytes > 0 && self.bytes + item.body.len() > MAX_ANSWER_BYTES {
            self.bytes = MAX_ANSWER_BYTES;
            return Err(KvError::NotRead);
        }
        self.bytes += item.body.len();
        read
    }
}

/// The answers to a batch of reads: once the bodies make up all that is handed over at once, the
/// others are not read.
pub fn within_one_answer(reads: impl IntoIterator<Item = Read>) -> Vec<Read> {
    let mut answer = OneAnswer::new();
    reads.into_iter().map(|read| answer.next(read)).collect()
}

/// Whether a precondition holds where the value stored has this generation.
#[must_use]
pub fn holds(condition: Precondition, current: Option<u64>) -> bool {
    match condition {
        Precondition::None => true,
        Precondition::Absent => current.is_none(),
        Precondition::Matches(generation) => current == Some(generation),
    }
}
