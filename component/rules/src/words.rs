//! Checks of texts, eight bytes at a time.

/// One in every byte.
pub(crate) const LANES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of every byte.
pub(crate) const HIGH: u64 = LANES << 7;

/// What fills up a text of fewer than eight bytes: a letter, which every check lets pass.
const LETTERS: u64 = LANES * b'a' as u64;

/// Whether every byte of a text passes a check of eight bytes at once, which lets the letter `a` pass.
#[inline]
pub(crate) fn all(text: &[u8], passes: impl Fn(u64) -> bool) -> bool {
    let (words, rest) = text.as_chunks();
    let last = match text.last_chunk() {
        // Some of these have passed already.
        Some(last) => u64::from_le_bytes(*last),
        None => rest.iter().fold(LETTERS, |word, byte| (word << 8) | u64::from(*byte)),
    };
    let mut words = words.iter();
    loop {
        // The check stands in one place, since its code is put there.
        let word = words.next();
        let is_so = passes(word.map_or(last, |word| u64::from_le_bytes(*word)));
        if !is_so || word.is_none() {
            return is_so;
        }
    }
}

/// The highest bit of each byte that is ASCII and in the range.
#[inline]
pub(crate) fn within(word: u64, first: u8, last: u8) -> u64 {
    let low = word & !HIGH;
    // No byte of these sums carries into the next.
    let from_first = low.wrapping_add(LANES * u64::from(0x80 - first));
    let beyond_last = low.wrapping_add(LANES * u64::from(0x7f - last));
    from_first & !beyond_last & !word & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_is_told_as_byte_by_byte(text in "[a-f]{0,30}|[a-g]{0,30}|.{0,12}", first in 0_u8..0x62, last in 0x61_u8..0x80) {
            let by_bytes = text.bytes().all(|byte| (first..=last).contains(&byte));
            prop_assert_eq!(all(text.as_bytes(), |word| within(word, first, last) == HIGH), by_bytes);
        }

        #[test]
        fn each_byte_is_told_apart(bytes: [u8; 8], first in 0_u8..0x80, last in 0_u8..0x80) {
            let found = within(u64::from_le_bytes(bytes), first, last).to_le_bytes();
            for (byte, found) in bytes.into_iter().zip(found) {
                prop_assert_eq!(found == 0x80, (first..=last).contains(&byte));
                prop_assert!(found == 0x80 || found == 0);
            }
        }
    }
}
