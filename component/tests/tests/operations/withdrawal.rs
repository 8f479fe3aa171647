//! `write_withdrawal_tombstone`, and what a tombstone holds against.

use host_test::{Fault, StoreCall, TestGraph, for_both, for_both_with};
use identity_graph::{
    CreateOutcome, Failure,
    IfMissing::{CreateMinimal, Skip},
    KvError, NewEntry, Policy, TouchOutcome, UpsertOutcome,
};
use serde_json::json;

use crate::support::*;

fn withdraw(test: &TestGraph) -> Result<(), Failure> {
    test.graph.write_withdrawal_tombstone(EC, NOW)
}

fn assert_withdraws(test: &TestGraph) {
    assert_eq!(writes(test, calls(0, 1), Ok(()), withdraw), tombstone_body(NOW));
    let row = row(test);
    assert_eq!(row.expires_at, Some(NOW + DAY));
    let metadata: serde_json::Value = serde_json::from_str(&row.metadata.unwrap()).unwrap();
    assert_eq!(metadata, json!({ "ok": false, "country": "ZZ", "v": 1 }));
}

#[test]
fn whatever_the_key_holds_is_replaced_in_one_write_without_a_read() {
    for_both(assert_withdraws);
    for seed in [
        live(BEFORE).uid(PARTNER, "u", 5).with("unknown", json!("field")),
        live(NOW + DAY),
        tombstone(BEFORE),
        tombstone(NOW - 2 * DAY),
        tombstone(NOW + 5),
        expired(),
    ] {
        for_both(|test| {
            seed.seed(test);
            assert_withdraws(test);
        });
    }
}

#[test]
fn a_corrupt_row_is_withdrawn_as_any_other() {
    for_both(|test| {
        seed_corrupt(test);
        assert_withdraws(test);
    });
}

#[test]
fn a_store_whose_reads_miss_the_row_withdraws_it_all_the_same() {
    for_both(|test| {
        live(BEFORE).seed(test);
        test.faults.always(StoreCall::Get, Fault::Miss);
        test.faults.always(StoreCall::Head, Fault::Miss);
        assert_withdraws(test);
    });
}

#[test]
fn a_tombstone_is_kept_as_long_as_the_policy_says() {
    let policy = Policy { tombstone_ttl: 7, ..Policy::default() };
    for_both_with(policy, |test| {
        live(BEFORE).seed(test);
        writes(test, calls(0, 1), Ok(()), withdraw);
        assert_eq!(row(test).expires_at, Some(NOW + 7));
    });
}

#[test]
fn a_refused_withdrawal_is_named_so_that_it_can_be_made_later() {
    for (error, expected) in
        [(KvError::Throttled, Failure::Throttled), (KvError::Unavailable, UNAVAILABLE)]
    {
        for_both(|test| {
            live(BEFORE).seed(test);
            test.faults.next(StoreCall::Put, Fault::Fail(error));
            leaves(test, calls(0, 1), Err(expected.clone()), withdraw);
            assert_withdraws(test);
        });
    }
}

/// No store that keeps its contract refuses a write that asks for nothing.
#[test]
fn a_refusal_that_must_not_be_is_a_conflict_and_after_silence_sent_again() {
    for_both(|test| {
        live(BEFORE).seed(test);
        test.faults.next(StoreCall::Put, Fault::Conflict(None));
        leaves(test, calls(0, 1), Err(Failure::Conflict), withdraw);
        test.faults.next(StoreCall::Put, Fault::Fail(KvError::UnknownOutcome));
        test.faults.next(StoreCall::Put, Fault::Conflict(None));
        answers(test, calls(0, 3), Ok(()), withdraw);
        assert_eq!(body(test), tombstone_body(NOW));
    });
}

/// Sending it again is safe, and a read could show an older withdrawal of the same second.
#[test]
fn a_withdrawal_without_an_answer_is_sent_again_without_reading() {
    for lost in [Fault::Fail(KvError::UnknownOutcome), Fault::LoseAnswer] {
        for_both(|test| {
            live(BEFORE).uid(PARTNER, "u", 5).seed(test);
            test.faults.next(StoreCall::Put, lost.clone());
            let written = writes(test, calls(0, 2), Ok(()), withdraw);
            assert_eq!(written, tombstone_body(NOW));
        });
    }
}

