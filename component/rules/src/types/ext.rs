//! What a partner sends with a UID.

use alloc::string::String;

use crate::error::InvalidArgument;
use crate::limits::MAX_EXT_BYTES;
use crate::row::is_small_object;

/// The `ext` of a UID: a JSON object of at most 1,024 bytes that every JSON reader takes.
///
/// ```
/// use identity_graph::Ext;
///
/// assert!(Ext::check(r#"{"rtiPartner":"TDID"}"#).is_ok());
/// assert!(Ext::check("[]").is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Ext(String);

impl Ext {
    pub(crate) fn parse(text: String) -> Result<Self, InvalidArgument> {
        Self::check(&text)?;
        // The space around it is not stored, or it would differ from what is stored for ever.
        let object = bare(&text);
        Ok(Self(if object.len() == text.len() { text } else { String::from(object) }))
    }

    /// Checks an `ext` without taking it.
    ///
    /// # Errors
    /// [`InvalidArgument::Ext`].
    pub fn check(text: &str) -> Result<(), InvalidArgument> {
        let object = bare(text);
        if object.len() > MAX_EXT_BYTES || !is_small_object(object) {
            return Err(InvalidArgument::Ext(text.len()));
        }
        Ok(())
    }

    /// What is given; an empty text is not.
    pub(crate) fn given(text: Option<String>) -> Result<Option<Self>, InvalidArgument> {
        text.filter(|text| !text.is_empty()).map(Self::parse).transpose()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

fn bare(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn an_object_is_taken_and_nothing_that_a_reader_would_choke_on() {
        for good in ["{}", r#"{"rtiPartner":"TDID"}"#, " { \"a\" : [1.5e3, null, {\"b\":-0}] } "] {
            assert!(Ext::parse(good.into()).is_ok(), "{good}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(16), "]".repeat(16));
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_EXT_BYTES));
        let number = format!("{{\"a\":1{}}}", "0".repeat(400));
        for bad in [
            "",
            "null",
            "[]",
            "1",
            "{",
            "{} {}",
            "{\"a\":1,}",
            r#"{"a":"\ud800"}"#,
            r#"{"\udc00":1}"#,
            "{\"a\":1e999}",
            &number,
            &deep,
            &long,
        ] {
            let length = bad.len();
            assert_eq!(Ext::parse(bad.into()).err(), Some(InvalidArgument::Ext(length)), "{bad}");
        }
    }
}
