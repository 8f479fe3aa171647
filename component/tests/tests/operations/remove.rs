//! `remove_partner_ids`, removals in a batch, and what they hold against.

use host_test::{Fault, StoreCall, TestGraph, for_both, for_both_with};
use identity_graph::{
    Failure, IfMissing,
    IfMissing::{CreateMinimal, Skip},
    KvError, Mapping, NewEntry, Policy,
    UpsertOutcome::{self, NotFound, Stale, Unchanged, Withdrawn, Written},
    VisitOutcome,
};
use serde_json::json;

use crate::support::*;

type Outcomes = Result<Vec<UpsertOutcome>, Failure>;

fn remove_at(now: u64, partners: &[&str]) -> impl FnOnce(&TestGraph) -> Outcomes {
    let partners: Vec<_> = partners.iter().map(|partner| (*partner).to_owned()).collect();
    move |test| test.graph.remove_partner_ids(EC, partners, now).map(bare_ids)
}

fn remove(test: &TestGraph) -> Outcomes {
    remove_at(NOW, &[PARTNER])(test)
}

fn upsert_at(
    synced: u64,
    missing: IfMissing,
) -> impl Fn(&TestGraph) -> Result<UpsertOutcome, Failure> {
    move |t| t.graph.upsert_partner_id(EC, uid(PARTNER, "back", synced), missing, NOW + 9)
}

#[test]
fn a_uid_goes_and_the_removal_is_remembered() {
    for_both(|test| {
        live(BEFORE)
            .uid("a.example", "a", 1)
            .uid(PARTNER, "u", 5)
            .uid("z.example", "z", 1)
            .seed(test);
        let written = writes(test, calls(1, 1), Ok(vec![Written]), remove);
        let kept = json!({
            "a.example": { "uid": "a", "synced": 1 }, "z.example": { "uid": "z", "synced": 1 }
        });
        assert_eq!(written["ids"], kept);
        assert_eq!(written["removed"], json!({ PARTNER: NOW }));
        assert_eq!(written["last_seen"], json!(BEFORE));
        assert_eq!(row(test).expires_at, Some(BEFORE + YEAR), "only a visit extends a lifetime");
        leaves(test, calls(1, 0), Ok(vec![Unchanged]), remove);
    });
}

#[test]
fn several_partners_are_one_write_with_an_outcome_each() {
    for_both(|test| {
        live(BEFORE)
            .uid("stays.example", "s", NOW)
            .uid("goes.example", "g", NOW - 1)
            .with("removed", json!({ "gone.example": NOW }))
            .seed(test);
        let partners = [
            "stays.example",
            "GOES.example",
            "not ok",
            "gone.example",
            "new.example",
            "goes.example",
        ];
        let outcomes = vec![Stale, Written, REFUSED, Unchanged, Written, Written];
        let written = writes(test, calls(1, 1), Ok(outcomes), remove_at(NOW, &partners));
        assert_eq!(written["ids"], json!({ "stays.example": { "uid": "s", "synced": NOW } }));
        let removed = json!({ "gone.example": NOW, "goes.example": NOW, "new.example": NOW });
        assert_eq!(written["removed"], removed);
    });
}

#[test]
fn a_uid_asserted_at_the_same_time_or_later_stays() {
    for synced in [NOW, NOW + 1, NOW + 300] {
        for_both(|test| {
            live(BEFORE).uid(PARTNER, "u", synced).seed(test);
            leaves(test, calls(1, 0), Ok(vec![Stale]), remove);
        });
    }
    // One that cannot have been asserted then is no reason to keep it.
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "u", NOW * 1_000).seed(test);
        let written = writes(test, calls(1, 1), Ok(vec![Written]), remove);
        assert_eq!(written["ids"], json!({}));
    });
}

