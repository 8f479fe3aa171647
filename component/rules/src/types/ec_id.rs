//! The key of a row.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use crate::error::InvalidArgument;
use crate::redact::Key;
use crate::words::{HIGH, all, within};

const HASH_LEN: usize = 64;
const SUFFIX_LEN: usize = 6;
const PROVIDER_LEN: usize = 16;
const PROVIDED_LEN: usize = 239;

/// An edge-cookie ID, of one of two forms:
/// - 64 hex digits, alone (older rows) or followed by a dot and 6 ASCII letters or digits. The hex is
///   held in lower case; the suffix is case-sensitive.
/// - an ID of a provider: its name, 1 to 16 of `a-z 0-9`, then `~`, then 1 to 239 of
///   `A-Z a-z 0-9 . _ ~ -`.
///
/// `Display` and `Debug` show the first 8 characters at most, and never more than half of it.
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
    /// assert!(EcId::parse("acme~Visitor-1").is_ok());
    /// assert!(EcId::parse("not an id").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidArgument> {
        let mut id = text.to_owned();
        if is_hash(&id) || text.split_once('~').is_some_and(is_provided) {
            return Ok(Self(id));
        }
        if let Some(hash) = id.get_mut(..HASH_LEN) {
            hash.make_ascii_lowercase();
        }
        if is_hash(&id) { Ok(Self(id)) } else { Err(InvalidArgument::EcId(id.len())) }
    }

    /// The whole ID: the key of its row.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 hex digits that all EC IDs of one network share; `None` for a provider's ID.
    #[must_use]
    pub fn hash(&self) -> Option<&str> {
        if self.0.contains('~') { None } else { self.0.get(..HASH_LEN) }
    }
}

/// 64 hex digits in lower case, and perhaps a suffix.
fn is_hash(text: &str) -> bool {
    let Some((hash, rest)) = text.split_at_checked(HASH_LEN) else { return false };
    let is_suffix = |suffix: &str| {
        suffix.len() == SUFFIX_LEN && suffix.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    (rest.is_empty() || rest.strip_prefix('.').is_some_and(is_suffix))
        && all(hash.as_bytes(), |word| within(word, b'0', b'9') | within(word, b'a', b'f') == HIGH)
}

fn is_provided((provider, id): (&str, &str)) -> bool {
    (1..=PROVIDER_LEN).contains(&provider.len())
        && (1..=PROVIDED_LEN).contains(&id.len())
        && provider.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-'))
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
        assert_eq!(id.hash(), Some(id.as_str()));
    }

    #[test]
    fn hex_is_lowered_and_the_suffix_keeps_its_case() {
        let id = EcId::parse(&format!("{}.aBcD09", "Ff".repeat(32))).unwrap();
        assert_eq!(id.as_str(), format!("{}.aBcD09", "ff".repeat(32)));
        assert_eq!(id.hash(), Some("ff".repeat(32).as_str()));
    }

    #[test]
    fn an_id_of_a_provider_keeps_its_case_and_belongs_to_no_network() {
        let longest = format!("{}~{}", "p".repeat(16), "x".repeat(239));
        for text in ["a~b", "id5~ID5", "acme~A.b_c~D-9", &longest] {
            let id = EcId::parse(text).unwrap();
            assert_eq!((id.as_str(), id.hash()), (text, None));
        }
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
            "~a".to_owned(),
            "a~".to_owned(),
            "A~b".to_owned(),
            "a.b~c".to_owned(),
            "a~b c".to_owned(),
            "a~é".to_owned(),
            format!("{}~b", "a".repeat(17)),
            format!("a~{}", "b".repeat(240)),
        ] {
            assert_eq!(EcId::parse(&bad), Err(InvalidArgument::EcId(bad.len())), "{}", bad.len());
        }
    }

    #[test]
    fn display_and_debug_show_eight_characters() {
        let id = EcId::parse(&format!("{}.Secret", "12345678".repeat(8))).unwrap();
        assert_eq!(format!("{id} {id:?}"), "12345678… EcId(12345678…)");
        assert_eq!(format!("{}", EcId::parse("a~bc").unwrap()), "a~…");
    }
}
