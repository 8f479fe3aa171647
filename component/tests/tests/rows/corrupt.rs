//! Rows that are no entries: every operation says so, none changes them, and a withdrawal or a
//! delete removes them.

use host_test::{TestGraph, for_both};
use identity_graph::{Corrupt, Failure, IfMissing, Mapping, NewEntry};

use crate::operations::{done, uid};

const KEY: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Bad111";
const OTHER: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Good11";
const BASE: &str = r#"{"v":1,"created":1000,"consent":{"ok":true,"updated":1000},"geo":{"country":"US"},"ids":{"p":{"uid":"u"}}}"#;

fn assert_corrupt(body: &[u8], why: Corrupt) {
    for_both(|test| {
        println!("{why}");
        test.store.seed(OTHER, BASE, None);
        test.store.seed(KEY, body, None);
        let row = test.store.row(KEY);
        let corrupt = Failure::Corrupt(why.to_string());
        let now = test.at(2_000);
        assert_all_fail(test, now, &corrupt);
        assert_eq!(test.store.row(KEY), row, "nothing is written");

        let raw = test.graph.inspect(KEY).unwrap().unwrap();
        assert_eq!(raw.body, body);
        assert_eq!(raw.problem, Some(why.to_string()));

        test.graph.write_withdrawal_tombstone(KEY, now).unwrap();
        let entry = test.graph.get(KEY, test.store.now()).unwrap().unwrap().entry();
        assert!(!entry.consent.ok);
        test.store.seed(KEY, body, None);
        assert_eq!(test.graph.delete(KEY), Ok(true));
        assert_eq!(test.store.row(KEY), None);
    });
}

fn assert_all_fail(test: &TestGraph, now: u64, corrupt: &Failure) {
    let graph = &test.graph;
    let id = || uid("new", "u", None);
    assert_eq!(graph.get(KEY, test.store.now()).err().as_ref(), Some(corrupt));
    assert_eq!(done(graph.create(KEY, NewEntry::at(now))), Err(Failure::AlreadyExists));
    assert_eq!(done(graph.create_or_revive(KEY, NewEntry::at(now))).as_ref(), Err(corrupt));
    assert_eq!(done(graph.visit(KEY, NewEntry::at(now))).as_ref(), Err(corrupt));
    let partners = vec!["p".to_owned()];
    assert_eq!(graph.remove_partner_ids(KEY, partners, now).as_ref(), Err(corrupt));
    for missing in [IfMissing::Skip, IfMissing::CreateMinimal] {
        assert_eq!(graph.upsert_partner_id(KEY, id(), missing, now).as_ref(), Err(corrupt));
        assert_eq!(graph.upsert_partner_ids(KEY, vec![id()], missing, now).as_ref(), Err(corrupt));
    }
    assert_eq!(graph.update_last_seen(KEY, now).as_ref(), Err(corrupt));
    assert_eq!(graph.evaluate_cluster(KEY, now).as_ref(), Err(corrupt));
    let mapping = |ec_id: &str| Mapping::new(ec_id, "u2", now);
    let outcomes = graph.sync_partner_ids("p", &[mapping(KEY), mapping(OTHER)], now).unwrap();
    assert_eq!(outcomes[0].as_ref(), Err(corrupt));
    assert!(outcomes[1].is_ok(), "the other row is not concerned");
    assert_eq!(graph.get_metadata(KEY), Ok(None));
}

fn replaced(from: &str, to: &str) -> Vec<u8> {
    assert!(BASE.contains(from), "{from} is not in the base row");
    BASE.replacen(from, to, 1).into_bytes()
}

#[test]
fn a_body_that_is_no_json() {
    assert_corrupt(b"", Corrupt::NotJson(0));
    assert_corrupt(b"not json", Corrupt::NotJson(0));
    assert_corrupt(format!("\u{feff}{BASE}").as_bytes(), Corrupt::NotJson(0));
    assert_corrupt(format!("{BASE}x").as_bytes(), Corrupt::NotJson(BASE.len()));
    assert_corrupt(format!("{BASE}{BASE}").as_bytes(), Corrupt::NotJson(BASE.len()));
    let control = BASE.find("u\"}").unwrap() + 1;
    assert_corrupt(&replaced("\"u\"}", "\"u\u{1}\"}"), Corrupt::NotJson(control));
    for escape in ["\\x", "\\u12G4", "\\u123"] {
        let odd = format!("\"u{escape}\"}}");
        assert_corrupt(&replaced("\"u\"}", &odd), Corrupt::NotJson(control));
    }
    let comma = BASE.find("\"ids\"").unwrap();
    assert_corrupt(&replaced("\"ids\"", ",\"ids\""), Corrupt::NotJson(comma));
}

#[test]
fn a_body_that_breaks_off() {
    for end in [1, 20, 60, 90, BASE.len() - 1] {
        assert_corrupt(&BASE.as_bytes()[..end], Corrupt::NotJson(end));
    }
}

#[test]
fn a_body_that_is_no_text() {
    let mut body = replaced("\"u\"", "\"u?\"");
    let at = body.iter().position(|byte| *byte == b'?').unwrap();
    body[at] = 0xff;
    assert_corrupt(&body, Corrupt::NotUtf8(at));
}

