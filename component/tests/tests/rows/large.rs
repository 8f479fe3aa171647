//! Large rows are read, and refused where a write would have to be large.

use std::fmt::Write as _;

use host_test::{TestGraph, for_both};
use identity_graph::{
    Failure,
    limits::{MAX_BODY_BYTES, MAX_READ_BYTES},
};
use identity_graph::{IfMissing, Mapping, TouchOutcome, UpsertOutcome};

use crate::operations::uid;
use crate::stored::body;

const KEY: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Big111";

/// A row in today's shape of exactly so many bytes.
fn padded(bytes: usize) -> String {
    let row = |pad: &str| {
        format!(
            "{{\"v\":1,\"created\":1000,\"last_seen\":1000,\"pad\":\"{pad}\",\
             \"consent\":{{\"ok\":true,\"updated\":1000}},\"geo\":{{\"country\":\"US\"}},\
             \"ids\":{{\"p\":{{\"uid\":\"u\",\"synced\":1}}}}}}"
        )
    };
    row(&"x".repeat(bytes - row("").len()))
}

fn upsert(test: &TestGraph, id: &str) -> Result<UpsertOutcome, Failure> {
    let now = test.at(2_000);
    test.graph.upsert_partner_id(KEY, uid("new", id, Some(5)), IfMissing::Skip, now)
}

/// Everything that reads works, what would make the row larger is refused, a visit is noted, and a
/// withdrawal ends it.
fn assert_does_not_grow(test: &TestGraph, row: &str, partners: usize) {
    test.store.seed(KEY, row, None);
    let stored = test.store.row(KEY);
    let now = test.at(2_000);
    let mut snapshot = test.graph.get(KEY, now).unwrap().unwrap();
    assert_eq!(snapshot.entry().ids.len(), partners);
    assert_eq!(test.graph.inspect(KEY).unwrap().unwrap().problem, None);
    assert_eq!(upsert(test, "u"), Ok(UpsertOutcome::Full));
    let ids = vec![uid("new", "u", None)];
    assert_eq!(snapshot.upsert_partner_ids(ids, now), Ok(vec![UpsertOutcome::Full]));
    assert_eq!(test.graph.evaluate_cluster(KEY, now), Err(Failure::TooLarge));
    let mapping = Mapping::new(KEY, "u", now);
    let outcomes = test.graph.sync_partner_ids("new", &[mapping], now).unwrap();
    assert_eq!(outcomes, [Ok(UpsertOutcome::Full)]);
    assert_eq!(test.store.row(KEY), stored, "the row is unchanged");
    assert_eq!(test.graph.update_last_seen(KEY, now), Ok(TouchOutcome::Written));
    assert_eq!(body(test, KEY), row.replace("\"last_seen\":1000", "\"last_seen\":2000"));
    test.graph.write_withdrawal_tombstone(KEY, now).unwrap();
    assert!(!test.graph.get(KEY, now).unwrap().unwrap().entry().consent.ok);
}

#[test]
fn a_row_of_one_mebibyte() {
    for_both(|test| assert_does_not_grow(test, &padded(MAX_READ_BYTES), 1));
}

#[test]
fn a_row_of_ten_thousand_partners() {
    let mut row = padded(200);
    row.truncate(row.len() - 2);
    for n in 1..10_000 {
        write!(row, ",\"partner-{n}.example\":{{\"uid\":\"u-{n}\",\"synced\":1}}").unwrap();
    }
    row.push_str("}}");
    for_both(|test| assert_does_not_grow(test, &row, 10_000));
}

#[test]
fn an_answer_that_needs_no_write_is_given_for_a_large_row_too() {
    for_both(|test| {
        test.store.seed(KEY, padded(MAX_READ_BYTES), None);
        let now = test.at(2_000);
        let graph = &test.graph;
        let upsert = |text: &str, synced: u64| {
            graph.upsert_partner_id(KEY, uid("p", text, Some(synced)), IfMissing::Skip, now)
        };
        assert_eq!(upsert("u", 2_000), Ok(UpsertOutcome::Unchanged));
        assert_eq!(upsert("older", 1), Ok(UpsertOutcome::Stale));
    });
}

#[test]
fn the_limit_of_writes_is_met_to_the_byte() {
    let added = ",\"new\":{\"uid\":\"u\",\"synced\":5}".len();
    for_both(|test| {
        test.store.seed(KEY, padded(MAX_BODY_BYTES - added), None);
        let row = test.store.row(KEY);
        assert_eq!(upsert(test, "u2"), Ok(UpsertOutcome::Full));
        assert_eq!(test.store.row(KEY), row);
        assert_eq!(upsert(test, "u"), Ok(UpsertOutcome::Written));
        assert_eq!(body(test, KEY).len(), MAX_BODY_BYTES);
    });
}

#[test]
fn of_several_partners_those_for_which_there_is_room_are_written() {
    let added = ",\"new\":{\"uid\":\"u\",\"synced\":5}".len();
    for_both(|test| {
        test.store.seed(KEY, padded(MAX_BODY_BYTES - added), None);
        let now = test.at(2_000);
        let ids = vec![uid("new", "u", Some(5)), uid("more", "u", Some(5))];
        let outcomes = test.graph.upsert_partner_ids(KEY, ids, IfMissing::Skip, now);
        assert_eq!(outcomes, Ok(vec![UpsertOutcome::Written, UpsertOutcome::Full]));
        assert_eq!(body(test, KEY).len(), MAX_BODY_BYTES);
        assert!(!body(test, KEY).contains("more"));
    });
}
