//! Order in time: whatever order calls arrive in, what was said last stands.

use host_test::{TestGraph, for_both};
use identity_graph::{
    CreateOutcome::{AlreadyLive, Created, Revived, Withdrawn},
    IdentityGraph,
    IfMissing::Skip,
    NewEntry, TouchOutcome, UpsertOutcome,
};
use serde_json::json;

use crate::support::*;

fn assert_uid(test: &TestGraph, id: &str) {
    assert_eq!(body(test)["ids"][PARTNER]["uid"], json!(id));
}

#[test]
fn a_browser_does_not_write_back_the_uid_that_its_partner_has_replaced() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let browser = uid(PARTNER, "from the cookie", NOW - 100);
        let seen_again = || test.graph.upsert_partner_id(EC, browser.clone(), Skip, NOW).unwrap();
        assert_eq!(seen_again(), UpsertOutcome::Written);
        let batch = [mapping(EC, "from the batch", NOW - 50)];
        let outcomes = test.graph.sync_partner_ids(PARTNER, &batch, NOW);
        assert_eq!(outcomes, Ok(vec![Ok(UpsertOutcome::Written)]));
        let settled = row(test);
        for _ in 0..3 {
            assert_eq!(seen_again(), UpsertOutcome::Stale);
            let outcomes = test.graph.sync_partner_ids(PARTNER, &batch, NOW);
            assert_eq!(outcomes, Ok(vec![Ok(UpsertOutcome::Unchanged)]));
        }
        assert_eq!(row(test), settled);
        assert_uid(test, "from the batch");
    });
}

#[test]
fn assertions_end_the_same_in_whatever_order_they_arrive() {
    let (a, b, c) = (("a", 10), ("b", 20), ("c", 30));
    for order in [[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]] {
        for_both(|test| {
            live(BEFORE).seed(test);
            for (id, synced) in order {
                let id = uid(PARTNER, id, synced);
                test.graph.upsert_partner_id(EC, id, Skip, NOW).unwrap();
            }
            assert_uid(test, "c");
        });
    }
}

#[test]
fn consent_and_withdrawal_in_turns_end_as_the_last_of_them() {
    for_both(|test| {
        let graph = &test.graph;
        let consent = |graph: &dyn IdentityGraph, at| {
            graph.create_or_revive(EC, NewEntry::at(test.at(at))).unwrap().outcome
        };
        assert_eq!(consent(graph.as_ref(), NOW), Created);
        graph.write_withdrawal_tombstone(EC, test.at(NOW + 10)).unwrap();
        assert_eq!(consent(graph.as_ref(), NOW + 5), Withdrawn);
        assert_eq!(consent(graph.as_ref(), NOW + 10), Withdrawn);
        assert_eq!(consent(graph.as_ref(), NOW + 11), Revived);
        assert_eq!(consent(graph.as_ref(), NOW + 12), AlreadyLive);
        assert_eq!(body(test)["consent"], json!({
            "ok": true, "updated": NOW + 11, "withdrawn": NOW + 10
        }));
    });
}

#[test]
fn withdrawal_and_consent_of_one_second_end_as_withdrawn_in_either_order() {
    for_both(|test| {
        let consent = || done(test.graph.create_or_revive(EC, NewEntry::at(NOW)));
        let withdraw = || test.graph.write_withdrawal_tombstone(EC, NOW).unwrap();
        assert_eq!(consent(), Ok(Created));
        withdraw();
        assert_eq!(body(test), tombstone_body(NOW));
        test.store.remove(EC);
        withdraw();
        assert_eq!(consent(), Ok(Withdrawn));
        assert_eq!(body(test), tombstone_body(NOW));
    });
}

#[test]
fn visits_that_arrive_out_of_order_leave_the_latest() {
    for_both(|test| {
        live(BEFORE).seed(test);
        assert_eq!(test.graph.update_last_seen(EC, NOW), Ok(TouchOutcome::Written));
        assert_eq!(test.graph.update_last_seen(EC, NOW - 300), Ok(TouchOutcome::Stale));
        assert_eq!(test.graph.update_last_seen(EC, NOW + 500), Ok(TouchOutcome::Written));
        assert_eq!(body(test)["last_seen"], json!(NOW + 500));
    });
}

#[test]
fn no_operation_but_a_visit_moves_last_seen() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let graph = &test.graph;
        upsert(test, Skip).unwrap();
        graph.sync_partner_ids(PARTNER, &[mapping(EC, "u", NOW + 1)], NOW + 1).unwrap();
        graph.evaluate_cluster(EC, NOW).unwrap();
        let mut snapshot = graph.get(EC, NOW).unwrap().unwrap();
        snapshot.upsert_partner_ids(vec![uid("x.example", "x", NOW)], NOW).unwrap();
        assert_eq!(body(test)["last_seen"], json!(BEFORE));
        assert_eq!(body(test)["created"], json!(BEFORE));
        assert_eq!(body(test)["consent"]["updated"], json!(BEFORE));
    });
}
