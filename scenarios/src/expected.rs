//! Whether what came is what was expected.

use serde_json::Value;

/// Whether a value matches what is expected of it, by the rules of the format.
pub(crate) fn matches(expected: &Value, came: Option<&Value>) -> bool {
    let came = came.unwrap_or(&Value::Null);
    match (expected, came) {
        (Value::Object(members), _) if members.len() == 1 && members.contains_key("contains") => {
            let part = members["contains"].as_str();
            came.as_str().zip(part).is_some_and(|(text, part)| text.contains(part))
        }
        (Value::Object(members), Value::Object(_)) => {
            members.iter().all(|(name, expected)| matches(expected, came.get(name)))
        }
        (Value::Array(all), Value::Array(came)) => {
            all.len() == came.len()
                && all.iter().zip(came).all(|(expected, came)| matches(expected, Some(came)))
        }
        // A case with a value, of which only the case is expected.
        (Value::String(case), Value::Object(came)) => came.len() == 1 && came.contains_key(case),
        _ => expected == came,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_matches_by_the_members_that_are_expected() {
        let came = json!({ "a": 1, "b": { "c": [1, 2] } });
        for expected in [json!({}), json!({ "a": 1 }), json!({ "b": { "c": [1, 2] } })] {
            assert!(matches(&expected, Some(&came)), "{expected}");
        }
        for expected in [json!({ "a": 2 }), json!({ "b": null }), json!({ "b": { "c": [1] } })] {
            assert!(!matches(&expected, Some(&came)), "{expected}");
        }
    }

    #[test]
    fn null_is_none_or_a_member_that_is_not_there() {
        assert!(matches(&json!({ "x": null }), Some(&json!({}))));
        assert!(matches(&json!({ "x": null }), Some(&json!({ "x": null }))));
        assert!(!matches(&json!({ "x": null }), Some(&json!({ "x": 0 }))));
        assert!(!matches(&json!({}), Some(&Value::Null)));
    }

    #[test]
    fn a_text_is_itself_or_a_case_whatever_its_value() {
        assert!(matches(&json!("full"), Some(&json!("full"))));
        assert!(matches(&json!("invalid"), Some(&json!({ "invalid": "why" }))));
        assert!(!matches(&json!("invalid"), Some(&json!({ "invalid": "why", "more": 1 }))));
        let part = json!({ "invalid": { "contains": "513" } });
        assert!(matches(&part, Some(&json!({ "invalid": "513 bytes" }))));
        assert!(!matches(&part, Some(&json!({ "invalid": "512 bytes" }))));
        assert!(!matches(&part, Some(&json!("invalid"))));
    }
}
