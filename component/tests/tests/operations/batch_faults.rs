//! `sync_partner_ids` where a row is contended, cannot be read or cannot be written: the others are
//! not concerned.

use host_test::{Fault, StoreCall, StoreCalls, TestGraph, for_both, for_both_with};
use identity_graph::{
    Failure, KvError, Policy,
    UpsertOutcome::{self, Unchanged, Withdrawn, Written},
};
use serde_json::json;

use crate::support::*;

const FIRST_WAVE: [StoreCalls; 2] = [get_many(3), put_many(3)];

/// Three live rows, and a sync of all of them whose second row meets what is scripted.
fn sync_of_three(test: &TestGraph, more: &[StoreCalls], second: Result<UpsertOutcome, Failure>) {
    let mappings = [0, 1, 2].map(|n| mapping(&ec_id(n), "new", NOW));
    let calls = sum(&[&FIRST_WAVE, more].concat());
    answers(test, calls, Ok(vec![Ok(Written), second, Ok(Written)]), |t| {
        t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
    });
    for n in [0, 2] {
        assert_eq!(body_of(test, &ec_id(n))["ids"][PARTNER]["uid"], json!("new"));
    }
}

fn seed_three(test: &TestGraph) {
    for n in 0..3 {
        live(BEFORE).seed_under(test, &ec_id(n));
    }
}

/// The second row meets this in the first wave.
fn second_meets(test: &TestGraph, kind: StoreCall, fault: Fault) {
    test.faults.pass(kind);
    test.faults.next(kind, fault);
    test.faults.pass(kind);
}

/// Somebody else replaces the second row before its next write, in the wave that is scripted.
fn second_overtaken_by(test: &TestGraph, seed: Seed) {
    let store = test.store.clone();
    test.faults.before(StoreCall::Put, move || seed.seed_in(&store, &ec_id(1)));
}

fn winner(round: u8) -> Seed {
    live(BEFORE).uid("other.example", &format!("x{round}"), NOW)
}

#[test]
fn only_rows_in_conflict_go_into_the_next_wave() {
    for_both(|test| {
        seed_three(test);
        test.faults.pass(StoreCall::Put);
        second_overtaken_by(test, winner(0));
        test.faults.pass(StoreCall::Put);
        sync_of_three(test, &[get_many(1), put_many(1)], Ok(Written));
        let ids = &body_of(test, &ec_id(1))["ids"];
        assert_eq!(ids[PARTNER]["uid"], json!("new"));
        assert_eq!(ids["other.example"]["uid"], json!("x0"));
    });
}

#[test]
fn there_are_as_many_waves_as_tries_and_what_is_left_is_a_conflict() {
    for tries in [1, 2, 3, 10] {
        for_both_with(attempts(tries), |test| {
            seed_three(test);
            test.faults.pass(StoreCall::Put);
            second_overtaken_by(test, winner(0));
            test.faults.pass(StoreCall::Put);
            for round in 1..tries {
                second_overtaken_by(test, winner(round));
            }
            let waves: Vec<_> = (1..tries).flat_map(|_| [get_many(1), put_many(1)]).collect();
            sync_of_three(test, &waves, Err(Failure::Conflict));
            assert_eq!(body_of(test, &ec_id(1))["ids"].get(PARTNER), None);
        });
    }
}

#[test]
fn a_row_whose_reads_lag_behind_is_given_up_after_one_more_read() {
    for_both(|test| {
        seed_three(test);
        second_meets(test, StoreCall::Put, Fault::Conflict(None));
        sync_of_three(test, &[get_many(1)], Err(Failure::Conflict));
    });
}

#[test]
fn a_row_withdrawn_meanwhile_stays_withdrawn() {
    for_both(|test| {
        seed_three(test);
        test.faults.pass(StoreCall::Put);
        second_overtaken_by(test, tombstone(NOW));
        test.faults.pass(StoreCall::Put);
        sync_of_three(test, &[get_many(1)], Ok(Withdrawn));
        assert_eq!(body_of(test, &ec_id(1)), tombstone_body(NOW));
    });
}

#[test]
fn a_row_deleted_meanwhile_is_not_made_again() {
    for_both(|test| {
        seed_three(test);
        let store = test.store.clone();
        test.faults.pass(StoreCall::Put);
        test.faults.before(StoreCall::Put, move || store.remove(&ec_id(1)));
        test.faults.pass(StoreCall::Put);
        sync_of_three(test, &[get_many(1), get_many(1)], Err(Failure::Conflict));
        assert_eq!(test.store.row(&ec_id(1)), None);
    });
}

