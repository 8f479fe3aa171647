//! `visit`.

use host_test::{TestGraph, for_both, for_both_with};
use identity_graph::{
    Device, Failure, Geo, NewEntry, Policy,
    UpsertOutcome::{self, Full, Stale, Unchanged, Written},
    VisitOutcome,
};
use serde_json::{Value, json};

use crate::support::*;

/// What was done, and what became of the UIDs.
type Said = Result<(VisitOutcome, Vec<UpsertOutcome>), Failure>;

fn visit(entry: NewEntry) -> impl FnOnce(&TestGraph) -> Said {
    move |test| {
        let report = test.graph.visit(EC, entry)?;
        assert_eq!(report.left_out, []);
        Ok((report.outcome, bare_ids(report.ids)))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a call is expected to answer")]
fn said(outcome: VisitOutcome, ids: &[UpsertOutcome]) -> Said {
    Ok((outcome, ids.to_vec()))
}

fn body_of_seed(seed: &Seed) -> Value {
    serde_json::from_str(&seed.body()).unwrap()
}

/// All that a visit can know.
fn full_visit() -> NewEntry {
    NewEntry {
        tcf: Some("CQnew".into()),
        gpp: Some("DBnew".into()),
        gpp_sid: Some("7".into()),
        geo: Some(Geo::from_lookup("us", "OR", 64_500, 820)),
        device: Some(Device {
            is_mobile: 1,
            platform_class: Some("ios".into()),
            known_browser: Some(true),
            ..Device::default()
        }),
        domain: Some("news.example".into()),
        ids: vec![uid(PARTNER, "new", NOW - 5)],
        now: NOW,
    }
}

fn full_body() -> Value {
    json!({
        "v": 1,
        "created": NOW,
        "last_seen": NOW,
        "consent": {
            "tcf": "CQnew", "gpp": "DBnew", "gpp_sid": "7", "ok": true, "updated": NOW
        },
        "geo": { "country": "US", "region": "OR", "asn": 64_500, "dma": 820 },
        "pub_properties": { "origin_domain": "news.example", "seen_domains": ["news.example"] },
        "device": { "is_mobile": 1, "platform_class": "ios", "known_browser": true },
        "ids": { PARTNER: { "uid": "new", "synced": NOW - 5 } },
    })
}

#[test]
fn where_there_is_no_entry_it_is_made_in_one_write() {
    for_both(|test| {
        for seed in [None, Some(expired())] {
            test.store.remove(EC);
            if let Some(seed) = seed {
                seed.seed(test);
            }
            let made = said(VisitOutcome::Created, &[Written]);
            assert_eq!(writes(test, calls(1, 1), made, visit(full_visit())), full_body());
            assert_eq!(row(test).expires_at, Some(NOW + YEAR));
        }
    });
}

#[test]
fn an_older_withdrawal_gives_way_and_is_remembered() {
    for_both(|test| {
        tombstone(NOW - 1).with("note", json!("of the withdrawal")).seed(test);
        let entry = NewEntry { ids: vec![uid(PARTNER, "new", NOW)], ..full_visit() };
        let revived = said(VisitOutcome::Revived, &[Written]);
        let mut expected = full_body();
        expected["consent"]["withdrawn"] = json!(NOW - 1);
        expected["ids"][PARTNER]["synced"] = json!(NOW);
        assert_eq!(writes(test, calls(1, 1), revived, visit(entry)), expected);
        assert_eq!(row(test).expires_at, Some(NOW + YEAR));
    });
}

#[test]
fn a_withdrawal_of_the_same_second_or_later_stays() {
    for at in [NOW, NOW + 1, NOW + YEAR, u64::MAX] {
        for_both(|test| {
            tombstone(at).seed(test);
            let withdrawn = said(VisitOutcome::Withdrawn, &[UpsertOutcome::Withdrawn]);
            leaves(test, calls(1, 0), withdrawn, visit(full_visit()));
        });
    }
}

#[test]
fn without_news_within_the_debounce_nothing_is_written() {
    for_both(|test| {
        answers(test, calls(1, 1), said(VisitOutcome::Created, &[Written]), visit(full_visit()));
        for after in [0, 1, 299] {
            let again = NewEntry { now: NOW + after, ..full_visit() };
            leaves(test, calls(1, 0), said(VisitOutcome::Unchanged, &[Unchanged]), visit(again));
        }
        let bare = NewEntry::at(NOW + 299);
        leaves(test, calls(1, 0), said(VisitOutcome::Unchanged, &[]), visit(bare));
    });
}

#[test]
fn without_news_after_the_debounce_the_visit_is_noted_and_nothing_else() {
    for_both(|test| {
        let seed = live(NOW - 300).uid(PARTNER, "old", 5).with("unknown", json!([1]));
        seed.seed(test);
        let mut expected = body_of_seed(&seed);
        expected["last_seen"] = json!(NOW);
        let noted = said(VisitOutcome::Written, &[]);
        assert_eq!(writes(test, calls(1, 1), noted, visit(NewEntry::at(NOW))), expected);
        assert_eq!(row(test).expires_at, Some(NOW + YEAR));
        live(NOW - 299).seed(test);
        leaves(test, calls(1, 0), said(VisitOutcome::Unchanged, &[]), visit(NewEntry::at(NOW)));
    });
}

#[test]
fn consent_strings_that_are_given_and_differ_replace_the_stored_ones_at_once() {
    for_both(|test| {
        live(NOW - 1).seed(test);
        let entry = NewEntry { tcf: Some("CQother".into()), ..NewEntry::at(NOW) };
        let noted = || said(VisitOutcome::Written, &[]);
        let written = writes(test, calls(1, 1), noted(), visit(entry));
        assert_eq!(written["consent"], json!({ "tcf": "CQother", "ok": true, "updated": NOW }));
        assert_eq!(written["last_seen"], json!(NOW));
        // The other strings stay; what is not given is no withdrawal of it.
        let gpp = NewEntry { gpp: Some("DBnew".into()), ..NewEntry::at(NOW + 1) };
        let written = writes(test, calls(1, 1), noted(), visit(gpp));
        let expected = json!({ "tcf": "CQother", "gpp": "DBnew", "ok": true, "updated": NOW + 1 });
        assert_eq!(written["consent"], expected);
        let sid = NewEntry { gpp_sid: Some("2,6".into()), ..NewEntry::at(NOW + 2) };
        let written = writes(test, calls(1, 1), noted(), visit(sid));
        assert_eq!(written["consent"]["gpp_sid"], json!("2,6"));
        assert_eq!(written["consent"]["updated"], json!(NOW + 2));
    });
}

#[test]
fn equal_consent_strings_are_no_news() {
    for_both(|test| {
        live(NOW - 1).seed(test);
        let entry = NewEntry { tcf: Some("CQinvented".into()), ..NewEntry::at(NOW) };
        leaves(test, calls(1, 0), said(VisitOutcome::Unchanged, &[]), visit(entry));
        // Written for another reason, they were given again: older ones do not replace them.
        live(BEFORE).seed(test);
        let entry = NewEntry { tcf: Some("CQinvented".into()), ..NewEntry::at(NOW) };
        let written = writes(test, calls(1, 1), said(VisitOutcome::Written, &[]), visit(entry));
        assert_eq!(written["consent"]["updated"], json!(NOW));
    });
}

#[test]
fn the_consent_of_an_older_visit_does_not_replace_that_of_a_newer_one() {
    for updated in [NOW, NOW + 1, NOW + 300] {
        for_both(|test| {
            let consent = json!({ "tcf": "CQnewer", "ok": true, "updated": updated });
            live(NOW).with("consent", consent.clone()).seed(test);
            let entry = NewEntry { tcf: Some("CQolder".into()), ..NewEntry::at(NOW) };
            leaves(test, calls(1, 0), said(VisitOutcome::Unchanged, &[]), visit(entry));
        });
    }
}

#[test]
fn a_withdrawn_time_stays_when_consent_is_refreshed() {
    for_both(|test| {
        let consent = json!({ "tcf": "CQ", "ok": true, "updated": BEFORE, "withdrawn": 77 });
        live(BEFORE).with("consent", consent).seed(test);
        let entry = NewEntry { tcf: Some("CQother".into()), ..NewEntry::at(NOW) };
        let written = writes(test, calls(1, 1), said(VisitOutcome::Written, &[]), visit(entry));
        assert_eq!(written["consent"]["withdrawn"], json!(77));
    });
}

#[test]
fn a_new_domain_joins_at_once_and_a_known_one_is_no_news() {
    for_both(|test| {
        let properties = json!({ "origin_domain": "m.example", "seen_domains": ["m.example"] });
        live(NOW - 1).with("pub_properties", properties).seed(test);
        let of = |domain: &str| NewEntry { domain: Some(domain.into()), ..NewEntry::at(NOW) };
        for known in ["m.example", "M.Example", "m.example."] {
            leaves(test, calls(1, 0), said(VisitOutcome::Unchanged, &[]), visit(of(known)));
        }
        for new in ["a.example", "Z_1.example."] {
            writes(test, calls(1, 1), said(VisitOutcome::Written, &[]), visit(of(new)));
        }
        let expected = json!({
            "origin_domain": "m.example",
            "seen_domains": ["a.example", "m.example", "z_1.example"],
        });
        assert_eq!(body(test)["pub_properties"], expected);
    });
}

#[test]
fn the_first_domain_of_a_row_is_its_origin() {
    for_both(|test| {
        for properties in [None, Some(Value::Null), Some(json!({ "note": 1 }))] {
            let seed = live(NOW - 1);
            let seed = match properties {
                None => seed,
                Some(properties) => seed.with("pub_properties", properties),
            };
            seed.seed(test);
            let entry = NewEntry { domain: Some("a.example".into()), ..NewEntry::at(NOW) };
            let noted = said(VisitOutcome::Written, &[]);
            let written = writes(test, calls(1, 1), noted, visit(entry));
            let properties = &written["pub_properties"];
            assert_eq!(properties["origin_domain"], json!("a.example"));
            assert_eq!(properties["seen_domains"], json!(["a.example"]));
        }
    });
}

#[test]
fn geo_and_device_that_differ_are_no_reason_to_write_by_themselves() {
    let moved = || NewEntry { ids: vec![], domain: None, tcf: None, gpp: None, ..full_visit() };
    let moved = || NewEntry { gpp_sid: None, ..moved() };
    for_both(|test| {
        live(NOW - 299).seed(test);
        leaves(test, calls(1, 0), said(VisitOutcome::Unchanged, &[]), visit(moved()));
        // They go along once the debounce has passed ...
        live(NOW - 300).seed(test);
        let noted = said(VisitOutcome::Written, &[]);
        let written = writes(test, calls(1, 1), noted, visit(moved()));
        assert_eq!(written["geo"], full_body()["geo"]);
        assert_eq!(written["device"], full_body()["device"]);
        let metadata: Value = serde_json::from_str(&row(test).metadata.unwrap()).unwrap();
        let expected = json!({
            "ok": true, "country": "US", "v": 1, "is_mobile": 1, "known_browser": true
        });
        assert_eq!(metadata, expected);
        // ... or with whatever else is written.
        live(NOW - 1).seed(test);
        let entry = NewEntry { ids: vec![uid(PARTNER, "new", NOW)], ..moved() };
        let noted = said(VisitOutcome::Written, &[Written]);
        let written = writes(test, calls(1, 1), noted, visit(entry));
        assert_eq!(written["geo"], full_body()["geo"]);
    });
}

#[test]
fn geo_and_device_that_are_not_given_stay_and_given_ones_replace_theirs_whole() {
    for_both(|test| {
        let geo = json!({ "country": "FR", "region": "IDF", "asn": 1, "tz": "Europe/Paris" });
        let device = json!({ "is_mobile": 0, "ja4_class": "t13", "x": [1] });
        let seed = || live(BEFORE).with("geo", geo.clone()).with("device", device.clone());
        seed().seed(test);
        let noted = || said(VisitOutcome::Written, &[]);
        let written = writes(test, calls(1, 1), noted(), visit(NewEntry::at(NOW)));
        assert_eq!((&written["geo"], &written["device"]), (&geo, &device));
        seed().seed(test);
        let entry = NewEntry {
            geo: Some(Geo::from_lookup("DE", "BE", 0, 0)),
            device: Some(Device { is_mobile: 1, ..Device::default() }),
            ..NewEntry::at(NOW)
        };
        let written = writes(test, calls(1, 1), noted(), visit(entry));
        let geo = json!({ "country": "DE", "region": "BE", "asn": null, "tz": "Europe/Paris" });
        assert_eq!(written["geo"], geo);
        let device = json!({ "is_mobile": 1, "ja4_class": null, "x": [1] });
        assert_eq!(written["device"], device);
    });
}

#[test]
fn a_visit_with_news_moves_last_seen_within_the_debounce_too() {
    for_both(|test| {
        live(NOW - 10).seed(test);
        let noted = said(VisitOutcome::Written, &[Written]);
        let entry = NewEntry { ids: vec![uid(PARTNER, "new", NOW)], ..NewEntry::at(NOW) };
        let written = writes(test, calls(1, 1), noted, visit(entry));
        assert_eq!(written["last_seen"], json!(NOW));
        assert_eq!(row(test).expires_at, Some(NOW + YEAR));
    });
}

#[test]
fn an_older_visit_brings_what_is_new_and_moves_nothing_back() {
    for_both(|test| {
        let seed = live(NOW + 200);
        seed.seed(test);
        let noted = said(VisitOutcome::Written, &[Written]);
        let written = writes(test, calls(1, 1), noted, visit(full_visit()));
        let mut expected = body_of_seed(&seed);
        expected["ids"] = full_body()["ids"].clone();
        expected["pub_properties"] = full_body()["pub_properties"].clone();
        assert_eq!(written, expected, "neither last_seen nor consent, geo or device");
        assert_eq!(row(test).expires_at, Some(NOW + YEAR), "a whole lifetime and never more");
        leaves(test, calls(1, 0), said(VisitOutcome::Unchanged, &[]), visit(NewEntry::at(NOW)));
    });
}

#[test]
fn uids_are_judged_as_by_an_upsert_in_the_order_of_the_call() {
    for_both_with(Policy { max_partners: 4, ..Policy::default() }, |test| {
        live(NOW)
            .uid("same.example", "s", NOW - 5)
            .uid("later.example", "l", NOW + 1)
            .uid("older.example", "o", NOW - 9)
            .seed(test);
        let entry = NewEntry {
            ids: vec![
                uid("z.example", "fits", NOW),
                uid("later.example", "x", NOW),
                uid("a.example", "does not", NOW),
                uid("same.example", "s", NOW),
                uid("older.example", "o2", NOW),
                uid("b.example", "$UID", NOW),
            ],
            ..NewEntry::at(NOW)
        };
        let outcomes = [Written, Stale, Full, Unchanged, Written, REFUSED];
        let noted = said(VisitOutcome::Written, &outcomes);
        let written = writes(test, calls(1, 1), noted, visit(entry));
        let expected = json!({
            "same.example": { "uid": "s", "synced": NOW },
            "later.example": { "uid": "l", "synced": NOW + 1 },
            "older.example": { "uid": "o2", "synced": NOW },
            "z.example": { "uid": "fits", "synced": NOW },
        });
        assert_eq!(written["ids"], expected);
    });
}

#[test]
fn a_corrupt_row_is_named_and_left() {
    for_both(|test| {
        seed_corrupt(test);
        leaves(test, calls(1, 0), Err(CORRUPT), visit(full_visit()));
    });
}

#[test]
fn on_a_snapshot_it_takes_no_read() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = test.graph.get(EC, NOW).unwrap().unwrap();
        let _ = test.take_store_calls();
        let noted = Ok(VisitOutcome::Written);
        let written = writes(test, calls(0, 1), noted, |_| done(snapshot.visit(full_visit())));
        assert_eq!(written["ids"], full_body()["ids"]);
        // The next one reads, and finds nothing new.
        leaves(test, calls(1, 0), Ok(VisitOutcome::Unchanged), |_| {
            done(snapshot.visit(full_visit()))
        });
        drop(snapshot);
        let mut snapshot = test.graph.get(EC, NOW).unwrap().unwrap();
        let _ = test.take_store_calls();
        for _ in 0..2 {
            leaves(test, NO_CALLS, Ok(VisitOutcome::Unchanged), |_| {
                done(snapshot.visit(full_visit()))
            });
        }
    });
}

