//! A store that fails, refuses, lags or says too little.

use identity_graph::GraphError;
use trusted_server_example::types::{BatchLine, EcError, IdOutcome};

use crate::old_worker;
use crate::support::{LISTED, NOW, OCHRE, TestKv, UMBER, ec_id, id, root, uid};

/// Words that do not tell whether the write was applied.
const SILENT: &str = "edge 7 went away";

#[test]
fn what_the_store_said_reaches_the_caller() {
    let reads = TestKv::default().lookups_fail(SILENT);
    let writes = TestKv::with(LISTED).inserts_fail(SILENT);
    for kv in [reads, writes] {
        let error = kv.at(NOW).upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap_err();
        assert!(matches!(error, EcError::Store(_)));
        assert_eq!(root(&error), "edge 7 went away");
        assert!(!error.to_string().contains("edge 7"), "it may quote a key");
    }
}

#[test]
fn a_failing_store_costs_at_most_two_reads_and_two_writes() {
    let kv = TestKv::with(LISTED).inserts_fail(SILENT);
    let graph = kv.at(NOW);
    graph.upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap_err();
    assert_eq!(kv.calls(), (2, 2, 0));
    graph.update_last_seen(&ec_id()).unwrap_err();
    assert_eq!(kv.calls(), (2, 2, 0));
    graph.withdraw_known(&ec_id()).unwrap_err();
    assert_eq!(kv.calls(), (2, 2, 0));
    let line = BatchLine { ec_id: ec_id(), uid: "oc-1".to_owned() };
    assert!(graph.batch_sync(OCHRE, vec![line]).unwrap()[0].is_err());
    assert_eq!(kv.calls(), (2, 2, 0));
}

#[test]
fn a_blind_withdrawal_is_sent_until_its_tries_are_used_up() {
    let kv = TestKv::with(LISTED).inserts_fail(SILENT);
    let error = kv.at(NOW).write_withdrawal_tombstone(&ec_id()).unwrap_err();
    assert_eq!(root(&error), "edge 7 went away");
    assert_eq!(kv.calls(), (0, 5, 0));
}

#[test]
fn a_refusal_for_the_rate_costs_one_write_where_the_store_says_so() {
    let kv = TestKv::with(LISTED).inserts_fail("Too Many Requests");
    let error = kv.at(NOW).upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap_err();
    assert!(matches!(error, EcError::Busy(GraphError::Throttled { .. })));
    assert_eq!(kv.calls(), (1, 1, 0));
    kv.at(NOW).write_withdrawal_tombstone(&ec_id()).unwrap_err();
    assert_eq!(kv.calls(), (0, 1, 0));
}

#[test]
fn a_store_that_calls_a_miss_an_error_has_no_entry() {
    let kv = TestKv::default().lookups_fail("item not found");
    let outcome = kv.at(NOW).upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap();
    assert_eq!(outcome, IdOutcome::NoEntry);
}

#[test]
fn a_row_that_is_gone_matches_no_generation() {
    let kv = TestKv::with(LISTED).inserts_fail("item not found");
    let error = kv.at(NOW).upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap_err();
    assert!(matches!(error, EcError::Busy(GraphError::Conflict)));
}

#[test]
fn a_refusal_of_an_insert_that_requires_nothing_tells_nothing() {
    let kv = TestKv::with(LISTED).inserts_fail("precondition failed");
    let error = kv.at(NOW).write_withdrawal_tombstone(&ec_id()).unwrap_err();
    assert!(matches!(error, EcError::Store(_)));
    assert_eq!(kv.calls(), (0, 5, 0));
}

#[test]
fn a_conflict_whose_generation_did_not_move_ends_at_once() {
    let kv = TestKv::with(LISTED).inserts_fail("precondition failed");
    let error = kv.at(NOW).upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap_err();
    assert!(matches!(error, EcError::Busy(GraphError::Conflict)));
    assert_eq!(kv.calls(), (2, 1, 0));
}

#[test]
fn a_lost_race_is_tried_again_on_what_won() {
    let mut races = 2;
    let kv = TestKv::with(LISTED).meddle(|rows| {
        if races > 0 {
            old_worker::upsert(rows, &ec_id(), UMBER, &format!("um-race-{races}")).unwrap();
            races -= 1;
        }
    });
    let outcome = kv.at(NOW).upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap();
    assert_eq!(outcome, IdOutcome::Stored);
    assert_eq!(kv.calls(), (3, 3, 0));
    assert_eq!(uid(&kv, NOW, UMBER).as_deref(), Some("um-race-1"));
    assert_eq!(uid(&kv, NOW, OCHRE).as_deref(), Some("oc-1"));
}

#[test]
fn a_malformed_line_never_aborts_a_batch() {
    let kv = TestKv::with(LISTED);
    let line = |ec_id: &str, uid: &str| BatchLine { ec_id: ec_id.to_owned(), uid: uid.to_owned() };
    let missing = "c0".repeat(32);
    let lines = vec![
        line("no ID at all", "oc-1"),
        line(&missing, "oc-2"),
        line(&missing, "undefined"),
        line(&ec_id(), "oc-4"),
    ];
    let fates = kv.at(NOW).batch_sync(OCHRE, lines).unwrap();
    assert!(matches!(
        fates[..],
        [
            Err(EcError::BadRequest(_)),
            Ok(IdOutcome::NoEntry),
            Ok(IdOutcome::Malformed(_)),
            Ok(IdOutcome::Stored),
        ]
    ));
    let accepted = fates.iter().filter(|fate| fate.as_ref().is_ok_and(IdOutcome::is_accepted));
    assert_eq!(accepted.count(), 1);
}

#[test]
fn of_two_lines_for_one_id_the_last_counts_and_both_are_accepted() {
    let kv = TestKv::with(LISTED);
    let line = |uid: &str| BatchLine { ec_id: ec_id(), uid: uid.to_owned() };
    let fates = kv.at(NOW).batch_sync(OCHRE, vec![line("oc-1"), line("oc-2")]).unwrap();
    assert!(matches!(fates[..], [Ok(IdOutcome::Superfluous), Ok(IdOutcome::Stored)]));
    assert!(fates.iter().flatten().all(IdOutcome::is_accepted));
    assert_eq!(uid(&kv, NOW, OCHRE).as_deref(), Some("oc-2"));
}
