//! Where a value stands in a row's text, and what it says there.

use alloc::borrow::Cow;
use alloc::string::String;
use core::num::NonZeroU64;
use core::str::Chars;

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

    /// The place of a string without escapes.
    #[inline]
    pub(super) fn plain_string(start: usize, end: usize) -> Self {
        Self::marked(start, end, PLAIN)
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
        /// As many digits as surely fit.
        const SHORT: usize = 19;
        let digits = self.of(text);
        if digits.len() > SHORT {
            return digits.parse().ok();
        }
        let digit = |number: u64, byte: u8| {
            let digit = byte.wrapping_sub(b'0');
            (digit < 10).then(|| number.wrapping_mul(10).wrapping_add(u64::from(digit)))
        };
        digits.bytes().try_fold(0, digit)
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
