//! The name that a partner has in a row.

use alloc::string::String;

use crate::error::InvalidArgument;
use crate::limits::MAX_PARTNER_BYTES;
use crate::words::{HIGH, all, within};

/// A partner's key: 1 to 255 bytes of `a-z 0-9 . _ -`, usually the partner's source domain.
///
/// ```
/// use identity_graph::PartnerKey;
///
/// let key = PartnerKey::parse("IDs.Acme.Example".to_owned()).unwrap();
/// assert_eq!(key.as_str(), "ids.acme.example");
/// assert!(PartnerKey::parse("acme/ssp".to_owned()).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartnerKey(String);

impl PartnerKey {
    /// Checks and lower-cases a key.
    ///
    /// # Errors
    /// [`InvalidArgument::Partner`] when it has another form.
    pub fn parse(mut key: String) -> Result<Self, InvalidArgument> {
        // Nearly every key is in lower case already.
        if !is_lower(&key) {
            key.make_ascii_lowercase();
            if !is_lower(&key) {
                return Err(InvalidArgument::Partner(key.len()));
            }
        }
        Ok(Self(key))
    }

    /// The key as it stands in rows.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

fn is_lower(key: &str) -> bool {
    let is_allowed = |word| {
        let letters = within(word, b'a', b'z') | within(word, b'_', b'_');
        letters | within(word, b'0', b'9') | within(word, b'-', b'.') == HIGH
    };
    (1..=MAX_PARTNER_BYTES).contains(&key.len()) && all(key.as_bytes(), is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partner_keys_are_lowered_and_bounded() {
        let parsed = PartnerKey::parse("IDs.Acme_1-x.Example".into()).unwrap();
        assert_eq!(parsed.as_str(), "ids.acme_1-x.example");
        assert!(PartnerKey::parse("a".repeat(255)).is_ok());
        for bad in ["", " ", "a b", "acme/ssp", "ämne", "a\n", &"a".repeat(256)] {
            let expected = Err(InvalidArgument::Partner(bad.len()));
            assert_eq!(PartnerKey::parse(bad.into()), expected);
        }
    }
}
