//! Changes on a snapshot.

use host_test::{Failure, Fault, OpKind, Ops, SnapshotApi, World, for_both};
use identity_graph::{
    KvError,
    TouchOutcome::{self, Debounced},
    UpsertOutcome::{self, NotFound, Stale, Unchanged, Withdrawn, Written},
};
use serde_json::json;

use crate::support::*;

fn read(world: &World) -> Box<dyn SnapshotApi> {
    let snapshot = world.graph.get(EC).unwrap().expect("there is an entry");
    let _ = world.take_ops();
    snapshot
}

fn upsert_on(snapshot: &mut Box<dyn SnapshotApi>) -> Result<Vec<UpsertOutcome>, Failure> {
    snapshot.upsert_partner_ids(vec![uid(PARTNER, "new", NOW)], NOW)
}

#[test]
fn each_change_is_one_write_and_no_read() {
    for_both(|world| {
        live(BEFORE).uid(PARTNER, "old", 5).seed(world);
        let mut snapshot = read(world);
        let written = writes(world, ops(0, 1), Ok(vec![Written]), |_| upsert_on(&mut snapshot));
        assert_eq!(written["ids"][PARTNER], json!({ "uid": "new", "synced": NOW }));
        let mut snapshot = read(world);
        let touched = Ok(TouchOutcome::Written);
        let written = writes(world, ops(0, 1), touched, |_| snapshot.update_last_seen(NOW));
        assert_eq!(written["last_seen"], json!(NOW));
        let mut snapshot = read(world);
        let counted = Ops { counts: 1, puts: 1, ..NO_OPS };
        let written = writes(world, counted, Ok(Some(1)), |_| snapshot.evaluate_cluster(NOW));
        assert_eq!(written["network"], json!({ "cluster_size": 1, "cluster_checked": NOW }));
    });
}

#[test]
fn several_uids_are_one_write() {
    for_both(|world| {
        live(BEFORE).uid(PARTNER, "u", 5).seed(world);
        let mut snapshot = read(world);
        let ids = vec![uid("a.example", "a", 1), uid(PARTNER, "u", 9), uid("b.example", "b", 1)];
        let outcomes = Ok(vec![Written, Unchanged, Written]);
        writes(world, ops(0, 1), outcomes, |_| snapshot.upsert_partner_ids(ids, NOW));
    });
}

#[test]
fn what_changes_nothing_takes_no_store_call_however_often() {
    for_both(|world| {
        live(NOW).uid(PARTNER, "new", 5).uid("b.example", "b", NOW).clustered(42, NOW).seed(world);
        let mut snapshot = read(world);
        let ids = || vec![uid(PARTNER, "new", NOW), uid("b.example", "x", NOW)];
        for _ in 0..2 {
            leaves(world, NO_OPS, Ok(vec![Unchanged, Stale]), |_| {
                snapshot.upsert_partner_ids(ids(), NOW)
            });
            leaves(world, NO_OPS, Ok(Debounced), |_| snapshot.update_last_seen(NOW + 299));
            leaves(world, NO_OPS, Ok(TouchOutcome::Stale), |_| snapshot.update_last_seen(NOW - 1));
            leaves(world, NO_OPS, Ok(vec![]), |_| snapshot.upsert_partner_ids(vec![], NOW));
        }
    });
}

/// A stored size that stands is an answer without a write, which leaves the snapshot as good as new.
#[test]
fn a_size_that_stands_does_not_spend_the_snapshot() {
    for_both(|world| {
        live(BEFORE).clustered(42, NOW).seed(world);
        let mut snapshot = read(world);
        leaves(world, NO_OPS, Ok(Some(42)), |_| snapshot.evaluate_cluster(NOW));
        leaves(world, NO_OPS, Ok(Some(42)), |_| snapshot.evaluate_cluster(NOW));
        writes(world, ops(0, 1), Ok(vec![Written]), |_| upsert_on(&mut snapshot));
    });
}

#[test]
fn after_a_change_the_next_one_reads_first() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let mut snapshot = read(world);
        writes(world, ops(0, 1), Ok(vec![Written]), |_| upsert_on(&mut snapshot));
        leaves(world, ops(1, 0), Ok(vec![Unchanged]), |_| upsert_on(&mut snapshot));
        let touched = Ok(TouchOutcome::Written);
        writes(world, ops(1, 1), touched, |_| snapshot.update_last_seen(NOW));
        let counted = Ops { gets: 1, counts: 1, puts: 1, ..NO_OPS };
        writes(world, counted, Ok(Some(1)), |_| snapshot.evaluate_cluster(NOW));
        let ids = vec![uid("other.example", "x", NOW)];
        writes(world, ops(1, 1), Ok(vec![Written]), |_| snapshot.upsert_partner_ids(ids, NOW));
        assert_eq!(body(world)["ids"].as_object().unwrap().len(), 2);
    });
}