#[test]
fn on_a_snapshot_of_a_withdrawal_it_revives_or_stays() {
    for_both(|test| {
        tombstone(NOW).seed(test);
        let mut snapshot = test.graph.get(EC, NOW).unwrap().unwrap();
        let _ = test.take_store_calls();
        leaves(test, NO_CALLS, Ok(VisitOutcome::Withdrawn), |_| done(snapshot.visit(full_visit())));
        let later = NewEntry { now: NOW + 1, ..full_visit() };
        let written =
            writes(test, calls(0, 1), Ok(VisitOutcome::Revived), |_| done(snapshot.visit(later)));
        assert_eq!(written["consent"]["withdrawn"], json!(NOW));
    });
}

#[test]
fn consent_of_a_visit_that_arrives_late_does_not_replace_what_a_newer_one_brought_again() {
    for_both(|test| {
        let visit = |tcf: &str, now| {
            let entry = NewEntry { tcf: Some(tcf.to_owned()), ..NewEntry::at(now) };
            test.graph.visit(EC, entry).unwrap().outcome
        };
        assert_eq!(visit("CQinventedB", NOW), VisitOutcome::Created);
        // The same string, seen again: it is not written, and the visit is.
        assert_eq!(visit("CQinventedB", NOW + 1_000), VisitOutcome::Written);
        assert_eq!(visit("CQinventedA", NOW + 800), VisitOutcome::Unchanged);
        let body = body(test);
        assert_eq!(body["consent"]["tcf"], "CQinventedB");
        assert_eq!(body["last_seen"], NOW + 1_000);
    });
}
