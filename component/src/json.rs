//! A strict JSON scanner that says where things stand.
//!
//! Rows are changed by splicing their text, so that what nobody touched stays as it was to the byte.
//! For that the places of a few values are needed, and nothing has to be built.

use alloc::borrow::Cow;
use alloc::string::String;
use core::str::Chars;

use crate::error::Corrupt;
use crate::policy::MAX_DEPTH;

/// Where a value stands in the text, a string's quotes included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// The text of the value.
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// The value as a string, when it is one that Unicode can hold.
    pub(crate) fn string(self, text: &str) -> Option<Cow<'_, str>> {
        let (quote, behind) = text.get(self.start..)?.split_at_checked(1)?;
        let length = self.end.checked_sub(self.start)?.checked_sub(2)?;
        let inner = behind.get(..length).filter(|_| quote == "\"")?;
        // Up to the closing quote nothing but an escape ends plain text.
        if plain_prefix(behind.as_bytes()) == length {
            Some(Cow::Borrowed(inner))
        } else {
            unescaped(inner).map(Cow::Owned)
        }
    }

    /// The value as a number without sign, fraction or exponent that fits.
    pub(crate) fn number<N: TryFrom<u64>>(self, text: &str) -> Option<N> {
        N::try_from(self.unsigned(text)?).ok()
    }

    fn unsigned(self, text: &str) -> Option<u64> {
        self.of(text).parse().ok()
    }

    pub(crate) fn flag(self, text: &str) -> Option<bool> {
        match self.of(text) {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// True when the value is a string of exactly these characters.
    pub(crate) fn is_string(self, text: &str, expected: &str) -> bool {
        self.string(text).is_some_and(|value| value == expected)
    }
}

/// Where an object stands: the places behind `{` and before `}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) open: usize,
    pub(crate) close: usize,
    pub(crate) is_empty: bool,
}

/// Reads a JSON text from left to right.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

