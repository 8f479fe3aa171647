//! `write_withdrawal_tombstone`, and what a tombstone holds against.

use host_test::{Failure, Fault, OpKind, World, for_both, for_both_with};
use identity_graph::{
    CreateOutcome,
    IfMissing::{CreateMinimal, Skip},
    KvError, NewEntry, Policy, TouchOutcome, UpsertOutcome,
};
use serde_json::json;

use crate::support::*;

fn withdraw(world: &World) -> Result<(), Failure> {
    world.graph.write_withdrawal_tombstone(EC, NOW)
}

fn assert_withdraws(world: &World) {
    assert_eq!(writes(world, ops(0, 1), Ok(()), withdraw), tombstone_body(NOW));
    let row = row(world);
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
        for_both(|world| {
            seed.seed(world);
            assert_withdraws(world);
        });
    }
}

#[test]
fn a_corrupt_row_is_withdrawn_as_any_other() {
    for_both(|world| {
        seed_corrupt(world);
        assert_withdraws(world);
    });
}

#[test]
fn a_store_whose_reads_miss_the_row_withdraws_it_all_the_same() {
    for_both(|world| {
        live(BEFORE).seed(world);
        world.faults.always(OpKind::Get, Fault::Miss);
        world.faults.always(OpKind::Head, Fault::Miss);
        assert_withdraws(world);
    });
}

#[test]
fn a_tombstone_is_kept_as_long_as_the_policy_says() {
    let policy = Policy { tombstone_ttl: 7, ..Policy::default() };
    for_both_with(policy, |world| {
        live(BEFORE).seed(world);
        writes(world, ops(0, 1), Ok(()), withdraw);
        assert_eq!(row(world).expires_at, Some(NOW + 7));
    });
}

#[test]
fn a_refused_withdrawal_is_named_so_that_it_can_be_made_later() {
    for (error, expected) in
        [(KvError::Throttled, Failure::Throttled), (KvError::Unavailable, UNAVAILABLE)]
    {
        for_both(|world| {
            live(BEFORE).seed(world);
            world.faults.next(OpKind::Put, Fault::Fail(error));
            leaves(world, ops(0, 1), Err(expected.clone()), withdraw);
            assert_withdraws(world);
        });
    }
}

/// No store that keeps its contract refuses a write that asks for nothing.
#[test]
fn a_refusal_that_must_not_be_is_a_conflict_and_after_silence_unavailable() {
    for_both(|world| {
        live(BEFORE).seed(world);
        world.faults.next(OpKind::Put, Fault::Conflict(None));
        leaves(world, ops(0, 1), Err(Failure::Conflict), withdraw);
        world.faults.next(OpKind::Put, Fault::Fail(KvError::UnknownOutcome));
        world.faults.next(OpKind::Put, Fault::Conflict(None));
        leaves(world, ops(1, 2), Err(UNAVAILABLE), withdraw);
        assert_withdraws(world);
    });
}

#[test]
fn nothing_but_new_consent_brings_ids_back() {
    for_both(|world| {
        live(BEFORE).uid(PARTNER, "old", 5).clustered(3, NOW).seed(world);
        let mut snapshot = world.graph.get(EC).unwrap().unwrap();
        writes(world, ops(0, 1), Ok(()), withdraw);
        let withdrawn = UpsertOutcome::Withdrawn;
        for missing in [Skip, CreateMinimal] {
            leaves(world, ops(1, 0), Ok(withdrawn), |w| upsert(w, missing));
        }
        leaves(world, ops(1, 0), Ok(TouchOutcome::Withdrawn), |w| {
            w.graph.update_last_seen(EC, NOW + 400)
        });
        leaves(world, ops(1, 0), Ok(None), |w| w.graph.evaluate_cluster(EC, NOW + 2 * DAY));
        leaves(world, get_many(1), Ok(vec![Ok(withdrawn)]), |w| {
            w.graph.sync_partner_ids(PARTNER, &[mapping(EC, "new", NOW + 9)], NOW + 9)
        });
        leaves(world, ops(1, 1), Ok(vec![withdrawn]), |_| {
            snapshot.upsert_partner_ids(vec![uid(PARTNER, "new", NOW + 9)], NOW + 9)
        });
        leaves(world, ops(0, 1), Err(Failure::AlreadyExists), |w| {
            w.graph.create(EC, NewEntry::at(NOW + 9))
        });
        leaves(world, ops(1, 1), Ok(CreateOutcome::Withdrawn), |w| {
            w.graph.create_or_revive(EC, NewEntry::at(NOW))
        });
        let written = writes(world, ops(1, 2), Ok(CreateOutcome::Revived), |w| {
            w.graph.create_or_revive(EC, NewEntry::at(NOW + 1))
        });
        assert_eq!(written.get("ids"), None);
    });
}

#[test]
fn a_sync_after_the_tombstone_is_over_does_not_make_the_row_again() {
    for_both(|world| {
        live(BEFORE).seed(world);
        writes(world, ops(0, 1), Ok(()), withdraw);
        let later = world.at(NOW + DAY);
        assert!(world.store.is_empty());
        leaves(world, get_many(1), Ok(vec![Ok(UpsertOutcome::NotFound)]), |w| {
            w.graph.sync_partner_ids(PARTNER, &[mapping(EC, "u", later)], later)
        });
        leaves(world, ops(1, 0), Ok(UpsertOutcome::NotFound), |w| {
            w.graph.upsert_partner_id(EC, uid(PARTNER, "u", later), Skip, later)
        });
    });
}

#[test]
fn consent_after_the_tombstone_is_over_makes_a_new_row() {
    for_both(|world| {
        writes(world, ops(0, 1), Ok(()), withdraw);
        let later = world.at(NOW + DAY);
        writes(world, ops(0, 1), Ok(CreateOutcome::Created), |w| {
            w.graph.create_or_revive(EC, NewEntry::at(later))
        });
    });
}
