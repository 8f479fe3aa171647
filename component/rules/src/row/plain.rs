//! Looking for what ends a plain text, eight bytes at a time.

use crate::words::{HIGH, LANES, all};

/// True when a JSON string holds the text as it is, without escapes.
pub(super) fn is_plain(text: &str) -> bool {
    all(text.as_bytes(), |word| hits(word) == 0)
}

/// Eight digits: 3 in every upper half, still so with 6 added, which leaves 9 at most below.
#[inline]
pub(super) fn are_digits(word: u64) -> bool {
    let uppers = |word: u64| word & (LANES * 0xf0) == LANES * 0x30;
    uppers(word) && uppers(word.wrapping_add(LANES * 6))
}

/// How many bytes come before the first quote, backslash or control character.
#[inline]
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk() {
        let hits = hits(u64::from_le_bytes(*word));
        if hits != 0 {
            return bytes.len() - rest.len() + (hits.trailing_zeros() / 8) as usize;
        }
        rest = behind;
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
    bytes.len() - rest.len() + rest.iter().take_while(is_plain).count()
}

/// The highest bit of each byte that is a quote, a backslash or a control character. Those above the
/// first hit may be set falsely, but the first is right.
#[inline]
fn hits(word: u64) -> u64 {
    let below = |value: u64, limit: u64| value.wrapping_sub(LANES * limit);
    let quote = below(word ^ (LANES * 0x22), 1);
    let backslash = below(word ^ (LANES * 0x5c), 1);
    // The highest bit of a byte is the same with a quote or a backslash taken out.
    (quote | backslash | below(word, 0x20)) & !word & HIGH
}
