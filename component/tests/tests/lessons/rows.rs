//! Rows of other versions and broken ones, and what is said of them: F1, F2, F5 and R1.

use host_test::{Fault, StoreCall, TestGraph, for_both};
use identity_graph::{Failure, IfMissing::Skip, KvError, TouchOutcome, UpsertOutcome};
use serde_json::json;

use crate::support::*;

/// What a newer version stores survives every rewrite by this one.
#[test]
fn f1_fields_of_a_newer_version_survive() {
    for_both(|test| {
        let hints = json!({ "a": [true, null, 1.5] });
        let row = live(BEFORE).uid(PARTNER, "old", BEFORE).with("hints", hints.clone());
        row.seed(test);
        writes(test, calls(1, 1), Ok(UpsertOutcome::Written), |t| upsert(t, Skip));
        writes(test, calls(1, 1), Ok(TouchOutcome::Written), |t| t.graph.update_last_seen(EC, NOW));
        answers(test, sum(&[get_many(1), put_many(1)]), Ok(1), |t| {
            let mappings = [mapping(EC, "newest", NOW + 1)];
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW + 1).map(|outcomes| outcomes.len())
        });
        assert_eq!(body(test)["hints"], hints);
        assert_eq!(body(test)["ids"][PARTNER]["uid"], json!("newest"));
    });
}

/// What is written has all that the first version insists on, so that a rollback can read it.
#[test]
fn f2_a_written_row_has_what_earlier_versions_insist_on() {
    for_both(|test| {
        let without_times = live(BEFORE).without("last_seen").uid_without_time("old.example", "x");
        without_times.seed(test);
        let body = writes(test, calls(1, 1), Ok(UpsertOutcome::Written), |t| upsert(t, Skip));
        assert_eq!(body["last_seen"], json!(NOW));
        assert_eq!(body["ids"]["old.example"], json!({ "uid": "x", "synced": 0 }));
        assert_eq!(body["ids"][PARTNER], json!({ "uid": "new", "synced": NOW }));
    });
}

/// One item that today's rules refuse does not make a row unreadable, and stays as it is.
#[test]
fn f5_one_odd_item_spoils_no_row() {
    for_both(|test| {
        let long = "u".repeat(5_000);
        live(BEFORE)
            .uid("Odd Partner!", &long, BEFORE)
            .with("pub_properties", json!({ "origin_domain": "-odd-.", "seen_domains": [7] }))
            .seed(test);
        let body = writes(test, calls(1, 1), Ok(UpsertOutcome::Written), |t| upsert(t, Skip));
        assert_eq!(body["ids"]["Odd Partner!"]["uid"], json!(long));
        assert_eq!(body["ids"][PARTNER]["uid"], json!("new"));
        assert_eq!(body["pub_properties"]["origin_domain"], json!("-odd-."));
    });
}

/// No error shows more than the start of an EC ID.
#[test]
fn r1_no_error_shows_the_id() {
    for_both(|test| {
        for failure in failures(test) {
            let shown = format!("{failure} {failure:?}");
            assert!(!shown.contains(&EC[..9]) && !shown.contains("secret"), "{shown}");
        }
    });
}

/// One failure of every kind that an operation on the row of the test can meet.
fn failures(test: &TestGraph) -> Vec<Failure> {
    let upsert = || test.graph.upsert_partner_id(EC, uid(PARTNER, "secret", NOW), Skip, NOW);
    let mut failures = Vec::new();
    live(BEFORE).uid(PARTNER, "secret-stored", BEFORE).seed(test);
    for error in [KvError::Throttled, KvError::Unavailable, KvError::Invalid, KvError::NoSuchStore]
    {
        test.faults.next(StoreCall::Put, Fault::Fail(error));
        failures.extend(upsert().err());
    }
    test.faults.next(StoreCall::Put, Fault::Conflict(None));
    failures.extend(upsert().err());
    seed_corrupt(test);
    failures.extend(upsert().err());
    let beyond = format!("{EC}x");
    failures.extend(test.graph.delete(&beyond).err());
    assert_eq!(failures.len(), 7);
    failures
}
