//! Other writers in between, and reads that lag behind them.

use host_test::{Failure, Fault, OpKind, World, for_both, for_both_with};
use identity_graph::{
    CreateOutcome,
    IfMissing::{CreateMinimal, Skip},
    NewEntry, Policy, TouchOutcome, UpsertOutcome,
};
use serde_json::json;

use crate::support::*;
use crate::writers::{Writer, for_every_writer};

/// Somebody else replaces the row just before the next write that no step is scripted for.
fn overtaken_by(world: &World, seed: Seed) {
    let store = world.store.clone();
    world.faults.before(OpKind::Put, move || seed.seed_in(&store, EC));
}

/// The row is removed, or is over, just before that write.
fn overtaken_by_removal(world: &World) {
    let store = world.store.clone();
    world.faults.before(OpKind::Put, move || store.remove(EC));
}

fn passes_refused(world: &World, writer: &Writer) {
    for _ in 0..writer.refused {
        world.faults.pass(OpKind::Put);
    }
}

fn upsert_skip(world: &World) -> Result<UpsertOutcome, Failure> {
    upsert(world, Skip)
}

fn touch(world: &World) -> Result<TouchOutcome, Failure> {
    world.graph.update_last_seen(EC, NOW)
}

fn create_or_revive(world: &World) -> Result<CreateOutcome, Failure> {
    world.graph.create_or_revive(EC, visit_with(PARTNER, "new"))
}

fn is_touch(writer: &Writer) -> bool {
    writer.name.starts_with("touch")
}

/// Writers that change a row which is there, and try again.
fn retries(writer: &Writer) -> bool {
    writer.reads_before() > 0 && !is_touch(writer) && writer.name != "upsert that makes the row"
}

#[test]
fn a_lost_race_is_run_again_on_what_the_winner_wrote() {
    for_every_writer(Policy::default(), |world, writer| {
        if !retries(writer) || writer.refused > 0 {
            return;
        }
        overtaken_by(world, live(BEFORE).uid("other.example", "x", NOW).with("new", json!([1])));
        let outcome = Ok(writer.outcome.to_owned());
        answers(world, writer.ops_and(1, 1), outcome, writer.call);
        let body = body(world);
        assert_eq!(body["ids"]["other.example"]["uid"], json!("x"));
        assert_eq!(body["new"], json!([1]));
    });
}

#[test]
fn races_are_run_as_often_as_the_policy_says_and_then_named() {
    for tries in [1, 2, 3, 10] {
        for_every_writer(attempts(tries), |world, writer| {
            if !retries(writer) || writer.refused > 0 {
                return;
            }
            for round in 0..tries {
                let winner = live(BEFORE).uid("other.example", &format!("x{round}"), NOW);
                overtaken_by(world, winner);
            }
            let again = u64::from(tries) - 1;
            let ops = writer.ops_and(again, again);
            answers(world, ops, Err(Failure::Conflict), writer.call);
            let last = format!("x{again}");
            assert_eq!(
                body(world)["ids"],
                json!({
                    "other.example": { "uid": last, "synced": NOW }
                })
            );
        });
    }
}

#[test]
fn the_last_race_may_be_won() {
    for_both(|world| {
        live(BEFORE).seed(world);
        overtaken_by(world, live(BEFORE).uid("other.example", "x", 1));
        overtaken_by(world, live(BEFORE).uid("other.example", "y", 2));
        writes(world, ops(3, 3), Ok(UpsertOutcome::Written), upsert_skip);
    });
}

#[test]
fn a_fresh_read_that_shows_what_was_written_on_ends_in_a_conflict_at_once() {
    for_every_writer(Policy::default(), |world, writer| {
        if !retries(writer) {
            return;
        }
        passes_refused(world, writer);
        world.faults.next(OpKind::Put, Fault::Conflict(None));
        leaves(world, writer.ops_and(1, 0), Err(Failure::Conflict), writer.call);
    });
}

#[test]
fn fifty_tries_of_one_page_load_against_a_lagging_read_cost_two_reads_and_a_write_each() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let stale = row(world).item();
        live(BEFORE).uid("other.example", "x", NOW).seed(world);
        world.faults.always(OpKind::Get, Fault::Stale(stale));
        for _ in 0..50 {
            leaves(world, ops(2, 1), Err(Failure::Conflict), upsert_skip);
        }
        world.faults.heal();
        writes(world, ops(1, 1), Ok(UpsertOutcome::Written), upsert_skip);
    });
}

#[test]
fn a_fresh_read_that_shows_the_wanted_state_is_the_answer() {
    for_both(|world| {
        live(BEFORE).seed(world);
        overtaken_by(world, live(BEFORE).uid(PARTNER, "new", NOW));
        answers(world, ops(2, 1), Ok(UpsertOutcome::Unchanged), upsert_skip);
        live(BEFORE).seed(world);
        overtaken_by(world, live(BEFORE).uid(PARTNER, "theirs", NOW));
        answers(world, ops(2, 1), Ok(UpsertOutcome::Stale), upsert_skip);
        assert_eq!(body(world)["ids"][PARTNER]["uid"], json!("theirs"));
    });
}

