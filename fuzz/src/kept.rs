//! What a change leaves as it was, in the eyes of a general parser.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::row::{NEW, NOW};

/// What an operation may have changed beside what every write mends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing, or the size of the cluster.
    Mending,
    /// The UID of one partner.
    Uids,
    /// All that a visit brings.
    Visit,
}

/// Clocks may be as far ahead.
const SKEW: u64 = 300;
/// Removals that a row remembers.
const MOST_REMOVALS: usize = 64;
/// What a write may change in a partner's object.
const OF_UID: [&str; 5] = ["uid", "synced", "atype", "expires", "ext"];

/// Members that the change is not about are as they were before, at every level.
///
/// # Panics
/// When one is not.
pub(crate) fn assert_kept(before: &[u8], after: &[u8], change: Change) {
    if before == after {
        return;
    }
    let Ok(Value::Object(old)) = serde_json::from_slice(before) else {
        // It refuses lone surrogates, and numbers that no float holds; these are members here.
        let text = String::from_utf8_lossy(before);
        assert!(text.contains("\\u") || text.contains(['e', 'E']), "no JSON was read as a row");
        return;
    };
    assert_eq!(old["v"], 1, "a row of another version was read");
    let new: Value = serde_json::from_slice(after).unwrap_or_else(|error| panic!("{error}"));
    let changing: &[(&str, &[&str])] = &[
        ("pub_properties", &["origin_domain", "seen_domains"]),
        ("network", &["cluster_size", "cluster_checked"]),
        (
            "consent",
            if change == Change::Visit { &["tcf", "gpp", "gpp_sid", "updated"] } else { &[] },
        ),
        ("geo", if change == Change::Visit { &["country", "region", "asn", "dma"] } else { &[] }),
        (
            "device",
            if change == Change::Visit {
                &["is_mobile", "ja4_class", "platform_class", "h2_fp_hash", "known_browser"]
            } else {
                &[]
            },
        ),
    ];
    for (name, value) in old.iter().filter(|(name, _)| *name != "last_seen") {
        let now = new.get(name).expect("a member is gone");
        let known = changing.iter().find(|(section, _)| section == name);
        match (name.as_str(), value, now) {
            ("removed", Value::Object(value), Value::Object(now)) => removals_kept(value, now),
            // Partners are judged one by one below.
            ("ids", Value::Object(_), Value::Object(_)) => {}
            ("ids" | "removed", Value::Null, _) => {}
            (_, Value::Null, _) if known.is_some() => {}
            (_, Value::Object(value), Value::Object(now)) if let Some((_, fields)) = known => {
                for (field, value) in
                    value.iter().filter(|(field, _)| !fields.contains(&field.as_str()))
                {
                    assert_eq!(now.get(field), Some(value), "a member is not as it was");
                }
            }
            _ => assert_eq!(now, value, "a member is not as it was"),
        }
    }
    if old.get("ids").is_some_and(Value::is_object) {
        partners_kept(&partners(before), &partners(after), change);
    }
}

fn is_new(partner: &str) -> bool {
    partner.eq_ignore_ascii_case(NEW)
}

fn removals_kept(before: &Map<String, Value>, after: &Map<String, Value>) {
    if before.len() >= MOST_REMOVALS {
        return;
    }
    for (partner, time) in before.iter().filter(|(partner, _)| !is_new(partner)) {
        assert_eq!(after.get(partner), Some(time), "a removal was forgotten");
    }
}

/// Partners stay in their order, other than those that ended and the one that the change is about.
fn partners_kept(before: &Partners, after: &Partners, change: Change) {
    let may_go = |partner: &str, value: &Value| {
        let ended = value["expires"].as_u64().is_some_and(|expires| expires <= NOW);
        ended || (change != Change::Mending && is_new(partner))
    };
    let mut after = after.0.iter().peekable();
    for (partner, value) in &before.0 {
        match after.peek() {
            Some((name, now)) if name == partner && stays(value, now, may_go(partner, value)) => {
                after.next();
            }
            _ => assert!(may_go(partner, value), "a partner is gone, or not as it was"),
        }
    }
    assert!(after.all(|(partner, _)| is_new(partner)), "a partner came that nobody asked for");
}

/// Whether a partner's value is what it was, but for what may change in it.
fn stays(before: &Value, after: &Value, is_changing: bool) -> bool {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return before == after || (is_changing && before.is_null());
    };
    let is_kept = |(name, value): (&String, &Value)| {
        after.get(name) == Some(value) || (is_changing && OF_UID.contains(&name.as_str()))
    };
    let mut others = before.iter().filter(|(name, _)| *name != "synced");
    others.all(is_kept) && (is_changing || synced_kept(before.get("synced"), after.get("synced")))
}

/// A time stays, unless it is missing or cannot be believed; then it is mended to 0.
fn synced_kept(before: Option<&Value>, after: Option<&Value>) -> bool {
    let is_mended = match before {
        None | Some(Value::Null) => true,
        Some(time) => time.as_u64().is_some_and(|time| time > NOW + SKEW),
    };
    before == after || (is_mended && after.and_then(Value::as_u64) == Some(0))
}

/// Partners in their order, those that stand twice included.
struct Partners(Vec<(String, Value)>);

fn partners(row: &[u8]) -> Partners {
    /// Passes over everything but the partners.
    struct Row(Partners);

    impl<'de> Deserialize<'de> for Row {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(InRow).map(Row)
        }
    }

    let Row(partners) = serde_json::from_slice(row).unwrap_or_else(|error| panic!("{error}"));
    partners
}

struct InRow;

impl<'de> Visitor<'de> for InRow {
    type Value = Partners;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut row: M) -> Result<Partners, M::Error> {
        let mut partners = Partners(Vec::new());
        while let Some(name) = row.next_key::<String>()? {
            if name == "ids" {
                partners = row.next_value()?;
            } else {
                row.next_value::<Value>()?;
            }
        }
        Ok(partners)
    }
}

impl<'de> Deserialize<'de> for Partners {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InIds)
    }
}

struct InIds;

impl<'de> Visitor<'de> for InIds {
    type Value = Partners;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("partners")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut ids: M) -> Result<Partners, M::Error> {
        let mut partners = Vec::new();
        while let Some(partner) = ids.next_entry()? {
            partners.push(partner);
        }
        Ok(Partners(partners))
    }
}
