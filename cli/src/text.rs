//! Numbers, times and headings for people.

use anstyle::{AnsiColor, Style};
use host_test::StoreCalls;
use jiff::Timestamp;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default();
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();

/// A number with commas between thousands.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of things, in the plural where there is not one.
pub(crate) fn count(value: u64, thing: &str) -> String {
    let s = if value == 1 { "" } else { "s" };
    format!("{} {thing}{s}", number(value))
}

/// `part` of each of `whole`, to two digits; a dash of none.
pub(crate) fn ratio(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let hundredths = (u128::from(part) * 100 + u128::from(whole) / 2) / u128::from(whole);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A bar of up to `width` characters for a share of the whole.
pub(crate) fn bar(part: u64, whole: u64, width: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = u128::from(part) * u128::from(width) * 8 / u128::from(whole.max(1));
    let eighths = usize::try_from(eighths).unwrap_or_default().max(usize::from(part > 0));
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// A time as a date in UTC, or as the bare number where no calendar reaches.
pub(crate) fn utc(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|at| Timestamp::from_second(at).ok());
    time.map_or_else(|| format!("second {seconds}"), |at| at.strftime("%F %T UTC").to_string())
}

/// The time of day in UTC.
pub(crate) fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60)
}

/// What something cost the store.
pub(crate) fn cost(calls: &StoreCalls) -> String {
    match (calls.reads(), calls.writes()) {
        (0, 0) => "nothing".to_owned(),
        (reads, 0) => count(reads, "read"),
        (0, writes) => count(writes, "write"),
        (reads, writes) => format!("{}, {}", count(reads, "read"), count(writes, "write")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_ratios_rounded() {
        assert_eq!(["0", "999", "1,000", "12,345,678"], [0, 999, 1_000, 12_345_678].map(number));
        assert_eq!((ratio(2, 3), ratio(5, 0)), ("0.67".to_owned(), "–".to_owned()));
        assert_eq!((count(1, "read"), count(2, "read")), ("1 read".into(), "2 reads".into()));
    }

    #[test]
    fn what_happened_at_all_has_a_bar() {
        assert_eq!(bar(0, 10, 4), "");
        assert_eq!(bar(1, 1_000_000, 4), "▏");
        assert_eq!(bar(5, 10, 4), "██");
        assert_eq!(bar(u64::MAX, u64::MAX, 4), "████");
    }

    #[test]
    fn times_are_dates_where_there_is_a_calendar() {
        assert_eq!(utc(1_789_948_800), "2026-09-21 00:00:00 UTC");
        assert_eq!(utc(u64::MAX), "second 18446744073709551615");
        assert_eq!(clock(1_789_948_800 + 3_661), "01:01:01");
    }
}