#[test]
fn an_assertion_from_before_a_removal_does_not_bring_the_uid_back() {
    for_both(|test| {
        live(NOW).uid(PARTNER, "u", 5).seed(test);
        writes(test, calls(1, 1), Ok(vec![Written]), remove);
        for synced in [0, NOW - 1, NOW] {
            for missing in [Skip, CreateMinimal] {
                leaves(test, calls(1, 0), Ok(Stale), upsert_at(synced, missing));
            }
            leaves(test, get_many(1), Ok(vec![Ok(Stale)]), |t| {
                t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "back", synced)], NOW + 9)
            });
            let entry =
                NewEntry { ids: vec![uid(PARTNER, "back", synced)], ..NewEntry::at(NOW + 9) };
            leaves(test, calls(1, 0), Ok(vec![Stale]), |t| Ok(t.graph.visit(EC, entry)?.ids));
        }
        let written = writes(test, calls(1, 1), Ok(Written), upsert_at(NOW + 1, Skip));
        assert_eq!(written["ids"][PARTNER], json!({ "uid": "back", "synced": NOW + 1 }));
        assert_eq!(written["removed"], json!({}), "a newer UID makes the removal void");
    });
}

#[test]
fn a_partner_that_was_never_there_can_be_kept_out() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let written = writes(test, calls(1, 1), Ok(vec![Written]), remove);
        assert_eq!(written["removed"], json!({ PARTNER: NOW }));
        leaves(test, calls(1, 0), Ok(Stale), upsert_at(NOW, Skip));
    });
}

#[test]
fn a_later_removal_moves_the_time_on_and_an_earlier_one_does_not() {
    for_both(|test| {
        live(BEFORE).with("removed", json!({ PARTNER: NOW - 5 })).seed(test);
        let written = writes(test, calls(1, 1), Ok(vec![Written]), remove);
        assert_eq!(written["removed"], json!({ PARTNER: NOW }));
        leaves(test, calls(1, 0), Ok(vec![Unchanged]), remove_at(NOW - 5, &[PARTNER]));
    });
}

#[test]
fn as_many_removals_are_remembered_as_the_row_may_have_partners() {
    for_both_with(Policy { max_partners: 3, ..Policy::default() }, |test| {
        let removed = json!({ "b.example": NOW - 9, "a.example": NOW - 10, "c.example": NOW - 8 });
        live(BEFORE).with("removed", removed).seed(test);
        let written = writes(test, calls(1, 1), Ok(vec![Written]), remove);
        let expected = json!({ "b.example": NOW - 9, "c.example": NOW - 8, PARTNER: NOW });
        assert_eq!(written["removed"], expected, "the oldest is forgotten");
        let many: Vec<_> = (0..10).map(|n| format!("p{n}.example")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let outcomes = Ok(vec![Written; 10]);
        let written = writes(test, calls(1, 1), outcomes, remove_at(NOW, &many));
        assert_eq!(written["removed"].as_object().unwrap().len(), 3);
    });
}

#[test]
fn a_removal_time_ahead_of_the_clock_keeps_nothing_out_and_goes_first() {
    for ahead in [NOW + 301, NOW * 1_000, u64::MAX] {
        for_both_with(Policy { max_partners: 1, ..Policy::default() }, |test| {
            live(BEFORE).with("removed", json!({ PARTNER: ahead })).seed(test);
            writes(test, calls(1, 1), Ok(Written), |t| upsert(t, Skip));
            live(BEFORE).with("removed", json!({ "odd.example": ahead })).seed(test);
            let written = writes(test, calls(1, 1), Ok(vec![Written]), remove);
            assert_eq!(written["removed"], json!({ PARTNER: NOW }));
        });
    }
}

#[test]
fn where_there_is_no_live_entry_nothing_is_removed() {
    for_both(|test| {
        leaves(test, calls(1, 0), Ok(vec![NotFound]), remove);
        expired().seed(test);
        leaves(test, calls(1, 0), Ok(vec![NotFound]), remove);
        tombstone(BEFORE).seed(test);
        leaves(test, calls(1, 0), Ok(vec![Withdrawn]), remove);
        seed_corrupt(test);
        leaves(test, calls(1, 0), Err(CORRUPT), remove);
        leaves(test, NO_CALLS, Ok(vec![]), remove_at(NOW, &[]));
    });
}

#[test]
fn of_a_partner_in_upper_case_and_twice_every_place_goes() {
    for_both(|test| {
        let row = live(BEFORE).body();
        let end = row.len() - 1;
        let ids = format!(
            ",\"ids\":{{\"{}\":{{\"uid\":\"a\",\"synced\":1}}, \"k\" : {{\"uid\":\"k\",\"synced\":1}},\"{PARTNER}\":{{\"uid\":\"b\",\"synced\":2}}}}}}",
            PARTNER.to_uppercase()
        );
        test.store.seed(EC, row[..end].to_owned() + &ids, None);
        let written = writes(test, calls(1, 1), Ok(vec![Written]), remove);
        assert_eq!(written["ids"], json!({ "k": { "uid": "k", "synced": 1 } }));
    });
}

#[test]
fn what_is_no_uid_in_a_partners_place_is_not_dropped_by_a_removal() {
    for_both(|test| {
        live(BEFORE).with("ids", json!({ PARTNER: 7 })).seed(test);
        leaves(test, calls(1, 0), Ok(vec![REFUSED]), |test| remove(test).map(bare_ids));
    });
}

#[test]
fn in_a_batch_a_mapping_without_uid_removes() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "u", 5).seed_under(test, &ec_id(0));
        live(BEFORE).uid(PARTNER, "u", NOW).seed_under(test, &ec_id(1));
        live(BEFORE).uid(PARTNER, "u", 5).seed_under(test, &ec_id(2));
        tombstone(BEFORE).seed_under(test, &ec_id(3));
        let mappings = [
            Mapping::removal(ec_id(0), NOW - 1),
            Mapping::removal(ec_id(1), NOW - 1),
            mapping(&ec_id(2), "new", NOW - 1),
            Mapping::removal(ec_id(3), NOW - 1),
            Mapping::removal(ec_id(4), NOW - 1),
            Mapping::removal(ec_id(2), NOW - 2),
            Mapping::removal("no id", NOW),
            Mapping::removal(ec_id(0), NOW * 1_000),
        ];
        let outcomes = vec![
            Ok(Written),
            Ok(Stale),
            Ok(Written),
            Ok(Withdrawn),
            Ok(NotFound),
            Ok(Stale),
            Err(INVALID),
            Ok(REFUSED),
        ];
        answers(test, sum(&[get_many(5), put_many(2)]), Ok(outcomes), |t| {
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
        });
        assert_eq!(body_of(test, &ec_id(0))["ids"], json!({}));
        assert_eq!(body_of(test, &ec_id(0))["removed"], json!({ PARTNER: NOW - 1 }));
        assert_eq!(body_of(test, &ec_id(2))["ids"][PARTNER]["uid"], json!("new"));
    });
}

