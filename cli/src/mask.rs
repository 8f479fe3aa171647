//! Text that is shortened on screen.

/// Characters of a masked text that are shown.
const SHOWN: usize = 8;

/// How text that may identify somebody is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mask {
    Shorten,
    Reveal,
}

impl Mask {
    /// The text, or its start and length; never the whole of it. What a terminal would act on is
    /// escaped.
    pub(crate) fn apply(self, text: &str) -> String {
        if self == Self::Reveal {
            return printable(text);
        }
        let (start, length) = start(text);
        format!("{start}… ({length} characters)")
    }

    /// The same for a text in quotes.
    pub(crate) fn apply_quoted(self, text: &str) -> String {
        if self == Self::Reveal {
            return quoted(text);
        }
        let (start, length) = start(text);
        format!("\"{start}…\" ({length} characters)")
    }

    /// An EC ID: the start tells them apart.
    pub(crate) fn ec_id(self, ec_id: &str) -> String {
        match self {
            Self::Reveal => ec_id.to_owned(),
            Self::Shorten => format!("{}…", ec_id.get(..SHOWN).unwrap_or_default()),
        }
    }
}

/// The start that may be shown, and the length of all of it.
fn start(text: &str) -> (String, usize) {
    let length = text.chars().count();
    let start: String = text.chars().take(SHOWN.min(length / 2)).collect();
    (printable(&start), length)
}

/// The text in quotes, as JSON has it.
pub(crate) fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    printable(&json)
}

/// The text with control characters, and such as turn the direction of writing, escaped.
pub(crate) fn printable(text: &str) -> String {
    let is_harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_masked_text_is_shown_whole() {
        for text in ["", "a", "u-17", "ACME-0001", "a longer text"] {
            let shown = Mask::Shorten.apply(text);
            assert!(text.is_empty() || !shown.starts_with(text), "{shown}");
            assert!(Mask::Reveal.apply(text) == text);
        }
        assert_eq!(Mask::Shorten.apply("12345678901234567890"), "12345678… (20 characters)");
    }

    #[test]
    fn a_terminal_is_given_nothing_to_act_on() {
        assert_eq!(Mask::Reveal.apply("a\u{1b}[31m\u{202e}b"), "a\\u{1b}[31m\\u{202e}b");
    }
}
