//! What debug output shows instead of keys, UIDs and stored text.

use core::fmt;

/// How many characters of an EC ID may be shown.
const SHOWN: usize = 8;

/// The first 8 characters of a key, and never more than half of it.
pub(crate) struct Key<'a>(pub(crate) &'a str);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = SHOWN.min(self.0.len() / 2);
        let end = self.0.char_indices().nth(shown).map_or(0, |(end, _)| end);
        write!(f, "{}…", self.0.get(..end).unwrap_or_default())
    }
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The length of something that is not shown.
pub(crate) struct Bytes(pub(crate) usize);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} bytes)", self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_key_is_shown_by_its_start_and_a_text_by_its_length() {
        assert_eq!(format!("{:?}", Key("12345678901234567")), "12345678…");
        assert_eq!(format!("{:?}", Key("12345678")), "1234…");
        assert_eq!(format!("{:?}", Key("é")), "…");
        assert_eq!(format!("{:?}", Bytes(3)), "(3 bytes)");
    }
}
