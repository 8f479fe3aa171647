//! JSON as rows have it, written one value after the other.

use alloc::string::String;
use alloc::vec::Vec;

use super::plain::is_plain;
use super::span::Span;

/// A value that is written as JSON.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Null,
    Flag(bool),
    Number(u64),
    Signed(i64),
    Text(&'a str),
    Texts(&'a [String]),
    /// JSON as it is.
    Raw(&'a str),
    /// An object of these members.
    Object(&'a [(&'a str, Value<'a>)]),
}

impl Value<'_> {
    /// Whether a row says this here.
    pub(super) fn stands_at(self, span: Span, text: &str) -> bool {
        match self {
            Self::Null => span.is_null(text),
            Self::Flag(flag) => span.flag(text) == Some(flag),
            Self::Number(number) => span.number(text) == Some(number),
            Self::Signed(number) => span.of(text).parse() == Ok(number),
            Self::Text(value) => span.is_string(text, value),
            Self::Raw(json) => span.of(text) == json,
            // Lists and objects are compared by those who write them.
            Self::Texts(_) | Self::Object(_) => false,
        }
    }
}

/// JSON text, written one value after the other.
#[derive(Default)]
pub(crate) struct Json(Vec<u8>);

impl Json {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// A whole object.
    pub(crate) fn object(bytes: usize, members: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut json = Self::with_capacity(bytes);
        json.braced(members);
        json.0
    }

    /// What has been written.
    pub(crate) fn written(&self) -> &[u8] {
        &self.0
    }

    /// Appends a member to an object that has been begun here. Its name needs no escapes.
    #[inline(never)]
    pub(crate) fn member(&mut self, name: &str, value: Value<'_>) {
        self.name(name);
        self.value(value);
    }

    /// Begins a member whose name needs no escapes.
    pub(super) fn name(&mut self, name: &str) {
        self.comma();
        self.0.push(b'"');
        self.raw(name.as_bytes());
        self.raw(b"\":");
    }

    fn comma(&mut self) {
        if !matches!(self.0.last(), None | Some(b'{')) {
            self.0.push(b',');
        }
    }

    #[inline]
    pub(crate) fn raw(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    /// Begins a member.
    pub(super) fn member_key(&mut self, key: &str) {
        self.comma();
        self.key(key);
    }

    pub(crate) fn key(&mut self, key: &str) {
        self.string(key);
        self.raw(b":");
    }

    pub(crate) fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.raw(b"null"),
            Value::Flag(flag) => self.raw(if flag { b"true" } else { b"false" }),
            Value::Number(number) => self.number(number),
            Value::Signed(number) => self.raw(itoa::Buffer::new().format(number).as_bytes()),
            Value::Text(text) => self.string(text),
            Value::Texts(texts) => {
                self.raw(b"[");
                for (at, text) in texts.iter().enumerate() {
                    if at > 0 {
                        self.raw(b",");
                    }
                    self.string(text);
                }
                self.raw(b"]");
            }
            Value::Raw(json) => self.raw(json.as_bytes()),
            Value::Object(members) => self.braced(|object| {
                for (key, value) in members {
                    object.member_key(key);
                    object.value(*value);
                }
            }),
        }
    }

    /// Appends a member that is an object. Its name needs no escapes.
    pub(crate) fn nested(&mut self, name: &str, members: impl FnOnce(&mut Self)) {
        self.name(name);
        self.braced(members);
    }

    fn braced(&mut self, members: impl FnOnce(&mut Self)) {
        self.0.push(b'{');
        members(self);
        self.0.push(b'}');
    }

    pub(super) fn number(&mut self, number: u64) {
        self.raw(itoa::Buffer::new().format(number).as_bytes());
    }

    pub(super) fn string(&mut self, text: &str) {
        self.0.push(b'"');
        if is_plain(text) {
            self.raw(text.as_bytes());
        } else {
            text.bytes().for_each(|byte| self.escaped(byte));
        }
        self.0.push(b'"');
    }

    fn escaped(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            0..0x20 => {
                let digit = |value: u8| HEX.get(usize::from(value)).copied().unwrap_or(b'0');
                return self.raw(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
            }
            plain => return self.raw(&[plain]),
        };
        self.raw(&[b'\\', short]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_is_written_as_serde_json_writes_it(text in "\\PC*|.*|[\u{0}-\u{7f}]*") {
            let mut json = Json::default();
            json.value(Value::Text(&text));
            prop_assert_eq!(json.written(), serde_json::to_vec(&text).unwrap());
        }
    }
}
