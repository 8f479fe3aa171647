//! One bad item costs itself: what comes from browsers and partners fails alone.

use host_test::{TestGraph, for_both};
use identity_graph::{
    CreateOutcome, Device, Failure, Geo, NewEntry, PartnerUid, Report,
    UpsertOutcome::{self, Written},
    VisitOutcome,
};
use serde_json::json;

use crate::support::*;

/// What scripts, partners and servers send where they have no ID.
const PLACEHOLDERS: [&str; 17] = [
    "",
    "0",
    "000",
    "00000000-0000-0000-0000-000000000000",
    "$UID",
    "$USER_ID",
    "${UID}",
    "${GDPR_CONSENT_755}",
    "{{uid}}",
    "%%USER_ID%%",
    "undefined",
    "null",
    "NULL",
    "NaN",
    "[object Object]",
    "optout",
    "OPTOUT",
];

fn left_out<O>(report: &Report<O>) -> Vec<&str> {
    report.left_out.iter().map(|part| part.field.as_str()).collect()
}

/// 24 sources, of which one has a UID of 700 bytes.
fn sources() -> Vec<PartnerUid> {
    let source = |n: usize| {
        let id = if n == 11 { "u".repeat(700) } else { format!("u-{n}") };
        uid(&format!("source-{n:02}.example"), &id, NOW)
    };
    (0..24).map(source).collect()
}

fn outcomes_of_sources() -> Vec<UpsertOutcome> {
    let mut outcomes = vec![Written; 24];
    outcomes[11] = REFUSED;
    outcomes
}

#[track_caller]
fn has_23_sources(test: &TestGraph) {
    let ids = &body(test)["ids"];
    assert_eq!(ids.as_object().unwrap().len(), 23);
    assert_eq!(ids.get("source-11.example"), None);
    assert_eq!(ids["source-23.example"], json!({ "uid": "u-23", "synced": NOW }));
}

#[test]
fn one_long_uid_among_24_costs_a_first_visit_itself() {
    let entry = || NewEntry { ids: sources(), ..NewEntry::at(NOW) };
    for_both(|test| {
        type Call = fn(&TestGraph, NewEntry) -> Result<Vec<UpsertOutcome>, Failure>;
        let calls_of: [(u64, Call); 3] = [
            (0, |t, entry| Ok(t.graph.create(EC, entry)?.ids)),
            (0, |t, entry| Ok(t.graph.create_or_revive(EC, entry)?.ids)),
            (1, |t, entry| Ok(t.graph.visit(EC, entry)?.ids)),
        ];
        for (reads, call) in calls_of {
            test.store.remove(EC);
            writes(test, calls(reads, 1), Ok(outcomes_of_sources()), |t| {
                call(t, entry()).map(bare_ids)
            });
            has_23_sources(test);
        }
    });
}

#[test]
fn one_long_uid_among_24_costs_a_visit_to_a_row_itself_and_the_visit_is_noted() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let entry = NewEntry { ids: sources(), ..NewEntry::at(NOW) };
        let written = writes(test, calls(1, 1), Ok(outcomes_of_sources()), |t| {
            let report = t.graph.visit(EC, entry)?;
            assert_eq!(report.outcome, VisitOutcome::Written);
            Ok(bare_ids(report.ids))
        });
        has_23_sources(test);
        assert_eq!(written["last_seen"], json!(NOW));
    });
}

#[test]
fn a_visit_whose_uids_are_all_bad_is_noted() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "kept", 5).seed(test);
        let ids = PLACEHOLDERS.map(|id| uid(PARTNER, id, NOW)).to_vec();
        let entry = NewEntry { ids, ..NewEntry::at(NOW) };
        let outcomes = Ok(vec![REFUSED; PLACEHOLDERS.len()]);
        let written =
            writes(test, calls(1, 1), outcomes, |t| Ok(bare_ids(t.graph.visit(EC, entry)?.ids)));
        assert_eq!(written["last_seen"], json!(NOW));
        assert_eq!(written["ids"], json!({ PARTNER: { "uid": "kept", "synced": 5 } }));
    });
}

#[test]
fn a_placeholder_is_never_stored_whichever_way_it_comes() {
    for placeholder in PLACEHOLDERS {
        for_both(|test| {
            live(BEFORE).seed(test);
            let id = || uid(PARTNER, placeholder, NOW);
            let skip = identity_graph::IfMissing::Skip;
            leaves(test, NO_CALLS, Ok(vec![REFUSED]), |t| {
                t.graph.upsert_partner_ids(EC, vec![id()], skip, NOW).map(bare_ids)
            });
            leaves(test, NO_CALLS, Ok(vec![Ok(REFUSED)]), |t| {
                let mappings = [mapping(EC, placeholder, NOW)];
                t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
            });
            test.store.remove(EC);
            let entry = NewEntry { ids: vec![id()], ..NewEntry::at(NOW) };
            let made = writes(test, calls(1, 1), Ok(vec![REFUSED]), |t| {
                Ok(bare_ids(t.graph.visit(EC, entry)?.ids))
            });
            assert_eq!(made.get("ids"), None);
        });
    }
}

