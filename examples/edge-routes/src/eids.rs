//! User IDs as `OpenRTB` has them: what pages bring, and what is told.

use identity_graph::{Ext, PartnerUid, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::partner::{Partner, Partners};
use crate::scalar;
use crate::why::Why;

/// Most EIDs that a list may have.
pub(crate) const MAX_EIDS: usize = 100;
/// Most UIDs that are taken from one list.
const MAX_TAKEN: usize = 20;
/// What `OpenRTB` has at an EID beside `source` and `uids`; stored in the `ext` of the UID.
const OF_EID: [&str; 3] = ["inserter", "matcher", "mm"];
/// When a UID ends, in Unix seconds: a field of `ext`, since `OpenRTB` has none of its own.
const EXPIRES: &str = "expires";

/// What a list of EIDs brings.
#[derive(Default)]
pub(crate) struct Arrived {
    /// One UID of each registered partner.
    pub(crate) ids: Vec<PartnerUid>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// What of a list is left out, and why.
#[derive(Serialize)]
pub(crate) struct LeftOut {
    /// The place in the list, from 0 on; none of what the store left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    #[serde(flatten)]
    pub(crate) why: Why,
}

/// Takes the first valid UID of each registered partner.
pub(crate) fn take(eids: Vec<Value>, partners: &Partners, now: u64) -> Arrived {
    let mut arrived = Arrived::default();
    for (index, eid) in eids.into_iter().enumerate() {
        let source = eid.get("source").and_then(Value::as_str).map(str::to_ascii_lowercase);
        let is_taken = |id: &PartnerUid| arrived.ids.iter().any(|own| own.partner == id.partner);
        let why = match take_one(eid, source.as_deref(), partners, now) {
            Ok((id, _)) if is_taken(&id) => Some(Why::new("source", "twice", "each source once")),
            Ok(_) if arrived.ids.len() == MAX_TAKEN => {
                Some(Why::new("source", "too_many", format!("at most {MAX_TAKEN} sources")))
            }
            Ok((id, why)) => {
                arrived.ids.push(id);
                why
            }
            Err(why) => Some(why),
        };
        let left_out = why.map(|why| LeftOut { index: Some(index), source, why });
        arrived.left_out.extend(left_out);
    }
    arrived
}

/// The UID of an EID, and why it comes without its `ext` when that is odd.
fn take_one(
    eid: Value,
    source: Option<&str>,
    partners: &Partners,
    now: u64,
) -> Result<(PartnerUid, Option<Why>), Why> {
    let (Value::Object(mut eid), Some(source)) = (eid, source) else {
        return Err(Why::new("source", "malformed", "an object with a source, which is a text"));
    };
    let partner = partners.by_source(source).ok_or_else(|| {
        Why::new("source", "not_registered", "the source domain of a partner of this publisher")
    })?;
    let Some(Value::Array(uids)) = eid.remove("uids") else {
        return Err(Why::new("uids", "malformed", "a list"));
    };
    let mut first_why = None;
    for uid in uids {
        match take_uid(uid, partner, now) {
            Ok((id, ext)) => return Ok(with_ext(id, ext, eid)),
            Err(why) => _ = first_why.get_or_insert(why),
        }
    }
    Err(first_why.unwrap_or_else(|| Why::new("uids", "malformed", "a list that is not empty")))
}

fn take_uid(
    uid: Value,
    partner: &Partner,
    now: u64,
) -> Result<(PartnerUid, Map<String, Value>), Why> {
    let Value::Object(mut uid) = uid else {
        return Err(Why::new("uids", "malformed", "a list of objects"));
    };
    let id = scalar::uid(uid.get("id").unwrap_or(&Value::Null))
        .map_err(|rule| Why::new("uids.id", "invalid_uid", rule))?;
    // What is no number costs itself and not the UID: vendors have numbers of their own.
    let atype = uid.get("atype").and_then(scalar::whole);
    let mut ext = match uid.remove("ext") {
        Some(Value::Object(ext)) => ext,
        _ => Map::new(),
    };
    // What is no time in seconds is the partner's own.
    let expires = ext.get(EXPIRES).and_then(scalar::whole).filter(|at| *at <= Timestamp::MAX);
    if expires.is_some() {
        ext.remove(EXPIRES);
    }
    if expires.is_some_and(|at| at <= now) {
        return Err(Why::new("uids.ext.expires", "expired", "a time that is still to come"));
    }
    let id = PartnerUid::new(partner.source_domain.clone(), id);
    let atype = atype.and_then(|number| u32::try_from(number).ok());
    Ok((PartnerUid { atype, expires, ..id }, ext))
}

/// The UID with the `ext` of its own and what the rest of its EID says.
fn with_ext(
    id: PartnerUid,
    mut ext: Map<String, Value>,
    mut eid: Map<String, Value>,
) -> (PartnerUid, Option<Why>) {
    ext.extend(OF_EID.iter().filter_map(|name| eid.remove_entry(*name)));
    if ext.is_empty() {
        return (id, None);
    }
    let text = Value::Object(ext).to_string();
    match Ext::check(&text) {
        Ok(()) => (PartnerUid { ext: Some(text), ..id }, None),
        Err(rule) => (id, Some(Why::new("uids.ext", "invalid_ext", rule.to_string()))),
    }
}

/// A UID as it is told, in an EID of its own.
pub(crate) fn tell(id: &PartnerUid, partner: &Partner) -> Value {
    // What came with this UID is nearer to the truth than what its partner's have in common.
    let mut uid = json!({ "id": id.uid, "atype": id.atype.unwrap_or(partner.atype) });
    let mut eid = json!({ "source": partner.source_domain });
    let ext = id.ext.as_deref().and_then(|ext| serde_json::from_str(ext).ok());
    let mut ext: Map<String, Value> = ext.unwrap_or_default();
    for (name, value) in OF_EID.iter().filter_map(|name| ext.remove_entry(*name)) {
        eid[name] = value;
    }
    if let Some(expires) = id.expires {
        ext.insert(EXPIRES.to_owned(), expires.into());
    }
    if !ext.is_empty() {
        uid["ext"] = ext.into();
    }
    eid["uids"] = json!([uid]);
    eid
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_790_000_000;

    fn partners(sources: &[&str]) -> Partners {
        let records = sources.iter().map(|source| json!({ "source_domain": source }));
        serde_json::from_value(records.collect()).unwrap()
    }

    fn take_all(eids: Value) -> Arrived {
        let Value::Array(eids) = eids else { panic!("no list") };
        take(eids, &partners(&["id5-sync.com", "acme.example", "a.b"]), NOW)
    }

    fn uids(arrived: &Arrived) -> Vec<(&str, &str)> {
        arrived.ids.iter().map(|id| (id.partner.as_str(), id.uid.as_str())).collect()
    }

    fn left_out(arrived: &Arrived) -> Vec<(usize, &str, &str)> {
        let why = |left: &LeftOut| (left.index.unwrap(), left.why.field.unwrap(), left.why.reason);
        arrived.left_out.iter().map(why).collect()
    }

    #[test]
    fn each_registered_source_gives_its_first_valid_uid() {
        let arrived = take_all(json!([
            { "source": "ID5-sync.com", "uids": [{ "id": "a", "atype": 1 }, { "id": "b" }] },
            { "source": "acme.example", "uids": [{ "id": "" }, 7, { "id": 12 }] },
            { "source": "id5-sync.com", "uids": [{ "id": "c" }] },
            { "source": "other.example", "uids": [{ "id": "d" }] },
        ]));
        assert_eq!(uids(&arrived), [("id5-sync.com", "a"), ("acme.example", "12")]);
        let expected = [(2, "source", "twice"), (3, "source", "not_registered")];
        assert_eq!(left_out(&arrived), expected);
        assert_eq!(arrived.left_out[0].source.as_deref(), Some("id5-sync.com"));
    }

    #[test]
    fn one_bad_eid_is_told_and_costs_nobody_else_theirs() {
        let arrived = take_all(json!([
            1,
            { "source": 1, "uids": [{ "id": "x" }] },
            { "source": "a.b" },
            { "source": "a.b", "uids": [] },
            { "source": "a.b", "uids": ["x"] },
            { "source": "a.b", "uids": [{ "id": " " }] },
            { "source": "a.b", "uids": [{}] },
            { "source": "a.b", "uids": [{ "id": "x", "ext": { "expires": NOW } }] },
            { "source": "acme.example", "uids": [{ "id": "u" }] },
        ]));
        assert_eq!(uids(&arrived), [("acme.example", "u")]);
        let expected = [
            (0, "source", "malformed"),
            (1, "source", "malformed"),
            (2, "uids", "malformed"),
            (3, "uids", "malformed"),
            (4, "uids", "malformed"),
            (5, "uids.id", "invalid_uid"),
            (6, "uids.id", "invalid_uid"),
            (7, "uids.ext.expires", "expired"),
        ];
        assert_eq!(left_out(&arrived), expected);
    }

    #[test]
    fn a_list_gives_at_most_20() {
        let sources: Vec<_> = (0..30).map(|n| format!("p{n}")).collect();
        let sources: Vec<_> = sources.iter().map(String::as_str).collect();
        let eids =
            sources.iter().map(|source| json!({ "source": source, "uids": [{ "id": "u" }] }));
        let arrived = take(eids.collect(), &partners(&sources), NOW);
        assert_eq!((arrived.ids.len(), arrived.left_out.len()), (20, 10));
        assert!(arrived.left_out.iter().all(|left| left.why.reason == "too_many"));
    }

    #[test]
    fn what_comes_with_a_uid_goes_out_as_it_came() {
        let eid = json!({
            "source": "a.b",
            "inserter": "www.news.example",
            "matcher": "a.b",
            "mm": 3,
            "uids": [{
                "id": "u",
                "atype": 571_187,
                "ext": { "rtiPartner": "TDID", "expires": NOW + 86_400 },
            }],
        });
        let arrived = take_all(json!([eid]));
        let id = &arrived.ids[0];
        assert_eq!((id.atype, id.expires), (Some(571_187), Some(NOW + 86_400)));
        assert_eq!(tell(id, partners(&["a.b"]).by_source("a.b").unwrap()), eid);
        // The partner's agent type stands where none came.
        let plain = take_all(json!([{ "source": "a.b", "uids": [{ "id": "u" }] }]));
        assert_eq!(
            tell(&plain.ids[0], partners(&["a.b"]).by_source("a.b").unwrap()),
            json!({ "source": "a.b", "uids": [{ "id": "u", "atype": 3 }] })
        );
    }

    #[test]
    fn what_is_odd_beside_a_uid_costs_itself() {
        let long = "x".repeat(1_100);
        for (beside, atype, reasons) in [
            (json!({ "atype": "x" }), None, 0),
            (json!({ "atype": -1 }), None, 0),
            (json!({ "atype": 4_294_967_296_u64 }), None, 0),
            (json!({ "atype": 3.0 }), Some(3), 0),
            (json!({ "ext": [] }), None, 0),
            (json!({ "ext": { "long": long } }), None, 1),
        ] {
            let mut uid = beside.clone();
            uid["id"] = json!("u");
            let arrived = take_all(json!([{ "source": "a.b", "uids": [uid] }]));
            assert_eq!((arrived.ids[0].atype, &arrived.ids[0].ext), (atype, &None), "{beside}");
            assert_eq!(arrived.left_out.len(), reasons, "{beside}");
        }
        // A time that is none of ours is the partner's own.
        let ext = json!({ "expires": 1_790_000_000_000_u64 });
        let uid = json!({ "id": "u", "ext": ext });
        let arrived = take_all(json!([{ "source": "a.b", "uids": [uid] }]));
        assert_eq!(arrived.ids[0].expires, None);
        assert_eq!(arrived.ids[0].ext.as_deref(), Some(ext.to_string().as_str()));
    }
}
