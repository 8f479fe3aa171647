//! The key of a row.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use crate::error::InvalidArgument;
use crate::redact::Key;

const HASH_LEN: usize = 64;
const SUFFIX_LEN: usize = 6;

/// An edge-cookie ID: 64 hex digits, alone (older rows) or followed by a dot and 6 ASCII letters or
/// digits. The hex is held in lower case; the suffix is case-sensitive.
///
/// `Display` and `Debug` show the first 8 characters only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EcId(String);

impl EcId {
    /// Checks and normalises an EC ID.
    ///
    /// # Errors
    /// [`InvalidArgument::EcId`] when the text has another form.
    ///
    /// ```
    /// use identity_graph::EcId;
    ///
    /// let id = EcId::parse(&format!("{}.Ab12Cd", "3F".repeat(32))).unwrap();
    /// assert_eq!(id.as_str(), format!("{}.Ab12Cd", "3f".repeat(32)));
    /// assert_eq!(id.to_string(), "3f3f3f3f…");
    /// assert!(EcId::parse("not an id").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidArgument> {
        let error = InvalidArgument::EcId(text.len());
        let (hash, rest) = text.split_at_checked(HASH_LEN).ok_or(error)?;
        let suffix_is_valid = match rest.strip_prefix('.') {
            Some(suffix) => {
                suffix.len() == SUFFIX_LEN && suffix.bytes().all(|b| b.is_ascii_alphanumeric())
            }
            None => rest.is_empty(),
        };
        let is_lower_hex = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
        if suffix_is_valid && hash.bytes().all(is_lower_hex) {
            return Ok(Self(text.to_owned()));
        }
        if !suffix_is_valid || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(error);
        }
        Ok(Self(hash.to_ascii_lowercase() + rest))
    }

    /// The whole ID: the key of its row.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 hex digits that all EC IDs of one network share.
    #[must_use]
    pub fn hash(&self) -> &str {
        self.0.get(..HASH_LEN).unwrap_or_default()
    }
}

impl fmt::Display for EcId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Key(&self.0), f)
    }
}

impl fmt::Debug for EcId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcId({self})")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn hash_alone_is_accepted_as_older_rows_have_it() {
        let id = EcId::parse(&"a0".repeat(32)).unwrap();
        assert_eq!(id.as_str(), "a0".repeat(32));
        assert_eq!(id.hash(), id.as_str());
    }

    #[test]
    fn hex_is_lowered_and_the_suffix_keeps_its_case() {
        let id = EcId::parse(&format!("{}.aBcD09", "Ff".repeat(32))).unwrap();
        assert_eq!(id.as_str(), format!("{}.aBcD09", "ff".repeat(32)));
        assert_eq!(id.hash(), "ff".repeat(32));
    }

    #[test]
    fn anything_else_is_refused() {
        let hash = "0".repeat(64);
        for bad in [
            String::new(),
            "0".repeat(63),
            "0".repeat(65),
            format!("{}g", "0".repeat(63)),
            format!("{hash}."),
            format!("{hash}.abcde"),
            format!("{hash}.abcdefg"),
            format!("{hash}.abc-ef"),
            format!("{hash}.abcdé"),
            format!("{hash}abcdef"),
            format!(" {hash}"),
            format!("{}é", "0".repeat(63)),
        ] {
            assert_eq!(EcId::parse(&bad), Err(InvalidArgument::EcId(bad.len())), "{}", bad.len());
        }
    }

    #[test]
    fn display_and_debug_show_eight_characters() {
        let id = EcId::parse(&format!("{}.Secret", "12345678".repeat(8))).unwrap();
        assert_eq!(format!("{id} {id:?}"), "12345678… EcId(12345678…)");
    }
}