type Scan<T> = Result<T, Corrupt>;

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0 }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Reads the whole text as one object, whose members `member` reads.
    pub(crate) fn document(
        text: &'a str,
        member: &mut dyn FnMut(&mut Self, Span) -> Scan<()>,
    ) -> Scan<Object> {
        let mut scanner = Self::new(text);
        if scanner.peek() != Some(b'{') {
            scanner.value()?;
            scanner.end()?;
            return Err(Corrupt::NotAnObject);
        }
        let object = scanner.object(member)?;
        scanner.end()?;
        Ok(object)
    }

    /// The first byte of the next value, behind white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Reads an object; `member` gets the key's place and must read the value.
    pub(crate) fn object(
        &mut self,
        member: &mut dyn FnMut(&mut Self, Span) -> Scan<()>,
    ) -> Scan<Object> {
        self.enter(b'{')?;
        let open = self.at;
        let mut is_empty = true;
        while self.next(b'}', is_empty)? {
            is_empty = false;
            if self.peek() != Some(b'"') {
                return Err(self.wrong());
            }
            let key = self.string()?;
            self.expect(b':')?;
            member(self, key)?;
        }
        Ok(Object { open, close: self.at.saturating_sub(1), is_empty })
    }

    /// Reads an array; `item` must read one value.
    pub(crate) fn array(&mut self, item: &mut dyn FnMut(&mut Self) -> Scan<()>) -> Scan<()> {
        self.enter(b'[')?;
        let mut is_first = true;
        while self.next(b']', is_first)? {
            is_first = false;
            item(self)?;
        }
        Ok(())
    }

    /// Reads any value.
    pub(crate) fn value(&mut self) -> Scan<Span> {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => return self.string(),
            Some(b'{') => self.object(&mut |scanner, _| scanner.value().map(drop)).map(drop)?,
            Some(b'[') => self.array(&mut |scanner| scanner.value().map(drop))?,
            Some(b't') => self.literal(b"true")?,
            Some(b'f') => self.literal(b"false")?,
            Some(b'n') => self.literal(b"null")?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(self.wrong()),
        }
        Ok(Span { start, end: self.at })
    }

    fn enter(&mut self, bracket: u8) -> Scan<()> {
        if self.depth >= MAX_DEPTH {
            return Err(Corrupt::TooDeep);
        }
        self.depth += 1;
        self.expect(bracket)
    }

    /// Goes on to the next member or item, if there is one before the closing bracket.
    fn next(&mut self, bracket: u8, is_first: bool) -> Scan<bool> {
        let byte = self.peek();
        let is_over = byte == Some(bracket);
        if is_over {
            self.depth -= 1;
        } else if is_first {
            return Ok(true);
        } else if byte != Some(b',') {
            return Err(self.wrong());
        }
        self.at += 1;
        Ok(!is_over)
    }

    fn end(&mut self) -> Scan<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.wrong()),
        }
    }

    fn expect(&mut self, byte: u8) -> Scan<()> {
        if self.peek() != Some(byte) {
            return Err(self.wrong());
        }
        self.at += 1;
        Ok(())
    }

    fn wrong(&self) -> Corrupt {
        Corrupt::NotJson(self.at)
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn literal(&mut self, word: &[u8]) -> Scan<()> {
        if !self.rest().starts_with(word) {
            return Err(self.wrong());
        }
        self.at += word.len();
        Ok(())
    }

    /// Passes over the next byte if it is one of these.
    #[inline]
    fn skip(&mut self, is_wanted: impl FnOnce(u8) -> bool) -> bool {
        let is_there = self.bytes.get(self.at).is_some_and(|byte| is_wanted(*byte));
        self.at += usize::from(is_there);
        is_there
    }

    fn digits(&mut self) -> Scan<()> {
        let start = self.at;
        while self.skip(|byte| byte.is_ascii_digit()) {}
        if self.at == start { Err(self.wrong()) } else { Ok(()) }
    }

    fn number(&mut self) -> Scan<()> {
        self.skip(|byte| byte == b'-');
        if !self.skip(|byte| byte == b'0') {
            self.digits()?;
        }
        if self.skip(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.skip(|byte| matches!(byte, b'e' | b'E')) {
            self.skip(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Ok(())
    }

    /// Reads a string; the scanner stands on its opening quote.
    fn string(&mut self) -> Scan<Span> {
        let start = self.at;
        self.at += 1;
        loop {
            self.at += plain_prefix(self.rest());
            match self.rest() {
                [b'"', ..] => {
                    self.at += 1;
                    return Ok(Span { start, end: self.at });
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
                [b'\\', b'u', a, b, c, d, ..]
                    if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
                {
                    self.at += 6;
                }
                _ => return Err(self.wrong()),
            }
        }
    }
}

/// The characters that a string without its quotes stands for; `None` for a surrogate without its
/// other half.
fn unescaped(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(plain) = chars.next() {
        text.push(match plain {
            '\\' => match chars.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let code = code_unit(&mut chars)?;
                    match code.checked_sub(0xd800).filter(|high| *high < 0x400) {
                        None => char::from_u32(code)?,
                        Some(high) => {
                            chars = chars.as_str().strip_prefix("\\u")?.chars();
                            let low = code_unit(&mut chars)?.checked_sub(0xdc00);
                            let low = low.filter(|low| *low < 0x400)?;
                            char::from_u32(0x1_0000 + (high << 10) + low)?
                        }
                    }
                }
                same => same,
            },
            plain => plain,
        });
    }
    Some(text)
}

/// The four hex digits of an escape.
fn code_unit(chars: &mut Chars<'_>) -> Option<u32> {
    chars.take(4).try_fold(0, |code, digit| Some(code << 4 | digit.to_digit(16)?))
}

/// True when a JSON string holds the text as it is, without escapes.
pub(crate) fn is_plain(text: &str) -> bool {
    plain_prefix(text.as_bytes()) == text.len()
}

const LANES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// How many bytes come before the first quote, backslash or control character.
fn plain_prefix(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk() {
        // Eight bytes at a time. A lane's high bit is set where its byte is looked for; lanes above
        // the first hit may be set falsely, but the first is right.
        let word = u64::from_le_bytes(*word);
        let below = |value: u64, limit: u64| value.wrapping_sub(LANES * limit) & !value & HIGH;
        let quote = below(word ^ (LANES * 0x22), 1);
        let backslash = below(word ^ (LANES * 0x5c), 1);
        let hits = quote | backslash | below(word, 0x20);
        if hits != 0 {
            return bytes.len() - rest.len() + (hits.trailing_zeros() / 8) as usize;
        }
        rest = behind;
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
    bytes.len() - rest.len() + rest.iter().take_while(is_plain).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn scan(text: &str) -> Scan<Span> {
        let mut scanner = Scanner::new(text);
        let span = scanner.value()?;
        scanner.end()?;
        Ok(span)
    }

    #[test]
    fn accepts_exactly_what_serde_json_accepts() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "{}",
            "[]",
            " [ ] ",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":1 \"b\":2}",
            "nul",
            "null",
            "true",
            "tru",
            "false",
            "0",
            "-0",
            "-",
            "01",
            "1.",
            ".1",
            "1.5",
            "1e",
            "1e5",
            "1E+5",
            "1e-",
            "+1",
            "\"",
            "\"a",
            "\"a\"",
            "\"\\\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u00e9\"",
            "\"\u{1}\"",
            "\"\u{7f}\"",
            "\"é\u{2028}\"",
            "{} {}",
            "{}x",
            "\u{feff}{}",
            "[[[[]]]]",
            "{\"a\":{\"b\":[1,{}]}}",
            "\"12345678\\n12345678\"",
            "\"1234567\u{1f}\"",
            "NaN",
            "Infinity",
            "/**/1",
        ] {
            let reference: Result<Value, _> = serde_json::from_str(text);
            assert_eq!(scan(text).is_ok(), reference.is_ok(), "{text:?}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(scan(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(scan(&nested(MAX_DEPTH + 1)), Err(Corrupt::TooDeep));
        assert_eq!(scan(&"[".repeat(1_000_000)), Err(Corrupt::TooDeep));
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(scan("{\"a\": x}"), Err(Corrupt::NotJson(6)));
        assert_eq!(scan("[1, 2"), Err(Corrupt::NotJson(5)));
    }

    #[test]
    fn a_string_that_unicode_cannot_hold_is_no_string() {
        for text in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ue000""#, r#""\ud800\ud800""#] {
            assert_eq!(scan(text).unwrap().string(text), None, "{text}");
        }
        let text = r#""\udbff\udfff""#;
        assert_eq!(scan(text).unwrap().string(text).as_deref(), Some("\u{10ffff}"));
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_on_near_json(text in r#"([\[\]{}:,"\\ue0-9\-. tfn]|true|null|"[a-z\\"]*"){0,24}"#) {
            let reference: Result<Value, _> = serde_json::from_str(&text);
            // serde_json also refuses lone surrogates and numbers beyond f64, which are leaves here.
            if reference.is_ok() {
                prop_assert!(scan(&text).is_ok());
            } else if scan(&text).is_ok() {
                prop_assert!(text.contains("\\u") || text.contains('e'));
            }
        }

        #[test]
        fn strings_come_back_as_they_were(value in "\\PC*|.*") {
            let text = serde_json::to_string(&value).unwrap();
            let span = scan(&text).unwrap();
            prop_assert_eq!(span.of(&text), &text);
            prop_assert!(span.is_string(&text, &value));
        }

        #[test]
        fn escapes_mean_what_serde_json_says(inner in r#"([a-zé]|\\[\\"/bfnrt]|\\u(d83d\\ude00|[dD][89abcdef][0-9]{2}|00[0-9a-fA-F]{2})){0,12}"#) {
            let text = alloc::format!("\"{inner}\"");
            let expected: Option<String> = serde_json::from_str(&text).ok();
            prop_assert_eq!(scan(&text).unwrap().string(&text).map(Cow::into_owned), expected);
        }

        #[test]
        fn plain_prefix_finds_the_first_special_byte(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let expected = bytes.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f));
            prop_assert_eq!(plain_prefix(&bytes), expected.unwrap_or(bytes.len()));
        }
    }
}
