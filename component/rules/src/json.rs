//! A strict JSON scanner that says where things stand.
//!
//! Rows are changed by splicing their text, so that what nobody touched stays as it was to the byte.
//! For that the places of a few values are needed, and nothing has to be built. The scanner is asked
//! for one member after the other, so that nothing is called back.

use alloc::borrow::Cow;
use alloc::string::String;
use core::num::NonZeroU64;
use core::str::Chars;

use crate::error::Corrupt;
use crate::policy::MAX_DEPTH;

/// Where a value stands in the text, a string's quotes included: its start, its end, and whether it
/// is a string without escapes. One word, since it is passed around for every value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(NonZeroU64);

const PLAIN: u64 = 1 << 63;
const END_SHIFT: u32 = 32;
const OFFSET: u64 = (1 << 31) - 1;

impl Span {
    /// The place of something that is not a plain string. Texts are shorter than 2 GiB.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self::marked(start, end, 0)
    }

    #[inline]
    fn marked(start: usize, end: usize, mark: u64) -> Self {
        let bits = start as u64 & OFFSET | (end as u64 & OFFSET) << END_SHIFT | mark;
        Self(NonZeroU64::new(bits).unwrap_or(NonZeroU64::MIN))
    }

    #[inline]
    pub(crate) fn start(self) -> usize {
        usize::try_from(self.0.get() & OFFSET).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn end(self) -> usize {
        usize::try_from(self.0.get() >> END_SHIFT & OFFSET).unwrap_or_default()
    }

    /// The text of the value.
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start()..self.end()).unwrap_or_default()
    }

    /// The value as a string, when it is one that Unicode can hold.
    #[inline]
    pub(crate) fn string(self, text: &str) -> Option<Cow<'_, str>> {
        if self.0.get() & PLAIN != 0 {
            let inner = text.get(self.start().wrapping_add(1)..self.end().wrapping_sub(1));
            return inner.map(Cow::Borrowed);
        }
        let inner = self.of(text).strip_prefix('"')?.strip_suffix('"')?;
        unescaped(inner).map(Cow::Owned)
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

    pub(crate) fn is_null(self, text: &str) -> bool {
        // No other value begins like it.
        text.as_bytes().get(self.start()) == Some(&b'n')
    }

    /// True when the value is a string of exactly these characters.
    pub(crate) fn is_string(self, text: &str, expected: &str) -> bool {
        self.string(text).is_some_and(|value| value == expected)
    }
}

/// Where an object stands: the places behind `{` and before `}`. While its members are read it is not
/// closed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) open: usize,
    pub(crate) close: usize,
    pub(crate) is_empty: bool,
}

