//! `evaluate_cluster`.

use host_test::{Fault, StoreCall, StoreCalls, TestGraph, for_both, for_both_with};
use identity_graph::{Failure, KvError, NewEntry, Policy};
use serde_json::{Value, json};

use crate::support::*;

/// A count that is due: 1 read, 1 count, 1 write.
const COUNTED: StoreCalls = StoreCalls { gets: 1, counts: 1, puts: 1, ..NO_CALLS };

fn evaluate(test: &TestGraph) -> Result<Option<u32>, Failure> {
    test.graph.evaluate_cluster(EC, NOW)
}

/// Makes other IDs of the same network.
fn neighbours(test: &TestGraph, number: usize) {
    for n in 0..number {
        live(BEFORE).seed_under(test, &format!("{}.n{n:05}", &EC[..64]));
    }
}

fn assert_counts(test: &TestGraph, seed: &Seed, size: u32) {
    seed.seed(test);
    let mut wanted: Value = serde_json::from_str(&seed.body()).unwrap();
    wanted["network"]["cluster_size"] = json!(size);
    wanted["network"]["cluster_checked"] = json!(NOW);
    assert_eq!(writes(test, COUNTED, Ok(Some(size)), evaluate), wanted);
    let metadata: Value = serde_json::from_str(&row(test).metadata.unwrap()).unwrap();
    assert_eq!(metadata["cluster_size"], json!(size));
    leaves(test, calls(1, 0), Ok(Some(size)), evaluate);
}

#[test]
fn ids_of_one_hash_are_counted_and_the_size_is_stored() {
    for_both(|test| {
        neighbours(test, 2);
        live(BEFORE).seed_under(test, &ec_id(7));
        live(BEFORE).seed_under(test, &EC[..64]);
        assert_counts(test, &live(BEFORE).uid(PARTNER, "u", 5), 4);
    });
}

#[test]
fn a_cluster_is_counted_up_to_a_hundred() {
    for (others, size) in [(98, 99), (99, 100), (100, 100), (150, 100)] {
        for_both(|test| {
            neighbours(test, others);
            assert_counts(test, &live(BEFORE), size);
        });
    }
}

#[test]
fn a_stored_size_stands_until_the_recheck_has_passed() {
    for_both(|test| {
        for checked in [NOW - DAY + 1, NOW, NOW + 1, NOW + 300] {
            live(BEFORE).clustered(42, checked).seed(test);
            leaves(test, calls(1, 0), Ok(Some(42)), evaluate);
        }
        assert_counts(test, &live(BEFORE).clustered(42, NOW - DAY), 1);
        // A clock far ahead does not make a size stand for ever.
        assert_counts(test, &live(BEFORE).clustered(42, NOW + 301), 1);
        assert_counts(test, &live(BEFORE).clustered(42, u64::MAX), 1);
    });
}

#[test]
fn the_recheck_is_the_one_of_the_policy() {
    let of = |recheck| Policy { cluster_recheck: Some(recheck), ..Policy::default() };
    for_both_with(of(10), |test| {
        live(BEFORE).clustered(42, NOW - 9).seed(test);
        leaves(test, calls(1, 0), Ok(Some(42)), evaluate);
        assert_counts(test, &live(BEFORE).clustered(42, NOW - 10), 1);
    });
    for_both_with(of(0), |test| {
        live(BEFORE).clustered(42, NOW).seed(test);
        writes(test, COUNTED, Ok(Some(1)), evaluate);
        writes(test, COUNTED, Ok(Some(1)), evaluate);
    });
}

#[test]
fn a_size_counted_right_after_the_first_visit_is_counted_again() {
    for_both(|test| {
        test.graph.create(EC, NewEntry::at(test.at(NOW))).unwrap();
        writes(test, COUNTED, Ok(Some(1)), evaluate);
        neighbours(test, 4);
        leaves(test, calls(1, 0), Ok(Some(1)), evaluate);
        writes(test, COUNTED, Ok(Some(5)), |t| t.graph.evaluate_cluster(EC, NOW + DAY));
    });
}

#[test]
fn a_size_without_its_time_is_counted_again() {
    for_both(|test| {
        assert_counts(test, &live(BEFORE).with("network", json!({ "cluster_size": 3 })), 1);
        assert_counts(test, &live(BEFORE).with("network", json!({ "cluster_checked": NOW })), 1);
    });
}

#[test]
fn the_row_itself_counts_even_where_the_count_lags() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = test.graph.get(EC, NOW).unwrap().unwrap();
        // The count finds nothing, since the row is away for as long as that takes.
        test.store.remove(EC);
        let store = test.store.clone();
        test.faults.before(StoreCall::Put, move || live(BEFORE).seed_in(&store, EC));
        let again = sum(&[COUNTED, calls(0, 1)]);
        let written = writes(test, again, Ok(Some(1)), |_| snapshot.evaluate_cluster(NOW));
        assert_eq!(written["network"]["cluster_size"], json!(1));
    });
}

#[test]
fn no_entry_has_no_cluster() {
    for_both(|test| {
        neighbours(test, 3);
        leaves(test, calls(1, 0), Ok(None), evaluate);
        for seed in [tombstone(BEFORE), tombstone(NOW - 2 * DAY), expired()] {
            seed.clustered(3, NOW).seed(test);
            leaves(test, calls(1, 0), Ok(None), evaluate);
        }
    });
}

#[test]
fn a_corrupt_row_is_named_and_left() {
    for_both(|test| {
        seed_corrupt(test);
        leaves(test, calls(1, 0), Err(CORRUPT), evaluate);
    });
}

#[test]
fn a_count_that_fails_is_an_error_and_nothing_is_stored() {
    let counted_in_vain = StoreCalls { gets: 1, counts: 1, ..NO_CALLS };
    for (error, expected) in [
        (KvError::Throttled, Failure::Throttled),
        (KvError::Unavailable, UNAVAILABLE),
        (KvError::UnknownOutcome, UNAVAILABLE),
    ] {
        for_both(|test| {
            live(BEFORE).seed(test);
            test.faults.next(StoreCall::Count, Fault::Fail(error));
            leaves(test, counted_in_vain, Err(expected.clone()), evaluate);
        });
    }
}

#[test]
fn of_two_counts_at_once_the_stored_one_is_the_answer() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let store = test.store.clone();
        let counted = live(BEFORE).clustered(42, NOW);
        test.faults.before(StoreCall::Put, move || counted.seed_in(&store, EC));
        answers(test, sum(&[COUNTED, calls(1, 0)]), Ok(Some(42)), evaluate);
        assert_eq!(body(test)["network"]["cluster_size"], json!(42));
    });
}

#[test]
fn a_row_withdrawn_meanwhile_has_no_cluster() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let store = test.store.clone();
        test.faults.before(StoreCall::Put, move || tombstone(NOW).seed_in(&store, EC));
        answers(test, sum(&[COUNTED, calls(1, 0)]), Ok(None), evaluate);
        assert_eq!(body(test), tombstone_body(NOW));
    });
}
