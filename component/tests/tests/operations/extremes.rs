//! Times at the ends of their range: whatever the answer is, it is an answer.

use host_test::{TestGraph, for_both, for_both_with};
use identity_graph::{
    CreateOutcome, Failure,
    IfMissing::{CreateMinimal, Skip},
    NewEntry, Policy, UpsertOutcome,
};
use serde_json::json;

use crate::support::*;

const TIMES: [u64; 6] = [0, 1, u32::MAX as u64, i64::MAX as u64 + 1, u64::MAX - 1, u64::MAX];

/// Nothing is in the way of these calls, so that each of them succeeds.
#[track_caller]
fn is_sound<T>(answer: &Result<T, Failure>) {
    assert_eq!(answer.as_ref().err(), None);
}

fn call_everything(test: &TestGraph, now: u64) {
    let graph = &test.graph;
    for synced in [Some(0), Some(u64::MAX), None] {
        for missing in [Skip, CreateMinimal] {
            let id = uid(PARTNER, &format!("u{now}{synced:?}"), synced);
            is_sound(&graph.upsert_partner_id(EC, id, missing, now));
        }
    }
    is_sound(&graph.update_last_seen(EC, now));
    is_sound(&graph.evaluate_cluster(EC, now));
    let outcomes = graph.sync_partner_ids(PARTNER, &[mapping(EC, "s", now)], now).unwrap();
    outcomes.iter().for_each(is_sound);
    if let Some(mut snapshot) = graph.get(EC).unwrap() {
        let _ = snapshot.entry();
        is_sound(&snapshot.upsert_partner_ids(vec![uid("x.example", "x", now)], now));
        is_sound(&snapshot.update_last_seen(now));
        is_sound(&snapshot.evaluate_cluster(now));
    }
    is_sound(&graph.create_or_revive(EC, NewEntry::at(now)));
    is_sound(&graph.get_metadata(EC));
    is_sound(&graph.inspect(EC));
}

fn at_all_times(test: &TestGraph) {
    for stored in TIMES {
        for seed in [
            live(stored).uid(PARTNER, "u", stored).clustered(u32::MAX, stored),
            live(stored).without("last_seen").uid_without_time(PARTNER, "u"),
            live(0).with("last_seen", json!(stored)),
            live(u64::MAX).with("last_seen", json!(stored)),
            tombstone(stored),
        ] {
            for now in TIMES {
                seed.seed(test);
                call_everything(test, now);
                is_sound(&test.graph.write_withdrawal_tombstone(EC, now));
                call_everything(test, now);
            }
        }
    }
}

#[test]
fn every_operation_answers_at_all_times() {
    for_both(at_all_times);
}

#[test]
fn every_operation_answers_at_all_times_with_the_widest_and_the_narrowest_policy() {
    for value in [1, u32::MAX] {
        let policy = Policy {
            entry_ttl: value,
            tombstone_ttl: value,
            last_seen_debounce: value,
            max_cas_attempts: 10,
            cluster_recheck: value,
        };
        for_both_with(policy, at_all_times);
    }
}

#[test]
fn at_the_end_of_time_a_life_goes_on_as_usual() {
    for_both(|test| {
        let end = test.at(u64::MAX);
        let graph = &test.graph;
        assert_eq!(graph.create_or_revive(EC, NewEntry::at(end)), Ok(CreateOutcome::Created));
        assert_eq!(row(test).expires_at, Some(end));
        let id = uid(PARTNER, "u", None);
        assert_eq!(graph.upsert_partner_id(EC, id, Skip, end), Ok(UpsertOutcome::Written));
        assert_eq!(body(test)["ids"][PARTNER]["synced"], json!(end));
        assert_eq!(graph.evaluate_cluster(EC, end), Ok(Some(1)));
        assert_eq!(graph.write_withdrawal_tombstone(EC, end), Ok(()));
        assert_eq!(graph.create_or_revive(EC, NewEntry::at(end)), Ok(CreateOutcome::Withdrawn));
    });
}
