//! A partner's ID for a browser.

use alloc::string::String;
use core::fmt;

use crate::error::InvalidArgument;
use crate::limits::MAX_UID_BYTES;
use crate::redact::Bytes;
use crate::words::{HIGH, all, within};

/// A UID that may be stored: 1 to 512 bytes, not blank, no control characters, and none of the
/// placeholders that no partner means as an ID. `Debug` shows its length only.
///
/// ```
/// use identity_graph::Uid;
///
/// assert!(Uid::parse("a-1".to_owned()).is_ok());
/// assert!(Uid::parse(" ".to_owned()).is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Uid(String);

impl Uid {
    /// Checks a UID.
    ///
    /// # Errors
    /// [`InvalidArgument::UidBlank`], [`InvalidArgument::UidTooLong`],
    /// [`InvalidArgument::UidControl`] or [`InvalidArgument::UidPlaceholder`].
    pub fn parse(uid: String) -> Result<Self, InvalidArgument> {
        Self::check(&uid)?;
        Ok(Self(uid))
    }

    /// Checks a UID without taking it.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn check(uid: &str) -> Result<(), InvalidArgument> {
        if uid.len() > MAX_UID_BYTES {
            return Err(InvalidArgument::UidTooLong(uid.len()));
        }
        if is_placeholder(uid) {
            return Err(InvalidArgument::UidPlaceholder);
        }
        // Nearly every UID is of visible ASCII characters.
        if !uid.is_empty() && all(uid.as_bytes(), |word| within(word, b'!', b'~') == HIGH) {
            return Ok(());
        }
        let mut is_blank = true;
        for (at, c) in uid.char_indices() {
            if c.is_control() {
                return Err(InvalidArgument::UidControl(at));
            }
            is_blank &= c.is_whitespace();
        }
        if is_blank { Err(InvalidArgument::UidBlank) } else { Ok(()) }
    }

    /// The UID itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uid{:?}", Bytes(self.0.len()))
    }
}

/// What scripts and partners send where they have no ID, or a refusal.
const WORDS: [&str; 5] = ["undefined", "null", "nan", "[object object]", "optout"];

/// The ends of a macro that nobody replaced.
const MACROS: [(&str, &str); 3] = [("${", "}"), ("{{", "}}"), ("%%", "%%")];

fn is_placeholder(uid: &str) -> bool {
    let is_zeros = || {
        // From behind, since numbers that are filled up with zeros begin alike.
        let mut bytes = uid.bytes().rev();
        bytes.all(|byte| matches!(byte, b'0' | b'-')) && uid.contains('0')
    };
    let is_macro = || {
        let named = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
        };
        let enclosed = |(open, close): &(&str, &str)| {
            uid.strip_prefix(open).is_some_and(|rest| rest.ends_with(close))
        };
        uid.strip_prefix('$').is_some_and(named) || MACROS.iter().any(enclosed)
    };
    match uid.as_bytes().first() {
        Some(b'0' | b'-') => is_zeros(),
        Some(b'$' | b'{' | b'%') => is_macro(),
        Some(b'u' | b'U' | b'n' | b'N' | b'[' | b'o' | b'O') => {
            WORDS.iter().any(|word| uid.eq_ignore_ascii_case(word))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn uids_are_bounded_not_blank_and_free_of_controls() {
        assert_eq!(Uid::check("ü-1 2"), Ok(()));
        assert_eq!(Uid::check(&"u".repeat(512)), Ok(()));
        assert_eq!(Uid::check(&"u".repeat(513)), Err(InvalidArgument::UidTooLong(513)));
        assert_eq!(Uid::check(""), Err(InvalidArgument::UidBlank));
        assert_eq!(Uid::check(" \u{2003}"), Err(InvalidArgument::UidBlank));
        for control in ["\t", "a\0", "a\u{7f}", "a\u{85}"] {
            assert!(matches!(Uid::check(control), Err(InvalidArgument::UidControl(_))));
        }
    }

    #[test]
    fn placeholders_are_no_ids() {
        for placeholder in [
            "0",
            "00",
            "0-0",
            "00000000-0000-0000-0000-000000000000",
            "$UID",
            "$USER_ID",
            "${UID}",
            "${}",
            "{{id}}",
            "%%ID%%",
            "undefined",
            "null",
            "NULL",
            "NaN",
            "[object Object]",
            "optout",
            "OptOut",
        ] {
            assert_eq!(
                Uid::check(placeholder),
                Err(InvalidArgument::UidPlaceholder),
                "{placeholder}"
            );
        }
        for uid in [
            "-",
            "01",
            "0a",
            "10",
            "$uid",
            "$",
            "$1",
            "{a}",
            "%a%",
            "nullable",
            "x0",
            "none",
            "undefined-1",
            "{{a",
            "00000000-0000-0000-0000-000000000001",
        ] {
            assert_eq!(Uid::check(uid), Ok(()), "{uid}");
        }
    }

    #[test]
    fn debug_shows_the_length() {
        assert_eq!(format!("{:?}", Uid::parse("secret".into()).unwrap()), "Uid(6 bytes)");
    }
}
