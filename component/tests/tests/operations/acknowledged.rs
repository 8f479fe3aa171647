//! What is acknowledged is stored: an answer that claims a write goes by the store's own word for a
//! write of that call, and never by a row that looks like it.

use host_test::{Fault, StoreCall, TestGraph, for_both};
use identity_graph::{
    CreateOutcome, Failure, IfMissing::Skip, Item, KvError, NewEntry, Policy, UpsertOutcome,
    VisitOutcome,
};
use serde_json::json;

use crate::support::*;
use crate::writers::for_every_writer;

fn withdraw(test: &TestGraph) -> Result<(), Failure> {
    test.graph.write_withdrawal_tombstone(EC, NOW)
}

fn create_or_revive(test: &TestGraph) -> Result<CreateOutcome, Failure> {
    done(test.graph.create_or_revive(EC, visit_with(PARTNER, "new")))
}

fn visit(test: &TestGraph) -> Result<VisitOutcome, Failure> {
    done(test.graph.visit(EC, visit_with(PARTNER, "new")))
}

fn item(test: &TestGraph) -> Item {
    row(test).item()
}

/// Every read shows an older value of the row, however often it is asked for.
fn reads_lag_at(test: &TestGraph, older: Item) {
    test.faults.always(StoreCall::Get, Fault::Stale(older));
}

#[test]
fn a_withdrawal_does_not_take_an_older_tombstone_of_the_same_second_for_its_own() {
    for_both(|test| {
        let _ = test.at(NOW);
        withdraw(test).unwrap();
        let older = item(test);
        live(NOW).uid(PARTNER, "u", NOW).seed(test);
        reads_lag_at(test, older);
        test.faults.next(StoreCall::Put, Fault::Fail(KvError::UnknownOutcome));
        let written = writes(test, calls(0, 2), Ok(()), withdraw);
        assert_eq!(written, tombstone_body(NOW));
    });
}

#[test]
fn a_withdrawal_that_never_arrives_is_not_acknowledged_whatever_reads_show() {
    for_both(|test| {
        let _ = test.at(NOW);
        withdraw(test).unwrap();
        let older = item(test);
        live(NOW).uid(PARTNER, "u", NOW).seed(test);
        reads_lag_at(test, older);
        test.faults.always(StoreCall::Put, Fault::Fail(KvError::UnknownOutcome));
        leaves(test, calls(0, 3), Err(UNAVAILABLE), withdraw);
    });
}

#[test]
fn withdrawal_delete_and_withdrawal_within_a_second_end_as_withdrawn() {
    for lost in [Fault::Fail(KvError::UnknownOutcome), Fault::LoseAnswer] {
        for_both(|test| {
            withdraw(test).unwrap();
            let older = item(test);
            assert_eq!(test.graph.delete(EC), Ok(true));
            reads_lag_at(test, older);
            test.faults.next(StoreCall::Put, lost.clone());
            let _ = test.take_store_calls();
            assert_eq!(writes(test, calls(0, 2), Ok(()), withdraw), tombstone_body(NOW));
        });
    }
}

/// The refused `absent` and one stale read: the row of the first visit has the text that the second
/// would write.
#[test]
fn a_visit_refused_by_a_tombstone_does_not_call_a_stale_row_created() {
    for_both(|test| {
        let _ = test.at(NOW);
        assert_eq!(create_or_revive(test), Ok(CreateOutcome::Created));
        let first = item(test);
        withdraw(test).unwrap();
        test.faults.next(StoreCall::Get, Fault::Stale(first));
        let _ = test.take_store_calls();
        leaves(test, calls(1, 1), Ok(CreateOutcome::AlreadyLive), create_or_revive);
        leaves(test, calls(1, 1), Ok(CreateOutcome::Withdrawn), create_or_revive);
        assert_eq!(body(test), tombstone_body(NOW));
    });
}

