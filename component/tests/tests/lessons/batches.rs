//! Batches: A2, C5, C7 and F3.

use host_test::{StoreCall, TestGraph, for_both};
use identity_graph::{
    Failure,
    UpsertOutcome::{Stale, Written},
};
use serde_json::json;

use crate::support::*;

fn uid_in(test: &TestGraph, key: &str) -> serde_json::Value {
    body_of(test, key)["ids"][PARTNER]["uid"].clone()
}

/// A batch row loses its tries to other writers: that is a conflict of its own mapping, and the rows
/// after it are written.
#[test]
fn a2_a_row_that_loses_its_tries_does_not_stop_the_batch() {
    for_both(|test| {
        for n in 0..3 {
            live(BEFORE).seed_under(test, &ec_id(n));
        }
        test.faults.pass(StoreCall::Put);
        for round in 0..3 {
            let store = test.store.clone();
            let other = live(BEFORE).uid("other.example", &format!("x{round}"), NOW);
            test.faults.before(StoreCall::Put, move || other.seed_in(&store, &ec_id(1)));
            if round == 0 {
                test.faults.pass(StoreCall::Put);
            }
        }
        let mappings = [0, 1, 2].map(|n| mapping(&ec_id(n), "new", NOW));
        let waves = [get_many(3), put_many(3), get_many(1), put_many(1), get_many(1), put_many(1)];
        let outcomes = vec![Ok(Written), Err(Failure::Conflict), Ok(Written)];
        answers(test, sum(&waves), Ok(outcomes), |t| {
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
        });
        assert_eq!([0, 2].map(|n| uid_in(test, &ec_id(n))), ["new", "new"]);
        assert_eq!(body_of(test, &ec_id(1))["ids"]["other.example"]["uid"], json!("x2"));
    });
}

/// The same EC ID twice in one batch: one write, so that no second one is refused for its rate.
#[test]
fn c5_two_mappings_of_one_id_are_one_write() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mappings = [mapping(EC, "older", NOW - 1), mapping(EC, "newer", NOW)];
        answers(test, sum(&[get_many(1), put_many(1)]), Ok(vec![Ok(Stale), Ok(Written)]), |t| {
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW)
        });
        assert_eq!(uid_in(test, EC), json!("newer"));
    });
}

/// A thousand mappings are two trips to the store, not thousands.
#[test]
fn c7_a_thousand_mappings_are_one_wave() {
    for_both(|test| {
        let ids: Vec<_> = (0..1_000).map(ec_id).collect();
        for id in &ids {
            live(BEFORE).seed_under(test, id);
        }
        let mappings: Vec<_> = ids.iter().map(|id| mapping(id, "new", NOW)).collect();
        let waves = sum(&[get_many(1_000), put_many(1_000)]);
        answers(test, waves, Ok(vec![Ok(Written); 1_000]), |t| {
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW)
        });
        assert!(ids.iter().all(|id| uid_in(test, id) == json!("new")));
    });
}

/// One corrupt row fails its own mapping, at every resend, and no other.
#[test]
fn f3_a_corrupt_row_fails_alone() {
    for_both(|test| {
        seed_corrupt(test);
        let good = ec_id(1);
        live(BEFORE).seed_under(test, &good);
        let before = row(test);
        for (resend, outcome) in [(0, Written), (1, Written)] {
            let uid = format!("new-{resend}");
            let mappings = [mapping(EC, &uid, NOW + resend), mapping(&good, &uid, NOW + resend)];
            let calls = sum(&[get_many(2), put_many(1)]);
            answers(test, calls, Ok(vec![Err(CORRUPT), Ok(outcome)]), |t| {
                t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
            });
            assert_eq!(uid_in(test, &good), json!(uid));
            assert_eq!(row(test), before, "the corrupt row is left as it is");
        }
    });
}