#[test]
fn a_withdrawal_is_sent_as_often_as_the_policy_says_and_then_unavailable() {
    for tries in [1, 2, 3, 10] {
        for_both_with(attempts(tries), |test| {
            live(BEFORE).uid(PARTNER, "u", 5).seed(test);
            for _ in 0..tries {
                test.faults.next(StoreCall::Put, Fault::Fail(KvError::UnknownOutcome));
            }
            leaves(test, calls(0, u64::from(tries)), Err(UNAVAILABLE), withdraw);
            assert_withdraws(test);
        });
    }
}

/// After a write without an answer no refusal may claim that nothing was written.
#[test]
fn a_withdrawal_in_doubt_goes_on_past_other_failures() {
    for error in [KvError::Throttled, KvError::Unavailable, KvError::Invalid] {
        for_both(|test| {
            live(BEFORE).uid(PARTNER, "u", 5).seed(test);
            test.faults.next(StoreCall::Put, Fault::Fail(KvError::UnknownOutcome));
            test.faults.next(StoreCall::Put, Fault::Fail(error));
            let written = writes(test, calls(0, 3), Ok(()), withdraw);
            assert_eq!(written, tombstone_body(NOW));
            live(BEFORE).seed(test);
            test.faults.next(StoreCall::Put, Fault::Fail(KvError::UnknownOutcome));
            test.faults.next(StoreCall::Put, Fault::Fail(error));
            test.faults.next(StoreCall::Put, Fault::Fail(error));
            leaves(test, calls(0, 3), Err(UNAVAILABLE), withdraw);
        });
    }
}

#[test]
fn nothing_but_new_consent_brings_ids_back() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "old", 5).clustered(3, NOW).seed(test);
        let mut snapshot = test.graph.get(EC, NOW).unwrap().unwrap();
        writes(test, calls(0, 1), Ok(()), withdraw);
        let withdrawn = || UpsertOutcome::Withdrawn;
        for missing in [Skip, CreateMinimal] {
            leaves(test, calls(1, 0), Ok(withdrawn()), |t| upsert(t, missing));
        }
        leaves(test, calls(1, 0), Ok(TouchOutcome::Withdrawn), |t| {
            t.graph.update_last_seen(EC, NOW + 400)
        });
        leaves(test, calls(1, 0), Ok(None), |t| t.graph.evaluate_cluster(EC, NOW + 2 * DAY));
        leaves(test, get_many(1), Ok(vec![Ok(withdrawn())]), |t| {
            t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "new", NOW + 9)], NOW + 9)
        });
        leaves(test, calls(1, 1), Ok(vec![withdrawn()]), |_| {
            snapshot.upsert_partner_ids(vec![uid(PARTNER, "new", NOW + 9)], NOW + 9)
        });
        leaves(test, calls(0, 1), Err(Failure::AlreadyExists), |t| {
            done(t.graph.create(EC, NewEntry::at(NOW + 9)))
        });
        leaves(test, calls(1, 1), Ok(CreateOutcome::Withdrawn), |t| {
            done(t.graph.create_or_revive(EC, NewEntry::at(NOW)))
        });
        let written = writes(test, calls(1, 2), Ok(CreateOutcome::Revived), |t| {
            done(t.graph.create_or_revive(EC, NewEntry::at(NOW + 1)))
        });
        assert_eq!(written.get("ids"), None);
    });
}

#[test]
fn a_sync_after_the_tombstone_is_over_does_not_make_the_row_again() {
    for_both(|test| {
        live(BEFORE).seed(test);
        writes(test, calls(0, 1), Ok(()), withdraw);
        let later = test.at(NOW + DAY);
        assert!(test.store.is_empty());
        leaves(test, get_many(1), Ok(vec![Ok(UpsertOutcome::NotFound)]), |t| {
            t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "u", later)], later)
        });
        leaves(test, calls(1, 0), Ok(UpsertOutcome::NotFound), |t| {
            t.graph.upsert_partner_id(EC, uid(PARTNER, "u", later), Skip, later)
        });
    });
}

#[test]
fn consent_after_the_tombstone_is_over_makes_a_new_row() {
    for_both(|test| {
        writes(test, calls(0, 1), Ok(()), withdraw);
        let later = test.at(NOW + DAY);
        writes(test, calls(0, 1), Ok(CreateOutcome::Created), |t| {
            done(t.graph.create_or_revive(EC, NewEntry::at(later)))
        });
    });
}