#[test]
fn a_visit_over_a_stale_row_does_not_call_it_created_or_written() {
    for_both(|test| {
        let _ = test.at(NOW);
        assert_eq!(visit(test), Ok(VisitOutcome::Created));
        let first = item(test);
        withdraw(test).unwrap();
        let _ = test.take_store_calls();
        test.faults.next(StoreCall::Get, Fault::Stale(first.clone()));
        leaves(test, calls(1, 0), Ok(VisitOutcome::Unchanged), visit);
        // With news it would write, and is refused.
        test.faults.next(StoreCall::Get, Fault::Stale(first.clone()));
        test.faults.next(StoreCall::Get, Fault::Stale(first));
        leaves(test, calls(2, 1), Err(Failure::Conflict), |t| {
            done(t.graph.visit(EC, visit_with("other.example", "x")))
        });
        // A read that misses the row: it is not made anew.
        test.faults.next(StoreCall::Get, Fault::Miss);
        leaves(test, calls(2, 1), Ok(VisitOutcome::Withdrawn), visit);
    });
}

/// Two stale reads: the second shows the row as the same upsert had left it before the withdrawal.
#[test]
fn an_upsert_over_stale_reads_is_not_called_written() {
    for_both(|test| {
        let _ = test.at(NOW);
        live(BEFORE).seed(test);
        let before = item(test);
        assert_eq!(upsert(test, Skip), Ok(UpsertOutcome::Written));
        let after = item(test);
        withdraw(test).unwrap();
        let _ = test.take_store_calls();
        test.faults.next(StoreCall::Get, Fault::Stale(before.clone()));
        test.faults.next(StoreCall::Get, Fault::Stale(after.clone()));
        leaves(test, calls(2, 1), Ok(UpsertOutcome::Unchanged), |t| upsert(t, Skip));
        // The same in a batch.
        test.faults.next(StoreCall::Get, Fault::Stale(before));
        test.faults.next(StoreCall::Get, Fault::Stale(after));
        let waves = sum(&[get_many(1), put_many(1), get_many(1)]);
        leaves(test, waves, Ok(vec![Ok(UpsertOutcome::Unchanged)]), |t| {
            t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "new", NOW)], NOW)
        });
        assert_eq!(body(test), tombstone_body(NOW));
    });
}

#[test]
fn the_same_visit_twice_is_created_once() {
    let twice = |test: &TestGraph, reads: u64| {
        answers(test, calls(0, 1), Ok(CreateOutcome::Created), create_or_revive);
        leaves(test, calls(reads, 1), Ok(CreateOutcome::AlreadyLive), create_or_revive);
        let create = |t: &TestGraph| done(t.graph.create(EC, visit_with(PARTNER, "new")));
        leaves(test, calls(0, 1), Err(Failure::AlreadyExists), create);
        leaves(test, calls(1, 0), Ok(VisitOutcome::Unchanged), visit);
    };
    for_both(|test| twice(test, 1));
    for_both_handed_over(Policy::default(), |test| twice(test, 0));
}

#[test]
fn the_same_revival_twice_is_revived_once() {
    for_both(|test| {
        tombstone(BEFORE).seed(test);
        answers(test, calls(1, 2), Ok(CreateOutcome::Revived), create_or_revive);
        leaves(test, calls(1, 1), Ok(CreateOutcome::AlreadyLive), create_or_revive);
        tombstone(BEFORE).seed(test);
        answers(test, calls(1, 1), Ok(VisitOutcome::Revived), visit);
        leaves(test, calls(1, 0), Ok(VisitOutcome::Unchanged), visit);
    });
}

