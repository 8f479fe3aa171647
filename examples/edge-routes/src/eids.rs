//! User IDs as `OpenRTB` has them, which page scripts leave in a cookie.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use identity_graph::{PartnerKey, PartnerUid};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Most EIDs that are taken from one cookie.
const MAX_EIDS: usize = 20;

/// As `btoa` writes it, or without the padding, which some scripts cut off.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An `OpenRTB` extended identifier.
#[derive(Serialize, Deserialize)]
pub(crate) struct Eid {
    pub(crate) source: String,
    pub(crate) uids: Vec<Uid>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Uid {
    pub(crate) id: String,
    #[serde(default, deserialize_with = "agent_type", skip_serializing_if = "Option::is_none")]
    pub(crate) atype: Option<u32>,
}

/// Vendors have numbers of their own. What is no number costs itself and not the UID.
fn agent_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number = Value::deserialize(deserializer)?.as_u64();
    Ok(number.and_then(|number| u32::try_from(number).ok()))
}

/// The UIDs of a `ts-eids` cookie, the first of each source; what the graph would refuse is left out.
pub(crate) fn parse(cookie: &str) -> Vec<PartnerUid> {
    let Ok(text) = BASE64.decode(cookie) else { return Vec::new() };
    let Ok(eids) = serde_json::from_slice::<Vec<Value>>(&text) else { return Vec::new() };
    // One EID that is malformed costs nobody else theirs.
    let eids = eids.into_iter().filter_map(|eid| serde_json::from_value::<Eid>(eid).ok());
    let id = |eid: Eid| {
        let Uid { id: uid, atype } = eid.uids.into_iter().next()?;
        identity_graph::Uid::check(&uid).ok()?;
        let partner = PartnerKey::parse(eid.source).ok()?.as_str().to_owned();
        Some(PartnerUid { atype, ..PartnerUid::new(partner, uid) })
    };
    let mut ids: Vec<PartnerUid> = Vec::new();
    for id in eids.filter_map(id) {
        if ids.len() < MAX_EIDS && ids.iter().all(|earlier| earlier.partner != id.partner) {
            ids.push(id);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    fn uids(json: &str) -> Vec<(String, String)> {
        let ids = parse(&BASE64_STANDARD.encode(json));
        ids.into_iter().map(|id| (id.partner, id.uid)).collect()
    }

    #[test]
    fn each_source_gives_its_first_uid() {
        let json = r#"[{"source":"ID5-sync.com","uids":[{"id":"a","atype":1,"ext":{}},{"id":"b"}]},
            {"source":"acme.example","uids":[{"id":"c"}],"inserter":"x"}]"#;
        let expected = [("id5-sync.com", "a"), ("acme.example", "c")];
        assert_eq!(uids(json), expected.map(|(p, u)| (p.to_owned(), u.to_owned())));
    }

    #[test]
    fn one_bad_eid_costs_nobody_else_theirs() {
        let json = r#"[1, {"source":"a"}, {"source":"b","uids":[]}, {"source":"c d","uids":[{"id":"x"}]},
            {"source":"e","uids":[{"id":" "}]}, {"source":"f","uids":[{"id":7}]},
            {"source":"ok","uids":[{"id":"u"}]}]"#;
        assert_eq!(uids(json), [("ok".to_owned(), "u".to_owned())]);
    }

    #[test]
    fn an_agent_type_is_kept_as_it_is_given_and_an_odd_one_costs_itself() {
        let of = |atype: &str| {
            let json = format!(r#"[{{"source":"a.b","uids":[{{"id":"u","atype":{atype}}}]}}]"#);
            let ids = parse(&BASE64_STANDARD.encode(json));
            ids.into_iter().map(|id| id.atype).collect::<Vec<_>>()
        };
        for (atype, kept) in [
            ("3", Some(3)),
            ("571187", Some(571_187)),
            ("\"x\"", None),
            ("-1", None),
            ("4294967296", None),
            ("null", None),
        ] {
            assert_eq!(of(atype), [kept], "{atype}");
        }
    }

    #[test]
    fn what_is_no_list_of_eids_gives_nothing() {
        for cookie in ["", "%%%", "bm8", "e30=", "WzE="] {
            assert!(parse(cookie).is_empty(), "{cookie}");
        }
    }

    #[test]
    fn of_a_source_that_comes_twice_the_first_counts() {
        let of = |source| format!(r#"{{"source":"{source}","uids":[{{"id":"1"}}]}}"#);
        let many = format!("{},{},", of("a"), of("A").replace("\"1\"", "\"2\"")).repeat(20);
        let expected = ["a", "b"].map(|source| (source.to_owned(), "1".to_owned()));
        assert_eq!(uids(&format!("[{many}{}]", of("b"))), expected);
    }

    #[test]
    fn padding_may_be_missing() {
        let padded = BASE64_STANDARD.encode(r#"[{"source":"a.b","uids":[{"id":"1"}]}]"#);
        assert!(padded.ends_with('='));
        assert_eq!(parse(&padded).len(), 1);
        assert_eq!(parse(padded.trim_end_matches('=')).len(), 1);
    }

    #[test]
    fn a_cookie_gives_at_most_20() {
        let eids: Vec<_> =
            (0..30).map(|n| format!(r#"{{"source":"p{n}","uids":[{{"id":"u"}}]}}"#)).collect();
        assert_eq!(uids(&format!("[{}]", eids.join(","))).len(), 20);
    }
}
