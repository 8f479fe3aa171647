//! Writes whose answer never came, and stores that fail.

use host_test::{Failure, Fault, OpKind, Ops, World, for_both};
use identity_graph::{IfMissing::Skip, KvError, Policy, UpsertOutcome};
use serde_json::json;

use crate::support::*;
use crate::writers::{Writer, applied, for_every_writer};

const LOST: Fault = Fault::Fail(KvError::UnknownOutcome);

/// The fault befalls the first write that would not be refused.
fn befalls_the_write(world: &World, writer: &Writer, fault: Fault) {
    for _ in 0..writer.refused {
        world.faults.pass(OpKind::Put);
    }
    world.faults.next(OpKind::Put, fault);
}

/// The fault befalls the first read after it.
fn befalls_the_read_back(world: &World, writer: &Writer, fault: Fault) {
    for _ in 0..writer.reads_before() {
        world.faults.pass(OpKind::Get);
    }
    world.faults.next(OpKind::Get, fault);
}

fn succeeds(world: &World, writer: &Writer, ops: Ops) {
    answers(world, ops, Ok(writer.outcome.to_owned()), writer.call);
}

/// What each writer is held to: that it does write when nothing is in its way.
#[test]
fn undisturbed_each_operation_takes_the_calls_of_the_contract() {
    for_every_writer(Policy::default(), |world, writer| {
        succeeds(world, writer, writer.ops);
        assert_eq!(applied(&world.store, writer), 1);
    });
}

#[test]
fn a_write_whose_answer_is_lost_is_found_by_reading_back() {
    for policy in [Policy::default(), attempts(2)] {
        for_every_writer(policy, |world, writer| {
            befalls_the_write(world, writer, Fault::LoseAnswer);
            succeeds(world, writer, writer.ops_and(1, 0));
            assert_eq!(applied(&world.store, writer), 1);
        });
    }
}

#[test]
fn a_write_that_was_lost_is_made_again_and_applied_once() {
    for_every_writer(Policy::default(), |world, writer| {
        befalls_the_write(world, writer, LOST);
        succeeds(world, writer, writer.ops_and(1, 1));
        assert_eq!(applied(&world.store, writer), 1);
    });
}

#[test]
fn with_a_single_try_a_lost_answer_is_found_and_a_lost_write_is_unavailable() {
    for_every_writer(attempts(1), |world, writer| {
        if writer.refused > 0 {
            return;
        }
        let before = contents(world);
        befalls_the_write(world, writer, LOST);
        answers(world, writer.ops_and(1, 0), Err(UNAVAILABLE), writer.call);
        assert_eq!(contents(world), before);
        befalls_the_write(world, writer, Fault::LoseAnswer);
        succeeds(world, writer, writer.ops_and(1, 0));
    });
}

#[test]
fn when_reading_back_fails_too_the_store_is_unavailable() {
    for error in [
        KvError::Throttled,
        KvError::Unavailable,
        KvError::UnknownOutcome,
        KvError::Invalid,
        KvError::NoSuchStore,
    ] {
        for lost in [LOST, Fault::LoseAnswer] {
            for_every_writer(Policy::default(), |world, writer| {
                befalls_the_write(world, writer, lost.clone());
                befalls_the_read_back(world, writer, Fault::Fail(error));
                answers(world, writer.ops_and(1, 0), Err(UNAVAILABLE), writer.call);
            });
        }
    }
}

/// `throttled` promises that nothing was written, which is not known here.
#[test]
fn a_lost_write_that_is_then_refused_is_unavailable() {
    for error in [KvError::Throttled, KvError::Unavailable, KvError::Invalid, KvError::NoSuchStore]
    {
        for_every_writer(Policy::default(), |world, writer| {
            befalls_the_write(world, writer, LOST);
            world.faults.next(OpKind::Put, Fault::Fail(error));
            answers(world, writer.ops_and(1, 1), Err(UNAVAILABLE), writer.call);
        });
    }
}

#[test]
fn writes_that_are_lost_again_and_again_end_as_unavailable() {
    for tries in [1, 3, 10] {
        for_every_writer(attempts(tries), |world, writer| {
            let Some(lost) = u64::from(tries).checked_sub(writer.refused).filter(|n| *n > 0) else {
                return;
            };
            let before = contents(world);
            for _ in 0..writer.refused {
                world.faults.pass(OpKind::Put);
            }
            world.faults.always(OpKind::Put, LOST);
            answers(world, writer.ops_and(lost, lost - 1), Err(UNAVAILABLE), writer.call);
            assert_eq!(contents(world), before);
            world.faults.heal();
            succeeds(world, writer, writer.ops);
        });
    }
}

