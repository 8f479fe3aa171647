//! What is said of a UID, how long it holds, and in which order it counts.

use host_test::{TestGraph, for_both};
use identity_graph::{
    Failure,
    IfMissing::{CreateMinimal, Skip},
    Mapping, NewEntry, PartnerUid, TouchOutcome,
    UpsertOutcome::{self, Stale, Unchanged, Written},
    VisitOutcome,
};
use serde_json::{Value, json};

use crate::support::*;

/// To be kept to the byte.
const EXT: &str = r#"{ "rtiPartner":"TDID", "n" : [1.50,null], "\u00e9":{"mm":"\/"} }"#;

fn said_of(id: &str, synced: u64) -> PartnerUid {
    PartnerUid {
        atype: Some(571_187),
        expires: Some(NOW + DAY),
        ext: Some(EXT.into()),
        ..uid(PARTNER, id, synced)
    }
}

fn upsert_id(id: PartnerUid) -> impl FnOnce(&TestGraph) -> Result<UpsertOutcome, Failure> {
    move |t| {
        let outcome = t.graph.upsert_partner_id(EC, id, Skip, NOW)?;
        Ok(bare_ids(vec![outcome]).remove(0))
    }
}

fn shown(test: &TestGraph, now: u64) -> Vec<PartnerUid> {
    test.graph.get(EC, now).unwrap().unwrap().entry().ids
}

fn text(test: &TestGraph) -> String {
    String::from_utf8(row(test).body).unwrap()
}

#[test]
fn what_is_said_of_a_uid_is_stored_and_shown_whichever_way_it_comes() {
    let ways: [fn(&TestGraph); 5] = [
        |t| {
            live(BEFORE).seed(t);
            t.graph.upsert_partner_id(EC, said_of("u", NOW - 1), Skip, NOW).unwrap();
        },
        |t| {
            let ids = vec![said_of("u", NOW - 1)];
            t.graph.upsert_partner_ids(EC, ids, CreateMinimal, NOW).unwrap();
        },
        |t| {
            let ids = vec![said_of("u", NOW - 1)];
            t.graph.create(EC, NewEntry { ids, ..NewEntry::at(NOW) }).unwrap();
        },
        |t| {
            live(BEFORE).uid(PARTNER, "old", 5).seed(t);
            let ids = vec![said_of("u", NOW - 1)];
            t.graph.visit(EC, NewEntry { ids, ..NewEntry::at(NOW) }).unwrap();
        },
        |t| {
            live(BEFORE).seed(t);
            let PartnerUid { atype, expires, ext, .. } = said_of("u", NOW - 1);
            let mapping = Mapping { atype, expires, ext, ..mapping(EC, "u", NOW - 1) };
            t.graph.sync_partner_ids(PARTNER, &[mapping], NOW).unwrap();
        },
    ];
    for way in ways {
        for_both(|test| {
            let _ = test.at(NOW);
            way(test);
            assert_eq!(shown(test, NOW), [said_of("u", NOW - 1)]);
            assert!(text(test).contains(&format!("\"ext\":{EXT}")), "it is kept to the byte");
        });
    }
}

#[test]
fn what_was_said_of_a_uid_goes_with_it() {
    for_both(|test| {
        live(BEFORE).seed(test);
        writes(test, calls(1, 1), Ok(Written), upsert_id(said_of("u", NOW - 9)));
        let written = writes(test, calls(1, 1), Ok(Written), upsert_id(uid(PARTNER, "v", NOW - 8)));
        let expected = json!({
            "uid": "v", "synced": NOW - 8, "atype": null, "expires": null, "ext": null
        });
        assert_eq!(written["ids"][PARTNER], expected);
        assert_eq!(shown(test, NOW), [uid(PARTNER, "v", NOW - 8)]);
        // What the next one says takes its place.
        let atype = PartnerUid { atype: Some(1), ..uid(PARTNER, "w", NOW - 7) };
        writes(test, calls(1, 1), Ok(Written), upsert_id(atype.clone()));
        assert_eq!(shown(test, NOW), [atype]);
    });
}

#[test]
fn what_another_program_says_of_a_uid_stays_when_the_uid_is_replaced() {
    for_both(|test| {
        let id = json!({ "uid": "u", "synced": 5, "note": [1], "ext": { "a": 1 } });
        live(BEFORE).with("ids", json!({ PARTNER: id })).seed(test);
        let written = writes(test, calls(1, 1), Ok(Written), |t| upsert(t, Skip));
        let expected = json!({ "uid": "new", "synced": NOW, "note": [1], "ext": null });
        assert_eq!(written["ids"][PARTNER], expected);
    });
}

