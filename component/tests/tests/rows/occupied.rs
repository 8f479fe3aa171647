//! What stands in a row in a way that this version does not write: nothing of it is dropped, and
//! readers that take the last of two see the same as those that take the first.

use host_test::{TestGraph, for_both};
use identity_graph::{
    Failure, IfMissing, NewEntry, PartnerUid, TouchOutcome, UpsertOutcome, VisitOutcome,
};
use serde_json::Value;

use crate::operations::{done, uid};
use crate::stored::body;

const KEY: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Occ111";
const NOW: u64 = 2_000;

/// A row with these members beside the required ones.
fn row(members: &str) -> String {
    format!(
        "{{\"v\":1,\"created\":1000,\"last_seen\":1900,\"consent\":{{\"ok\":true,\"updated\":1000}},\
         \"geo\":{{\"country\":\"US\"}},{members}}}"
    )
}

fn seed(test: &TestGraph, members: &str) -> String {
    let _ = test.at(NOW);
    let row = row(members);
    test.store.seed(KEY, row.as_str(), None);
    row
}

/// The outcome with what it says of a rule left out.
fn bare(outcome: UpsertOutcome) -> UpsertOutcome {
    match outcome {
        UpsertOutcome::Invalid(_) => refused(),
        other => other,
    }
}

fn refused() -> UpsertOutcome {
    UpsertOutcome::Invalid(String::new())
}

fn upsert(test: &TestGraph, partner: &str, id: &str) -> UpsertOutcome {
    let id = uid(partner, id, None);
    bare(test.graph.upsert_partner_id(KEY, id, IfMissing::CreateMinimal, NOW).unwrap())
}

fn sync(test: &TestGraph, partner: &str, id: &str) -> UpsertOutcome {
    let mapping = identity_graph::Mapping::new(KEY, id, NOW);
    let outcome = test.graph.sync_partner_ids(partner, &[mapping], NOW).unwrap().remove(0);
    bare(outcome.unwrap())
}

fn visit(test: &TestGraph, ids: Vec<PartnerUid>) -> (VisitOutcome, Vec<UpsertOutcome>) {
    let report = test.graph.visit(KEY, NewEntry { ids, ..NewEntry::at(NOW) }).unwrap();
    (report.outcome, report.ids.into_iter().map(bare).collect())
}

/// What a reader sees that takes the last of what stands twice, as most do.
fn last_wins(test: &TestGraph) -> Value {
    serde_json::from_str(&body(test, KEY)).unwrap()
}

#[test]
fn a_partners_value_that_is_no_object_is_not_replaced() {
    for value in ["\"u-1\"", "[\"u\", 1.0]", "5", "true"] {
        let members = format!("\"ids\":{{\"p\":{value},\"q\":{{\"uid\":\"q\",\"synced\":1}}}}");
        for_both(|test| {
            let before = seed(test, &members);
            for _ in 0..2 {
                assert_eq!(upsert(test, "p", "u"), refused());
                assert_eq!(sync(test, "p", "u"), refused());
                assert_eq!(body(test, KEY), before);
            }
            // It costs no other partner anything.
            let ids = vec![uid("p", "u", None), uid("q", "new", None)];
            let outcomes = test.graph.upsert_partner_ids(KEY, ids.clone(), IfMissing::Skip, NOW);
            let outcomes: Vec<_> = outcomes.unwrap().into_iter().map(bare).collect();
            assert_eq!(outcomes, [refused(), UpsertOutcome::Written]);
            assert!(body(test, KEY).contains(&format!("\"p\":{value}")));
            seed(test, &members);
            let visited = (VisitOutcome::Written, vec![refused(), UpsertOutcome::Written]);
            assert_eq!(visit(test, ids), visited);
            assert!(body(test, KEY).contains(&format!("\"p\":{value}")));
            assert_eq!(last_wins(test)["last_seen"], NOW);
        });
    }
}

#[test]
fn a_partner_written_as_null_is_nothing_to_lose() {
    for_both(|test| {
        seed(test, "\"ids\":{\"p\":null}");
        assert_eq!(upsert(test, "p", "u"), UpsertOutcome::Written);
        assert_eq!(last_wins(test)["ids"]["p"]["uid"], "u");
    });
}

#[test]
fn of_a_partner_that_stands_twice_every_reader_sees_the_new_uid() {
    let old = |n: u64| format!("\"p\" : {{\"uid\":\"u{n}\",\"synced\":{n}, \"n\":{n}}}");
    for (first, last) in [(1, 2), (2, 1)] {
        let members = format!("\"ids\":{{{},\"q\":{{}},{}}}", old(first), old(last));
        for write in [upsert, sync] {
            for_both(|test| {
                seed(test, &members);
                assert_eq!(write(test, "p", "new"), UpsertOutcome::Written);
                let text = body(test, KEY);
                assert_eq!(text.matches("\"uid\":\"new\",\"synced\":2000").count(), 2);
                assert!(!text.contains("u1") && !text.contains("u2"));
                assert!(text.contains("\"n\":1") && text.contains("\"n\":2"));
                assert_eq!(last_wins(test)["ids"]["p"]["uid"], "new");
                let shown = test.graph.get(KEY, NOW).unwrap().unwrap().entry().ids;
                assert_eq!(shown, [uid("p", "new", Some(NOW))]);
            });
        }
    }
}