/// `corrupt` would claim that nothing was written.
#[test]
fn a_corrupt_row_over_a_write_in_doubt_is_unavailable() {
    for lost in [Fault::Fail(KvError::UnknownOutcome), Fault::LoseAnswer] {
        for_every_writer(Policy::default(), |test, writer| {
            if writer.is_blind() {
                return;
            }
            for _ in 0..writer.refused {
                test.faults.pass(StoreCall::Put);
            }
            test.faults.next(StoreCall::Put, lost.clone());
            for _ in 0..writer.reads_before() {
                test.faults.pass(StoreCall::Get);
            }
            let store = test.store.clone();
            test.faults.before(StoreCall::Get, move || {
                store.seed(EC, "no entry", None);
            });
            answers(test, writer.calls_and(1, 0), Err(UNAVAILABLE), writer.call);
            assert_eq!(row(test).body, b"no entry");
        });
    }
}

/// `too-large` would claim it, too.
#[test]
fn a_full_row_over_a_write_in_doubt_is_unavailable() {
    let full = || {
        let body = live(BEFORE).with("padding", json!("")).body();
        let padding = "x".repeat(64 * 1024 - body.len());
        live(BEFORE).with("padding", json!(padding))
    };
    for lost in [Fault::Fail(KvError::UnknownOutcome), Fault::LoseAnswer] {
        for_both(|test| {
            live(BEFORE).seed(test);
            test.faults.next(StoreCall::Put, lost.clone());
            let store = test.store.clone();
            test.faults.pass(StoreCall::Get);
            test.faults.before(StoreCall::Get, move || full().seed_in(&store, EC));
            let counted = host_test::StoreCalls { counts: 1, ..calls(2, 1) };
            answers(test, counted, Err(UNAVAILABLE), |t| t.graph.evaluate_cluster(EC, NOW));
        });
    }
    for_both(|test| {
        full().seed(test);
        let counted = host_test::StoreCalls { counts: 1, ..calls(1, 0) };
        leaves(test, counted, Err(Failure::TooLarge), |t| t.graph.evaluate_cluster(EC, NOW));
    });
}

/// So would `conflict`: others win again and again after a write whose answer never came.
#[test]
fn a_lost_race_after_a_write_in_doubt_is_unavailable() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let overtaken = |round: u64| {
            let store = test.store.clone();
            let winner = live(BEFORE).uid("other.example", &format!("x{round}"), NOW);
            move || winner.seed_in(&store, EC)
        };
        test.faults.next(StoreCall::Put, Fault::LoseAnswer);
        test.faults.pass(StoreCall::Get);
        test.faults.before(StoreCall::Get, overtaken(0));
        test.faults.before(StoreCall::Put, overtaken(1));
        test.faults.before(StoreCall::Put, overtaken(2));
        answers(test, calls(4, 3), Err(UNAVAILABLE), |t| upsert(t, Skip));
    });
}

#[test]
fn a_withdrawal_goes_on_where_no_read_is_answered() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "u", 5).seed(test);
        test.faults.always(StoreCall::Get, Fault::Fail(KvError::Unavailable));
        test.faults.next(StoreCall::Put, Fault::Fail(KvError::UnknownOutcome));
        assert_eq!(writes(test, calls(0, 2), Ok(()), withdraw), tombstone_body(NOW));
    });
}

/// A creation without an answer may be one's own or somebody else's: nobody can tell.
#[test]
fn a_creation_without_an_answer_is_unavailable_whatever_is_found() {
    let create = |t: &TestGraph| done(t.graph.create(EC, NewEntry::at(NOW)));
    for found in [None, Some(live(BEFORE)), Some(tombstone(BEFORE)), Some(expired())] {
        for_both(|test| {
            test.faults.next(StoreCall::Put, Fault::LoseAnswer);
            if let Some(found) = found.clone() {
                let store = test.store.clone();
                test.faults.before(StoreCall::Get, move || found.seed_in(&store, EC));
            }
            answers(test, calls(1, 1), Err(UNAVAILABLE), create);
        });
    }
    // One that was lost and not applied is made again.
    for_both(|test| {
        test.faults.next(StoreCall::Put, Fault::Fail(KvError::UnknownOutcome));
        writes(test, calls(1, 2), Ok(()), create);
    });
}
