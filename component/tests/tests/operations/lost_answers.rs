//! Writes whose answer never came, and stores that fail.

use host_test::{Fault, StoreCall, StoreCalls, TestGraph, for_both};
use identity_graph::{Failure, IfMissing::Skip, KvError, Policy, TouchOutcome, UpsertOutcome};
use serde_json::json;

use crate::support::*;
use crate::writers::{Writer, applied, for_every_writer};

const LOST: Fault = Fault::Fail(KvError::UnknownOutcome);

/// The fault befalls the first write that would not be refused.
fn befalls_the_write(test: &TestGraph, writer: &Writer, fault: Fault) {
    for _ in 0..writer.refused {
        test.faults.pass(StoreCall::Put);
    }
    test.faults.next(StoreCall::Put, fault);
}

/// The fault befalls the first read after it.
fn befalls_the_read_back(test: &TestGraph, writer: &Writer, fault: Fault) {
    for _ in 0..writer.reads_before() {
        test.faults.pass(StoreCall::Get);
    }
    test.faults.next(StoreCall::Get, fault);
}

/// Runs a test for every operation that goes by what it reads.
fn for_every_reader(policy: Policy, check: impl Fn(&TestGraph, &Writer)) {
    for_every_writer(policy, |test, writer| {
        if !writer.is_blind() {
            check(test, writer);
        }
    });
}

/// The write of this call is found in the row, so that it was not acknowledged.
fn finds(test: &TestGraph, writer: &Writer, calls: StoreCalls) {
    answers(test, calls, writer.found(), writer.call);
}

fn succeeds(test: &TestGraph, writer: &Writer, calls: StoreCalls) {
    answers(test, calls, Ok(writer.outcome.to_owned()), writer.call);
}

/// What each writer is held to: that it does write when nothing is in its way.
#[test]
fn undisturbed_each_operation_takes_the_calls_of_the_contract() {
    for_every_writer(Policy::default(), |test, writer| {
        succeeds(test, writer, writer.calls);
        assert_eq!(applied(&test.store, writer), 1);
    });
}

#[test]
fn a_write_whose_answer_is_lost_is_found_and_not_called_its_own() {
    for policy in [Policy::default(), attempts(2)] {
        for_every_reader(policy, |test, writer| {
            befalls_the_write(test, writer, Fault::LoseAnswer);
            finds(test, writer, writer.calls_and(1, 0));
            assert_eq!(applied(&test.store, writer), 1);
        });
    }
}

#[test]
fn a_write_that_was_lost_is_made_again_and_applied_once() {
    for_every_reader(Policy::default(), |test, writer| {
        befalls_the_write(test, writer, LOST);
        succeeds(test, writer, writer.calls_and(1, 1));
        assert_eq!(applied(&test.store, writer), 1);
    });
}

#[test]
fn with_a_single_try_a_lost_answer_is_found_and_a_lost_write_is_unavailable() {
    for_every_reader(attempts(1), |test, writer| {
        if writer.refused > 0 {
            return;
        }
        let before = contents(test);
        befalls_the_write(test, writer, LOST);
        answers(test, writer.calls_and(1, 0), Err(UNAVAILABLE), writer.call);
        assert_eq!(contents(test), before);
        befalls_the_write(test, writer, Fault::LoseAnswer);
        finds(test, writer, writer.calls_and(1, 0));
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
            for_every_reader(Policy::default(), |test, writer| {
                befalls_the_write(test, writer, lost.clone());
                befalls_the_read_back(test, writer, Fault::Fail(error));
                answers(test, writer.calls_and(1, 0), Err(UNAVAILABLE), writer.call);
            });
        }
    }
}

/// `throttled` promises that nothing was written, which is not known here.
#[test]
fn a_lost_write_that_is_then_refused_is_unavailable() {
    for error in [KvError::Throttled, KvError::Unavailable, KvError::Invalid, KvError::NoSuchStore]
    {
        for_every_reader(Policy::default(), |test, writer| {
            befalls_the_write(test, writer, LOST);
            test.faults.next(StoreCall::Put, Fault::Fail(error));
            answers(test, writer.calls_and(1, 1), Err(UNAVAILABLE), writer.call);
        });
    }
}