#[test]
fn on_a_snapshot_it_takes_no_read() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "u", 5).seed(test);
        let mut snapshot = test.graph.get(EC, NOW).unwrap().unwrap();
        let _ = test.take_store_calls();
        let mut remove = || snapshot.remove_partner_ids(vec![PARTNER.into()], NOW);
        writes(test, calls(0, 1), Ok(vec![Written]), |_| remove());
        leaves(test, calls(1, 0), Ok(vec![Unchanged]), |_| remove());
    });
}

#[test]
fn a_removal_that_is_refused_is_named_and_one_in_doubt_is_made_again() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "u", 5).seed(test);
        test.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
        leaves(test, calls(1, 1), Err(Failure::Throttled), remove);
        test.faults.next(StoreCall::Put, Fault::Fail(KvError::UnknownOutcome));
        let written = writes(test, calls(2, 2), Ok(vec![Written]), remove);
        assert_eq!(written["removed"], json!({ PARTNER: NOW }));
    });
}

#[test]
fn a_withdrawal_forgets_removals_and_what_was_said_before_it_stays_out_all_the_same() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "u", 5).seed(test);
        writes(test, calls(1, 1), Ok(vec![Written]), remove);
        test.graph.write_withdrawal_tombstone(EC, NOW + 1).unwrap();
        let visit = NewEntry::at(NOW + 2);
        assert_eq!(done(test.graph.visit(EC, visit)), Ok(VisitOutcome::Revived));
        let _ = test.take_store_calls();
        leaves(test, calls(1, 0), Ok(Stale), upsert_at(NOW + 1, Skip));
        let unchanged = Ok(vec![Unchanged]);
        leaves(test, calls(1, 0), unchanged, remove_at(NOW + 1, &[PARTNER]));
        writes(test, calls(1, 1), Ok(Written), upsert_at(NOW + 2, Skip));
    });
}
