//! How long rows are kept: only a visit starts a lifetime anew.

use host_test::{TestGraph, for_both, for_both_with};
use identity_graph::{
    CreateOutcome,
    IfMissing::{CreateMinimal, Skip},
    NewEntry, Policy, TouchOutcome, UpsertOutcome,
};
use serde_json::json;

use crate::support::*;

/// Every change of a row that is not a visit, at this time.
const CHANGES: [fn(&TestGraph, u64); 5] = [
    |t, now| {
        let id = uid(PARTNER, "upserted", now);
        let outcome = t.graph.upsert_partner_id(EC, id, CreateMinimal, now);
        assert_eq!(outcome, Ok(UpsertOutcome::Written));
    },
    |t, now| {
        let outcomes = t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "synced", now)], now);
        assert_eq!(outcomes, Ok(vec![Ok(UpsertOutcome::Written)]));
    },
    |t, now| assert!(t.graph.evaluate_cluster(EC, now).unwrap().is_some()),
    |t, now| {
        let ids = vec![uid(PARTNER, "on a snapshot", now)];
        let outcomes = t.graph.get(EC, NOW).unwrap().unwrap().upsert_partner_ids(ids, now);
        assert_eq!(outcomes, Ok(vec![UpsertOutcome::Written]));
    },
    |t, now| {
        assert!(t.graph.get(EC, NOW).unwrap().unwrap().evaluate_cluster(now).unwrap().is_some());
    },
];

fn expires_at(test: &TestGraph) -> u64 {
    row(test).expires_at.expect("what the graph writes has an end")
}

#[test]
fn what_is_no_visit_keeps_the_remaining_lifetime_to_the_second() {
    for change in CHANGES {
        for now in [NOW, NOW + 1, NOW + 1_000, NOW + YEAR / 2, NOW + YEAR - 1] {
            for_both(|test| {
                test.graph.create(EC, NewEntry::at(test.at(NOW))).unwrap();
                change(test, test.at(now));
                assert_eq!(expires_at(test), NOW + YEAR);
            });
        }
    }
}

#[test]
fn a_row_without_last_seen_lives_on_and_counts_from_the_first_write() {
    for change in CHANGES {
        for made in [BEFORE, NOW - YEAR, NOW - 3 * YEAR] {
            for_both(|test| {
                live(made).without("last_seen").seed(test);
                change(test, test.at(NOW));
                assert_eq!(expires_at(test), NOW + YEAR);
                assert_eq!(body(test)["last_seen"], json!(NOW));
                assert_eq!(body(test)["created"], json!(made));
                // From here on it is a row like others.
                change(test, test.at(NOW + 2 * DAY));
                assert_eq!(expires_at(test), NOW + YEAR);
            });
        }
    }
}

#[test]
fn a_partner_that_alternates_two_uids_does_not_keep_a_row_alive() {
    for_both(|test| {
        test.graph.create(EC, NewEntry::at(test.at(NOW))).unwrap();
        let mut now = NOW;
        for round in 0..24 {
            now = test.at(now + 15 * DAY);
            let id = if round % 2 == 0 { "a" } else { "b" };
            let outcomes = test.graph.sync_partner_ids(PARTNER, &[mapping(EC, id, now)], now);
            assert_eq!(outcomes, Ok(vec![Ok(UpsertOutcome::Written)]));
        }
        let _ = test.at(NOW + YEAR);
        assert!(test.store.is_empty());
    });
}

#[test]
fn a_visit_starts_the_lifetime_anew() {
    for_both(|test| {
        test.graph.create(EC, NewEntry::at(test.at(NOW))).unwrap();
        let now = test.at(NOW + YEAR - 1);
        assert_eq!(test.graph.update_last_seen(EC, now), Ok(TouchOutcome::Written));
        assert_eq!(expires_at(test), now + YEAR);
        for change in CHANGES {
            change(test, test.at(test.store.now() + 2 * DAY));
            assert_eq!(expires_at(test), now + YEAR);
        }
    });
}

#[test]
fn the_lifetime_is_the_one_of_the_policy() {
    let policy = Policy { entry_ttl: 1_000, ..Policy::default() };
    for change in CHANGES {
        for_both_with(policy, |test| {
            test.graph.create(EC, NewEntry::at(test.at(NOW))).unwrap();
            assert_eq!(expires_at(test), NOW + 1_000);
            change(test, test.at(NOW + 999));
            assert_eq!(expires_at(test), NOW + 1_000);
        });
    }
}

#[test]
fn a_clock_behind_the_last_visit_sees_a_whole_lifetime_and_never_more() {
    for ahead in [1, DAY, u64::MAX - NOW] {
        for change in CHANGES {
            for_both(|test| {
                live(NOW + ahead).seed(test);
                change(test, test.at(NOW));
                assert_eq!(expires_at(test), NOW + YEAR);
            });
        }
    }
}

#[test]
fn a_row_past_its_lifetime_counts_as_absent_from_its_last_second_on() {
    for (age, is_over) in [(YEAR - 1, false), (YEAR, true), (YEAR + 1, true), (NOW, true)] {
        for_both(|test| {
            live(NOW - age).seed(test);
            let outcome = upsert(test, Skip).unwrap();
            assert_eq!(outcome == UpsertOutcome::NotFound, is_over);
            assert_eq!(row(test).expires_at.is_none(), is_over, "nothing is written");
            let cluster = test.graph.evaluate_cluster(EC, NOW).unwrap();
            assert_eq!(cluster.is_none(), is_over);
            let outcome = test.graph.create_or_revive(EC, NewEntry::at(NOW)).unwrap().outcome;
            assert_eq!(outcome == CreateOutcome::Created, is_over);
        });
    }
}

#[test]
fn a_snapshot_that_outlives_its_row_changes_nothing() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = test.graph.get(EC, NOW).unwrap().unwrap();
        let late = BEFORE + YEAR;
        let ids = vec![uid(PARTNER, "new", late)];
        leaves(test, NO_CALLS, Ok(vec![UpsertOutcome::NotFound]), |_| {
            snapshot.upsert_partner_ids(ids, late)
        });
        leaves(test, NO_CALLS, Ok(TouchOutcome::NotFound), |_| snapshot.update_last_seen(late));
    });
}
