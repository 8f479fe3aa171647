//! Whether a text of somebody else's can stand in a row.

use super::scan::Scanner;
use crate::limits::MAX_EXT_DEPTH;

/// Digits of an exponent, and bytes of a number, that every reader of JSON can hold.
const MAX_EXPONENT_DIGITS: usize = 2;
const MAX_NUMBER_BYTES: usize = 200;

/// True for a JSON object that is not nested too deep, whose texts are Unicode and whose numbers are
/// finite for readers that hold them as doubles.
pub(crate) fn is_small_object(text: &str) -> bool {
    let mut scanner = Scanner::with_levels(text, MAX_EXT_DEPTH);
    let is_readable = scanner.peek() == b'{' && value_is_readable(&mut scanner);
    is_readable && scanner.end().is_ok()
}

fn value_is_readable(scanner: &mut Scanner<'_>) -> bool {
    match scanner.peek() {
        b'{' => {
            let mut object = scanner.object();
            while let Some(key) = scanner.key(&mut object) {
                if key.string(scanner.text()).is_none() || !value_is_readable(scanner) {
                    return false;
                }
            }
            true
        }
        b'[' => {
            scanner.array();
            let mut is_first = true;
            while scanner.item(&mut is_first) {
                if !value_is_readable(scanner) {
                    return false;
                }
            }
            true
        }
        b'"' => scanner.value().string(scanner.text()).is_some(),
        b'-' | b'0'..=b'9' => {
            let number = scanner.value().of(scanner.text());
            let exponent = number.split_once(['e', 'E']).map_or("", |(_, exponent)| exponent);
            number.len() <= MAX_NUMBER_BYTES
                && exponent.trim_start_matches(['+', '-']).len() <= MAX_EXPONENT_DIGITS
        }
        _ => {
            scanner.value();
            true
        }
    }
}