#[test]
fn a_conflict_that_hands_the_item_over_saves_the_read() {
    for_both_handed_over(Policy::default(), |world| {
        live(BEFORE).seed(world);
        overtaken_by(world, live(BEFORE).uid("other.example", "x", NOW));
        let written = writes(world, ops(1, 2), Ok(UpsertOutcome::Written), upsert_skip);
        assert_eq!(written["ids"]["other.example"]["uid"], json!("x"));
    });
    // It is read even when there is no try left.
    for_both_handed_over(attempts(1), |world| {
        live(BEFORE).seed(world);
        overtaken_by(world, live(BEFORE).uid(PARTNER, "new", 5));
        answers(world, ops(1, 1), Ok(UpsertOutcome::Unchanged), upsert_skip);
        live(BEFORE).seed(world);
        overtaken_by(world, tombstone(NOW));
        answers(world, ops(1, 1), Ok(UpsertOutcome::Withdrawn), upsert_skip);
        live(BEFORE).seed(world);
        overtaken_by(world, live(BEFORE).uid(PARTNER, "other", 5));
        answers(world, ops(1, 1), Err(Failure::Conflict), upsert_skip);
    });
}

#[test]
fn a_visit_that_lost_a_race_is_not_tried_again() {
    for_both(|world| {
        live(BEFORE).seed(world);
        overtaken_by(world, live(BEFORE).uid(PARTNER, "x", NOW));
        answers(world, ops(1, 1), Err(Failure::Conflict), touch);
        assert_eq!(body(world)["last_seen"], json!(BEFORE));
    });
    for_both_handed_over(Policy::default(), |world| {
        for (winner, expected) in [
            (live(BEFORE).uid(PARTNER, "x", NOW), Err(Failure::Conflict)),
            (live(NOW - 10), Ok(TouchOutcome::Debounced)),
            (live(NOW + 10), Ok(TouchOutcome::Stale)),
            (tombstone(NOW), Ok(TouchOutcome::Withdrawn)),
        ] {
            live(BEFORE).seed(world);
            overtaken_by(world, winner.clone());
            answers(world, ops(1, 1), expected, touch);
            let kept: serde_json::Value = serde_json::from_str(&winner.body()).unwrap();
            assert_eq!(body(world), kept);
        }
    });
}

#[test]
fn a_withdrawal_that_overtakes_a_write_stays() {
    for_every_writer(Policy::default(), |world, writer| {
        if writer.is_blind() {
            return;
        }
        passes_refused(world, writer);
        overtaken_by(world, tombstone(NOW));
        let (expected, reads) = match writer.name {
            "create" => (Err(Failure::AlreadyExists), 0),
            _ if is_touch(writer) => (Err(Failure::Conflict), 0),
            name if name.contains("cluster") => (Ok("None".to_owned()), 1),
            "upsert on a snapshot" => (Ok("[Withdrawn]".to_owned()), 1),
            _ => (Ok("Withdrawn".to_owned()), 1),
        };
        answers(world, writer.ops_and(reads, 0), expected, writer.call);
        assert_eq!(body(world), tombstone_body(NOW));
    });
}

#[test]
fn a_withdrawal_overtaken_by_a_write_wins_all_the_same() {
    for_both(|world| {
        live(BEFORE).seed(world);
        overtaken_by(world, live(NOW).uid(PARTNER, "x", NOW));
        let withdraw = |w: &World| w.graph.write_withdrawal_tombstone(EC, NOW);
        assert_eq!(writes(world, ops(0, 1), Ok(()), withdraw), tombstone_body(NOW));
    });
}

/// The row may be gone, or the read may lag: nothing is made of it, and nobody is told either.
#[test]
fn a_row_that_is_deleted_meanwhile_is_not_made_again() {
    for_every_writer(Policy::default(), |world, writer| {
        if writer.reads_before() == 0 || writer.name == "upsert that makes the row" {
            return;
        }
        passes_refused(world, writer);
        overtaken_by_removal(world);
        let reads = if is_touch(writer) { 0 } else { 2 };
        answers(world, writer.ops_and(reads, 0), Err(Failure::Conflict), writer.call);
        assert!(world.store.is_empty());
    });
}

#[test]
fn an_upsert_that_may_make_the_row_does_not_make_one_that_it_has_seen_before() {
    for_both(|world| {
        live(BEFORE).seed(world);
        overtaken_by_removal(world);
        answers(world, ops(3, 1), Err(Failure::Conflict), |w| upsert(w, CreateMinimal));
        assert!(world.store.is_empty());
    });
}

#[test]
fn a_row_whose_lifetime_ends_between_read_and_write_is_not_made_again() {
    for_both(|world| {
        let _ = world.at(NOW);
        world.store.seed_for(EC, live(BEFORE).body(), None, 1);
        let store = world.store.clone();
        world.faults.before(OpKind::Put, move || store.advance(1));
        answers(world, ops(3, 1), Err(Failure::Conflict), upsert_skip);
        assert!(world.store.is_empty());
        answers(world, ops(1, 0), Ok(UpsertOutcome::NotFound), upsert_skip);
    });
}