#[test]
fn the_same_uid_with_more_said_of_it_is_written_and_says_nothing_less() {
    for_both(|test| {
        let stored = PartnerUid { atype: Some(3), ..uid(PARTNER, "u", NOW - 9) };
        live(BEFORE).seed(test);
        writes(test, calls(1, 1), Ok(Written), upsert_id(stored));
        let more = PartnerUid { ext: Some("{\"a\":1}".into()), ..uid(PARTNER, "u", NOW - 8) };
        writes(test, calls(1, 1), Ok(Written), upsert_id(more));
        let expected = PartnerUid {
            atype: Some(3),
            ext: Some("{\"a\":1}".into()),
            ..uid(PARTNER, "u", NOW - 8)
        };
        assert_eq!(shown(test, NOW), std::slice::from_ref(&expected));
        // The same again, or less, is no news.
        leaves(test, calls(1, 0), Ok(Unchanged), upsert_id(expected));
        leaves(test, calls(1, 0), Ok(Unchanged), upsert_id(uid(PARTNER, "u", NOW)));
        // More that was said earlier is none either.
        let earlier = PartnerUid { atype: Some(1), ..uid(PARTNER, "u", NOW - 8) };
        leaves(test, calls(1, 0), Ok(Unchanged), upsert_id(earlier));
        for more in [
            PartnerUid { atype: Some(1), ..uid(PARTNER, "u", NOW - 7) },
            PartnerUid { expires: Some(NOW + 1), ..uid(PARTNER, "u", NOW - 6) },
            PartnerUid { ext: Some("{}".into()), ..uid(PARTNER, "u", NOW - 5) },
        ] {
            writes(test, calls(1, 1), Ok(Written), upsert_id(more));
        }
    });
}

#[test]
fn of_two_that_say_different_things_of_one_uid_the_later_counts() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let ids = vec![
            PartnerUid { atype: Some(1), ..uid(PARTNER, "u", NOW) },
            PartnerUid { atype: Some(2), ..uid(PARTNER, "u", NOW) },
        ];
        let outcomes = Ok(vec![Written, Stale]);
        let written =
            writes(test, calls(1, 1), outcomes, |t| t.graph.upsert_partner_ids(EC, ids, Skip, NOW));
        assert_eq!(written["ids"][PARTNER]["atype"], json!(1));
    });
}

#[test]
fn a_uid_that_has_expired_when_it_arrives_is_invalid() {
    for expires in [0, NOW - 1, NOW, NOW * 1_000] {
        for_both(|test| {
            live(BEFORE).seed(test);
            let id = PartnerUid { expires: Some(expires), ..uid(PARTNER, "u", NOW) };
            leaves(test, NO_CALLS, Ok(REFUSED), upsert_id(id.clone()));
            let mappings = [Mapping { expires: Some(expires), ..mapping(EC, "u", NOW) }];
            leaves(test, NO_CALLS, Ok(vec![Ok(REFUSED)]), |t| {
                t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
            });
            let entry = NewEntry { ids: vec![id], ..NewEntry::at(NOW) };
            let written = writes(test, calls(1, 1), Ok(vec![REFUSED]), |t| {
                Ok(bare_ids(t.graph.visit(EC, entry)?.ids))
            });
            assert_eq!(written.get("ids"), None);
            assert_eq!(written["last_seen"], json!(NOW), "the visit is noted");
        });
    }
}

fn with_one_that_ends(at: u64) -> Seed {
    let ids = json!({
        "a.example": { "uid": "a", "synced": 1 },
        PARTNER: { "uid": "u", "synced": 5, "expires": at, "note": 1 },
        "z.example": { "uid": "z", "synced": 1 },
    });
    live(BEFORE).with("ids", ids)
}

#[test]
fn an_expired_uid_is_not_shown_from_its_very_second_on() {
    for_both(|test| {
        with_one_that_ends(NOW).seed(test);
        assert_eq!(shown(test, NOW - 1).len(), 3);
        assert_eq!(shown(test, NOW).len(), 2);
        assert!(test.graph.inspect(EC).unwrap().unwrap().problem.is_none());
    });
}

