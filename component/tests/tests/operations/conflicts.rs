//! Other writers in between, and reads that lag behind them.

use host_test::{Fault, StoreCall, TestGraph, for_both, for_both_with};
use identity_graph::{
    CreateOutcome, Failure,
    IfMissing::{CreateMinimal, Skip},
    NewEntry, Policy, TouchOutcome, UpsertOutcome,
};
use serde_json::json;

use crate::support::*;
use crate::writers::{Writer, for_every_writer};

/// Somebody else replaces the row just before the next write that no step is scripted for.
fn overtaken_by(test: &TestGraph, seed: Seed) {
    let store = test.store.clone();
    test.faults.before(StoreCall::Put, move || seed.seed_in(&store, EC));
}

/// The row is removed, or is over, just before that write.
fn overtaken_by_removal(test: &TestGraph) {
    let store = test.store.clone();
    test.faults.before(StoreCall::Put, move || store.remove(EC));
}

fn passes_refused(test: &TestGraph, writer: &Writer) {
    for _ in 0..writer.refused {
        test.faults.pass(StoreCall::Put);
    }
}

fn upsert_skip(test: &TestGraph) -> Result<UpsertOutcome, Failure> {
    upsert(test, Skip)
}

fn touch(test: &TestGraph) -> Result<TouchOutcome, Failure> {
    test.graph.update_last_seen(EC, NOW)
}

fn create_or_revive(test: &TestGraph) -> Result<CreateOutcome, Failure> {
    done(test.graph.create_or_revive(EC, visit_with(PARTNER, "new")))
}

fn is_touch(writer: &Writer) -> bool {
    writer.name.starts_with("touch")
}

/// Writers that change a row which is there, and try again.
fn retries(writer: &Writer) -> bool {
    writer.reads_before() > 0 && !is_touch(writer) && !writer.makes_rows()
}

#[test]
fn a_lost_race_is_run_again_on_what_the_winner_wrote() {
    for_every_writer(Policy::default(), |test, writer| {
        if !retries(writer) || writer.refused > 0 {
            return;
        }
        overtaken_by(test, live(BEFORE).uid("other.example", "x", NOW).with("new", json!([1])));
        let outcome = Ok(writer.outcome.to_owned());
        answers(test, writer.calls_and(1, 1), outcome, writer.call);
        if writer.withdraws() {
            assert_eq!(body(test), tombstone_body(NOW));
            return;
        }
        let body = body(test);
        assert_eq!(body["ids"]["other.example"]["uid"], json!("x"));
        assert_eq!(body["new"], json!([1]));
    });
}

#[test]
fn races_are_run_as_often_as_the_policy_says_and_then_named() {
    for tries in [1, 2, 3, 10] {
        for_every_writer(attempts(tries), |test, writer| {
            if !retries(writer) || writer.refused > 0 {
                return;
            }
            for round in 0..tries {
                let winner = live(BEFORE).uid("other.example", &format!("x{round}"), NOW);
                overtaken_by(test, winner);
            }
            let again = u64::from(tries) - 1;
            let calls = writer.calls_and(again, again);
            answers(test, calls, Err(Failure::Conflict), writer.call);
            let last = format!("x{again}");
            assert_eq!(
                body(test)["ids"],
                json!({
                    "other.example": { "uid": last, "synced": NOW }
                })
            );
        });
    }
}

#[test]
fn the_last_race_may_be_won() {
    for_both(|test| {
        live(BEFORE).seed(test);
        overtaken_by(test, live(BEFORE).uid("other.example", "x", 1));
        overtaken_by(test, live(BEFORE).uid("other.example", "y", 2));
        writes(test, calls(3, 3), Ok(UpsertOutcome::Written), upsert_skip);
    });
}

#[test]
fn a_fresh_read_that_shows_what_was_written_on_ends_in_a_conflict_at_once() {
    for_every_writer(Policy::default(), |test, writer| {
        if !retries(writer) {
            return;
        }
        passes_refused(test, writer);
        test.faults.next(StoreCall::Put, Fault::Conflict(None));
        leaves(test, writer.calls_and(1, 0), Err(Failure::Conflict), writer.call);
    });
}

#[test]
fn fifty_tries_of_one_page_load_against_a_lagging_read_cost_two_reads_and_a_write_each() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let stale = row(test).item();
        live(BEFORE).uid("other.example", "x", NOW).seed(test);
        test.faults.always(StoreCall::Get, Fault::Stale(stale));
        for _ in 0..50 {
            leaves(test, calls(2, 1), Err(Failure::Conflict), upsert_skip);
        }
        test.faults.heal();
        writes(test, calls(1, 1), Ok(UpsertOutcome::Written), upsert_skip);
    });
}

#[test]
fn a_fresh_read_that_shows_the_wanted_state_is_the_answer() {
    for_both(|test| {
        live(BEFORE).seed(test);
        overtaken_by(test, live(BEFORE).uid(PARTNER, "new", NOW));
        answers(test, calls(2, 1), Ok(UpsertOutcome::Unchanged), upsert_skip);
        live(BEFORE).seed(test);
        overtaken_by(test, live(BEFORE).uid(PARTNER, "theirs", NOW));
        answers(test, calls(2, 1), Ok(UpsertOutcome::Stale), upsert_skip);
        assert_eq!(body(test)["ids"][PARTNER]["uid"], json!("theirs"));
    });
}

