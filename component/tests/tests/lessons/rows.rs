//! Rows of other versions and broken ones, and what is said of them: F1, F2, F5 and R1.

use host_test::{Failure, Fault, OpKind, World, for_both};
use identity_graph::{IfMissing::Skip, KvError, TouchOutcome, UpsertOutcome};
use serde_json::json;

use crate::support::*;

/// What a newer version stores survives every rewrite by this one.
#[test]
fn f1_fields_of_a_newer_version_survive() {
    for_both(|world| {
        let hints = json!({ "a": [true, null, 1.5] });
        let row = live(BEFORE).uid(PARTNER, "old", BEFORE).with("hints", hints.clone());
        row.seed(world);
        writes(world, ops(1, 1), Ok(UpsertOutcome::Written), |w| upsert(w, Skip));
        writes(world, ops(1, 1), Ok(TouchOutcome::Written), |w| w.graph.update_last_seen(EC, NOW));
        answers(world, sum(&[get_many(1), put_many(1)]), Ok(1), |w| {
            let mappings = [mapping(EC, "newest", NOW + 1)];
            w.graph.sync_partner_ids(PARTNER, &mappings, NOW + 1).map(|outcomes| outcomes.len())
        });
        assert_eq!(body(world)["hints"], hints);
        assert_eq!(body(world)["ids"][PARTNER]["uid"], json!("newest"));
    });
}

/// What is written has all that the first version insists on, so that a rollback can read it.
#[test]
fn f2_a_written_row_has_what_earlier_versions_insist_on() {
    for_both(|world| {
        let without_times = live(BEFORE).without("last_seen").uid_without_time("old.example", "x");
        without_times.seed(world);
        let body = writes(world, ops(1, 1), Ok(UpsertOutcome::Written), |w| upsert(w, Skip));
        assert_eq!(body["last_seen"], json!(BEFORE));
        assert_eq!(body["ids"]["old.example"], json!({ "uid": "x", "synced": 0 }));
        assert_eq!(body["ids"][PARTNER], json!({ "uid": "new", "synced": NOW }));
    });
}

/// One item that today's rules refuse does not make a row unreadable, and stays as it is.
#[test]
fn f5_one_odd_item_spoils_no_row() {
    for_both(|world| {
        let long = "u".repeat(5_000);
        live(BEFORE)
            .uid("Odd Partner!", &long, BEFORE)
            .with("pub_properties", json!({ "origin_domain": "-odd-.", "seen_domains": [7] }))
            .seed(world);
        let body = writes(world, ops(1, 1), Ok(UpsertOutcome::Written), |w| upsert(w, Skip));
        assert_eq!(body["ids"]["Odd Partner!"]["uid"], json!(long));
        assert_eq!(body["ids"][PARTNER]["uid"], json!("new"));
        assert_eq!(body["pub_properties"]["origin_domain"], json!("-odd-."));
    });
}

/// No error shows more than the start of an EC ID.
#[test]
fn r1_no_error_shows_the_id() {
    for_both(|world| {
        for failure in failures(world) {
            let shown = format!("{failure} {failure:?}");
            assert!(!shown.contains(&EC[..9]) && !shown.contains("secret"), "{shown}");
        }
    });
}

/// One failure of every kind that an operation on the row of the test can meet.
fn failures(world: &World) -> Vec<Failure> {
    let upsert = || world.graph.upsert_partner_id(EC, uid(PARTNER, "secret", NOW), Skip, NOW);
    let mut failures = Vec::new();
    live(BEFORE).uid(PARTNER, "secret-stored", BEFORE).seed(world);
    for error in [KvError::Throttled, KvError::Unavailable, KvError::Invalid, KvError::NoSuchStore]
    {
        world.faults.next(OpKind::Put, Fault::Fail(error));
        failures.extend(upsert().err());
    }
    world.faults.next(OpKind::Put, Fault::Conflict(None));
    failures.extend(upsert().err());
    seed_corrupt(world);
    failures.extend(upsert().err());
    let beyond = format!("{EC}x");
    failures.extend(world.graph.delete(&beyond).err());
    assert_eq!(failures.len(), 7);
    failures
}
