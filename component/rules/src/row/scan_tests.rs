//! The scanner against a general JSON parser.

use proptest::prelude::*;
use serde_json::Value;

use super::plain::{are_digits, plain_prefix};
use super::scan::Scanner;
use super::span::Span;
use crate::error::Corrupt;
use crate::limits::MAX_DEPTH;
use alloc::borrow::Cow;
use alloc::string::String;

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
