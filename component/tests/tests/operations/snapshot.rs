//! Changes on a snapshot.

use host_test::{Fault, StoreCall, StoreCalls, TestGraph, for_both};
use identity_graph::{
    EntrySnapshot, Failure, KvError, NewEntry,
    TouchOutcome::{self, Debounced},
    UpsertOutcome::{self, NotFound, Stale, Unchanged, Withdrawn, Written},
    VisitOutcome, WithdrawOutcome,
};
use serde_json::json;

use crate::support::*;

fn read(test: &TestGraph) -> Box<dyn EntrySnapshot + '_> {
    let snapshot = test.graph.get(EC, NOW).unwrap().expect("there is an entry");
    let _ = test.take_store_calls();
    snapshot
}

fn upsert_on(snapshot: &mut Box<dyn EntrySnapshot + '_>) -> Result<Vec<UpsertOutcome>, Failure> {
    snapshot.upsert_partner_ids(vec![uid(PARTNER, "new", NOW)], NOW)
}

#[test]
fn each_change_is_one_write_and_no_read() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "old", 5).seed(test);
        let mut snapshot = read(test);
        let written = writes(test, calls(0, 1), Ok(vec![Written]), |_| upsert_on(&mut snapshot));
        assert_eq!(written["ids"][PARTNER], json!({ "uid": "new", "synced": NOW }));
        let mut snapshot = read(test);
        let touched = Ok(TouchOutcome::Written);
        let written = writes(test, calls(0, 1), touched, |_| snapshot.update_last_seen(NOW));
        assert_eq!(written["last_seen"], json!(NOW));
        let mut snapshot = read(test);
        let counted = StoreCalls { counts: 1, puts: 1, ..NO_CALLS };
        let written = writes(test, counted, Ok(Some(1)), |_| snapshot.evaluate_cluster(NOW));
        assert_eq!(written["network"], json!({ "cluster_size": 1, "cluster_checked": NOW }));
    });
}

#[test]
fn several_uids_are_one_write() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "u", 5).seed(test);
        let mut snapshot = read(test);
        let ids = vec![uid("a.example", "a", 1), uid(PARTNER, "u", 9), uid("b.example", "b", 1)];
        let outcomes = Ok(vec![Written, Unchanged, Written]);
        writes(test, calls(0, 1), outcomes, |_| snapshot.upsert_partner_ids(ids, NOW));
    });
}

#[test]
fn what_changes_nothing_takes_no_store_call_however_often() {
    for_both(|test| {
        live(NOW)
            .uid(PARTNER, "new", NOW - DAY)
            .uid("b.example", "b", NOW)
            .clustered(42, NOW)
            .seed(test);
        let mut snapshot = read(test);
        let ids = || vec![uid(PARTNER, "new", NOW), uid("b.example", "x", NOW)];
        for _ in 0..2 {
            leaves(test, NO_CALLS, Ok(vec![Unchanged, Stale]), |_| {
                snapshot.upsert_partner_ids(ids(), NOW)
            });
            leaves(test, NO_CALLS, Ok(Debounced), |_| snapshot.update_last_seen(NOW + 299));
            leaves(test, NO_CALLS, Ok(TouchOutcome::Stale), |_| snapshot.update_last_seen(NOW - 1));
            leaves(test, NO_CALLS, Ok(vec![]), |_| snapshot.upsert_partner_ids(vec![], NOW));
        }
    });
}

/// A stored size that stands is an answer without a write, which leaves the snapshot as good as new.
#[test]
fn a_size_that_stands_does_not_spend_the_snapshot() {
    for_both(|test| {
        live(BEFORE).clustered(42, NOW).seed(test);
        let mut snapshot = read(test);
        leaves(test, NO_CALLS, Ok(Some(42)), |_| snapshot.evaluate_cluster(NOW));
        leaves(test, NO_CALLS, Ok(Some(42)), |_| snapshot.evaluate_cluster(NOW));
        writes(test, calls(0, 1), Ok(vec![Written]), |_| upsert_on(&mut snapshot));
    });
}