#[test]
fn an_expired_uid_goes_with_the_next_write_and_is_no_reason_for_one() {
    for_both(|test| {
        with_one_that_ends(NOW).seed(test);
        leaves(test, calls(1, 0), Ok(Unchanged), upsert_id(uid("a.example", "a", 1)));
        let kept = json!({
            "a.example": { "uid": "a", "synced": 1 }, "z.example": { "uid": "z", "synced": 1 }
        });
        for write in [
            (|t| t.graph.update_last_seen(EC, NOW).map(drop)) as fn(&TestGraph) -> _,
            |t| t.graph.evaluate_cluster(EC, NOW).map(drop),
            |t| t.graph.visit(EC, NewEntry::at(NOW)).map(drop),
            |t| t.graph.remove_partner_ids(EC, vec!["other.example".into()], NOW).map(drop),
        ] {
            let _ = test.at(NOW);
            with_one_that_ends(NOW).seed(test);
            assert_eq!(write(test), Ok(()));
            assert_eq!(body(test)["ids"], kept);
            with_one_that_ends(NOW + 1).seed(test);
            assert_eq!(write(test), Ok(()));
            assert_eq!(body(test)["ids"].as_object().unwrap().len(), 3);
        }
    });
}

#[test]
fn after_its_end_a_uid_is_asserted_anew() {
    for_both(|test| {
        // Whatever was said of it before, its end above all, is over.
        for (id, synced) in [("u", 4), ("u", NOW), ("v", 4)] {
            with_one_that_ends(NOW).seed(test);
            let written =
                writes(test, calls(1, 1), Ok(Written), upsert_id(uid(PARTNER, id, synced)));
            assert_eq!(written["ids"][PARTNER]["expires"], Value::Null);
            assert!(shown(test, NOW).contains(&uid(PARTNER, id, synced)));
        }
    });
}

#[test]
fn an_ext_that_is_no_small_object_is_refused_and_costs_a_visit_itself_alone() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(20), "]".repeat(20));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(1_024));
    for ext in ["[]", "1", "{", "{}{}", "null", "{\"a\":1e999}", &deep, &long] {
        let id = || PartnerUid { ext: Some(ext.to_owned()), ..uid(PARTNER, "u", NOW) };
        for_both(|test| {
            live(BEFORE).seed(test);
            leaves(test, NO_CALLS, Ok(REFUSED), upsert_id(id()));
            let entry = NewEntry { ids: vec![id()], ..NewEntry::at(NOW) };
            let visited = Ok((VisitOutcome::Written, vec![Written], vec!["ids.ext".to_owned()]));
            let written = writes(test, calls(1, 1), visited, |t| {
                let report = t.graph.visit(EC, entry)?;
                let left_out = report.left_out.into_iter().map(|part| part.field).collect();
                Ok((report.outcome, report.ids, left_out))
            });
            assert_eq!(written["ids"][PARTNER], json!({ "uid": "u", "synced": NOW }));
        });
    }
    for_both(|test| {
        live(BEFORE).seed(test);
        let ext = format!("{{\"a\":\"{}\"}}", "x".repeat(1_024 - 8));
        let id = PartnerUid { ext: Some(ext), ..uid(PARTNER, "u", NOW) };
        writes(test, calls(1, 1), Ok(Written), upsert_id(id));
        let empty = PartnerUid { ext: Some(String::new()), ..uid("b.example", "u", NOW) };
        writes(test, calls(1, 1), Ok(Written), upsert_id(empty.clone()));
        assert!(shown(test, NOW).contains(&PartnerUid { ext: None, ..empty }));
    });
}

/// Another writer's odd values are not shown, and stay.
#[test]
fn odd_values_of_other_writers_are_not_shown_and_stay() {
    for_both(|test| {
        let id = json!({ "uid": "u", "synced": 5, "atype": "1", "expires": "soon", "ext": [1] });
        live(BEFORE).with("ids", json!({ PARTNER: id.clone() })).seed(test);
        assert_eq!(shown(test, NOW), [uid(PARTNER, "u", 5)]);
        let touched = Ok(TouchOutcome::Written);
        let _ = test.take_store_calls();
        let written = writes(test, calls(1, 1), touched, |t| t.graph.update_last_seen(EC, NOW));
        assert_eq!(written["ids"][PARTNER], id);
    });
}

