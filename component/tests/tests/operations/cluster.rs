//! `evaluate_cluster`.

use host_test::{Failure, Fault, OpKind, Ops, World, for_both, for_both_with};
use identity_graph::{KvError, NewEntry, Policy};
use serde_json::{Value, json};

use crate::support::*;

/// A count that is due: 1 read, 1 count, 1 write.
const COUNTED: Ops = Ops { gets: 1, counts: 1, puts: 1, ..NO_OPS };

fn evaluate(world: &World) -> Result<Option<u32>, Failure> {
    world.graph.evaluate_cluster(EC, NOW)
}

/// Makes other IDs of the same network.
fn neighbours(world: &World, number: usize) {
    for n in 0..number {
        live(BEFORE).seed_under(world, &format!("{}.n{n:05}", &EC[..64]));
    }
}

fn assert_counts(world: &World, seed: &Seed, size: u32) {
    seed.seed(world);
    let mut wanted: Value = serde_json::from_str(&seed.body()).unwrap();
    wanted["network"]["cluster_size"] = json!(size);
    wanted["network"]["cluster_checked"] = json!(NOW);
    assert_eq!(writes(world, COUNTED, Ok(Some(size)), evaluate), wanted);
    let metadata: Value = serde_json::from_str(&row(world).metadata.unwrap()).unwrap();
    assert_eq!(metadata["cluster_size"], json!(size));
    leaves(world, ops(1, 0), Ok(Some(size)), evaluate);
}

#[test]
fn ids_of_one_hash_are_counted_and_the_size_is_stored() {
    for_both(|world| {
        neighbours(world, 2);
        live(BEFORE).seed_under(world, &ec_id(7));
        live(BEFORE).seed_under(world, &EC[..64]);
        assert_counts(world, &live(BEFORE).uid(PARTNER, "u", 5), 4);
    });
}

#[test]
fn a_cluster_is_counted_up_to_a_hundred() {
    for (others, size) in [(98, 99), (99, 100), (100, 100), (150, 100)] {
        for_both(|world| {
            neighbours(world, others);
            assert_counts(world, &live(BEFORE), size);
        });
    }
}

#[test]
fn a_stored_size_stands_until_the_recheck_has_passed() {
    for_both(|world| {
        for checked in [NOW - DAY + 1, NOW, NOW + 1, NOW + DAY - 1] {
            live(BEFORE).clustered(42, checked).seed(world);
            leaves(world, ops(1, 0), Ok(Some(42)), evaluate);
        }
        assert_counts(world, &live(BEFORE).clustered(42, NOW - DAY), 1);
        // A clock far ahead does not make a size stand for ever.
        assert_counts(world, &live(BEFORE).clustered(42, NOW + DAY), 1);
        assert_counts(world, &live(BEFORE).clustered(42, u64::MAX), 1);
    });
}

#[test]
fn the_recheck_is_the_one_of_the_policy() {
    let of = |cluster_recheck| Policy { cluster_recheck, ..Policy::default() };
    for_both_with(of(10), |world| {
        live(BEFORE).clustered(42, NOW - 9).seed(world);
        leaves(world, ops(1, 0), Ok(Some(42)), evaluate);
        assert_counts(world, &live(BEFORE).clustered(42, NOW - 10), 1);
    });
    for_both_with(of(0), |world| {
        live(BEFORE).clustered(42, NOW).seed(world);
        writes(world, COUNTED, Ok(Some(1)), evaluate);
        writes(world, COUNTED, Ok(Some(1)), evaluate);
    });
}

#[test]
fn a_size_counted_right_after_the_first_visit_is_counted_again() {
    for_both(|world| {
        world.graph.create(EC, NewEntry::at(world.at(NOW))).unwrap();
        writes(world, COUNTED, Ok(Some(1)), evaluate);
        neighbours(world, 4);
        leaves(world, ops(1, 0), Ok(Some(1)), evaluate);
        writes(world, COUNTED, Ok(Some(5)), |w| w.graph.evaluate_cluster(EC, NOW + DAY));
    });
}

#[test]
fn a_size_without_its_time_is_counted_again() {
    for_both(|world| {
        assert_counts(world, &live(BEFORE).with("network", json!({ "cluster_size": 3 })), 1);
        assert_counts(world, &live(BEFORE).with("network", json!({ "cluster_checked": NOW })), 1);
    });
}

#[test]
fn the_row_itself_counts_even_where_the_count_lags() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let mut snapshot = world.graph.get(EC).unwrap().unwrap();
        // The count finds nothing, since the row is away for as long as that takes.
        world.store.remove(EC);
        let store = world.store.clone();
        world.faults.before(OpKind::Put, move || live(BEFORE).seed_in(&store, EC));
        let again = sum(&[COUNTED, ops(0, 1)]);
        let written = writes(world, again, Ok(Some(1)), |_| snapshot.evaluate_cluster(NOW));
        assert_eq!(written["network"]["cluster_size"], json!(1));
    });
}

#[test]
fn no_entry_has_no_cluster() {
    for_both(|world| {
        neighbours(world, 3);
        leaves(world, ops(1, 0), Ok(None), evaluate);
        for seed in [tombstone(BEFORE), tombstone(NOW - 2 * DAY), expired()] {
            seed.clustered(3, NOW).seed(world);
            leaves(world, ops(1, 0), Ok(None), evaluate);
        }
    });
}

#[test]
fn a_corrupt_row_is_named_and_left() {
    for_both(|world| {
        seed_corrupt(world);
        leaves(world, ops(1, 0), Err(CORRUPT), evaluate);
    });
}

#[test]
fn a_count_that_fails_is_an_error_and_nothing_is_stored() {
    let counted_in_vain = Ops { gets: 1, counts: 1, ..NO_OPS };
    for (error, expected) in [
        (KvError::Throttled, Failure::Throttled),
        (KvError::Unavailable, UNAVAILABLE),
        (KvError::UnknownOutcome, UNAVAILABLE),
    ] {
        for_both(|world| {
            live(BEFORE).seed(world);
            world.faults.next(OpKind::Count, Fault::Fail(error));
            leaves(world, counted_in_vain, Err(expected.clone()), evaluate);
        });
    }
}

#[test]
fn of_two_counts_at_once_the_stored_one_is_the_answer() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let store = world.store.clone();
        let counted = live(BEFORE).clustered(42, NOW);
        world.faults.before(OpKind::Put, move || counted.seed_in(&store, EC));
        answers(world, sum(&[COUNTED, ops(1, 0)]), Ok(Some(42)), evaluate);
        assert_eq!(body(world)["network"]["cluster_size"], json!(42));
    });
}

#[test]
fn a_row_withdrawn_meanwhile_has_no_cluster() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let store = world.store.clone();
        world.faults.before(OpKind::Put, move || tombstone(NOW).seed_in(&store, EC));
        answers(world, sum(&[COUNTED, ops(1, 0)]), Ok(None), evaluate);
        assert_eq!(body(world), tombstone_body(NOW));
    });
}