#[test]
fn where_one_of_two_is_no_object_neither_is_replaced() {
    for members in [
        r#""ids":{"p":{"uid":"u","synced":1},"p":"text"}"#,
        r#""ids":{"p":["text"],"P":{"uid":"u","synced":1}}"#,
    ] {
        for_both(|test| {
            let before = seed(test, members);
            assert_eq!(upsert(test, "p", "new"), refused());
            assert_eq!(body(test, KEY), before);
        });
    }
}

#[test]
fn a_partner_with_a_name_that_stands_twice_is_left_as_it_is() {
    for partner in [
        r#"{"uid":"a","uid":"b","synced":1}"#,
        r#"{"uid":"a","synced":1,"synced":2}"#,
        r#"{"uid":"a","ext":{},"synced":1,"e\u0078t":{}}"#,
    ] {
        for_both(|test| {
            let before = seed(test, &format!("\"ids\":{{\"p\":{partner}}}"));
            assert_eq!(upsert(test, "p", "new"), refused());
            assert_eq!(sync(test, "p", "new"), refused());
            assert_eq!(body(test, KEY), before);
            let touched = test.graph.update_last_seen(KEY, NOW + 300);
            assert_eq!(touched, Ok(TouchOutcome::Written));
            assert!(body(test, KEY).contains(partner));
        });
    }
}

