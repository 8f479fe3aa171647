//! Answers that never came: D1 to D4.

use host_test::{Fault, StoreCall, for_both};
use identity_graph::{CreateOutcome, IfMissing::Skip, KvError, UpsertOutcome};
use serde_json::json;

use crate::support::*;

const SILENCE: Fault = Fault::Fail(KvError::UnknownOutcome);

/// A creation that was applied and not confirmed is a success: the ID is kept, and no row orphaned.
#[test]
fn d1_a_creation_that_was_applied_is_a_success() {
    for_both(|test| {
        test.faults.next(StoreCall::Put, Fault::LoseAnswer);
        let body = writes(test, calls(1, 1), Ok(CreateOutcome::AlreadyLive), |t| {
            done(t.graph.create_or_revive(EC, visit_with(PARTNER, "new")))
        });
        assert_eq!(body["ids"][PARTNER]["uid"], json!("new"));
    });
}

/// The creation was applied and has been changed by others since: it is not called somebody else's.
#[test]
fn d1_a_creation_that_others_have_built_on_is_in_doubt() {
    for_both(|test| {
        test.faults.next(StoreCall::Put, Fault::LoseAnswer);
        let other = live(NOW).uid(PARTNER, "other", NOW);
        let store = test.store.clone();
        test.faults.before(StoreCall::Get, move || other.seed_in(&store, EC));
        let body = writes(test, calls(1, 1), Err(UNAVAILABLE), |t| {
            done(t.graph.create(EC, visit_with(PARTNER, "new")))
        });
        assert_eq!(body["ids"][PARTNER]["uid"], json!("other"));
    });
}

/// A layer below sends a creation twice, and the second is refused: the row is our own.
#[test]
fn d2_a_creation_refused_because_it_was_applied_is_a_success() {
    for_both(|test| {
        test.faults.next(StoreCall::Put, Fault::ApplyThenConflict);
        writes(test, calls(1, 1), Ok(CreateOutcome::AlreadyLive), |t| {
            done(t.graph.create_or_revive(EC, visit_with(PARTNER, "new")))
        });
    });
}

/// A tombstone without an answer is written again, without a read that could mislead, whether or not
/// it was applied.
#[test]
fn d3_a_withdrawal_without_an_answer_is_settled() {
    for lost in [SILENCE, Fault::LoseAnswer] {
        for_both(|test| {
            live(BEFORE).uid(PARTNER, "old", BEFORE).seed(test);
            test.faults.next(StoreCall::Put, lost.clone());
            let body =
                writes(test, calls(0, 2), Ok(()), |t| t.graph.write_withdrawal_tombstone(EC, NOW));
            assert_eq!(body, tombstone_body(NOW));
        });
    }
}

/// A withdrawal that cannot be settled is not called done.
#[test]
fn d3_a_withdrawal_that_stays_in_doubt_is_unavailable() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "old", BEFORE).seed(test);
        for _ in 0..3 {
            test.faults.next(StoreCall::Put, SILENCE);
        }
        leaves(test, calls(0, 3), Err(UNAVAILABLE), |t| {
            t.graph.write_withdrawal_tombstone(EC, NOW)
        });
    });
}

/// An upsert that was applied and not confirmed is no outage: the row is as wanted.
#[test]
fn d4_an_upsert_that_was_applied_is_no_outage() {
    for_both(|test| {
        live(BEFORE).seed(test);
        test.faults.next(StoreCall::Put, Fault::LoseAnswer);
        let body = writes(test, calls(2, 1), Ok(UpsertOutcome::Unchanged), |t| upsert(t, Skip));
        assert_eq!(body["ids"][PARTNER]["uid"], json!("new"));
    });
}