#[test]
fn a_store_that_leaves_writes_unanswered_gets_two_and_is_read_twice_at_most() {
    for tries in [1, 3, 10] {
        for_every_reader(attempts(tries), |test, writer| {
            let Some(lost) = u64::from(tries).checked_sub(writer.refused).filter(|n| *n > 0) else {
                return;
            };
            let before = contents(test);
            for _ in 0..writer.refused {
                test.faults.pass(StoreCall::Put);
            }
            test.faults.always(StoreCall::Put, LOST);
            let (reads, writes) = match lost {
                1 => (1, 0),
                _ => (2 - writer.reads_before().min(1), 1),
            };
            answers(test, writer.calls_and(reads, writes), Err(UNAVAILABLE), writer.call);
            assert_eq!(contents(test), before);
            test.faults.heal();
            succeeds(test, writer, writer.calls);
        });
    }
}

#[test]
fn a_stale_read_back_does_not_lead_to_a_second_write() {
    for_every_reader(Policy::default(), |test, writer| {
        let stale = test.store.row(EC).map_or(Fault::Miss, |row| Fault::Stale(row.item()));
        befalls_the_write(test, writer, Fault::LoseAnswer);
        befalls_the_read_back(test, writer, stale);
        let generation = std::rc::Rc::new(std::cell::Cell::new(None));
        let (store, seen) = (test.store.clone(), generation.clone());
        test.faults.before(StoreCall::Put, move || {
            seen.set(store.row(EC).map(|row| row.generation));
        });
        finds(test, writer, writer.calls_and(2, 1));
        assert_eq!(generation.get(), Some(row(test).generation), "the first write's row stands");
    });
}

#[test]
fn reads_that_never_show_the_lost_write_end_as_unavailable_without_more_tries() {
    for_every_reader(Policy::default(), |test, writer| {
        let stale = test.store.row(EC).map_or(Fault::Miss, |row| Fault::Stale(row.item()));
        // A refused creation is read once more when the read shows nothing.
        let reads = if stale == Fault::Miss { 3 } else { 2 };
        befalls_the_write(test, writer, Fault::LoseAnswer);
        befalls_the_read_back(test, writer, stale.clone());
        for _ in 1..reads {
            test.faults.next(StoreCall::Get, stale.clone());
        }
        answers(test, writer.calls_and(reads, 1), Err(UNAVAILABLE), writer.call);
    });
}

#[test]
fn a_lost_visit_that_was_overtaken_is_decided_anew() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let store = test.store.clone();
        test.faults.next(StoreCall::Put, LOST);
        test.faults.pass(StoreCall::Get);
        test.faults.before(StoreCall::Get, move || {
            live(BEFORE).uid("other.example", "x", NOW).seed_in(&store, EC);
        });
        let touch = |t: &TestGraph| t.graph.update_last_seen(EC, NOW);
        let written = writes(test, calls(2, 2), Ok(TouchOutcome::Written), touch);
        assert_eq!(written["ids"]["other.example"]["uid"], json!("x"));
        assert_eq!(written["last_seen"], json!(NOW));
    });
}

#[test]
fn a_lost_write_that_was_built_upon_is_found_in_the_row() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let other = test.another_worker();
        test.faults.next(StoreCall::Put, Fault::LoseAnswer);
        test.faults.pass(StoreCall::Get);
        test.faults.before(StoreCall::Get, move || {
            let id = uid("other.example", "x", NOW);
            other.upsert_partner_id(EC, id, Skip, NOW).unwrap();
        });
        answers(test, calls(2, 1), Ok(UpsertOutcome::Unchanged), |t| upsert(t, Skip));
        let expected = json!({
            PARTNER: { "uid": "new", "synced": NOW },
            "other.example": { "uid": "x", "synced": NOW },
        });
        assert_eq!(body(test)["ids"], expected);
    });
}