/// B, B again with something else to write, and an A from in between: the row ends as B.
#[test]
fn an_equal_uid_asserted_later_moves_its_time_with_whatever_else_is_written() {
    for_both(|test| {
        let assert = |id: &str, synced| {
            let ids =
                vec![uid(PARTNER, id, synced), uid("other.example", &format!("x{synced}"), synced)];
            test.graph.upsert_partner_ids(EC, ids, Skip, NOW).unwrap()
        };
        live(BEFORE).seed(test);
        assert_eq!(assert("b", 10), [Written, Written]);
        assert_eq!(assert("b", 30), [Unchanged, Written]);
        assert_eq!(body(test)["ids"][PARTNER]["synced"], json!(30));
        assert_eq!(assert("a", 20), [Stale, Stale]);
        assert_eq!(body(test)["ids"][PARTNER]["uid"], json!("b"));
    });
}

/// By itself it is written once the stored time is older than a day: so far the order is known.
#[test]
fn an_equal_uid_asserted_more_than_a_day_later_is_written_for_its_time_alone() {
    for_both(|test| {
        let assert = |id: &'static str, synced| upsert_id(uid(PARTNER, id, synced));
        live(BEFORE).uid(PARTNER, "b", NOW - DAY - 1).seed(test);
        let written = writes(test, calls(1, 1), Ok(Written), assert("b", NOW));
        assert_eq!(written["ids"][PARTNER]["synced"], json!(NOW));
        leaves(test, calls(1, 0), Ok(Stale), assert("a", NOW - 1));
        live(BEFORE).uid(PARTNER, "b", NOW - DAY).seed(test);
        leaves(test, calls(1, 0), Ok(Unchanged), assert("b", NOW));
        // In a batch likewise.
        live(BEFORE).uid(PARTNER, "b", NOW - DAY - 1).seed(test);
        let waves = sum(&[get_many(1), put_many(1)]);
        writes(test, waves, Ok(vec![Ok(Written)]), |t| {
            t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "b", NOW)], NOW)
        });
    });
}

#[test]
fn what_was_asserted_before_a_withdrawal_does_not_come_back_with_new_consent() {
    for_both(|test| {
        let ids = || {
            vec![
                uid("before.example", "x", BEFORE),
                uid("same.example", "x", NOW),
                uid("after.example", "x", NOW + 1),
                uid("now.example", "x", None),
            ]
        };
        let expected = [Stale, Stale, Written, Written];
        for revive in [
            (|t, entry| Ok(t.graph.visit(EC, entry)?.ids))
                as fn(&TestGraph, NewEntry) -> Result<Vec<UpsertOutcome>, Failure>,
            |t, entry| Ok(t.graph.create_or_revive(EC, entry)?.ids),
        ] {
            let _ = test.at(NOW);
            tombstone(NOW).seed(test);
            let entry = NewEntry { ids: ids(), ..NewEntry::at(NOW + 2) };
            assert_eq!(revive(test, entry), Ok(expected.to_vec()));
            let stored = body(test);
            assert_eq!(stored["consent"]["withdrawn"], json!(NOW));
            let partners: Vec<_> = stored["ids"].as_object().unwrap().keys().collect();
            assert_eq!(partners, ["after.example", "now.example"]);
            // Nor does it later, whoever brings it.
            let late = vec![uid("before.example", "x", BEFORE), uid("same.example", "x", NOW)];
            let _ = test.take_store_calls();
            leaves(test, calls(1, 0), Ok(vec![Stale; 2]), |t| {
                t.graph.upsert_partner_ids(EC, late.clone(), CreateMinimal, NOW + 9)
            });
            leaves(test, get_many(1), Ok(vec![Ok(Stale)]), |t| {
                t.graph.sync_partner_ids("same.example", &[mapping(EC, "x", NOW)], NOW + 9)
            });
            let visit = NewEntry { ids: late, ..NewEntry::at(NOW + 9) };
            leaves(test, calls(1, 0), Ok(vec![Stale; 2]), |t| Ok(t.graph.visit(EC, visit)?.ids));
            // What every write keeps holds after a year of them, too.
            test.graph.update_last_seen(EC, test.at(NOW + 400)).unwrap();
            assert_eq!(body(test)["consent"]["withdrawn"], json!(NOW));
            let entry = test.graph.get(EC, NOW + 400).unwrap().unwrap().entry();
            assert_eq!(entry.consent.withdrawn, Some(NOW));
        }
    });
}

/// A withdrawal of which the row knows no time that can be believed keeps nothing out.
#[test]
fn a_withdrawn_time_ahead_of_the_clock_keeps_nothing_out() {
    for_both(|test| {
        let consent = json!({ "ok": true, "updated": BEFORE, "withdrawn": NOW * 1_000 });
        live(BEFORE).with("consent", consent).seed(test);
        writes(test, calls(1, 1), Ok(Written), |t| upsert(t, Skip));
    });
}
