//! The end of consent.

use trusted_server_example::kv::Kv as _;
use trusted_server_example::types::{EcVisit, IdOutcome, Seen, VisitedOutcome, Withdrawal};

use crate::support::{LISTED, NOW, TestKv, UMBER, ec_id, entry, id};

#[test]
fn a_forged_cookie_makes_no_row() {
    let kv = TestKv::default();
    assert_eq!(kv.at(NOW).withdraw_known(&ec_id()).unwrap(), Withdrawal::NoEntry);
    assert_eq!(kv.calls(), (1, 0, 0));
    assert!(kv.rows.list("", 1).unwrap().is_empty());
    // The blind one does: it is for what the visitor says.
    kv.at(NOW).write_withdrawal_tombstone(&ec_id()).unwrap();
    assert_eq!(kv.calls(), (0, 1, 0));
    assert!(!entry(&kv, NOW).consent.granted);
}

#[test]
fn a_second_signal_of_the_same_second_writes_nothing() {
    let kv = TestKv::with(LISTED);
    assert_eq!(kv.at(NOW).withdraw_known(&ec_id()).unwrap(), Withdrawal::Stored);
    assert_eq!(kv.calls(), (1, 1, 0));
    assert_eq!(kv.at(NOW).withdraw_known(&ec_id()).unwrap(), Withdrawal::Before);
    assert_eq!(kv.calls(), (1, 0, 0));
}

#[test]
fn within_one_second_the_withdrawal_wins() {
    let kv = TestKv::with(LISTED);
    kv.at(NOW).write_withdrawal_tombstone(&ec_id()).unwrap();
    let again = |now| kv.at(now).create_or_revive(&ec_id(), EcVisit::default()).unwrap().outcome;
    assert_eq!(again(NOW), VisitedOutcome::Withdrawn);
    assert_eq!(again(NOW + 1), VisitedOutcome::Revived);
    assert!(entry(&kv, NOW + 1).consent.granted);
    assert!(entry(&kv, NOW + 1).partner_ids.is_empty());
}

#[test]
fn after_it_nothing_of_a_partner_is_stored() {
    let kv = TestKv::with(LISTED);
    kv.at(NOW).write_withdrawal_tombstone(&ec_id()).unwrap();
    let graph = kv.at(NOW + 60);
    let outcome = graph.upsert_partner_id(&ec_id(), id(UMBER, "um-2")).unwrap();
    assert_eq!(outcome, IdOutcome::Withdrawn);
    assert_eq!(graph.update_last_seen(&ec_id()).unwrap(), Seen::Withdrawn);
    assert!(!graph.get_metadata(&ec_id()).unwrap().unwrap().granted);
}
