//! One odd item does not make a row unreadable: the rest is shown, and all of it survives a change.

use host_test::{Build, MemoryStore, TestGraph, for_both};
use identity_graph::{Corrupt, Entry, Failure, IfMissing, Mapping, Policy, UpsertOutcome};
use serde_json::Value;

use crate::changes::assert_changes_only;
use crate::operations::{ALL, Call, uid};
use crate::stored::body;

const KEY: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Odd111";
const BASE: &str = r#"{"v":1,"created":1000,"last_seen":1500,"consent":{"ok":true,"updated":1000,"tcf":"CQkept"},"geo":{"country":"US","region":"OR","asn":1,"dma":2},"pub_properties":{"origin_domain":"a.example","seen_domains":["a.example"]},"device":{"is_mobile":1,"ja4_class":"t13"},"network":{"cluster_size":2},"ids":{"kept":{"uid":"k","synced":900}}}"#;

/// The base row with one thing replaced.
fn odd(from: &str, to: &str) -> String {
    assert!(BASE.contains(from), "{from} is not in the base row");
    BASE.replacen(from, to, 1)
}

/// The base entry with a change.
fn shown(change: impl FnOnce(&mut Entry)) -> Entry {
    let test = TestGraph::native();
    test.store.seed(KEY, BASE, None);
    let mut entry = test.graph.get(KEY, test.store.now()).unwrap().unwrap().entry();
    change(&mut entry);
    entry
}

/// Reads the row and makes every change on it.
fn assert_lenient(row: &str, expected: &Entry) {
    for_both(|test| {
        for operation in &ALL {
            test.store.seed(KEY, row, None);
            assert_eq!(test.graph.get(KEY, test.store.now()).unwrap().unwrap().entry(), *expected);
            let raw = test.graph.inspect(KEY).unwrap().unwrap();
            assert_eq!((raw.body.as_slice(), raw.problem), (row.as_bytes(), None));
            let call = Call { test, key: KEY, now: test.at(100_000), existing: existing(row) };
            assert_changes_only(operation, &call, row);
            let after = body(test, KEY);
            assert!(serde_json::from_str::<Value>(&after).is_ok(), "still JSON");
        }
    });
}

fn existing(row: &str) -> Option<String> {
    row.contains("\"kept\"").then(|| "kept".to_owned())
}

/// An odd item beside the UID that is kept.
fn assert_odd_partner(partner: &str, also_shown: Option<(&str, &str, Option<u64>)>) {
    let row = odd("\"ids\":{", &format!("\"ids\":{{{partner},"));
    let expected = shown(|entry| {
        if let Some((partner, text, synced)) = also_shown {
            entry.ids.insert(0, uid(partner, text, synced));
        }
    });
    assert_lenient(&row, &expected);
}

#[test]
fn a_uid_beyond_todays_limit() {
    let long = "u".repeat(5_000);
    let partner = format!("\"odd\":{{\"uid\":\"{long}\"}}");
    assert_odd_partner(&partner, Some(("odd", &long, None)));
}

