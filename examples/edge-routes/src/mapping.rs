//! One mapping of a batch.

use identity_graph::{EcId, Ext, Mapping, Timestamp};
use serde_json::Value;

use crate::scalar;
use crate::why::Why;

/// Seconds that a partner's clock may be ahead. The graph would take what is further ahead as asserted
/// now; but a partner that is told can mend its clock, or send seconds in place of milliseconds.
const MAX_AHEAD: u64 = 300;
/// The reason where a field is missing or of another type.
const INVALID: &str = "invalid_mapping";

/// Reads a mapping, or says which field breaks which rule.
pub(crate) fn read(mapping: Value, now: u64) -> Result<Mapping, Why> {
    let Value::Object(mut mapping) = mapping else {
        let rule = "an object with ec_id, partner_uid and timestamp";
        return Err(Why::new("mapping", INVALID, rule));
    };
    let Some(Value::String(ec_id)) = mapping.remove("ec_id") else {
        return Err(Why::new("ec_id", INVALID, "a text"));
    };
    EcId::parse(&ec_id).map_err(|rule| Why::new("ec_id", "invalid_ec_id", rule.to_string()))?;
    let uid = match mapping.get("partner_uid") {
        None => {
            let rule = "a text, a whole number, or null, which removes the UID";
            return Err(Why::new("partner_uid", INVALID, rule));
        }
        Some(Value::Null) => None,
        Some(uid) => {
            let invalid = |rule| Why::new("partner_uid", "invalid_partner_uid", rule);
            Some(scalar::uid(uid).map_err(invalid)?)
        }
    };
    let mut given = |field| mapping.remove(field).filter(|value| !value.is_null());
    let timestamp = given("timestamp").as_ref().and_then(scalar::whole);
    let timestamp =
        timestamp.ok_or_else(|| Why::new("timestamp", INVALID, "a whole number: Unix seconds"))?;
    if timestamp > now.saturating_add(MAX_AHEAD) {
        let rule = "at most 5 minutes ahead of this service's clock, in seconds, not milliseconds";
        return Err(Why::new("timestamp", "timestamp_in_future", rule));
    }
    let atype = given("atype").map(|atype| {
        let atype = scalar::whole(&atype).and_then(|number| u32::try_from(number).ok());
        atype.ok_or_else(|| Why::new("atype", INVALID, "a number from 0 to 4294967295"))
    });
    let expires = given("expires").map(|expires| {
        let is_to_come = |at: &u64| *at > now && *at <= Timestamp::MAX;
        let rule = "Unix seconds that are still to come, not milliseconds";
        let expires = scalar::whole(&expires).filter(is_to_come);
        expires.ok_or_else(|| Why::new("expires", INVALID, rule))
    });
    let ext = given("ext").map(|ext| {
        let text = ext.to_string();
        let checked = Ext::check(&text).map(|()| text);
        checked.map_err(|rule| Why::new("ext", INVALID, rule.to_string()))
    });
    let (atype, expires, ext) = (atype.transpose()?, expires.transpose()?, ext.transpose()?);
    Ok(Mapping { ec_id, uid, synced: timestamp, atype, expires, ext })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_790_000_000;

    fn whole() -> Value {
        json!({ "ec_id": "0".repeat(64), "partner_uid": "u", "timestamp": NOW })
    }

    fn with(field: &str, value: Value) -> Value {
        let mut mapping = whole();
        mapping[field] = value;
        mapping
    }

    #[test]
    fn a_mapping_is_read_with_all_that_it_says() {
        let expected = Mapping::new("0".repeat(64), "u", NOW);
        assert_eq!(read(whole(), NOW), Ok(expected.clone()));
        let mut all = whole();
        all["atype"] = json!(571_187);
        all["expires"] = json!(NOW + 86_400);
        all["ext"] = json!({ "rtiPartner": "TDID" });
        let expected = Mapping {
            atype: Some(571_187),
            expires: Some(NOW + 86_400),
            ext: Some(r#"{"rtiPartner":"TDID"}"#.to_owned()),
            ..expected
        };
        assert_eq!(read(all, NOW), Ok(expected));
    }

    #[test]
    fn numbers_come_in_the_forms_in_which_partners_write_them() {
        let uid = |value| read(with("partner_uid", value), NOW).unwrap().uid;
        assert_eq!(uid(json!(12_345)).as_deref(), Some("12345"));
        assert_eq!(uid(json!(12_345.0)).as_deref(), Some("12345"));
        assert_eq!(uid(Value::Null), None);
        let time: Value = serde_json::from_str("1.79e9").unwrap();
        assert_eq!(read(with("timestamp", time), NOW).unwrap().synced, NOW);
        assert_eq!(read(with("atype", Value::Null), NOW).unwrap().atype, None);
    }

    #[test]
    fn each_error_names_the_field_and_the_rule() {
        let without = |field| {
            let mut mapping = whole();
            mapping.as_object_mut().unwrap().remove(field);
            mapping
        };
        let ms = json!(NOW * 1_000);
        for (mapping, field, reason) in [
            (json!(7), "mapping", INVALID),
            (json!([whole()]), "mapping", INVALID),
            (without("ec_id"), "ec_id", INVALID),
            (with("ec_id", json!(7)), "ec_id", INVALID),
            (with("ec_id", json!("secret")), "ec_id", "invalid_ec_id"),
            (without("partner_uid"), "partner_uid", INVALID),
            (with("partner_uid", json!(" ")), "partner_uid", "invalid_partner_uid"),
            (with("partner_uid", json!(true)), "partner_uid", "invalid_partner_uid"),
            (with("partner_uid", json!(1.5)), "partner_uid", "invalid_partner_uid"),
            (with("partner_uid", json!("s".repeat(513))), "partner_uid", "invalid_partner_uid"),
            (without("timestamp"), "timestamp", INVALID),
            (with("timestamp", json!("secret")), "timestamp", INVALID),
            (with("timestamp", json!(NOW + 301)), "timestamp", "timestamp_in_future"),
            (with("timestamp", ms.clone()), "timestamp", "timestamp_in_future"),
            (with("atype", json!("secret")), "atype", INVALID),
            (with("expires", json!(NOW)), "expires", INVALID),
            (with("expires", ms), "expires", INVALID),
            (with("ext", json!("secret")), "ext", INVALID),
            (with("ext", json!({ "x": "s".repeat(1_024) })), "ext", INVALID),
        ] {
            let why = read(mapping.clone(), NOW).unwrap_err();
            assert_eq!((why.field, why.reason), (Some(field), reason), "{mapping}");
            assert!(!why.rule.is_empty() && !why.rule.contains("secret"), "{}", why.rule);
        }
    }
}