#[test]
fn a_stale_read_back_does_not_lead_to_a_second_write() {
    for_every_writer(Policy::default(), |world, writer| {
        let stale = world.store.row(EC).map_or(Fault::Miss, |row| Fault::Stale(row.item()));
        befalls_the_write(world, writer, Fault::LoseAnswer);
        befalls_the_read_back(world, writer, stale);
        // A withdrawal is written blind, so that it may be written twice.
        let (reads, is_applied) = if writer.is_blind() { (1, 2) } else { (2, 1) };
        let generation = std::rc::Rc::new(std::cell::Cell::new(None));
        let (store, seen) = (world.store.clone(), generation.clone());
        world.faults.before(OpKind::Put, move || {
            seen.set(store.row(EC).map(|row| row.generation));
        });
        succeeds(world, writer, writer.ops_and(reads, 1));
        let is_same = generation.get() == Some(row(world).generation);
        assert_eq!(is_same, is_applied == 1, "the row is the one that the first write made");
    });
}

#[test]
fn reads_that_never_show_the_lost_write_end_as_unavailable_without_more_tries() {
    for_every_writer(Policy::default(), |world, writer| {
        if writer.is_blind() {
            return;
        }
        let stale = world.store.row(EC).map_or(Fault::Miss, |row| Fault::Stale(row.item()));
        // A refused creation is read once more when the read shows nothing.
        let reads = if stale == Fault::Miss { 3 } else { 2 };
        befalls_the_write(world, writer, Fault::LoseAnswer);
        befalls_the_read_back(world, writer, stale.clone());
        for _ in 1..reads {
            world.faults.next(OpKind::Get, stale.clone());
        }
        answers(world, writer.ops_and(reads, 1), Err(UNAVAILABLE), writer.call);
    });
}

#[test]
fn a_lost_visit_that_was_overtaken_is_unavailable_and_not_tried_again() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let store = world.store.clone();
        world.faults.next(OpKind::Put, LOST);
        world.faults.pass(OpKind::Get);
        world.faults.before(OpKind::Get, move || {
            live(BEFORE).uid("other.example", "x", NOW).seed_in(&store, EC);
        });
        let touch = |w: &World| w.graph.update_last_seen(EC, NOW).map(drop);
        answers(world, ops(2, 1), Err(UNAVAILABLE), touch);
    });
}

#[test]
fn a_lost_write_that_was_built_upon_is_found_in_the_row() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let other = world.another_worker();
        world.faults.next(OpKind::Put, Fault::LoseAnswer);
        world.faults.pass(OpKind::Get);
        world.faults.before(OpKind::Get, move || {
            let id = uid("other.example", "x", NOW);
            other.upsert_partner_id(EC, id, Skip, NOW).unwrap();
        });
        answers(world, ops(2, 1), Ok(UpsertOutcome::Unchanged), |w| upsert(w, Skip));
        let expected = json!({
            PARTNER: { "uid": "new", "synced": NOW },
            "other.example": { "uid": "x", "synced": NOW },
        });
        assert_eq!(body(world)["ids"], expected);
    });
}

#[test]
fn a_withdrawal_that_follows_a_lost_write_stays() {
    for lost in [LOST, Fault::LoseAnswer] {
        for_every_writer(Policy::default(), |world, writer| {
            if writer.is_blind() {
                return;
            }
            befalls_the_write(world, writer, lost.clone());
            for _ in 0..writer.reads_before() {
                world.faults.pass(OpKind::Get);
            }
            let store = world.store.clone();
            world.faults.before(OpKind::Get, move || tombstone(NOW).seed_in(&store, EC));
            let expected = match writer.name {
                // What was withdrawn may be what it has made.
                "create" => Err(UNAVAILABLE),
                name if name.contains("cluster") => Ok("None".to_owned()),
                "upsert on a snapshot" => Ok("[Withdrawn]".to_owned()),
                _ => Ok("Withdrawn".to_owned()),
            };
            answers(world, writer.ops_and(1, 0), expected, writer.call);
            assert_eq!(body(world), tombstone_body(NOW));
        });
    }
}

