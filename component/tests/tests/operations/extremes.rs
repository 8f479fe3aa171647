//! Times at the ends of their range: whatever the answer is, it is an answer.

use std::fmt::Debug;

use host_test::{TestGraph, for_both, for_both_with};
use identity_graph::{
    CreateOutcome, Failure,
    IfMissing::{CreateMinimal, Skip},
    NewEntry, Order, Policy, Timestamp, UpsertOutcome, VisitOutcome,
};
use serde_json::json;

use crate::support::*;

/// Times that an argument may have.
const TIMES: [u64; 5] = [0, 1, u32::MAX as u64, Timestamp::MAX - 1, Timestamp::MAX];
/// Times that only a stored row may have.
const BEYOND: [u64; 4] = [Timestamp::MAX + 1, i64::MAX as u64 + 1, u64::MAX - 1, u64::MAX];

/// Nothing is in the way of these calls, so that each of them succeeds.
#[track_caller]
fn is_sound<T>(answer: &Result<T, Failure>) {
    assert_eq!(answer.as_ref().err(), None);
}

fn call_everything(test: &TestGraph, now: u64) {
    let graph = &test.graph;
    for synced in [Some(0), Some(Timestamp::MAX), None] {
        for missing in [Skip, CreateMinimal] {
            let id = uid(PARTNER, &format!("u{now}{synced:?}"), synced);
            is_sound(&graph.upsert_partner_id(EC, id, missing, now));
        }
    }
    is_sound(&graph.update_last_seen(EC, now));
    is_sound(&graph.evaluate_cluster(EC, now));
    let outcomes = graph.sync_partner_ids(PARTNER, &[mapping(EC, "s", now)], now).unwrap();
    outcomes.iter().for_each(is_sound);
    if let Some(mut snapshot) = graph.get(EC, now).unwrap() {
        let _ = snapshot.entry();
        is_sound(&snapshot.upsert_partner_ids(vec![uid("x.example", "x", now)], now));
        is_sound(&snapshot.remove_partner_ids(vec!["x.example".into()], now));
        is_sound(&snapshot.visit(visit_at(now)));
        is_sound(&snapshot.update_last_seen(now));
        is_sound(&snapshot.evaluate_cluster(now));
    }
    is_sound(&graph.create_or_revive(EC, NewEntry::at(now)));
    is_sound(&graph.visit(EC, visit_at(now)));
    is_sound(&graph.remove_partner_ids(EC, vec![PARTNER.into()], now));
    is_sound(&graph.get_metadata(EC));
    is_sound(&graph.inspect(EC));
}

fn visit_at(now: u64) -> NewEntry {
    let id = uid("visit.example", &format!("v{now}"), now);
    NewEntry { domain: Some("news.example".into()), ids: vec![id], ..NewEntry::at(now) }
}

fn at_all_times(test: &TestGraph) {
    for stored in TIMES.into_iter().chain(BEYOND) {
        let uid_that_ends = json!({ "uid": "u", "synced": stored, "expires": stored });
        for seed in [
            live(stored).uid(PARTNER, "u", stored).clustered(u32::MAX, stored),
            live(stored).without("last_seen").uid_without_time(PARTNER, "u"),
            live(0).with("last_seen", json!(stored)),
            live(u64::MAX).with("last_seen", json!(stored)),
            live(0).with("ids", json!({ PARTNER: uid_that_ends })),
            live(0).with("removed", json!({ PARTNER: stored })),
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
            max_age: Some(value),
            tombstone_ttl: value,
            last_seen_debounce: value / 2,
            max_cas_attempts: 10,
            cluster_recheck: Some(value),
            clock_skew: value / 2,
            resync: value,
            max_partners: value.min(1_024),
            order: Order::Time,
        };
        for_both_with(policy, at_all_times);
        let unbounded =
            Policy { max_age: None, cluster_recheck: None, order: Order::Arrival, ..policy };
        for_both_with(unbounded, at_all_times);
    }
}

fn refuses<T: Debug + PartialEq>(
    test: &TestGraph,
    call: impl FnOnce(&TestGraph) -> Result<T, Failure>,
) {
    leaves(test, NO_CALLS, Err(INVALID), call);
}

/// Whatever is stored: a call whose time is in milliseconds does not reach it.
#[test]
fn a_call_in_milliseconds_is_refused_before_the_store() {
    for now in BEYOND.into_iter().chain([NOW * 1_000]) {
        for_both(|test| {
            for seed in [live(BEFORE).uid(PARTNER, "u", BEFORE), tombstone(NOW - 1), expired()] {
                seed.seed(test);
                let id = || uid(PARTNER, "new", None);
                refuses(test, |t| t.graph.get(EC, now).map(|found| found.is_some()));
                refuses(test, |t| done(t.graph.visit(EC, NewEntry::at(now))));
                refuses(test, |t| done(t.graph.create(EC, NewEntry::at(now))));
                refuses(test, |t| done(t.graph.create_or_revive(EC, NewEntry::at(now))));
                for missing in [Skip, CreateMinimal] {
                    refuses(test, |t| t.graph.upsert_partner_id(EC, id(), missing, now));
                    refuses(test, |t| t.graph.upsert_partner_ids(EC, vec![id()], missing, now));
                }
                refuses(test, |t| t.graph.remove_partner_ids(EC, vec![PARTNER.into()], now));
                refuses(test, |t| t.graph.update_last_seen(EC, now));
                refuses(test, |t| t.graph.write_withdrawal_tombstone(EC, now));
                refuses(test, |t| t.graph.evaluate_cluster(EC, now));
                refuses(test, |t| t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "u", 1)], now));
            }
            live(BEFORE).uid(PARTNER, "u", BEFORE).seed(test);
            let mut snapshot = test.graph.get(EC, NOW).unwrap().unwrap();
            let _ = test.take_store_calls();
            let ids = || vec![uid(PARTNER, "new", None)];
            refuses(test, |_| done(snapshot.visit(NewEntry::at(now))));
            refuses(test, |_| snapshot.upsert_partner_ids(ids(), now));
            refuses(test, |_| snapshot.remove_partner_ids(vec![PARTNER.into()], now));
            refuses(test, |_| snapshot.update_last_seen(now));
            refuses(test, |_| snapshot.evaluate_cluster(now));
        });
    }
}

#[test]
fn at_the_end_of_time_a_life_goes_on_as_usual() {
    for_both(|test| {
        let end = test.at(Timestamp::MAX);
        let graph = &test.graph;
        let consent = || done(graph.create_or_revive(EC, NewEntry::at(end)));
        assert_eq!(consent(), Ok(CreateOutcome::Created));
        assert_eq!(row(test).expires_at, Some(end + YEAR));
        let id = uid(PARTNER, "u", None);
        assert_eq!(graph.upsert_partner_id(EC, id, Skip, end), Ok(UpsertOutcome::Written));
        assert_eq!(body(test)["ids"][PARTNER]["synced"], json!(end));
        assert_eq!(graph.evaluate_cluster(EC, end), Ok(Some(1)));
        assert_eq!(done(graph.visit(EC, NewEntry::at(end))), Ok(VisitOutcome::Unchanged));
        assert_eq!(graph.write_withdrawal_tombstone(EC, end), Ok(()));
        assert_eq!(consent(), Ok(CreateOutcome::Withdrawn));
        assert_eq!(done(graph.visit(EC, NewEntry::at(end))), Ok(VisitOutcome::Withdrawn));
    });
}