#[test]
fn after_a_change_the_next_one_reads_first() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = read(test);
        writes(test, calls(0, 1), Ok(vec![Written]), |_| upsert_on(&mut snapshot));
        leaves(test, calls(1, 0), Ok(vec![Unchanged]), |_| upsert_on(&mut snapshot));
        // What that has read serves the next one.
        let touched = Ok(TouchOutcome::Written);
        writes(test, calls(0, 1), touched, |_| snapshot.update_last_seen(NOW));
        let counted = StoreCalls { gets: 1, counts: 1, puts: 1, ..NO_CALLS };
        writes(test, counted, Ok(Some(1)), |_| snapshot.evaluate_cluster(NOW));
        let ids = vec![uid("other.example", "x", NOW)];
        writes(test, calls(1, 1), Ok(vec![Written]), |_| snapshot.upsert_partner_ids(ids, NOW));
        assert_eq!(body(test)["ids"].as_object().unwrap().len(), 2);
    });
}

#[test]
fn after_a_visit_or_a_count_the_next_change_reads_first() {
    for_both(|test| {
        let changes: [fn(&mut dyn EntrySnapshot); 2] = [
            |s| assert_eq!(s.update_last_seen(NOW), Ok(TouchOutcome::Written)),
            |s| assert_eq!(s.evaluate_cluster(NOW), Ok(Some(1))),
        ];
        for change in changes {
            live(BEFORE).seed(test);
            let mut snapshot = read(test);
            let _ = test.at(NOW);
            change(snapshot.as_mut());
            let _ = test.take_store_calls();
            writes(test, calls(1, 1), Ok(vec![Written]), |_| upsert_on(&mut snapshot));
        }
    });
}

#[test]
fn after_a_write_it_shows_what_was_written() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let generation = row(test).generation;
        let mut snapshot = read(test);
        for change in [
            (|s| assert_eq!(upsert_on(s), Ok(vec![Written])))
                as fn(&mut Box<dyn EntrySnapshot + '_>),
            |s| assert_eq!(s.update_last_seen(NOW), Ok(TouchOutcome::Written)),
            |s| assert_eq!(s.evaluate_cluster(NOW), Ok(Some(1))),
            |s| assert_eq!(s.withdraw(NOW), Ok(WithdrawOutcome::Written)),
        ] {
            change(&mut snapshot);
            assert_eq!(snapshot.entry(), read(test).entry());
        }
        // The store does not tell which generation a write makes.
        assert_eq!(snapshot.generation(), generation);
        assert_ne!(row(test).generation, generation);
    });
}

#[test]
fn after_a_write_that_failed_it_shows_what_was_read() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = read(test);
        let entry = snapshot.entry();
        for fault in [Fault::Fail(KvError::Throttled), Fault::LoseAnswer] {
            test.faults.next(StoreCall::Put, fault);
            test.faults.always(StoreCall::Get, Fault::Fail(KvError::Unavailable));
            assert!(upsert_on(&mut snapshot).is_err());
            assert_eq!(snapshot.entry(), entry);
            test.faults.heal();
        }
    });
}

#[test]
fn a_withdrawal_on_it_costs_one_write_and_the_second_none() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "old", 5).seed(test);
        let mut snapshot = read(test);
        let written = Ok(WithdrawOutcome::Written);
        let withdrawn = writes(test, calls(0, 1), written, |_| snapshot.withdraw(NOW));
        assert_eq!(withdrawn, tombstone_body(NOW));
        // What it wrote is not what it read: it looks, and finds its own tombstone.
        let unchanged = Ok(WithdrawOutcome::Unchanged);
        leaves(test, calls(1, 0), unchanged.clone(), |_| snapshot.withdraw(NOW));
        let mut again = read(test);
        leaves(test, NO_CALLS, unchanged, |_| again.withdraw(NOW + 60));
    });
}

