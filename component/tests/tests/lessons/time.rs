//! What orders assertions, and how long rows are kept: A3, B11, G1 and G3.

use host_test::{OpKind, World, for_both};
use identity_graph::{
    CreateOutcome,
    IfMissing::Skip,
    NewEntry, TouchOutcome,
    UpsertOutcome::{Stale, Written},
};
use serde_json::json;

use crate::support::*;

/// A partner's batch replaces UID A by B; the browser still carries A and cannot write it back.
#[test]
fn a3_a_browser_does_not_write_back_what_its_partner_has_replaced() {
    for_both(|world| {
        live(BEFORE).uid(PARTNER, "a", BEFORE).seed(world);
        let sync = [mapping(EC, "b", NOW - 10)];
        answers(world, sum(&[get_many(1), put_many(1)]), Ok(vec![Ok(Written)]), |w| {
            w.graph.sync_partner_ids(PARTNER, &sync, NOW)
        });
        // The browser got A when the row was made.
        for _ in 0..2 {
            leaves(world, ops(1, 0), Ok(Stale), |w| {
                w.graph.upsert_partner_id(EC, uid(PARTNER, "a", BEFORE), Skip, NOW)
            });
        }
        assert_eq!(body(world)["ids"][PARTNER], json!({ "uid": "b", "synced": NOW - 10 }));
    });
}

/// A cluster counted right after the first visit is counted again, a day later.
#[test]
fn b11_a_cluster_counted_too_early_is_counted_again() {
    for_both(|world| {
        world.graph.create(EC, NewEntry::at(world.at(NOW))).unwrap();
        assert_eq!(world.graph.evaluate_cluster(EC, world.at(NOW)), Ok(Some(1)));
        for n in 0..3 {
            let neighbour = format!("{}.Nb000{n}", &EC[..64]);
            world.graph.create(&neighbour, NewEntry::at(NOW)).unwrap();
        }
        assert_eq!(world.graph.evaluate_cluster(EC, world.at(NOW + DAY - 1)), Ok(Some(1)));
        assert_eq!(world.graph.evaluate_cluster(EC, world.at(NOW + DAY)), Ok(Some(4)));
        assert_eq!(body(world)["network"]["cluster_size"], json!(4));
    });
}

fn expires_at(world: &World) -> Option<u64> {
    row(world).expires_at
}

/// A partner that alternates two UIDs does not keep a row alive.
#[test]
fn g1_partner_writes_do_not_keep_a_row_alive() {
    for_both(|world| {
        world.graph.create(EC, NewEntry::at(world.at(NOW))).unwrap();
        for month in 1..12 {
            let now = world.at(NOW + month * 30 * DAY);
            let id = uid(PARTNER, ["a", "b"][usize::from(month % 2 == 0)], now);
            let outcome = world.graph.upsert_partner_id(EC, id, Skip, now);
            assert_eq!(outcome, Ok(Written));
            assert_eq!(expires_at(world), Some(NOW + YEAR));
        }
        let _ = world.at(NOW + YEAR);
        assert!(world.store.is_empty());
    });
}

/// A rewrite keeps the remaining lifetime, whatever it met on its way; a visit starts a new one.
#[test]
fn g3_a_rewrite_keeps_the_remaining_lifetime() {
    for_both(|world| {
        let _ = world.at(NOW);
        let visit = visit_with("other.example", "x");
        assert_eq!(world.graph.create_or_revive(EC, visit), Ok(CreateOutcome::Created));
        let now = world.at(NOW + 100 * DAY);
        // A conflict in between: the second try goes by what it reads.
        let other = world.another_worker();
        world.faults.before(OpKind::Put, move || {
            let id = uid("third.example", "y", now);
            assert_eq!(other.upsert_partner_id(EC, id, Skip, now), Ok(Written));
        });
        let id = uid(PARTNER, "new", now);
        assert_eq!(world.graph.upsert_partner_id(EC, id, Skip, now), Ok(Written));
        assert_eq!(expires_at(world), Some(NOW + YEAR));
        assert_eq!(world.graph.update_last_seen(EC, now), Ok(TouchOutcome::Written));
        assert_eq!(expires_at(world), Some(now + YEAR));
    });
}
