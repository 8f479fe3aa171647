//! Other writers, and reads that lag behind them: A6, B5, B6 and B7.

use host_test::{Fault, StoreCall, for_both};
use identity_graph::{
    CreateOutcome, Failure,
    IfMissing::{CreateMinimal, Skip},
    KvError, UpsertOutcome,
};

use crate::support::*;

/// A row is read, then it expires: a write on its generation does not create it again.
#[test]
fn a6_a_row_that_ends_between_read_and_write_is_not_created_again() {
    for missing in [Skip, CreateMinimal] {
        for_both(|test| {
            live(BEFORE).seed(test);
            let store = test.store.clone();
            test.faults.before(StoreCall::Put, move || store.remove(EC));
            // The reads after the refusal find nothing: that may be true or a stale miss.
            answers(test, calls(3, 1), Err(Failure::Conflict), |t| upsert(t, missing));
            assert!(test.store.is_empty());
        });
    }
}

/// A refused creation whose row the reads do not show yet is no deletion, and is not tried again.
#[test]
fn b5_a_stale_miss_after_a_refused_creation_is_not_taken_for_deletion() {
    for_both(|test| {
        live(BEFORE).seed(test);
        test.faults.next(StoreCall::Get, Fault::Miss);
        test.faults.next(StoreCall::Get, Fault::Miss);
        leaves(test, calls(2, 1), Err(Failure::Conflict), |t| {
            done(t.graph.create_or_revive(EC, visit_with(PARTNER, "new")))
        });
        // One read that has caught up is enough.
        test.faults.next(StoreCall::Get, Fault::Miss);
        leaves(test, calls(2, 1), Ok(CreateOutcome::AlreadyLive), |t| {
            done(t.graph.create_or_revive(EC, visit_with(PARTNER, "new")))
        });
    });
}

/// The row is its own: the creation was applied, and the answer to it is success.
#[test]
fn b5_its_own_creation_is_not_reported_as_a_failure() {
    for_both(|test| {
        test.faults.next(StoreCall::Put, Fault::LoseAnswer);
        test.faults.next(StoreCall::Get, Fault::Miss);
        writes(test, calls(2, 2), Ok(CreateOutcome::AlreadyLive), |t| {
            done(t.graph.create_or_revive(EC, visit_with(PARTNER, "new")))
        });
    });
}

/// A row that reads do not show yet and a withdrawn one are told apart.
#[test]
fn b6_a_fresh_row_is_not_found_rather_than_withdrawn() {
    for_both(|test| {
        live(NOW).seed(test);
        test.faults.next(StoreCall::Get, Fault::Miss);
        let sync = [mapping(EC, "new", NOW)];
        leaves(test, get_many(1), Ok(vec![Ok(UpsertOutcome::NotFound)]), |t| {
            t.graph.sync_partner_ids(PARTNER, &sync, NOW)
        });
        tombstone(NOW).seed(test);
        leaves(test, get_many(1), Ok(vec![Ok(UpsertOutcome::Withdrawn)]), |t| {
            t.graph.sync_partner_ids(PARTNER, &sync, NOW)
        });
    });
}

/// Reads lag behind the writer that won: one read to see so, and no more tries, which could not
/// succeed.
#[test]
fn b7_no_try_is_wasted_on_a_generation_that_has_just_failed() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let stale = row(test).item();
        live(BEFORE).uid("other.example", "x", NOW).seed(test);
        test.faults.next(StoreCall::Get, Fault::Stale(stale.clone()));
        test.faults.next(StoreCall::Get, Fault::Stale(stale));
        leaves(test, calls(2, 1), Err(Failure::Conflict), |t| upsert(t, Skip));
        writes(test, calls(1, 1), Ok(UpsertOutcome::Written), |t| upsert(t, Skip));
    });
}

/// The read after a conflict may show that somebody else has done the work.
#[test]
fn b7_a_wanted_state_that_another_writer_reached_is_the_answer() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let store = test.store.clone();
        let other = live(BEFORE).uid(PARTNER, "new", NOW);
        test.faults.before(StoreCall::Put, move || other.seed_in(&store, EC));
        answers(test, calls(2, 1), Ok(UpsertOutcome::Unchanged), |t| upsert(t, Skip));
    });
}

/// A refusal for the rate is named at once and not tried again.
#[test]
fn b7_a_write_refused_for_its_rate_is_not_tried_again() {
    for_both(|test| {
        live(BEFORE).seed(test);
        test.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
        leaves(test, calls(1, 1), Err(Failure::Throttled), |t| upsert(t, Skip));
    });
}
