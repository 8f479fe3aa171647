//! What orders assertions, and how long rows are kept: A3, B11, G1 and G3.

use host_test::{StoreCall, TestGraph, for_both};
use identity_graph::{
    CreateOutcome,
    IfMissing::Skip,
    NewEntry, TouchOutcome,
    UpsertOutcome::{Stale, Written},
};
use serde_json::json;

use crate::support::*;

/// A partner's batch replaces UID A by B; the browser still carries A and cannot write it back.
#[test]
fn a3_a_browser_does_not_write_back_what_its_partner_has_replaced() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "a", BEFORE).seed(test);
        let sync = [mapping(EC, "b", NOW - 10)];
        answers(test, sum(&[get_many(1), put_many(1)]), Ok(vec![Ok(Written)]), |t| {
            t.graph.sync_partner_ids(PARTNER, &sync, NOW)
        });
        // The browser got A when the row was made.
        for _ in 0..2 {
            leaves(test, calls(1, 0), Ok(Stale), |t| {
                t.graph.upsert_partner_id(EC, uid(PARTNER, "a", BEFORE), Skip, NOW)
            });
        }
        assert_eq!(body(test)["ids"][PARTNER], json!({ "uid": "b", "synced": NOW - 10 }));
    });
}

/// A cluster counted right after the first visit is counted again, a day later.
#[test]
fn b11_a_cluster_counted_too_early_is_counted_again() {
    for_both(|test| {
        test.graph.create(EC, NewEntry::at(test.at(NOW))).unwrap();
        assert_eq!(test.graph.evaluate_cluster(EC, test.at(NOW)), Ok(Some(1)));
        for n in 0..3 {
            let neighbour = format!("{}.Nb000{n}", &EC[..64]);
            test.graph.create(&neighbour, NewEntry::at(NOW)).unwrap();
        }
        assert_eq!(test.graph.evaluate_cluster(EC, test.at(NOW + DAY - 1)), Ok(Some(1)));
        assert_eq!(test.graph.evaluate_cluster(EC, test.at(NOW + DAY)), Ok(Some(4)));
        assert_eq!(body(test)["network"]["cluster_size"], json!(4));
    });
}

fn expires_at(test: &TestGraph) -> Option<u64> {
    row(test).expires_at
}

/// A partner that alternates two UIDs does not keep a row alive.
#[test]
fn g1_partner_writes_do_not_keep_a_row_alive() {
    for_both(|test| {
        test.graph.create(EC, NewEntry::at(test.at(NOW))).unwrap();
        for month in 1..12 {
            let now = test.at(NOW + month * 30 * DAY);
            let id = uid(PARTNER, ["a", "b"][usize::from(month % 2 == 0)], now);
            let outcome = test.graph.upsert_partner_id(EC, id, Skip, now);
            assert_eq!(outcome, Ok(Written));
            assert_eq!(expires_at(test), Some(NOW + YEAR));
        }
        let _ = test.at(NOW + YEAR);
        assert!(test.store.is_empty());
    });
}

/// A rewrite keeps the remaining lifetime, whatever it met on its way; a visit starts a new one.
#[test]
fn g3_a_rewrite_keeps_the_remaining_lifetime() {
    for_both(|test| {
        let _ = test.at(NOW);
        let visit = visit_with("other.example", "x");
        assert_eq!(done(test.graph.create_or_revive(EC, visit)), Ok(CreateOutcome::Created));
        let now = test.at(NOW + 100 * DAY);
        // A conflict in between: the second try goes by what it reads.
        let other = test.another_worker();
        test.faults.before(StoreCall::Put, move || {
            let id = uid("third.example", "y", now);
            assert_eq!(other.upsert_partner_id(EC, id, Skip, now), Ok(Written));
        });
        let id = uid(PARTNER, "new", now);
        assert_eq!(test.graph.upsert_partner_id(EC, id, Skip, now), Ok(Written));
        assert_eq!(expires_at(test), Some(NOW + YEAR));
        assert_eq!(test.graph.update_last_seen(EC, now), Ok(TouchOutcome::Written));
        assert_eq!(expires_at(test), Some(now + YEAR));
    });
}
