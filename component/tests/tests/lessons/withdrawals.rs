//! Withdrawals that must stay, and consents that must come through: B8, E1, E3, E4 and F4.

use host_test::{Fault, StoreCall, for_both};
use identity_graph::{CreateOutcome, IfMissing::Skip, NewEntry, UpsertOutcome};

use crate::support::*;

/// Reads that miss the row do not keep a withdrawal from its tombstone.
#[test]
fn b8_a_withdrawal_does_not_look_first() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "old", BEFORE).seed(test);
        test.faults.always(StoreCall::Get, Fault::Miss);
        test.faults.always(StoreCall::Head, Fault::Miss);
        let body =
            writes(test, calls(0, 1), Ok(()), |t| t.graph.write_withdrawal_tombstone(EC, NOW));
        assert_eq!(body, tombstone_body(NOW));
    });
}

/// After the tombstone's lifetime a sync finds nothing, and makes nothing.
#[test]
fn e1_a_sync_after_the_tombstone_is_over_makes_no_row() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let _ = test.at(NOW);
        test.graph.write_withdrawal_tombstone(EC, NOW).unwrap();
        let now = test.at(NOW + DAY);
        let outcome = test.graph.upsert_partner_id(EC, uid(PARTNER, "new", now), Skip, now);
        assert_eq!(outcome, Ok(UpsertOutcome::NotFound));
        let sync = [mapping(EC, "new", now)];
        let outcomes = test.graph.sync_partner_ids(PARTNER, &sync, now);
        assert_eq!(outcomes, Ok(vec![Ok(UpsertOutcome::NotFound)]));
        assert!(test.store.is_empty());
    });
}

/// A request with an old consent is refused by the row, and a withdrawal lands before it reads: the
/// tombstone is newer than its consent and stays.
#[test]
fn e3_an_old_consent_does_not_undo_a_withdrawal_that_overtakes_it() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let other = test.another_worker();
        test.faults.before(StoreCall::Get, move || {
            other.write_withdrawal_tombstone(EC, NOW).unwrap();
        });
        answers(test, calls(1, 1), Ok(CreateOutcome::Withdrawn), |t| {
            done(t.graph.create_or_revive(EC, NewEntry::at(NOW - 5)))
        });
        assert_eq!(body(test), tombstone_body(NOW));
    });
}

/// A consent given after a withdrawal has its row, while the tombstone is still there.
#[test]
fn e4_a_new_consent_replaces_the_tombstone() {
    for_both(|test| {
        tombstone(NOW - 1).seed(test);
        let body = writes(test, calls(1, 2), Ok(CreateOutcome::Revived), |t| {
            done(t.graph.create_or_revive(EC, visit_with(PARTNER, "new")))
        });
        assert_eq!(body["ids"][PARTNER]["uid"], "new");
    });
}

/// A row that cannot be read is withdrawn all the same.
#[test]
fn f4_a_corrupt_row_is_withdrawn() {
    for_both(|test| {
        seed_corrupt(test);
        let body =
            writes(test, calls(0, 1), Ok(()), |t| t.graph.write_withdrawal_tombstone(EC, NOW));
        assert_eq!(body, tombstone_body(NOW));
    });
}
