//! What any store has to judge by the contract of `kv-cas`, for those who write one.

use identity_graph::limits::{MAX_ANSWER_BYTES, MAX_READ_BYTES};
use identity_graph::{KvError, Precondition, Read, Write};

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

/// The answers to a batch of reads: once the bodies make up all that is handed over at once, the
/// others are not read.
pub fn within_one_answer(reads: impl IntoIterator<Item = Read>) -> Vec<Read> {
    let mut bytes = 0_usize;
    let mut answer = |read: Read| {
        let read = bounded(read);
        let Ok(Some(item)) = &read else { return read };
        if bytes > 0 && bytes + item.body.len() > MAX_ANSWER_BYTES {
            bytes = MAX_ANSWER_BYTES;
            return Err(KvError::NotRead);
        }
        bytes += item.body.len();
        read
    };
    reads.into_iter().map(&mut answer).collect()
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

/// Spreads serial numbers over all of `u64`, each to one of its own (every step can be undone), so
/// that nobody comes to rely on the order of generations. The constants are those of `SplitMix64`.
#[must_use]
pub fn scatter(serial: u64) -> u64 {
    let mut mixed = serial.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