#[test]
fn a_uid_that_todays_rules_refuse() {
    assert_odd_partner(r#""odd":{"uid":" \u0007"}"#, Some(("odd", " \u{7}", None)));
    assert_odd_partner(r#""odd":{"uid":""}"#, Some(("odd", "", None)));
}

#[test]
fn a_uid_that_is_no_text_is_not_shown() {
    for uid in ["5", "null", "[1]", "{}", "true", r#""\ud800""#] {
        // A lone surrogate is not JSON to serde_json, on which the comparison is built.
        if !uid.contains("ud800") {
            assert_odd_partner(&format!("\"odd\":{{\"uid\":{uid},\"x\":1}}"), None);
        }
    }
}

#[test]
fn a_partner_that_is_no_object_is_not_shown() {
    for value in ["5", "null", "[\"u\", 1.0]", "\"u\"", "true", "{}", "{ }"] {
        assert_odd_partner(&format!("\"odd\":{value}"), None);
    }
}

#[test]
fn a_partner_key_that_todays_rules_refuse_is_shown_and_stays() {
    for key in ["\u{e4}mne/ssp", "", "a b", &"k".repeat(300)] {
        let partner =
            format!("{}:{{\"uid\":\"u\",\"synced\":4}}", serde_json::to_string(key).unwrap());
        assert_odd_partner(&partner, Some((key, "u", Some(4))));
    }
}

#[test]
fn a_partner_key_in_upper_case_is_the_partner() {
    let partner = r#""UPPER.Example":{"uid":"u","synced":4}"#;
    assert_odd_partner(partner, Some(("upper.example", "u", Some(4))));
}

#[test]
fn a_synced_that_is_no_time_counts_as_none() {
    for (synced, uid) in [("null", "a"), ("\"5\"", "b"), ("-1", "c"), ("1.5", "d"), ("1e3", "e")] {
        let partner = format!("\"odd\":{{\"uid\":\"{uid}\",\"synced\":{synced}}}");
        assert_odd_partner(&partner, Some(("odd", uid, None)));
    }
}

#[test]
fn odd_domains() {
    let long = "d".repeat(300);
    let list = |list: &str| odd("[\"a.example\"]", list);
    let seen = |domains: &[&str]| {
        shown(|entry| {
            let properties = entry.pub_properties.as_mut().unwrap();
            properties.seen_domains = domains.iter().map(|d| (*d).to_owned()).collect();
        })
    };
    assert_lenient(&list(&format!("[\"{long}\",\"b.example\",7,null]")), &seen(&["b.example"]));
    assert_lenient(&list(&format!("{{\"{long}\":{{}},\"b.example\":7}}")), &seen(&["b.example"]));
    for nothing in ["null", "7", "\"a.example\"", "[]", "{}"] {
        assert_lenient(&list(nothing), &seen(&[]));
    }
    let row = odd("\"origin_domain\":\"a.example\",", "\"origin_domain\":7,");
    assert_lenient(&row, &shown(|entry| entry.pub_properties = None));
}

#[test]
fn of_many_seen_domains_fifty_are_shown_and_all_stay() {
    let domains: Vec<_> = (0..80).map(|n| format!("d{n:02}.example")).collect();
    let expected =
        shown(|e| e.pub_properties.as_mut().unwrap().seen_domains = domains[..50].to_vec());
    let list = serde_json::to_string(&domains).unwrap();
    assert_lenient(&odd("[\"a.example\"]", &list), &expected);
}

#[test]
fn odd_geo() {
    let region = |to: &str| odd("\"region\":\"OR\"", to);
    for text in
        ["\"region\":\"far too long\"", "\"region\":7", "\"region\":null", "\"region\":\"\""]
    {
        assert_lenient(&region(text), &shown(|entry| entry.geo.region = None));
    }
    for asn in ["4294967296", "-1", "1.0", "\"1\"", "null"] {
        let row = odd("\"asn\":1", &format!("\"asn\":{asn}"));
        assert_lenient(&row, &shown(|entry| entry.geo.asn = None));
    }
    assert_lenient(&odd("\"dma\":2", "\"dma\":-5"), &shown(|e| e.geo.dma = Some(-5)));
    let huge = odd("\"dma\":2", "\"dma\":9223372036854775808");
    assert_lenient(&huge, &shown(|entry| entry.geo.dma = None));
    let country = odd("\"country\":\"US\"", "\"country\":\"Utopia\"");
    assert_lenient(&country, &shown(|entry| entry.geo.country = "ZZ".into()));
}

#[test]
fn odd_device() {
    for is_mobile in ["7", "256", "-1", "null", "\"1\"", "true"] {
        let row = odd("\"is_mobile\":1", &format!("\"is_mobile\":{is_mobile}"));
        assert_lenient(&row, &shown(|e| e.device.as_mut().unwrap().is_mobile = 2));
    }
    for class in ["7", "null", "\"\"", "\"\\u00e9\"", "[]"] {
        let row = odd("\"ja4_class\":\"t13\"", &format!("\"ja4_class\":{class}"));
        assert_lenient(&row, &shown(|e| e.device.as_mut().unwrap().ja4_class = None));
    }
    let row = odd("\"ja4_class\":\"t13\"", "\"ja4_class\":\"t13\",\"known_browser\":1");
    assert_lenient(&row, &shown(|_| {}));
}

#[test]
fn odd_consent_strings() {
    for tcf in ["7", "null", "{\"a\":1}"] {
        let row = odd("\"tcf\":\"CQkept\"", &format!("\"tcf\":{tcf}"));
        assert_lenient(&row, &shown(|entry| entry.consent.tcf = None));
    }
}

#[test]
fn objects_that_are_null_count_as_absent() {
    let row = odd(r#""network":{"cluster_size":2}"#, r#""network":null"#);
    assert_lenient(&row, &shown(|entry| entry.cluster_size = None));
    let row = odd(r#""ids":{"kept":{"uid":"k","synced":900}}"#, r#""ids": null "#);
    assert_lenient(&row, &shown(|entry| entry.ids.clear()));
    let row = odd(r#""device":{"is_mobile":1,"ja4_class":"t13"}"#, r#""device":null"#);
    assert_lenient(&row, &shown(|entry| entry.device = None));
    let properties =
        r#""pub_properties":{"origin_domain":"a.example","seen_domains":["a.example"]}"#;
    let row = odd(properties, r#""pub_properties":null"#);
    assert_lenient(&row, &shown(|entry| entry.pub_properties = None));
    assert_lenient(
        &odd("\"last_seen\":1500", "\"last_seen\":null"),
        &shown(|e| e.last_seen = None),
    );
}

#[test]
fn odd_optional_numbers_at_the_root_and_in_network() {
    for last_seen in ["\"1500\"", "-1", "1.5e3", "18446744073709551616"] {
        // It is no time, so that a change other than a visit leaves it, and the row lives as long
        // as the store keeps it.
        let row = odd("\"last_seen\":1500", &format!("\"last_seen\":{last_seen}"));
        for &build in Build::ALL {
            let test = TestGraph::over(build, MemoryStore::new(), Policy::default());
            test.store.seed(KEY, row.as_str(), None);
            let now = test.at(2_000);
            let id = uid("new", "u", None);
            test.graph.upsert_partner_id(KEY, id, IfMissing::Skip, now).unwrap();
            assert_eq!(test.store.row(KEY).unwrap().expires_at, Some(now + 31_536_000));
            assert!(body(&test, KEY).contains(&format!("\"last_seen\":{last_seen}")));
            test.graph.update_last_seen(KEY, now).unwrap();
            assert!(body(&test, KEY).contains("\"last_seen\":2000"));
        }
    }
    for size in ["-1", "\"2\"", "4294967296", "null"] {
        let row = odd("\"cluster_size\":2", &format!("\"cluster_size\":{size}"));
        assert_lenient(&row, &shown(|entry| entry.cluster_size = None));
    }
}

#[test]
fn a_partner_that_stands_twice_counts_with_its_latest_uid() {
    let row = odd("\"ids\":{", r#""ids":{"kept":{"uid":"older","synced":800},"#);
    for_both(|test| {
        test.store.seed(KEY, row.as_str(), None);
        let now = test.at(2_000);
        let upsert = |text, synced| {
            let id = uid("kept", text, Some(synced));
            test.graph.upsert_partner_id(KEY, id, IfMissing::Skip, now)
        };
        assert_eq!(upsert("k", 2_000), Ok(UpsertOutcome::Unchanged));
        assert_eq!(upsert("between", 850), Ok(UpsertOutcome::Stale));
        assert_eq!(body(test, KEY), row);
        assert_eq!(upsert("newer", 901), Ok(UpsertOutcome::Written));
        // In every place, since readers differ in which of them they take.
        let newer = r#"{"uid":"newer","synced":901}"#;
        let expected = row
            .replace(r#"{"uid":"k","synced":900}"#, newer)
            .replace(r#"{"uid":"older","synced":800}"#, newer);
        assert_eq!(body(test, KEY), expected);
    });
}

#[test]
fn the_latest_uid_counts_wherever_it_stands() {
    let row = odd("900}", r#"900},"kept":{"uid":"older","synced":800}"#);
    for_both(|test| {
        test.store.seed(KEY, row.as_str(), None);
        let now = test.at(2_000);
        let id = uid("kept", "k", Some(2_000));
        let outcome = test.graph.upsert_partner_id(KEY, id, IfMissing::Skip, now);
        assert_eq!(outcome, Ok(UpsertOutcome::Unchanged));
        assert_eq!(body(test, KEY), row);
    });
}

#[test]
fn a_uid_that_is_no_text_is_replaced_only_by_one_asserted_later() {
    let row = odd("\"k\",\"synced\":900", "17,\"synced\":900");
    for_both(|test| {
        test.store.seed(KEY, row.as_str(), None);
        let now = test.at(2_000);
        for (synced, outcome) in [(900, UpsertOutcome::Stale), (901, UpsertOutcome::Written)] {
            let id = uid("kept", "new", Some(synced));
            assert_eq!(
                test.graph.upsert_partner_id(KEY, id, IfMissing::Skip, now),
                Ok(outcome),
                "asserted at {synced}"
            );
        }
    });
}

type Done = Result<(), Failure>;

#[test]
fn something_else_in_the_place_of_an_optional_object() {
    for (name, from, text) in [
        ("device", r#"{"is_mobile":1,"ja4_class":"t13"}"#, "[]"),
        ("pub_properties", r#"{"origin_domain":"a.example","seen_domains":["a.example"]}"#, "7"),
        ("network", r#"{"cluster_size":2}"#, "3"),
        ("ids", r#"{"kept":{"uid":"k","synced":900}}"#, "[]"),
    ] {
        let row = odd(from, text);
        for_both(|test| {
            let now = test.at(2_000);
            let calls: [(&str, &dyn Fn() -> Done); 3] = [
                ("", &|| test.graph.update_last_seen(KEY, now).map(drop)),
                ("ids", &|| {
                    let id = uid("new", "u", None);
                    test.graph.upsert_partner_id(KEY, id, IfMissing::Skip, now).map(drop)
                }),
                ("network", &|| test.graph.evaluate_cluster(KEY, now).map(drop)),
            ];
            for (written, call) in calls {
                let generation = test.store.seed(KEY, row.as_str(), None);
                assert!(test.graph.get(KEY, test.store.now()).unwrap().is_some());
                if written == name {
                    let why = Corrupt::WrongType(written).to_string();
                    assert_eq!(call(), Err(Failure::Corrupt(why)));
                    assert_eq!(test.store.row(KEY).unwrap().generation, generation);
                } else {
                    assert_eq!(call(), Ok(()));
                    assert!(body(test, KEY).contains(&format!("\"{name}\":{text}")));
                }
            }
        });
    }
}

#[test]
fn escaped_field_names_are_the_same_fields() {
    let row = odd("\"ids\":{\"kept\":{\"uid\"", "\"\\u0069ds\":{\"k\\u0065pt\":{\"\\u0075id\"");
    let row = row.replace("\"created\"", "\"cre\\u0061ted\"").replace("\"geo\"", "\"\\u0067eo\"");
    let expected = shown(|_| {});
    for_both(|test| {
        for operation in &ALL {
            test.store.seed(KEY, row.as_str(), None);
            assert_eq!(test.graph.get(KEY, test.store.now()).unwrap().unwrap().entry(), expected);
            let existing = Some("kept".to_owned());
            let call = Call { test, key: KEY, now: test.at(100_000), existing };
            assert_changes_only(operation, &call, &row);
            assert!(body(test, KEY).contains("\"\\u0069ds\":{\"k\\u0065pt\":{\"\\u0075id\""));
        }
    });
}

#[test]
fn white_space_anywhere_stays() {
    let mut spaced = String::from("\n\t");
    for character in BASE.chars() {
        match character {
            '{' | '}' | '[' | ']' | ':' | ',' => {
                spaced.extend([" \r\n", &character.to_string(), "\t "]);
            }
            other => spaced.push(other),
        }
    }
    assert_lenient(&spaced, &shown(|_| {}));
}

#[test]
fn a_text_that_unicode_cannot_hold_stays() {
    for_both(|test| {
        let row = odd("\"ids\":{", r#""ids":{"odd":{"uid":"\ud800"},"\udfff":{"uid":"u"},"#);
        test.store.seed(KEY, row.as_str(), None);
        let entry = test.graph.get(KEY, test.store.now()).unwrap().unwrap().entry();
        assert_eq!(entry.ids, [uid("kept", "k", Some(900))]);
        let mapping = Mapping::new(KEY, "u", 1);
        let now = test.at(2_000);
        let outcomes = test.graph.sync_partner_ids("odd", &[mapping], now).unwrap();
        assert_eq!(outcomes, [Ok(UpsertOutcome::Written)]);
        let after = body(test, KEY);
        assert!(after.contains(r#""odd":{"uid":"u","synced":1}"#) && after.contains(r#""\udfff""#));
    });
}