#[test]
fn what_only_looks_like_a_placeholder_is_stored() {
    for id in ["00a", "01", "-", "$uid", "nullable", "optout-1", "{a}", "%a%", "NaN1", "x"] {
        for_both(|test| {
            live(BEFORE).seed(test);
            let written = writes(test, calls(1, 1), Ok(Written), |t| {
                let skip = identity_graph::IfMissing::Skip;
                t.graph.upsert_partner_id(EC, uid(PARTNER, id, NOW), skip, NOW)
            });
            assert_eq!(written["ids"][PARTNER]["uid"], json!(id));
        });
    }
}

#[test]
fn a_country_that_is_none_is_unknown_and_the_rest_of_the_visit_is_stored() {
    for country in ["T1", "A1", "USA", "FRA", "?", "\u{e9}"] {
        for_both(|test| {
            let geo = Geo {
                country: country.into(),
                region: Some("CA".into()),
                asn: Some(64_500),
                dma: Some(820),
            };
            let entry = NewEntry {
                geo: Some(geo),
                domain: Some("news.example".into()),
                ids: vec![uid(PARTNER, "u", NOW)],
                ..NewEntry::at(NOW)
            };
            let written = writes(test, calls(1, 1), Ok(VisitOutcome::Created), |t| {
                let report = t.graph.visit(EC, entry)?;
                // A region is one of its country.
                assert_eq!(left_out(&report), ["geo.country", "geo.region"]);
                assert_eq!(report.ids, [Written]);
                Ok(report.outcome)
            });
            assert_eq!(written["geo"], json!({ "country": "ZZ", "asn": 64_500, "dma": 820 }));
            assert_eq!(written["pub_properties"]["origin_domain"], json!("news.example"));
        });
    }
}

#[test]
fn a_region_that_is_none_is_left_out() {
    for region in ["NO REGION", "far too long", "?"] {
        for_both(|test| {
            let geo = Geo { country: "sg".into(), region: Some(region.into()), ..Geo::unknown() };
            let entry = NewEntry { geo: Some(geo), ..NewEntry::at(NOW) };
            let written = writes(test, calls(0, 1), Ok(CreateOutcome::Created), |t| {
                let report = t.graph.create_or_revive(EC, entry)?;
                assert_eq!(left_out(&report), ["geo.region"]);
                Ok(report.outcome)
            });
            assert_eq!(written["geo"], json!({ "country": "SG" }));
        });
    }
}

#[test]
fn a_host_name_is_taken_as_browsers_write_it() {
    for (host, domain) in [
        ("News.Example.", "news.example"),
        ("my_site.example", "my_site.example"),
        ("localhost", "localhost"),
        ("192.0.2.7", "192.0.2.7"),
        ("XN--MGBA.example", "xn--mgba.example"),
    ] {
        for_both(|test| {
            let entry = NewEntry { domain: Some(host.into()), ..NewEntry::at(NOW) };
            let written = writes(test, calls(0, 1), Ok(()), |t| {
                let report = t.graph.create(EC, entry)?;
                assert_eq!(left_out(&report), [""; 0]);
                Ok(())
            });
            assert_eq!(written["pub_properties"]["seen_domains"], json!([domain]));
        });
    }
}

/// All of it at once, on a row that is there.
#[test]
fn a_visit_names_everything_that_it_leaves_out_and_stores_the_rest() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let entry = NewEntry {
            tcf: Some("CQnew".into()),
            geo: Some(Geo { country: "T1".into(), ..Geo::unknown() }),
            device: Some(Device {
                is_mobile: 9,
                ja4_class: Some("\u{e9}".into()),
                platform_class: Some("ios".into()),
                ..Device::default()
            }),
            domain: Some("https://news.example/".into()),
            ids: vec![
                PartnerUid { ext: Some("[]".into()), ..uid("a.example", "a", NOW) },
                uid("not a key", "b", NOW),
                uid("c.example", "null", NOW),
            ],
            ..NewEntry::at(NOW)
        };
        let expected = ["ids.ext", "geo.country", "device.is-mobile", "device.ja4-class", "domain"];
        let written = writes(test, calls(1, 1), Ok(VisitOutcome::Written), |t| {
            let report = t.graph.visit(EC, entry)?;
            assert_eq!(left_out(&report), expected);
            assert_eq!(bare_ids(report.ids), [Written, REFUSED, REFUSED]);
            Ok(report.outcome)
        });
        assert_eq!(written["consent"]["tcf"], json!("CQnew"));
        assert_eq!(written["device"], json!({ "is_mobile": 2, "platform_class": "ios" }));
        assert_eq!(written["ids"], json!({ "a.example": { "uid": "a", "synced": NOW } }));
        assert_eq!(written.get("pub_properties"), None);
    });
}