#[test]
fn a_write_that_fails_fails_its_own_mapping_and_is_not_tried_again() {
    for (error, expected) in [
        (KvError::Throttled, Failure::Throttled),
        (KvError::Unavailable, UNAVAILABLE),
        (KvError::Invalid, UNAVAILABLE),
    ] {
        for_both(|test| {
            seed_three(test);
            let before = test.store.row(&ec_id(1));
            second_meets(test, StoreCall::Put, Fault::Fail(error));
            sync_of_three(test, &[], Err(expected.clone()));
            assert_eq!(test.store.row(&ec_id(1)), before);
        });
    }
}

#[test]
fn a_read_that_fails_fails_its_own_mapping() {
    for (error, expected) in [
        (KvError::Throttled, Failure::Throttled),
        (KvError::Unavailable, UNAVAILABLE),
        (KvError::UnknownOutcome, UNAVAILABLE),
    ] {
        for_both(|test| {
            seed_three(test);
            second_meets(test, StoreCall::Get, Fault::Fail(error));
            let mappings = [0, 1, 2].map(|n| mapping(&ec_id(n), "new", NOW));
            let outcomes = vec![Ok(Written), Err(expected.clone()), Ok(Written)];
            answers(test, sum(&[get_many(3), put_many(2)]), Ok(outcomes), |t| {
                t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
            });
        });
    }
}

/// The answer was full: the others are written meanwhile, and it costs no try.
#[test]
fn a_row_that_was_not_read_is_asked_for_again() {
    for tries in [1, 3] {
        for_both_with(attempts(tries), |test| {
            seed_three(test);
            test.faults.pass(StoreCall::Get);
            for _ in 0..2 {
                test.faults.next(StoreCall::Get, Fault::Fail(KvError::NotRead));
            }
            let mappings = [0, 1, 2].map(|n| mapping(&ec_id(n), "new", NOW));
            let waves = [get_many(3), put_many(1), get_many(2), put_many(2)];
            answers(test, sum(&waves), Ok(vec![Ok(Written); 3]), |t| {
                t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
            });
        });
    }
}

#[test]
fn a_corrupt_row_fails_its_own_mapping_at_every_resend() {
    for_both(|test| {
        seed_three(test);
        test.store.seed(&ec_id(1), "no entry", None);
        for round in ["a", "b"] {
            let mappings =
                [0, 1, 2].map(|n| mapping(&ec_id(n), round, NOW + u64::from(round == "b")));
            let outcomes = vec![Ok(Written), Err(CORRUPT), Ok(Written)];
            answers(test, sum(&[get_many(3), put_many(2)]), Ok(outcomes), |t| {
                t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
            });
        }
    });
}

#[test]
fn a_write_whose_answer_is_lost_is_read_back_in_the_next_wave() {
    for_both(|test| {
        seed_three(test);
        second_meets(test, StoreCall::Put, Fault::LoseAnswer);
        sync_of_three(test, &[get_many(1)], Ok(Unchanged));
        assert_eq!(test.store.store_calls().writes(), 3);
    });
}

#[test]
fn a_write_that_is_lost_goes_into_the_next_wave() {
    for_both(|test| {
        seed_three(test);
        second_meets(test, StoreCall::Put, Fault::Fail(KvError::UnknownOutcome));
        sync_of_three(test, &[get_many(1), put_many(1)], Ok(Written));
        assert_eq!(test.store.store_calls().writes(), 3);
    });
}

#[test]
fn every_row_in_conflict_is_one_wave_together() {
    for_both(|test| {
        let store = test.store.clone();
        let ids: Vec<_> = (0..100).map(ec_id).collect();
        for id in &ids {
            live(BEFORE).seed_under(test, id);
        }
        let all = ids.clone();
        test.faults.before(StoreCall::Put, move || {
            for id in &all {
                winner(0).seed_in(&store, id);
            }
        });
        let mappings: Vec<_> = ids.iter().map(|id| mapping(id, "new", NOW)).collect();
        let wave = [get_many(100), put_many(100)];
        let outcomes = Ok(vec![Ok(Written); 100]);
        answers(test, sum(&[wave, wave].concat()), outcomes, |t| {
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW)
        });
    });
}

#[test]
fn a_store_that_fails_altogether_leaves_an_answer_for_each_mapping() {
    for_both_with(Policy::default(), |test| {
        seed_three(test);
        test.faults.always(StoreCall::Get, Fault::Fail(KvError::Unavailable));
        let mappings = [0, 1, 2].map(|n| mapping(&ec_id(n), "new", NOW));
        leaves(test, get_many(3), Ok(vec![Err::<UpsertOutcome, _>(UNAVAILABLE); 3]), |t| {
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
        });
    });
}
