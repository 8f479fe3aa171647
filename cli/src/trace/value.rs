//! Values of a line, of whatever type they are, and what of them can be used.
//!
//! A trace is written by people's own programs: what is odd in it is left out by name, so that nothing
//! here fails a line.

use identity_graph::LeftOut;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::time::{Form, time};

/// A value as it stands in the line; `None` where it is missing or null.
pub(super) type Raw<'a> = Option<&'a RawValue>;

/// A value that is told apart from a missing one also where it is null.
pub(super) fn or_null<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Raw<'a>, D::Error> {
    <&'a RawValue>::deserialize(deserializer).map(Some)
}

pub(super) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// A text of JSON; `None` for another type, and for what is no Unicode.
pub(super) fn text(raw: &RawValue) -> Option<String> {
    if raw.get().starts_with('"') { serde_json::from_str(raw.get()).ok() } else { None }
}

/// The members of an object that are known.
pub(super) fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    // serde takes an array for a struct, too.
    if raw.get().starts_with('{') { serde_json::from_str(raw.get()).ok() } else { None }
}

pub(super) fn list(raw: &RawValue) -> Option<Vec<&RawValue>> {
    if raw.get().starts_with('[') { serde_json::from_str(raw.get()).ok() } else { None }
}

/// A whole number, or one written as text.
pub(super) fn number(raw: &RawValue) -> Option<i64> {
    match raw.get().parse() {
        Ok(number) => Some(number),
        Err(_) => text(raw)?.trim().parse().ok(),
    }
}

pub(super) const NO_TEXT: &str = "not a text";
pub(super) const NO_OBJECT: &str = "not an object, or one with a field twice";
pub(super) const NO_LIST: &str = "not a list";

/// What is noted while an event is read.
#[derive(Default)]
pub(super) struct Notes {
    /// What is left out, by its place in the line.
    pub(super) left_out: Vec<LeftOut>,
    /// The forms other than plain seconds in which times were read.
    pub(super) forms: Vec<Form>,
}

impl Notes {
    pub(super) fn leave_out(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.left_out.push(LeftOut { field: field.into(), why: why.into() });
    }

    /// What a value is, where it is given and of the type that is wanted.
    pub(super) fn want<'a, T>(
        &mut self,
        field: &str,
        raw: Raw<'a>,
        read: impl FnOnce(&'a RawValue) -> Option<T>,
        why: &str,
    ) -> Option<T> {
        let raw = raw?;
        let value = read(raw);
        if value.is_none() {
            self.leave_out(field, why);
        }
        value
    }

    pub(super) fn text(&mut self, field: &str, raw: Raw<'_>) -> Option<String> {
        self.want(field, raw, text, NO_TEXT)
    }

    pub(super) fn time(&mut self, field: &str, raw: Raw<'_>) -> Option<u64> {
        match time(raw?) {
            Ok((seconds, form)) => {
                self.forms.extend(form);
                Some(seconds)
            }
            Err(why) => {
                self.leave_out(field, why);
                None
            }
        }
    }
}