#[test]
fn a_conflict_that_hands_the_item_over_saves_the_read() {
    for_both_handed_over(Policy::default(), |test| {
        live(BEFORE).seed(test);
        overtaken_by(test, live(BEFORE).uid("other.example", "x", NOW));
        let written = writes(test, calls(1, 2), Ok(UpsertOutcome::Written), upsert_skip);
        assert_eq!(written["ids"]["other.example"]["uid"], json!("x"));
    });
    // It is read even when there is no try left.
    for_both_handed_over(attempts(1), |test| {
        live(BEFORE).seed(test);
        overtaken_by(test, live(BEFORE).uid(PARTNER, "new", NOW - DAY));
        answers(test, calls(1, 1), Ok(UpsertOutcome::Unchanged), upsert_skip);
        live(BEFORE).seed(test);
        overtaken_by(test, tombstone(NOW));
        answers(test, calls(1, 1), Ok(UpsertOutcome::Withdrawn), upsert_skip);
        live(BEFORE).seed(test);
        overtaken_by(test, live(BEFORE).uid(PARTNER, "other", 5));
        answers(test, calls(1, 1), Err(Failure::Conflict), upsert_skip);
    });
}

#[test]
fn a_visit_that_lost_a_race_is_not_tried_again() {
    for_both(|test| {
        live(BEFORE).seed(test);
        overtaken_by(test, live(BEFORE).uid(PARTNER, "x", NOW));
        answers(test, calls(1, 1), Err(Failure::Conflict), touch);
        assert_eq!(body(test)["last_seen"], json!(BEFORE));
    });
    for_both_handed_over(Policy::default(), |test| {
        // The same where the row is handed over.
        for winner in
            [live(BEFORE).uid(PARTNER, "x", NOW), live(NOW - 10), live(NOW + 10), tombstone(NOW)]
        {
            live(BEFORE).seed(test);
            overtaken_by(test, winner.clone());
            answers(test, calls(1, 1), Err(Failure::Conflict), touch);
            let kept: serde_json::Value = serde_json::from_str(&winner.body()).unwrap();
            assert_eq!(body(test), kept);
        }
    });
}

#[test]
fn a_withdrawal_that_overtakes_a_write_stays() {
    for_every_writer(Policy::default(), |test, writer| {
        if writer.is_blind() {
            return;
        }
        passes_refused(test, writer);
        overtaken_by(test, tombstone(NOW));
        let (expected, reads) = match writer.name {
            "create" => (Err(Failure::AlreadyExists), 0),
            _ if is_touch(writer) => (Err(Failure::Conflict), 0),
            name if name.contains("cluster") => (Ok("None".to_owned()), 1),
            "upsert on a snapshot" => (Ok("[Withdrawn]".to_owned()), 1),
            _ if writer.withdraws() => (Ok("Unchanged".to_owned()), 1),
            _ => (Ok("Withdrawn".to_owned()), 1),
        };
        answers(test, writer.calls_and(reads, 0), expected, writer.call);
        assert_eq!(body(test), tombstone_body(NOW));
    });
}

#[test]
fn a_withdrawal_overtaken_by_a_write_wins_all_the_same() {
    for_both(|test| {
        live(BEFORE).seed(test);
        overtaken_by(test, live(NOW).uid(PARTNER, "x", NOW));
        let withdraw = |t: &TestGraph| t.graph.write_withdrawal_tombstone(EC, NOW);
        assert_eq!(writes(test, calls(0, 1), Ok(()), withdraw), tombstone_body(NOW));
    });
}

/// The row may be gone, or the read may lag: nothing is made of it, and nobody is told either.
#[test]
fn a_row_that_is_deleted_meanwhile_is_not_made_again() {
    for_every_writer(Policy::default(), |test, writer| {
        if writer.reads_before() == 0 || test.store.is_empty() {
            return;
        }
        passes_refused(test, writer);
        overtaken_by_removal(test);
        let reads = if is_touch(writer) { 0 } else { 2 };
        answers(test, writer.calls_and(reads, 0), Err(Failure::Conflict), writer.call);
        assert!(test.store.is_empty());
    });
}

#[test]
fn an_upsert_that_may_make_the_row_does_not_make_one_that_it_has_seen_before() {
    for_both(|test| {
        live(BEFORE).seed(test);
        overtaken_by_removal(test);
        answers(test, calls(3, 1), Err(Failure::Conflict), |t| upsert(t, CreateMinimal));
        assert!(test.store.is_empty());
    });
}

