//! `sync_partner_ids` where a row is contended, cannot be read or cannot be written: the others are
//! not concerned.

use host_test::{Failure, Fault, OpKind, Ops, World, for_both, for_both_with};
use identity_graph::{
    KvError, Policy,
    UpsertOutcome::{self, Withdrawn, Written},
};
use serde_json::json;

use crate::support::*;

const FIRST_WAVE: [Ops; 2] = [get_many(3), put_many(3)];

/// Three live rows, and a sync of all of them whose second row meets what is scripted.
fn sync_of_three(world: &World, more: &[Ops], second: Result<UpsertOutcome, Failure>) {
    let mappings = [0, 1, 2].map(|n| mapping(&ec_id(n), "new", NOW));
    let ops = sum(&[&FIRST_WAVE, more].concat());
    answers(world, ops, Ok(vec![Ok(Written), second, Ok(Written)]), |w| {
        w.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
    });
    for n in [0, 2] {
        assert_eq!(body_of(world, &ec_id(n))["ids"][PARTNER]["uid"], json!("new"));
    }
}

fn seed_three(world: &World) {
    for n in 0..3 {
        live(BEFORE).seed_under(world, &ec_id(n));
    }
}

/// The second row meets this in the first wave.
fn second_meets(world: &World, kind: OpKind, fault: Fault) {
    world.faults.pass(kind);
    world.faults.next(kind, fault);
    world.faults.pass(kind);
}

/// Somebody else replaces the second row before its next write, in the wave that is scripted.
fn second_overtaken_by(world: &World, seed: Seed) {
    let store = world.store.clone();
    world.faults.before(OpKind::Put, move || seed.seed_in(&store, &ec_id(1)));
}

fn winner(round: u8) -> Seed {
    live(BEFORE).uid("other.example", &format!("x{round}"), NOW)
}

#[test]
fn only_rows_in_conflict_go_into_the_next_wave() {
    for_both(|world| {
        seed_three(world);
        world.faults.pass(OpKind::Put);
        second_overtaken_by(world, winner(0));
        world.faults.pass(OpKind::Put);
        sync_of_three(world, &[get_many(1), put_many(1)], Ok(Written));
        let ids = &body_of(world, &ec_id(1))["ids"];
        assert_eq!(ids[PARTNER]["uid"], json!("new"));
        assert_eq!(ids["other.example"]["uid"], json!("x0"));
    });
}

#[test]
fn there_are_as_many_waves_as_tries_and_what_is_left_is_a_conflict() {
    for tries in [1, 2, 3, 10] {
        for_both_with(attempts(tries), |world| {
            seed_three(world);
            world.faults.pass(OpKind::Put);
            second_overtaken_by(world, winner(0));
            world.faults.pass(OpKind::Put);
            for round in 1..tries {
                second_overtaken_by(world, winner(round));
            }
            let waves: Vec<_> = (1..tries).flat_map(|_| [get_many(1), put_many(1)]).collect();
            sync_of_three(world, &waves, Err(Failure::Conflict));
            assert_eq!(body_of(world, &ec_id(1))["ids"].get(PARTNER), None);
        });
    }
}

#[test]
fn a_row_whose_reads_lag_behind_is_given_up_after_one_more_read() {
    for_both(|world| {
        seed_three(world);
        second_meets(world, OpKind::Put, Fault::Conflict(None));
        sync_of_three(world, &[get_many(1)], Err(Failure::Conflict));
    });
}

#[test]
fn a_row_withdrawn_meanwhile_stays_withdrawn() {
    for_both(|world| {
        seed_three(world);
        world.faults.pass(OpKind::Put);
        second_overtaken_by(world, tombstone(NOW));
        world.faults.pass(OpKind::Put);
        sync_of_three(world, &[get_many(1)], Ok(Withdrawn));
        assert_eq!(body_of(world, &ec_id(1)), tombstone_body(NOW));
    });
}

