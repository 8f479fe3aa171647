//! A strict JSON scanner that says where things stand.
//!
//! Rows are changed by splicing their text, so that what nobody touched stays as it was to the byte.
//! For that the places of a few values are needed, and nothing has to be built. The scanner is asked
//! for one member after the other, so that nothing is called back.

use super::plain::{are_digits, plain_prefix};
use super::span::Span;
use crate::error::Corrupt;
use crate::limits::MAX_DEPTH;

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

    /// A scanner of a text that may be nested only so deep.
    pub(crate) fn with_levels(text: &'a str, levels: usize) -> Self {
        Self { depth: MAX_DEPTH.saturating_sub(levels), ..Self::new(text) }
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
        Some(Span::plain_string(start, self.at))
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
