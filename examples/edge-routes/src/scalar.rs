//! Numbers and UIDs in the forms in which partners and pages write them.

use std::borrow::Cow;

use identity_graph::Uid;
use serde_json::Value;

/// Beyond it a float stands for several whole numbers.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A whole number, which some write as a float, as in `1790000000.0`.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    let is_whole = |float: &f64| float.fract() == 0.0 && (0.0..MAX_EXACT).contains(float);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is whole, not negative, and small"
    )]
    value.as_u64().or_else(|| value.as_f64().filter(is_whole).map(|float| float as u64))
}

/// A UID: a text, or a whole number as a text; or the rule that it breaks.
pub(crate) fn uid(value: &Value) -> Result<String, Cow<'static, str>> {
    let text = match value {
        Value::String(text) => Some(text.clone()),
        _ => whole(value).map(|number| number.to_string()),
    };
    let text = text.ok_or("a text, or a whole number that is not negative")?;
    match Uid::check(&text) {
        Ok(()) => Ok(text),
        Err(rule) => Err(rule.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_may_be_written_as_a_float_where_that_is_exact() {
        let largest = 9_007_199_254_740_991_u64;
        for (value, number) in [
            (json!(0), Some(0)),
            (json!(u64::MAX), Some(u64::MAX)),
            (json!(1_790_000_000.0), Some(1_790_000_000)),
            (json!(9_007_199_254_740_991.0), Some(largest)),
            (json!(9_007_199_254_740_992.0), None),
            (json!(1e300), None),
            (json!(0.5), None),
            (json!(-1), None),
            (json!(-1.0), None),
            (json!("1"), None),
            (json!(null), None),
        ] {
            assert_eq!(whole(&value), number, "{value}");
        }
    }

    #[test]
    fn a_uid_may_be_a_number_but_no_placeholder() {
        assert_eq!(uid(&json!("a-1")).as_deref(), Ok("a-1"));
        assert_eq!(uid(&json!(12_345)).as_deref(), Ok("12345"));
        assert_eq!(uid(&json!(12_345.0)).as_deref(), Ok("12345"));
        for value in [json!(0), json!(""), json!("optout"), json!(true), json!(null), json!([])] {
            assert!(uid(&value).is_err(), "{value}");
        }
    }
}