#[test]
fn a_row_deleted_meanwhile_is_not_made_again() {
    for_both(|world| {
        seed_three(world);
        let store = world.store.clone();
        world.faults.pass(OpKind::Put);
        world.faults.before(OpKind::Put, move || store.remove(&ec_id(1)));
        world.faults.pass(OpKind::Put);
        sync_of_three(world, &[get_many(1), get_many(1)], Err(Failure::Conflict));
        assert_eq!(world.store.row(&ec_id(1)), None);
    });
}

#[test]
fn a_write_that_fails_fails_its_own_mapping_and_is_not_tried_again() {
    for (error, expected) in [
        (KvError::Throttled, Failure::Throttled),
        (KvError::Unavailable, UNAVAILABLE),
        (KvError::Invalid, UNAVAILABLE),
    ] {
        for_both(|world| {
            seed_three(world);
            let before = world.store.row(&ec_id(1));
            second_meets(world, OpKind::Put, Fault::Fail(error));
            sync_of_three(world, &[], Err(expected.clone()));
            assert_eq!(world.store.row(&ec_id(1)), before);
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
        for_both(|world| {
            seed_three(world);
            second_meets(world, OpKind::Get, Fault::Fail(error));
            let mappings = [0, 1, 2].map(|n| mapping(&ec_id(n), "new", NOW));
            let outcomes = vec![Ok(Written), Err(expected.clone()), Ok(Written)];
            answers(world, sum(&[get_many(3), put_many(2)]), Ok(outcomes), |w| {
                w.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
            });
        });
    }
}

#[test]
fn a_corrupt_row_fails_its_own_mapping_at_every_resend() {
    for_both(|world| {
        seed_three(world);
        world.store.seed(&ec_id(1), "no entry", None);
        for round in ["a", "b"] {
            let mappings =
                [0, 1, 2].map(|n| mapping(&ec_id(n), round, NOW + u64::from(round == "b")));
            let outcomes = vec![Ok(Written), Err(CORRUPT), Ok(Written)];
            answers(world, sum(&[get_many(3), put_many(2)]), Ok(outcomes), |w| {
                w.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
            });
        }
    });
}

#[test]
fn a_write_whose_answer_is_lost_is_read_back_in_the_next_wave() {
    for_both(|world| {
        seed_three(world);
        second_meets(world, OpKind::Put, Fault::LoseAnswer);
        sync_of_three(world, &[get_many(1)], Ok(Written));
        assert_eq!(world.store.ops().writes(), 3);
    });
}

#[test]
fn a_write_that_is_lost_goes_into_the_next_wave() {
    for_both(|world| {
        seed_three(world);
        second_meets(world, OpKind::Put, Fault::Fail(KvError::UnknownOutcome));
        sync_of_three(world, &[get_many(1), put_many(1)], Ok(Written));
        assert_eq!(world.store.ops().writes(), 3);
    });
}

#[test]
fn every_row_in_conflict_is_one_wave_together() {
    for_both(|world| {
        let store = world.store.clone();
        let ids: Vec<_> = (0..100).map(ec_id).collect();
        for id in &ids {
            live(BEFORE).seed_under(world, id);
        }
        let all = ids.clone();
        world.faults.before(OpKind::Put, move || {
            for id in &all {
                winner(0).seed_in(&store, id);
            }
        });
        let mappings: Vec<_> = ids.iter().map(|id| mapping(id, "new", NOW)).collect();
        let wave = [get_many(100), put_many(100)];
        let outcomes = Ok(vec![Ok(Written); 100]);
        answers(world, sum(&[wave, wave].concat()), outcomes, |w| {
            w.graph.sync_partner_ids(PARTNER, &mappings, NOW)
        });
    });
}

#[test]
fn a_store_that_fails_altogether_leaves_an_answer_for_each_mapping() {
    for_both_with(Policy::default(), |world| {
        seed_three(world);
        world.faults.always(OpKind::Get, Fault::Fail(KvError::Unavailable));
        let mappings = [0, 1, 2].map(|n| mapping(&ec_id(n), "new", NOW));
        leaves(world, get_many(3), Ok(vec![Err::<UpsertOutcome, _>(UNAVAILABLE); 3]), |w| {
            w.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
        });
    });
}