#[test]
fn a_partner_key_in_upper_case_is_the_same_partner() {
    let members = r#""ids":{"IDs.Acme.Example":{"uid":"old","synced":1,"n":1.50}}"#;
    for write in [upsert, sync] {
        for_both(|test| {
            seed(test, members);
            assert_eq!(write(test, "ids.acme.example", "new"), UpsertOutcome::Written);
            let expected =
                row(r#""ids":{"IDs.Acme.Example":{"uid":"new","synced":2000,"n":1.50}}"#);
            assert_eq!(body(test, KEY), expected);
            let shown = test.graph.get(KEY, NOW).unwrap().unwrap().entry().ids;
            assert_eq!(shown, [uid("ids.acme.example", "new", Some(NOW))]);
        });
    }
}

#[test]
fn a_partner_in_upper_and_in_lower_case_is_shown_once_and_written_twice() {
    for_both(|test| {
        seed(test, r#""ids":{"P":{"uid":"a","synced":7},"p":{"uid":"b","synced":6}}"#);
        let shown = || test.graph.get(KEY, NOW).unwrap().unwrap().entry().ids;
        assert_eq!(shown(), [uid("p", "a", Some(7))]);
        assert_eq!(upsert(test, "p", "new"), UpsertOutcome::Written);
        assert_eq!(shown(), [uid("p", "new", Some(NOW))]);
        let seen = last_wins(test);
        assert_eq!(
            (&seen["ids"]["P"]["uid"], &seen["ids"]["p"]["uid"]),
            (&"new".into(), &"new".into())
        );
    });
}

#[test]
fn something_else_in_the_place_of_ids_costs_the_uids_and_not_the_visit() {
    for value in ["[{\"uid\":\"u\"}]", "\"none\"", "7"] {
        for_both(|test| {
            let before = seed(test, &format!("\"ids\":{value}"));
            let id = uid("p", "u", None);
            let failed = test.graph.upsert_partner_id(KEY, id.clone(), IfMissing::Skip, NOW);
            assert!(matches!(failed, Err(Failure::Corrupt(_))));
            assert_eq!(body(test, KEY), before);
            let entry = NewEntry { ids: vec![id], ..NewEntry::at(NOW + 300) };
            let report = test.graph.visit(KEY, entry).unwrap();
            assert_eq!(report.outcome, VisitOutcome::Written);
            assert_eq!(report.ids.into_iter().map(bare).collect::<Vec<_>>(), [refused()]);
            assert_eq!(body(test, KEY), before.replace("1900", "2300"));
        });
    }
}

#[test]
fn something_else_in_the_place_of_an_object_costs_a_visit_what_belongs_there() {
    for (name, value) in [("device", "[1]"), ("pub_properties", "\"x\""), ("network", "3")] {
        for_both(|test| {
            let before = seed(test, &format!("\"{name}\":{value}"));
            let entry = NewEntry {
                device: Some(identity_graph::Device::default()),
                domain: Some("a.example".into()),
                ..NewEntry::at(NOW + 300)
            };
            assert_eq!(done(test.graph.visit(KEY, entry)), Ok(VisitOutcome::Written));
            let after = body(test, KEY);
            assert!(after.contains(&format!("\"{name}\":{value}")));
            assert!(after.contains("\"last_seen\":2300") && before != after);
        });
    }
}

fn joins(test: &TestGraph, domain: &str) -> Result<VisitOutcome, Failure> {
    let entry = NewEntry { domain: Some(domain.into()), ..NewEntry::at(NOW) };
    done(test.graph.visit(KEY, entry))
}

#[test]
fn a_domain_joins_the_sorted_list_and_odd_items_stay_where_they_are() {
    let list = |list: &str| {
        row(&format!(
            "\"pub_properties\":{{\"origin_domain\":\"o.example\",\"seen_domains\":{list}}}"
        ))
        .replace("1900", "2000")
    };
    for (before, domain, after) in [
        (r#"["b.example","d.example"]"#, "a.example", r#"["a.example","b.example","d.example"]"#),
        (r#"["b.example","d.example"]"#, "c.example", r#"["b.example","c.example","d.example"]"#),
        (r#"["b.example","d.example"]"#, "e.example", r#"["b.example","d.example","e.example"]"#),
        ("[]", "a.example", r#"["a.example"]"#),
        ("[ ]", "a.example", r#"[ "a.example"]"#),
        (r#"[ "b.example" ]"#, "c.example", r#"[ "b.example" ,"c.example"]"#),
        (
            r#"[7,"b.example",null,{"d":1.0},"D","d.example"]"#,
            "c.example",
            r#"[7,"b.example",null,{"d":1.0},"D","c.example","d.example"]"#,
        ),
        ("[7]", "c.example", r#"[7,"c.example"]"#),
        (r#"["z.example","b.example"]"#, "c.example", r#"["c.example","z.example","b.example"]"#),
    ] {
        for_both(|test| {
            let stored = list(before).replace("\"last_seen\":2000", "\"last_seen\":1900");
            let _ = test.at(NOW);
            test.store.seed(KEY, stored, None);
            assert_eq!(joins(test, domain), Ok(VisitOutcome::Written));
            assert_eq!(body(test, KEY), list(after));
            assert_eq!(joins(test, domain), Ok(VisitOutcome::Unchanged));
        });
    }
}

#[test]
fn beyond_fifty_domains_none_joins() {
    for (number, outcome) in [(49, VisitOutcome::Written), (50, VisitOutcome::Unchanged)] {
        for_both(|test| {
            let domains: Vec<_> = (0..number).map(|n| format!("d{n:02}.example")).collect();
            let list = serde_json::to_string(&domains).unwrap();
            seed(
                test,
                &format!("\"pub_properties\":{{\"origin_domain\":\"o\",\"seen_domains\":{list}}}"),
            );
            assert_eq!(joins(test, "new.example"), Ok(outcome));
        });
    }
}

#[test]
fn a_second_map_of_domains_moves_on_beside_the_first() {
    let properties = |map: &str, more: &str| {
        format!(
            "\"pub_properties\":{{\"origin_domain\":\"o.example\",\"seen_domains\":{map}{more}}}"
        )
    };
    let first = r#""seen_domains_map":{"a.example":{"visits":1}}"#;
    let map = r#"{"c.example":{"visits":2},"b.example":{"first":1.50}}"#;
    for_both(|test| {
        for (more, name) in [
            (String::new(), "seen_domains_map"),
            (format!(",{first}"), "seen_domains_map_2"),
            (format!(",{first},\"seen_domains_map_2\":null"), "seen_domains_map_3"),
        ] {
            seed(test, &properties(map, &more));
            let id = uid("p", "u", None);
            let written = test.graph.upsert_partner_id(KEY, id, IfMissing::Skip, NOW);
            assert_eq!(written, Ok(UpsertOutcome::Written));
            let after = body(test, KEY);
            let moved = format!("[\"b.example\",\"c.example\"],\"{name}\":{map}");
            assert!(after.contains(&properties(&moved, &more)), "{name}");
            // A domain that joins is in the list; the map stays as it was.
            seed(test, &properties(map, &more));
            assert_eq!(joins(test, "bb.example"), Ok(VisitOutcome::Written));
            let moved = format!("[\"b.example\",\"bb.example\",\"c.example\"],\"{name}\":{map}");
            assert!(body(test, KEY).contains(&properties(&moved, &more)), "{name}");
            assert_eq!(joins(test, "bb.example"), Ok(VisitOutcome::Unchanged));
        }
    });
}

#[test]
fn domains_that_are_text_or_a_number_are_not_replaced() {
    for value in ["\"a.example\"", "7", "true"] {
        for_both(|test| {
            let before = seed(test, &format!("\"pub_properties\":{{\"seen_domains\":{value}}}"));
            assert_eq!(joins(test, "new.example"), Ok(VisitOutcome::Unchanged));
            assert_eq!(body(test, KEY), before);
        });
    }
}