#[test]
fn a_body_that_is_no_object() {
    for body in ["null", "7", "\"text\"", " [ {} ] ", "true"] {
        assert_corrupt(body.as_bytes(), Corrupt::NotAnObject);
    }
}

#[test]
fn a_required_field_is_missing() {
    for (field, name) in [
        ("\"v\":1,", "v"),
        ("\"created\":1000,", "created"),
        ("\"consent\":{\"ok\":true,\"updated\":1000},", "consent"),
        ("\"ok\":true,", "consent.ok"),
        (",\"updated\":1000", "consent.updated"),
        ("\"geo\":{\"country\":\"US\"},", "geo"),
        ("\"country\":\"US\"", "geo.country"),
    ] {
        assert_corrupt(&replaced(field, ""), Corrupt::Missing(name));
    }
    assert_corrupt(b"{}", Corrupt::Missing("consent"));
    assert_corrupt(&replaced("{\"country\":\"US\"}", "null"), Corrupt::Missing("geo"));
}

#[test]
fn a_required_field_has_another_type() {
    for (from, to, name) in [
        ("\"v\":1", "\"v\":\"1\"", "v"),
        ("\"v\":1", "\"v\":256", "v"),
        ("\"v\":1", "\"v\":2.0", "v"),
        ("\"created\":1000", "\"created\":null", "created"),
        ("\"created\":1000", "\"created\":-1", "created"),
        ("\"created\":1000", "\"created\":1000.0", "created"),
        ("\"created\":1000", "\"created\":18446744073709551616", "created"),
        ("\"ok\":true", "\"ok\":1", "consent.ok"),
        ("\"ok\":true", "\"ok\":\"true\"", "consent.ok"),
        ("\"updated\":1000", "\"updated\":\"1000\"", "consent.updated"),
        ("\"country\":\"US\"", "\"country\":7", "geo.country"),
        ("{\"country\":\"US\"}", "[]", "geo"),
        ("{\"ok\":true,\"updated\":1000}", "true", "consent"),
    ] {
        assert_corrupt(&replaced(from, to), Corrupt::WrongType(name));
    }
}

#[test]
fn a_field_stands_twice() {
    for (field, name) in [
        ("\"v\":1", "v"),
        ("\"created\":1000", "created"),
        ("\"ok\":true", "consent.ok"),
        ("\"country\":\"US\"", "geo.country"),
        ("\"ids\":{\"p\":{\"uid\":\"u\"}}", "ids"),
    ] {
        assert_corrupt(&replaced(field, &format!("{field},{field}")), Corrupt::Twice(name));
    }
    assert_corrupt(&replaced("\"geo\":", "\"geo\":{},\"geo\":"), Corrupt::Twice("geo"));
    assert_corrupt(&replaced("\"geo\":", "\"geo\":null,\"geo\":"), Corrupt::Twice("geo"));
    let escaped = replaced("\"ids\":", "\"\\u0069ds\":{},\"ids\":");
    assert_corrupt(&escaped, Corrupt::Twice("ids"));
}

#[test]
fn nesting_beyond_the_limit() {
    // The row itself is the first level.
    let nested = |levels: usize| {
        let value = format!("{}{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        replaced("\"v\":1", &format!("\"v\":1,\"deep\":{value}"))
    };
    assert_corrupt(&nested(129), Corrupt::TooDeep);
    assert_corrupt(&b"{\"a\":".repeat(100_000), Corrupt::TooDeep);
    for_both(|test| {
        test.store.seed(KEY, nested(128), None);
        let now = test.at(2_000);
        let outcome = test.graph.upsert_partner_id(KEY, uid("n", "u", None), IfMissing::Skip, now);
        assert!(outcome.is_ok());
        assert!(test.graph.get(KEY, test.store.now()).unwrap().is_some());
    });
}

/// A version that rewrote it could break it for its own readers.
#[test]
fn a_version_other_than_one() {
    for version in [0, 2, 7, 255] {
        let body = replaced("\"v\":1", &format!("\"v\":{version}"));
        assert_corrupt(&body, Corrupt::Version(version));
    }
}

/// The store does not hand it over, so that nobody sees it, and a withdrawal or a delete ends it.
#[test]
fn a_body_beyond_the_limit_of_reads() {
    let pad = identity_graph::limits::MAX_READ_BYTES + 1 - BASE.len() - ",\"x\":\"\"".len();
    let body = replaced("\"v\":1", &format!("\"v\":1,\"x\":\"{}\"", "x".repeat(pad)));
    for_both(|test| {
        test.store.seed(OTHER, BASE, None);
        test.store.seed(KEY, body.as_slice(), None);
        let row = test.store.row(KEY);
        let now = test.at(2_000);
        let corrupt = Failure::Corrupt(Corrupt::TooLong.to_string());
        assert_all_fail(test, now, &corrupt);
        assert_eq!(test.graph.inspect(KEY), Err(corrupt));
        assert_eq!(test.store.row(KEY), row, "nothing is written");
        test.graph.write_withdrawal_tombstone(KEY, now).unwrap();
        assert!(!test.graph.get(KEY, now).unwrap().unwrap().entry().consent.ok);
        test.store.seed(KEY, body.as_slice(), None);
        assert_eq!(test.graph.delete(KEY), Ok(true));
    });
}