/// A layer below sends a write twice: the first is applied, the second refused.
#[test]
fn a_write_that_was_sent_twice_below_is_not_taken_for_somebody_elses() {
    for_every_writer(Policy::default(), |world, writer| {
        let expected = match writer.name {
            // It has no read to find out with.
            "create" => Err(Failure::AlreadyExists),
            // Never retried, so that nobody looks.
            name if name.starts_with("touch") => Err(Failure::Conflict),
            // The row is as wanted, whoever made it so.
            "revive" | "create where a lifetime is over" => Ok("AlreadyLive".to_owned()),
            "upsert" | "sync" => Ok("Unchanged".to_owned()),
            "upsert on a snapshot" => Ok("[Unchanged]".to_owned()),
            "withdraw" => return,
            _ => Ok(writer.outcome.to_owned()),
        };
        befalls_the_write(world, writer, Fault::ApplyThenConflict);
        let reads = u64::from(expected.is_ok());
        answers(world, writer.ops_and(reads, 0), expected, writer.call);
        assert_eq!(applied(&world.store, writer), 1);
    });
}

#[test]
fn a_write_that_fails_is_named_and_not_tried_again() {
    for (error, expected) in [
        (KvError::Throttled, Failure::Throttled),
        (KvError::Unavailable, UNAVAILABLE),
        (KvError::Invalid, UNAVAILABLE),
        (KvError::NoSuchStore, Failure::NoSuchStore),
    ] {
        for_every_writer(Policy::default(), |world, writer| {
            befalls_the_write(world, writer, Fault::Fail(error));
            leaves(world, writer.ops, Err(expected.clone()), writer.call);
            succeeds(world, writer, writer.ops);
        });
    }
}

#[test]
fn a_read_that_fails_is_named_and_nothing_is_written() {
    for (error, expected) in [
        (KvError::Throttled, Failure::Throttled),
        (KvError::Unavailable, UNAVAILABLE),
        (KvError::UnknownOutcome, UNAVAILABLE),
        (KvError::Invalid, UNAVAILABLE),
        (KvError::NoSuchStore, Failure::NoSuchStore),
    ] {
        for_every_writer(Policy::default(), |world, writer| {
            if writer.reads_before() == 0 {
                return;
            }
            world.faults.next(OpKind::Get, Fault::Fail(error));
            let refused = (0..writer.refused).map(|_| writer.write());
            let ops = sum(&refused.chain([writer.read()]).collect::<Vec<_>>());
            leaves(world, ops, Err(expected.clone()), writer.call);
        });
    }
}

#[test]
fn calling_again_after_a_lost_answer_settles_it() {
    for_every_writer(Policy::default(), |world, writer| {
        befalls_the_write(world, writer, Fault::LoseAnswer);
        befalls_the_read_back(world, writer, Fault::Fail(KvError::Unavailable));
        answers(world, writer.ops_and(1, 0), Err(UNAVAILABLE), writer.call);
        let written = body(world);
        let again = (writer.call)(world);
        assert!(again.is_ok() || again == Err(Failure::AlreadyExists), "{again:?}");
        assert_eq!(body(world), written);
    });
}

fn delete(world: &World) -> Result<bool, Failure> {
    world.graph.delete(EC)
}

const fn deletes(deletes: u64) -> Ops {
    Ops { deletes, ..NO_OPS }
}

#[test]
fn a_delete_whose_answer_is_lost_is_made_again() {
    for lost in [LOST, Fault::LoseAnswer] {
        for_both(|world| {
            live(BEFORE).seed(world);
            world.faults.next(OpKind::Delete, lost.clone());
            answers(world, deletes(2), Ok(true), delete);
            assert!(world.store.is_empty());
        });
    }
}

#[test]
fn a_delete_that_is_not_confirmed_is_unavailable() {
    for error in [KvError::Throttled, KvError::Unavailable] {
        for_both(|world| {
            live(BEFORE).seed(world);
            world.faults.next(OpKind::Delete, LOST);
            world.faults.next(OpKind::Delete, Fault::Fail(error));
            leaves(world, deletes(2), Err(UNAVAILABLE), delete);
        });
    }
    for_both(|world| {
        world.faults.always(OpKind::Delete, LOST);
        leaves(world, deletes(3), Err(UNAVAILABLE), delete);
    });
}
