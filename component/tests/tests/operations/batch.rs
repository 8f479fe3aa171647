//! `sync_partner_ids`.

use host_test::{TestGraph, for_both};
use identity_graph::{
    Failure, Mapping, Policy,
    UpsertOutcome::{self, Full, NotFound, Stale, Unchanged, Withdrawn, Written},
};
use serde_json::{Value, json};

use crate::support::*;

type Outcomes = Vec<Result<UpsertOutcome, Failure>>;

fn sync(test: &TestGraph, mappings: &[Mapping]) -> Result<Outcomes, Failure> {
    test.graph.sync_partner_ids(PARTNER, mappings, NOW).map(each_bare)
}

fn uid_of(test: &TestGraph, key: &str) -> Value {
    body_of(test, key)["ids"][PARTNER].clone()
}

#[test]
fn every_mapping_hears_its_own_outcome_in_order() {
    for_both(|test| {
        let stored = live(BEFORE).uid(PARTNER, "stored", NOW - 5);
        for (n, seed) in [
            (0, live(BEFORE)),
            (1, stored.clone()),
            (2, stored.clone()),
            (3, stored.clone()),
            (4, live(BEFORE).uid_without_time(PARTNER, "stored")),
            (5, tombstone(BEFORE)),
            (6, tombstone(NOW - 2 * DAY)),
            (8, expired()),
            (10, live(BEFORE).with("padding", json!("x".repeat(64 * 1024)))),
        ] {
            seed.seed_under(test, &ec_id(n));
        }
        test.store.seed(&ec_id(9), "no entry", None);
        let expected = [
            (mapping(&ec_id(3), "other", NOW - 5), Ok(Stale)),
            (mapping(&ec_id(10), "other", NOW), Ok(Full)),
            (mapping(&ec_id(0), "first", NOW - 9), Ok(Written)),
            (mapping("no id", "u", NOW), Err(INVALID)),
            (mapping(&ec_id(6), "u", NOW), Ok(Withdrawn)),
            (mapping(&ec_id(9), "u", NOW), Err(CORRUPT)),
            (mapping(&ec_id(8), "u", NOW), Ok(NotFound)),
            (mapping(&ec_id(2), "other", NOW - 4), Ok(Written)),
            (mapping(&ec_id(0), " ", NOW), Ok(REFUSED)),
            (mapping(&ec_id(7), "u", NOW), Ok(NotFound)),
            (mapping(&ec_id(4), "other", 1), Ok(Written)),
            (mapping(&ec_id(1), "stored", NOW), Ok(Unchanged)),
            (mapping(&ec_id(5), "u", NOW), Ok(Withdrawn)),
        ];
        let before = contents(test);
        let (mappings, outcomes): (Vec<_>, Vec<_>) = expected.into_iter().unzip();
        let calls = sum(&[get_many(11), put_many(3)]);
        answers(test, calls, Ok(outcomes), |t| sync(t, &mappings));

        assert_eq!(uid_of(test, &ec_id(0)), json!({ "uid": "first", "synced": NOW - 9 }));
        assert_eq!(uid_of(test, &ec_id(2)), json!({ "uid": "other", "synced": NOW - 4 }));
        assert_eq!(uid_of(test, &ec_id(4)), json!({ "uid": "other", "synced": 1 }));
        let written = [0, 2, 4].map(ec_id);
        let others = |rows: Vec<(String, _)>| {
            rows.into_iter().filter(|(key, _)| !written.contains(key)).collect::<Vec<_>>()
        };
        assert_eq!(others(contents(test)), others(before));
    });
}

#[test]
fn an_empty_batch_and_one_of_invalid_mappings_make_no_store_call() {
    for_both(|test| {
        live(BEFORE).seed(test);
        leaves(test, NO_CALLS, Ok(vec![]), |t| sync(t, &[]));
        let invalid = [mapping("x", "u", 1), mapping(EC, "", 1), mapping(EC, "\n", 1)];
        let outcomes = vec![Err(INVALID), Ok(REFUSED), Ok(REFUSED)];
        leaves(test, NO_CALLS, Ok(outcomes), |t| sync(t, &invalid));
    });
}

#[test]
fn a_batch_that_changes_nothing_is_one_batch_of_reads() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "u", NOW - DAY).seed(test);
        let mappings = [mapping(EC, "u", NOW), mapping(&ec_id(1), "u", NOW)];
        leaves(test, get_many(2), Ok(vec![Ok(Unchanged), Ok(NotFound)]), |t| sync(t, &mappings));
    });
}

