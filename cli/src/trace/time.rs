//! Times in the forms that files of the field have them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::value::RawValue;

use super::value::text;

/// A form other than whole seconds as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Fraction,
    Text,
    Iso,
}

impl Form {
    /// How it is read.
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Fraction => "times with a fraction are read as the second that they are in",
            Self::Text => "times as text are read as the number in it",
            Self::Iso => "times in ISO 8601 are read as Unix seconds",
        }
    }
}

const NO_TIME: &str =
    "no time; expected Unix seconds, or ISO 8601 with an offset such as 2026-09-21T09:20:00Z";
const NO_OFFSET: &str = "a date without an offset; end it with Z or an offset such as +02:00";

/// Unix seconds, and the form they had where it is another; or what is wrong with the time.
pub(super) fn time(raw: &RawValue) -> Result<(u64, Option<Form>), &'static str> {
    let Some(text) = text(raw) else {
        let (seconds, has_fraction) = number(raw.get()).ok_or(NO_TIME)?;
        return Ok((seconds, has_fraction.then_some(Form::Fraction)));
    };
    let text = text.trim();
    if let Some((seconds, _)) = number(text) {
        return Ok((seconds, Some(Form::Text)));
    }
    match text.parse::<Timestamp>() {
        // Rounded down, as a fraction is.
        Ok(at) => u64::try_from(at.as_second())
            .map(|seconds| (seconds, Some(Form::Iso)))
            .map_err(|_| NO_TIME),
        Err(_) if text.parse::<DateTime>().is_ok() => Err(NO_OFFSET),
        Err(_) => Err(NO_TIME),
    }
}

/// The seconds of a number, and whether it was not written as a whole one.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn number(text: &str) -> Option<(u64, bool)> {
    if let Ok(seconds) = text.parse() {
        return Some((seconds, false));
    }
    // Rust reads words such as "inf" as numbers.
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    let seconds: f64 = text.parse().ok()?;
    (0.0..u64::MAX as f64).contains(&seconds).then_some((seconds as u64, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<(u64, Option<Form>), &'static str> {
        time(&serde_json::from_str::<Box<RawValue>>(json).unwrap())
    }

    #[test]
    fn times_are_read_in_every_form_that_is_unambiguous() {
        for (json, seconds, form) in [
            ("1790000000", 1_790_000_000, None),
            ("1790000000.9", 1_790_000_000, Some(Form::Fraction)),
            ("1.79e9", 1_790_000_000, Some(Form::Fraction)),
            ("\"1790000000\"", 1_790_000_000, Some(Form::Text)),
            ("\" 1790000000.5 \"", 1_790_000_000, Some(Form::Text)),
            ("\"2026-09-21T14:13:20Z\"", 1_790_000_000, Some(Form::Iso)),
            ("\"2026-09-21T16:13:20.25+02:00\"", 1_790_000_000, Some(Form::Iso)),
            ("\"2026-09-21 14:13:20Z\"", 1_790_000_000, Some(Form::Iso)),
        ] {
            assert_eq!(read(json), Ok((seconds, form)), "{json}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_by_the_form_that_is_wanted() {
        for json in ["-1", "-0.5", "1e99", "true", "{}", "\"\"", "\"inf\"", "\"tomorrow\"", "[1]"] {
            assert_eq!(read(json), Err(NO_TIME), "{json}");
        }
        assert_eq!(read("\"1969-12-31T23:59:59Z\""), Err(NO_TIME));
        assert_eq!(read("\"2026-09-21T14:13:20\""), Err(NO_OFFSET));
    }
}