#[test]
fn a_refused_creation_whose_row_cannot_be_read_is_a_conflict_after_one_more_read() {
    for_both(|world| {
        live(BEFORE).seed(world);
        world.faults.next(OpKind::Get, Fault::Miss);
        world.faults.next(OpKind::Get, Fault::Miss);
        leaves(world, ops(2, 1), Err(Failure::Conflict), create_or_revive);
        world.faults.next(OpKind::Get, Fault::Miss);
        leaves(world, ops(2, 1), Ok(CreateOutcome::AlreadyLive), create_or_revive);
    });
}

#[test]
fn its_own_creation_that_reads_lag_behind_is_no_failure() {
    for_both(|world| {
        world.faults.next(OpKind::Put, Fault::ApplyThenConflict);
        world.faults.next(OpKind::Get, Fault::Miss);
        answers(world, ops(2, 1), Ok(CreateOutcome::Created), create_or_revive);
        assert_eq!(world.store.ops().writes(), 1);
    });
}

#[test]
fn a_row_that_only_seems_to_be_missing_is_not_made_again() {
    let make = |w: &World| upsert(w, CreateMinimal);
    for_both(|world| {
        live(BEFORE).uid(PARTNER, "old", 5).seed(world);
        world.faults.next(OpKind::Get, Fault::Miss);
        let written = writes(world, ops(2, 2), Ok(UpsertOutcome::Written), make);
        assert_eq!(written["geo"]["country"], json!("FR"));
        for _ in 0..3 {
            world.faults.next(OpKind::Get, Fault::Miss);
        }
        leaves(world, ops(3, 1), Err(Failure::Conflict), make);
        tombstone(NOW).seed(world);
        world.faults.next(OpKind::Get, Fault::Miss);
        leaves(world, ops(2, 1), Ok(UpsertOutcome::Withdrawn), make);
    });
}

#[test]
fn of_two_first_visits_at_once_the_second_finds_the_entry() {
    for_both(|world| {
        overtaken_by(world, live(NOW));
        answers(world, ops(1, 1), Ok(CreateOutcome::AlreadyLive), create_or_revive);
        world.store.remove(EC);
        overtaken_by(world, live(NOW));
        let create = |w: &World| w.graph.create(EC, NewEntry::at(NOW));
        answers(world, ops(0, 1), Err(Failure::AlreadyExists), create);
    });
}

#[test]
fn of_two_consents_at_once_one_revives() {
    for_both(|world| {
        tombstone(BEFORE).seed(world);
        world.faults.pass(OpKind::Put);
        overtaken_by(world, live(NOW));
        answers(world, ops(2, 2), Ok(CreateOutcome::AlreadyLive), create_or_revive);
    });
}

#[test]
fn consent_from_before_a_withdrawal_that_overtakes_it_does_not_revive() {
    for_both(|world| {
        overtaken_by(world, tombstone(NOW + 50));
        answers(world, ops(1, 1), Ok(CreateOutcome::Withdrawn), create_or_revive);
        tombstone(BEFORE).seed(world);
        world.faults.pass(OpKind::Put);
        overtaken_by(world, tombstone(NOW + 50));
        answers(world, ops(2, 2), Ok(CreateOutcome::Withdrawn), create_or_revive);
        assert_eq!(body(world), tombstone_body(NOW + 50));
    });
}

/// The first write only asks whether there is a row: its refusal is no conflict.
#[test]
fn a_single_try_is_enough_to_find_a_row_that_is_there() {
    for_both_with(attempts(1), |world| {
        live(BEFORE).seed(world);
        leaves(world, ops(1, 1), Ok(CreateOutcome::AlreadyLive), create_or_revive);
        tombstone(NOW).seed(world);
        leaves(world, ops(1, 1), Ok(CreateOutcome::Withdrawn), create_or_revive);
    });
}

#[test]
fn a_single_try_is_enough_to_replace_an_older_withdrawal() {
    for_both_with(attempts(1), |world| {
        tombstone(BEFORE).seed(world);
        writes(world, ops(1, 2), Ok(CreateOutcome::Revived), create_or_revive);
    });
}

#[test]
fn another_worker_with_another_partner_loses_nothing() {
    for missing in [Skip, CreateMinimal] {
        for_both(|world| {
            live(BEFORE).seed(world);
            let other = world.another_worker();
            world.faults.before(OpKind::Put, move || {
                let id = uid("other.example", "x", NOW);
                other.upsert_partner_id(EC, id, missing, NOW).unwrap();
            });
            let outcome = Ok(UpsertOutcome::Written);
            let written = writes(world, ops(2, 2), outcome, |w| upsert(w, missing));
            assert_eq!(written["ids"].as_object().unwrap().len(), 2);
        });
    }
}