#[test]
fn of_mappings_for_one_id_the_newest_counts_in_one_write() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let (hash, suffix) = EC.split_at(64);
        let mappings = [
            mapping(EC, "older", NOW - 2),
            mapping(&(hash.to_uppercase() + suffix), "newest", NOW),
            mapping(EC, "equal but later in the batch", NOW),
            mapping(EC, "newest", 3),
            mapping(EC, "", NOW + 1),
        ];
        let outcomes = vec![Ok(Stale), Ok(Written), Ok(Stale), Ok(Written), Ok(REFUSED)];
        let calls = sum(&[get_many(1), put_many(1)]);
        answers(test, calls, Ok(outcomes), |t| sync(t, &mappings));
        assert_eq!(uid_of(test, EC), json!({ "uid": "newest", "synced": NOW }));
    });
}

#[test]
fn mappings_for_one_id_share_the_fate_of_its_row() {
    let mappings = [mapping(EC, "a", 1), mapping(EC, "b", 2)];
    for_both(|test| {
        leaves(test, get_many(1), Ok(vec![Ok(NotFound); 2]), |t| sync(t, &mappings));
        tombstone(BEFORE).seed(test);
        leaves(test, get_many(1), Ok(vec![Ok(Withdrawn); 2]), |t| sync(t, &mappings));
        live(BEFORE).uid(PARTNER, "stored", 9).seed(test);
        leaves(test, get_many(1), Ok(vec![Ok(Stale); 2]), |t| sync(t, &mappings));
        seed_corrupt(test);
        leaves(test, get_many(1), Ok(vec![Err(CORRUPT); 2]), |t| sync(t, &mappings));
    });
}

#[test]
fn a_row_without_a_suffix_is_another_than_one_with_it() {
    for_both(|test| {
        live(BEFORE).seed(test);
        live(BEFORE).seed_under(test, &EC[..64]);
        let mappings = [mapping(EC, "a", 1), mapping(&EC[..64], "b", 1)];
        let calls = sum(&[get_many(2), put_many(2)]);
        answers(test, calls, Ok(vec![Ok(Written); 2]), |t| sync(t, &mappings));
        assert_eq!(uid_of(test, EC)["uid"], json!("a"));
        assert_eq!(uid_of(test, &EC[..64])["uid"], json!("b"));
    });
}

#[test]
fn the_partner_key_is_lowered_and_only_that_partner_changes() {
    for_both(|test| {
        live(BEFORE).uid("other.example", "x", 5).seed(test);
        let partner = PARTNER.to_uppercase();
        let written = writes(test, sum(&[get_many(1), put_many(1)]), Ok(vec![Ok(Written)]), |t| {
            t.graph.sync_partner_ids(&partner, &[mapping(EC, "u", 7)], NOW)
        });
        let expected = json!({
            "other.example": { "uid": "x", "synced": 5 },
            PARTNER: { "uid": "u", "synced": 7 },
        });
        assert_eq!(written["ids"], expected);
    });
}

#[test]
fn a_thousand_mappings_are_one_batch_of_reads_and_one_of_writes() {
    for_both(|test| {
        let ids: Vec<_> = (0..1_000).map(ec_id).collect();
        for id in &ids {
            live(BEFORE).seed_under(test, id);
        }
        let number = |n: usize| format!("u{n}");
        // Not in the order of the keys, so that each answer has to find its own mapping.
        let order = (0..1_000).map(|n| n * 7 % 1_000);
        let mappings: Vec<_> = order.map(|n| mapping(&ids[n], &number(n), NOW)).collect();
        let calls = sum(&[get_many(1_000), put_many(1_000)]);
        answers(test, calls, Ok(vec![Ok(Written); 1_000]), |t| sync(t, &mappings));
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(uid_of(test, id)["uid"], json!(number(n)));
        }
        let unchanged = Ok(vec![Ok(Unchanged); 1_000]);
        leaves(test, get_many(1_000), unchanged, |t| sync(t, &mappings));
    });
}

#[test]
fn a_row_just_made_that_reads_do_not_show_yet_is_not_found_rather_than_withdrawn() {
    for_both(|test| {
        live(NOW).seed(test);
        let mappings = [mapping(EC, "u", NOW)];
        test.faults.next(host_test::StoreCall::Get, host_test::Fault::Miss);
        leaves(test, get_many(1), Ok(vec![Ok(NotFound)]), |t| sync(t, &mappings));
        let calls = sum(&[get_many(1), put_many(1)]);
        answers(test, calls, Ok(vec![Ok(Written)]), |t| sync(t, &mappings));
    });
}

#[test]
fn a_conflict_that_hands_the_row_over_saves_the_second_batch_of_reads() {
    for_both_handed_over(Policy::default(), |test| {
        live(BEFORE).seed(test);
        let store = test.store.clone();
        let winner = live(BEFORE).uid("other.example", "x", 1);
        test.faults.before(host_test::StoreCall::Put, move || winner.seed_in(&store, EC));
        let calls = sum(&[get_many(1), put_many(1), put_many(1)]);
        answers(test, calls, Ok(vec![Ok(Written)]), |t| sync(t, &[mapping(EC, "u", NOW)]));
        assert_eq!(body(test)["ids"].as_object().unwrap().len(), 2);
    });
}