#[test]
fn a_withdrawal_on_it_makes_no_row() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = read(test);
        test.store.remove(EC);
        leaves(test, calls(2, 1), Err(Failure::Conflict), |_| snapshot.withdraw(NOW));
        leaves(test, calls(1, 0), Ok(WithdrawOutcome::NotFound), |_| snapshot.withdraw(NOW));
    });
}

#[test]
fn a_withdrawal_on_it_takes_what_others_wrote_meanwhile_with_it() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = read(test);
        live(NOW).uid(PARTNER, "new", NOW).seed(test);
        let written = Ok(WithdrawOutcome::Written);
        let withdrawn = writes(test, calls(1, 2), written, |_| snapshot.withdraw(NOW));
        assert_eq!(withdrawn, tombstone_body(NOW));
        assert_eq!(row(test).expires_at, Some(NOW + DAY), "as long as a tombstone is kept");
    });
}

#[test]
fn a_withdrawal_meanwhile_refuses_every_change() {
    for_both(|test| {
        for change in [
            |t: &TestGraph, s: &mut Box<dyn EntrySnapshot + '_>| {
                answers(t, calls(1, 1), Ok(vec![Withdrawn]), |_| upsert_on(s));
            },
            |t: &TestGraph, s: &mut Box<dyn EntrySnapshot + '_>| {
                answers(t, calls(0, 1), Err(Failure::Conflict), |_| s.update_last_seen(NOW));
            },
            |t: &TestGraph, s: &mut Box<dyn EntrySnapshot + '_>| {
                let counted = StoreCalls { gets: 1, counts: 1, puts: 1, ..NO_CALLS };
                answers(t, counted, Ok(None), |_| s.evaluate_cluster(NOW));
            },
        ] {
            live(BEFORE).seed(test);
            let mut snapshot = read(test);
            tombstone(NOW).seed(test);
            let kept = row(test);
            change(test, &mut snapshot);
            assert_eq!(row(test), kept);
        }
    });
}

/// What the refused change read is what the snapshot is from then on.
#[test]
fn after_a_lost_race_it_is_what_the_change_read() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = read(test);
        tombstone(NOW).seed(test);
        answers(test, calls(1, 1), Ok(vec![Withdrawn]), |_| upsert_on(&mut snapshot));
        let read = snapshot.entry();
        assert!(!read.consent.ok && read.ids.is_empty(), "what is withdrawn is not shown");
        let touched = Ok(TouchOutcome::Withdrawn);
        leaves(test, NO_CALLS, touched, |_| snapshot.update_last_seen(NOW));
    });
}

#[test]
fn a_withdrawal_whose_answer_is_lost_shows_in_it_once_it_is_found() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "old", 5).seed(test);
        let mut snapshot = read(test);
        test.faults.next(StoreCall::Put, Fault::LoseAnswer);
        let found = Ok(WithdrawOutcome::Unchanged);
        answers(test, calls(1, 1), found, |_| snapshot.withdraw(NOW));
        assert!(!snapshot.entry().consent.ok);
    });
}

#[test]
fn a_stale_read_of_what_it_wrote_over_is_not_shown() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let stale = Fault::Stale(row(test).item());
        let mut snapshot = read(test);
        upsert_on(&mut snapshot).unwrap();
        let written = snapshot.entry();
        test.faults.next(StoreCall::Get, stale);
        let earlier = Ok(TouchOutcome::Debounced);
        assert_eq!(snapshot.update_last_seen(BEFORE + 1), earlier);
        assert_eq!(snapshot.entry(), written);
    });
}