#[test]
fn a_row_whose_lifetime_ends_between_read_and_write_is_not_made_again() {
    for_both(|test| {
        let _ = test.at(NOW);
        test.store.seed_for(EC, live(BEFORE).body(), None, 1);
        let store = test.store.clone();
        test.faults.before(StoreCall::Put, move || store.advance(1));
        answers(test, calls(3, 1), Err(Failure::Conflict), upsert_skip);
        assert!(test.store.is_empty());
        answers(test, calls(1, 0), Ok(UpsertOutcome::NotFound), upsert_skip);
    });
}

#[test]
fn a_refused_creation_whose_row_cannot_be_read_is_a_conflict_after_one_more_read() {
    for_both(|test| {
        live(BEFORE).seed(test);
        test.faults.next(StoreCall::Get, Fault::Miss);
        test.faults.next(StoreCall::Get, Fault::Miss);
        leaves(test, calls(2, 1), Err(Failure::Conflict), create_or_revive);
        test.faults.next(StoreCall::Get, Fault::Miss);
        leaves(test, calls(2, 1), Ok(CreateOutcome::AlreadyLive), create_or_revive);
    });
}

#[test]
fn its_own_creation_that_reads_lag_behind_is_no_failure() {
    for_both(|test| {
        test.faults.next(StoreCall::Put, Fault::ApplyThenConflict);
        test.faults.next(StoreCall::Get, Fault::Miss);
        answers(test, calls(2, 1), Ok(CreateOutcome::AlreadyLive), create_or_revive);
        assert_eq!(test.store.store_calls().writes(), 1);
    });
}

#[test]
fn a_row_that_only_seems_to_be_missing_is_not_made_again() {
    let make = |t: &TestGraph| upsert(t, CreateMinimal);
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "old", 5).seed(test);
        test.faults.next(StoreCall::Get, Fault::Miss);
        let written = writes(test, calls(2, 2), Ok(UpsertOutcome::Written), make);
        assert_eq!(written["geo"]["country"], json!("FR"));
        for _ in 0..3 {
            test.faults.next(StoreCall::Get, Fault::Miss);
        }
        leaves(test, calls(3, 1), Err(Failure::Conflict), make);
        tombstone(NOW).seed(test);
        test.faults.next(StoreCall::Get, Fault::Miss);
        leaves(test, calls(2, 1), Ok(UpsertOutcome::Withdrawn), make);
    });
}

#[test]
fn of_two_first_visits_at_once_the_second_finds_the_entry() {
    for_both(|test| {
        overtaken_by(test, live(NOW));
        answers(test, calls(1, 1), Ok(CreateOutcome::AlreadyLive), create_or_revive);
        test.store.remove(EC);
        overtaken_by(test, live(NOW));
        let create = |t: &TestGraph| done(t.graph.create(EC, NewEntry::at(NOW)));
        answers(test, calls(0, 1), Err(Failure::AlreadyExists), create);
    });
}

#[test]
fn of_two_consents_at_once_one_revives() {
    for_both(|test| {
        tombstone(BEFORE).seed(test);
        test.faults.pass(StoreCall::Put);
        overtaken_by(test, live(NOW));
        answers(test, calls(2, 2), Ok(CreateOutcome::AlreadyLive), create_or_revive);
    });
}

#[test]
fn consent_from_before_a_withdrawal_that_overtakes_it_does_not_revive() {
    for_both(|test| {
        overtaken_by(test, tombstone(NOW + 50));
        answers(test, calls(1, 1), Ok(CreateOutcome::Withdrawn), create_or_revive);
        tombstone(BEFORE).seed(test);
        test.faults.pass(StoreCall::Put);
        overtaken_by(test, tombstone(NOW + 50));
        answers(test, calls(2, 2), Ok(CreateOutcome::Withdrawn), create_or_revive);
        assert_eq!(body(test), tombstone_body(NOW + 50));
    });
}

/// The first write only asks whether there is a row: its refusal is no conflict.
#[test]
fn a_single_try_is_enough_to_find_a_row_that_is_there() {
    for_both_with(attempts(1), |test| {
        live(BEFORE).seed(test);
        leaves(test, calls(1, 1), Ok(CreateOutcome::AlreadyLive), create_or_revive);
        tombstone(NOW).seed(test);
        leaves(test, calls(1, 1), Ok(CreateOutcome::Withdrawn), create_or_revive);
    });
}

#[test]
fn a_single_try_is_enough_to_replace_an_older_withdrawal() {
    for_both_with(attempts(1), |test| {
        tombstone(BEFORE).seed(test);
        writes(test, calls(1, 2), Ok(CreateOutcome::Revived), create_or_revive);
    });
}

#[test]
fn another_worker_with_another_partner_loses_nothing() {
    for missing in [Skip, CreateMinimal] {
        for_both(|test| {
            live(BEFORE).seed(test);
            let other = test.another_worker();
            test.faults.before(StoreCall::Put, move || {
                let id = uid("other.example", "x", NOW);
                other.upsert_partner_id(EC, id, missing, NOW).unwrap();
            });
            let outcome = Ok(UpsertOutcome::Written);
            let written = writes(test, calls(2, 2), outcome, |t| upsert(t, missing));
            assert_eq!(written["ids"].as_object().unwrap().len(), 2);
        });
    }
}