#[test]
fn a_withdrawal_that_follows_a_lost_write_stays() {
    for lost in [LOST, Fault::LoseAnswer] {
        for_every_reader(Policy::default(), |test, writer| {
            befalls_the_write(test, writer, lost.clone());
            for _ in 0..writer.reads_before() {
                test.faults.pass(StoreCall::Get);
            }
            let store = test.store.clone();
            test.faults.before(StoreCall::Get, move || tombstone(NOW).seed_in(&store, EC));
            let expected = match writer.name {
                // What was withdrawn may be what it has made.
                "create" => Err(UNAVAILABLE),
                name if name.contains("cluster") => Ok("None".to_owned()),
                "upsert on a snapshot" => Ok("[Withdrawn]".to_owned()),
                _ if writer.withdraws() => Ok("Unchanged".to_owned()),
                _ => Ok("Withdrawn".to_owned()),
            };
            answers(test, writer.calls_and(1, 0), expected, writer.call);
            assert_eq!(body(test), tombstone_body(NOW));
        });
    }
}

/// A layer below sends a write twice: the first is applied, the second refused.
#[test]
fn a_refused_write_is_never_taken_for_ones_own() {
    for_every_reader(Policy::default(), |test, writer| {
        let expected = match writer.name {
            // It has no read to find out with.
            "create" => Err(Failure::AlreadyExists),
            // Never retried, so that nobody looks.
            name if name.starts_with("touch") => Err(Failure::Conflict),
            // The row is as wanted, whoever made it so.
            _ => writer.found(),
        };
        befalls_the_write(test, writer, Fault::ApplyThenConflict);
        let reads = u64::from(expected.is_ok());
        answers(test, writer.calls_and(reads, 0), expected, writer.call);
        assert_eq!(applied(&test.store, writer), 1);
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
        for_every_writer(Policy::default(), |test, writer| {
            befalls_the_write(test, writer, Fault::Fail(error));
            leaves(test, writer.calls, Err(expected.clone()), writer.call);
            succeeds(test, writer, writer.calls);
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
        for_every_writer(Policy::default(), |test, writer| {
            if writer.reads_before() == 0 {
                return;
            }
            test.faults.next(StoreCall::Get, Fault::Fail(error));
            let refused = (0..writer.refused).map(|_| writer.write());
            let calls = sum(&refused.chain([writer.read()]).collect::<Vec<_>>());
            leaves(test, calls, Err(expected.clone()), writer.call);
        });
    }
}

#[test]
fn calling_again_after_a_lost_answer_settles_it() {
    for_every_reader(Policy::default(), |test, writer| {
        befalls_the_write(test, writer, Fault::LoseAnswer);
        befalls_the_read_back(test, writer, Fault::Fail(KvError::Unavailable));
        answers(test, writer.calls_and(1, 0), Err(UNAVAILABLE), writer.call);
        let written = body(test);
        let again = (writer.call)(test);
        assert!(again.is_ok() || again == Err(Failure::AlreadyExists), "{again:?}");
        assert_eq!(body(test), written);
    });
}

fn delete(test: &TestGraph) -> Result<bool, Failure> {
    test.graph.delete(EC)
}

const fn deletes(deletes: u64) -> StoreCalls {
    StoreCalls { deletes, ..NO_CALLS }
}

#[test]
fn a_delete_whose_answer_is_lost_is_made_again() {
    for lost in [LOST, Fault::LoseAnswer] {
        for_both(|test| {
            live(BEFORE).seed(test);
            test.faults.next(StoreCall::Delete, lost.clone());
            answers(test, deletes(2), Ok(true), delete);
            assert!(test.store.is_empty());
        });
    }
}

#[test]
fn a_delete_that_is_not_confirmed_is_unavailable() {
    for error in [KvError::Throttled, KvError::Unavailable] {
        for_both(|test| {
            live(BEFORE).seed(test);
            test.faults.next(StoreCall::Delete, LOST);
            test.faults.next(StoreCall::Delete, Fault::Fail(error));
            leaves(test, deletes(2), Err(UNAVAILABLE), delete);
        });
    }
    for_both(|test| {
        test.faults.always(StoreCall::Delete, LOST);
        leaves(test, deletes(2), Err(UNAVAILABLE), delete);
    });
}