#[test]
fn a_row_that_is_gone_is_not_made_anew() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = read(test);
        test.store.remove(EC);
        leaves(test, calls(2, 1), Err(Failure::Conflict), |_| upsert_on(&mut snapshot));
        leaves(test, calls(1, 0), Ok(vec![NotFound]), |_| upsert_on(&mut snapshot));
        leaves(test, calls(1, 0), Ok(TouchOutcome::NotFound), |_| snapshot.update_last_seen(NOW));
        leaves(test, calls(1, 0), Ok(None), |_| snapshot.evaluate_cluster(NOW));
    });
}

#[test]
fn another_change_meanwhile_is_kept() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = read(test);
        live(BEFORE).uid("other.example", "x", 1).seed(test);
        let written = writes(test, calls(1, 2), Ok(vec![Written]), |_| upsert_on(&mut snapshot));
        assert_eq!(written["ids"].as_object().unwrap().len(), 2);
    });
}

#[test]
fn of_a_tombstone_it_changes_nothing_and_calls_nothing() {
    for_both(|test| {
        for at in [BEFORE, NOW - 2 * DAY] {
            tombstone(at).seed(test);
            let mut snapshot = read(test);
            leaves(test, NO_CALLS, Ok(vec![Withdrawn]), |_| upsert_on(&mut snapshot));
            let touched = Ok(TouchOutcome::Withdrawn);
            leaves(test, NO_CALLS, touched, |_| snapshot.update_last_seen(NOW));
            leaves(test, NO_CALLS, Ok(None), |_| snapshot.evaluate_cluster(NOW));
        }
    });
}

#[test]
fn once_the_lifetime_is_over_it_changes_nothing_and_calls_nothing() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = read(test);
        let over = BEFORE + YEAR;
        let ids = vec![uid(PARTNER, "new", over)];
        leaves(test, NO_CALLS, Ok(vec![NotFound]), |_| snapshot.upsert_partner_ids(ids, over));
        leaves(test, NO_CALLS, Ok(vec![NotFound]), |_| {
            snapshot.remove_partner_ids(vec![PARTNER.into()], over)
        });
        leaves(test, NO_CALLS, Ok(TouchOutcome::NotFound), |_| snapshot.update_last_seen(over));
        leaves(test, NO_CALLS, Ok(None), |_| snapshot.evaluate_cluster(over));
        let made = Ok(VisitOutcome::Created);
        let written = writes(test, calls(0, 1), made, |_| done(snapshot.visit(NewEntry::at(over))));
        assert_eq!(written["created"], json!(over));
    });
}

/// Nothing was written, so that the snapshot is as good as before.
#[test]
fn a_write_refused_for_its_rate_leaves_it_as_good_as_new() {
    for (error, expected) in [
        (KvError::Throttled, Failure::Throttled),
        (KvError::Unavailable, UNAVAILABLE),
        (KvError::Invalid, UNAVAILABLE),
    ] {
        for_both(|test| {
            live(BEFORE).seed(test);
            let mut snapshot = read(test);
            for _ in 0..2 {
                test.faults.next(StoreCall::Put, Fault::Fail(error));
                leaves(test, calls(0, 1), Err(expected.clone()), |_| upsert_on(&mut snapshot));
                test.faults.next(StoreCall::Put, Fault::Fail(error));
                leaves(test, calls(0, 1), Err(expected.clone()), |_| {
                    snapshot.update_last_seen(NOW)
                });
            }
            writes(test, calls(0, 1), Ok(vec![Written]), |_| upsert_on(&mut snapshot));
        });
    }
}

#[test]
fn after_an_error_it_reads_before_it_writes() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let mut snapshot = read(test);
        test.faults.next(StoreCall::Put, Fault::LoseAnswer);
        test.faults.next(StoreCall::Get, Fault::Fail(KvError::Unavailable));
        answers(test, calls(1, 1), Err(UNAVAILABLE), |_| upsert_on(&mut snapshot));
        leaves(test, calls(1, 0), Ok(vec![Unchanged]), |_| upsert_on(&mut snapshot));
    });
}