/// Reads a JSON text from left to right. One that has met something wrong reads nothing more, and
/// says at the [`end`](Self::end) what it was.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    wrong: Option<Corrupt>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0, wrong: None }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The place of the next byte.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Begins with a text that is to be one object.
    pub(crate) fn document(&mut self) -> Object {
        if self.peek() == b'{' {
            return self.object();
        }
        self.value();
        self.expect_end();
        self.stop(Corrupt::NotAnObject);
        Object { open: 0, close: 0, is_empty: true }
    }

    /// The first byte of the next value, behind white space; 0 at the end, and 0 begins no value.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        match self.bytes.get(self.at) {
            Some(byte) if *byte > b' ' => *byte,
            _ => self.peek_behind_space(),
        }
    }

    #[cold]
    #[inline(never)]
    fn peek_behind_space(&mut self) -> u8 {
        while self.skip(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {}
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    /// Enters an object, whose members [`key`](Self::key) reads.
    pub(crate) fn object(&mut self) -> Object {
        self.enter(b'{');
        Object { open: self.at, close: self.at, is_empty: true }
    }

    /// Goes on to the next member and passes its key; the value has to be read next. None at the end
    /// of the object, which is closed then.
    pub(crate) fn key(&mut self, object: &mut Object) -> Option<Span> {
        if !self.next(b'}', object.is_empty) {
            object.close = self.at.wrapping_sub(1);
            return None;
        }
        object.is_empty = false;
        let key = self.string();
        self.expect(b':');
        Some(key)
    }

    /// Reads `{"uid":"…","synced":…}` where it is written just so, as nearly every partner's is: by
    /// comparing, several times as fast as member by member. Anything else is left unread.
    pub(crate) fn partner(&mut self) -> Option<(Span, Span)> {
        let start = self.at;
        let partner = self.partner_as_written();
        if partner.is_none() {
            self.at = start;
        }
        partner
    }

    fn partner_as_written(&mut self) -> Option<(Span, Span)> {
        if !self.follows(b"{\"uid\":\"") {
            return None;
        }
        let uid = self.plain_from(self.at.wrapping_sub(1))?;
        if !self.follows(b",\"synced\":") {
            return None;
        }
        let start = self.at;
        // A leading zero is no number's, but for zero itself.
        if self.bytes.get(start).is_none_or(|first| !matches!(first, b'1'..=b'9')) {
            return None;
        }
        self.pass_digits();
        let synced = Span::new(start, self.at);
        self.follows(b"}").then_some((uid, synced))
    }

    /// Passes over a text that is to be there just so, if it is.
    #[inline]
    fn follows<const LENGTH: usize>(&mut self, written: &[u8; LENGTH]) -> bool {
        let is_there = self.rest().first_chunk() == Some(written);
        self.at += if is_there { LENGTH } else { 0 };
        is_there
    }

    /// Enters an array, whose items [`item`](Self::item) announces.
    pub(crate) fn array(&mut self) {
        self.enter(b'[');
    }

    /// Goes on to the next item of an array, if there is one; it has to be read next.
    pub(crate) fn item(&mut self, is_first: &mut bool) -> bool {
        let is_there = self.next(b']', *is_first);
        *is_first = false;
        is_there
    }

    /// Reads any value.
    pub(crate) fn value(&mut self) -> Span {
        let first = self.peek();
        let start = self.at;
        match first {
            b'"' => return self.string_here(),
            b'-' | b'0'..=b'9' => self.number(),
            b'{' => {
                let mut object = self.object();
                while self.key(&mut object).is_some() {
                    self.value();
                }
            }
            b'[' => {
                self.array();
                let mut is_first = true;
                while self.item(&mut is_first) {
                    self.value();
                }
            }
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.fail(),
        }
        Span::new(start, self.at)
    }

    /// Nothing else may follow.
    pub(crate) fn end(mut self) -> Result<(), Corrupt> {
        self.expect_end();
        self.wrong.map_or(Ok(()), Err)
    }

    fn expect_end(&mut self) {
        self.peek();
        if self.at < self.bytes.len() {
            self.fail();
        }
    }

    /// Reads no further, for this reason; the first one counts.
    #[cold]
    #[inline(never)]
    pub(crate) fn stop(&mut self, reason: Corrupt) {
        self.wrong.get_or_insert(reason);
        self.at = self.bytes.len();
    }

    /// What stands here is not JSON.
    #[cold]
    fn fail(&mut self) {
        self.stop(Corrupt::NotJson(self.at));
    }

    fn enter(&mut self, bracket: u8) {
        if self.depth >= MAX_DEPTH {
            return self.stop(Corrupt::TooDeep);
        }
        self.depth += 1;
        self.expect(bracket);
    }

    /// Goes on to the next member or item, if there is one before the closing bracket.
    #[inline]
    fn next(&mut self, bracket: u8, is_first: bool) -> bool {
        let byte = self.peek();
        if byte == b',' && !is_first {
            self.at += 1;
            return true;
        }
        if byte == bracket {
            self.depth -= 1;
            self.at += 1;
            return false;
        }
        if !is_first || byte == 0 {
            self.fail();
            return false;
        }
        true
    }

    #[inline]
    fn expect(&mut self, byte: u8) {
        if self.peek() == byte {
            self.at += 1;
        } else {
            self.fail();
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn literal<const LENGTH: usize>(&mut self, word: &[u8; LENGTH]) {
        if !self.follows(word) {
            self.fail();
        }
    }

    /// Passes over the next byte if it is one of these.
    #[inline]
    fn skip(&mut self, is_wanted: impl FnOnce(u8) -> bool) -> bool {
        let is_there = self.bytes.get(self.at).is_some_and(|byte| is_wanted(*byte));
        self.at += usize::from(is_there);
        is_there
    }

    fn digits(&mut self) {
        let start = self.at;
        self.pass_digits();
        if self.at == start {
            self.fail();
        }
    }

    #[inline]
    fn pass_digits(&mut self) {
        while let Some(word) = self.rest().first_chunk()
            && are_digits(u64::from_le_bytes(*word))
        {
            self.at += size_of_val(word);
        }
        while self.skip(|byte| byte.is_ascii_digit()) {}
    }

    fn number(&mut self) {
        self.skip(|byte| byte == b'-');
        if !self.skip(|byte| byte == b'0') {
            self.digits();
        }
        if self.skip(|byte| byte == b'.') {
            self.digits();
        }
        if self.skip(|byte| matches!(byte, b'e' | b'E')) {
            self.skip(|byte| matches!(byte, b'+' | b'-'));
            self.digits();
        }
    }

    /// Reads a string.
    fn string(&mut self) -> Span {
        if self.peek() != b'"' {
            self.fail();
        }
        self.string_here()
    }

    /// Reads the string on whose opening quote the scanner stands.
    fn string_here(&mut self) -> Span {
        let start = self.at;
        self.at += 1;
        self.plain_from(start).unwrap_or_else(|| {
            self.escapes();
            self.at += 1;
            Span::new(start, self.at)
        })
    }

    /// Reads on to the closing quote of a string without escapes that began at `start`.
    #[inline]
    fn plain_from(&mut self, start: usize) -> Option<Span> {
        self.at += plain_prefix(self.rest());
        if self.bytes.get(self.at) != Some(&b'"') {
            return None;
        }
        self.at += 1;
        Some(Span::marked(start, self.at, PLAIN))
    }

    /// Goes on to the closing quote of a string that has escapes.
    #[cold]
    #[inline(never)]
    fn escapes(&mut self) {
        loop {
            match self.rest() {
                [b'"', ..] => return,
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
                [b'\\', b'u', a, b, c, d, ..]
                    if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
                {
                    self.at += 6;
                }
                _ => return self.fail(),
            }
            self.at += plain_prefix(self.rest());
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

/// Eight digits: 3 in every upper half, still so with 6 added, which leaves 9 at most below.
#[inline]
fn are_digits(word: u64) -> bool {
    let uppers = |word: u64| word & (LANES * 0xf0) == LANES * 0x30;
    uppers(word) && uppers(word.wrapping_add(LANES * 6))
}

/// How many bytes come before the first quote, backslash or control character.
#[inline]
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

    fn scan(text: &str) -> Result<Span, Corrupt> {
        let mut scanner = Scanner::new(text);
        let span = scanner.value();
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
            "{}\u{0}",
            "\u{0}",
            "[\u{0}]",
            "{\u{0}}",
        ] {
            let reference: Result<Value, _> = serde_json::from_str(text);
            assert_eq!(scan(text).is_ok(), reference.is_ok(), "{text:?}");
        }
    }

    #[test]
    fn eight_digits_are_told_from_anything_else() {
        for at in 0..8 {
            for byte in 0..=u8::MAX {
                let mut word = *b"90123456";
                word[at] = byte;
                let expected = word.iter().all(u8::is_ascii_digit);
                assert_eq!(are_digits(u64::from_le_bytes(word)), expected, "{byte:#x} at {at}");
            }
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