#[test]
fn after_a_visit_or_a_count_the_next_change_reads_first() {
    for_both(|world| {
        let changes: [fn(&mut dyn SnapshotApi); 2] = [
            |s| assert_eq!(s.update_last_seen(NOW), Ok(TouchOutcome::Written)),
            |s| assert_eq!(s.evaluate_cluster(NOW), Ok(Some(1))),
        ];
        for change in changes {
            live(BEFORE).seed(world);
            let mut snapshot = read(world);
            let _ = world.at(NOW);
            change(snapshot.as_mut());
            let _ = world.take_ops();
            writes(world, ops(1, 1), Ok(vec![Written]), |_| upsert_on(&mut snapshot));
        }
    });
}

#[test]
fn it_goes_on_showing_what_was_read() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let generation = row(world).generation;
        let mut snapshot = read(world);
        let entry = snapshot.entry();
        upsert_on(&mut snapshot).unwrap();
        assert_eq!(snapshot.entry(), entry);
        assert_eq!(snapshot.generation(), generation);
        assert_ne!(row(world).generation, generation);
    });
}

#[test]
fn a_withdrawal_meanwhile_refuses_every_change() {
    for_both(|world| {
        for change in [
            |w: &World, s: &mut Box<dyn SnapshotApi>| {
                answers(w, ops(1, 1), Ok(vec![Withdrawn]), |_| upsert_on(s));
            },
            |w: &World, s: &mut Box<dyn SnapshotApi>| {
                answers(w, ops(0, 1), Err(Failure::Conflict), |_| s.update_last_seen(NOW));
            },
            |w: &World, s: &mut Box<dyn SnapshotApi>| {
                let counted = Ops { gets: 1, counts: 1, puts: 1, ..NO_OPS };
                answers(w, counted, Ok(None), |_| s.evaluate_cluster(NOW));
            },
        ] {
            live(BEFORE).seed(world);
            let mut snapshot = read(world);
            tombstone(NOW).seed(world);
            let kept = row(world);
            change(world, &mut snapshot);
            assert_eq!(row(world), kept);
        }
    });
}

/// What the refused change read is newer than the snapshot, whatever it answered.
#[test]
fn after_a_lost_race_the_next_change_reads_first() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let mut snapshot = read(world);
        tombstone(NOW).seed(world);
        answers(world, ops(1, 1), Ok(vec![Withdrawn]), |_| upsert_on(&mut snapshot));
        let touched = Ok(TouchOutcome::Withdrawn);
        leaves(world, ops(1, 0), touched, |_| snapshot.update_last_seen(NOW));
    });
}

#[test]
fn a_row_that_is_gone_is_not_made_anew() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let mut snapshot = read(world);
        world.store.remove(EC);
        leaves(world, ops(2, 1), Err(Failure::Conflict), |_| upsert_on(&mut snapshot));
        leaves(world, ops(1, 0), Ok(vec![NotFound]), |_| upsert_on(&mut snapshot));
        leaves(world, ops(1, 0), Ok(TouchOutcome::NotFound), |_| snapshot.update_last_seen(NOW));
        leaves(world, ops(1, 0), Ok(None), |_| snapshot.evaluate_cluster(NOW));
    });
}

#[test]
fn another_change_meanwhile_is_kept() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let mut snapshot = read(world);
        live(BEFORE).uid("other.example", "x", 1).seed(world);
        let written = writes(world, ops(1, 2), Ok(vec![Written]), |_| upsert_on(&mut snapshot));
        assert_eq!(written["ids"].as_object().unwrap().len(), 2);
    });
}

#[test]
fn of_a_tombstone_it_changes_nothing_and_calls_nothing() {
    for_both(|world| {
        for at in [BEFORE, NOW - 2 * DAY] {
            tombstone(at).seed(world);
            let mut snapshot = read(world);
            leaves(world, NO_OPS, Ok(vec![Withdrawn]), |_| upsert_on(&mut snapshot));
            let touched = Ok(TouchOutcome::Withdrawn);
            leaves(world, NO_OPS, touched, |_| snapshot.update_last_seen(NOW));
            leaves(world, NO_OPS, Ok(None), |_| snapshot.evaluate_cluster(NOW));
        }
    });
}

#[test]
fn of_a_row_past_its_lifetime_it_changes_nothing_and_calls_nothing() {
    for_both(|world| {
        expired().seed(world);
        let mut snapshot = read(world);
        leaves(world, NO_OPS, Ok(vec![NotFound]), |_| upsert_on(&mut snapshot));
        leaves(world, NO_OPS, Ok(TouchOutcome::NotFound), |_| snapshot.update_last_seen(NOW));
        leaves(world, NO_OPS, Ok(None), |_| snapshot.evaluate_cluster(NOW));
    });
}

#[test]
fn after_an_error_it_reads_before_it_writes() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let mut snapshot = read(world);
        world.faults.next(OpKind::Put, Fault::LoseAnswer);
        world.faults.next(OpKind::Get, Fault::Fail(KvError::Unavailable));
        answers(world, ops(1, 1), Err(UNAVAILABLE), |_| upsert_on(&mut snapshot));
        leaves(world, ops(1, 0), Ok(vec![Unchanged]), |_| upsert_on(&mut snapshot));
    });
}
