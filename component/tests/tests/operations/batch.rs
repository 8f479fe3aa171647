//! `sync_partner_ids`.

use host_test::{Failure, World, for_both};
use identity_graph::{
    Mapping, Policy,
    UpsertOutcome::{self, NotFound, Stale, Unchanged, Withdrawn, Written},
};
use serde_json::{Value, json};

use crate::support::*;

type Outcomes = Vec<Result<UpsertOutcome, Failure>>;

fn sync(world: &World, mappings: &[Mapping]) -> Result<Outcomes, Failure> {
    world.graph.sync_partner_ids(PARTNER, mappings, NOW).map(each_bare)
}

fn uid_of(world: &World, key: &str) -> Value {
    body_of(world, key)["ids"][PARTNER].clone()
}

#[test]
fn every_mapping_hears_its_own_outcome_in_order() {
    for_both(|world| {
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
            seed.seed_under(world, &ec_id(n));
        }
        world.store.seed(&ec_id(9), "no entry", None);
        let expected = [
            (mapping(&ec_id(3), "other", NOW - 5), Ok(Stale)),
            (mapping(&ec_id(10), "other", NOW), Err(Failure::TooLarge)),
            (mapping(&ec_id(0), "first", NOW - 9), Ok(Written)),
            (mapping("no id", "u", NOW), Err(INVALID)),
            (mapping(&ec_id(6), "u", NOW), Ok(Withdrawn)),
            (mapping(&ec_id(9), "u", NOW), Err(CORRUPT)),
            (mapping(&ec_id(8), "u", NOW), Ok(NotFound)),
            (mapping(&ec_id(2), "other", NOW - 4), Ok(Written)),
            (mapping(&ec_id(0), " ", NOW), Err(INVALID)),
            (mapping(&ec_id(7), "u", NOW), Ok(NotFound)),
            (mapping(&ec_id(4), "other", 1), Ok(Written)),
            (mapping(&ec_id(1), "stored", NOW), Ok(Unchanged)),
            (mapping(&ec_id(5), "u", NOW), Ok(Withdrawn)),
        ];
        let before = contents(world);
        let (mappings, outcomes): (Vec<_>, Vec<_>) = expected.into_iter().unzip();
        let ops = sum(&[get_many(11), put_many(3)]);
        answers(world, ops, Ok(outcomes), |w| sync(w, &mappings));

        assert_eq!(uid_of(world, &ec_id(0)), json!({ "uid": "first", "synced": NOW - 9 }));
        assert_eq!(uid_of(world, &ec_id(2)), json!({ "uid": "other", "synced": NOW - 4 }));
        assert_eq!(uid_of(world, &ec_id(4)), json!({ "uid": "other", "synced": 1 }));
        let written = [0, 2, 4].map(ec_id);
        let others = |rows: Vec<(String, _)>| {
            rows.into_iter().filter(|(key, _)| !written.contains(key)).collect::<Vec<_>>()
        };
        assert_eq!(others(contents(world)), others(before));
    });
}

#[test]
fn an_empty_batch_and_one_of_invalid_mappings_make_no_store_call() {
    for_both(|world| {
        live(BEFORE).seed(world);
        leaves(world, NO_OPS, Ok(vec![]), |w| sync(w, &[]));
        let invalid = [mapping("x", "u", 1), mapping(EC, "", 1), mapping(EC, "\n", 1)];
        leaves(world, NO_OPS, Ok(vec![Err(INVALID); 3]), |w| sync(w, &invalid));
    });
}

#[test]
fn a_batch_that_changes_nothing_is_one_batch_of_reads() {
    for_both(|world| {
        live(BEFORE).uid(PARTNER, "u", 5).seed(world);
        let mappings = [mapping(EC, "u", NOW), mapping(&ec_id(1), "u", NOW)];
        leaves(world, get_many(2), Ok(vec![Ok(Unchanged), Ok(NotFound)]), |w| sync(w, &mappings));
    });
}

#[test]
fn of_mappings_for_one_id_the_newest_counts_in_one_write() {
    for_both(|world| {
        live(BEFORE).seed(world);
        let (hash, suffix) = EC.split_at(64);
        let mappings = [
            mapping(EC, "older", NOW - 2),
            mapping(&(hash.to_uppercase() + suffix), "newest", NOW),
            mapping(EC, "equal but later in the batch", NOW),
            mapping(EC, "newest", 3),
            mapping(EC, "", NOW + 1),
        ];
        let outcomes = vec![Ok(Stale), Ok(Written), Ok(Stale), Ok(Written), Err(INVALID)];
        let ops = sum(&[get_many(1), put_many(1)]);
        answers(world, ops, Ok(outcomes), |w| sync(w, &mappings));
        assert_eq!(uid_of(world, EC), json!({ "uid": "newest", "synced": NOW }));
    });
}

#[test]
fn mappings_for_one_id_share_the_fate_of_its_row() {
    let mappings = [mapping(EC, "a", 1), mapping(EC, "b", 2)];
    for_both(|world| {
        leaves(world, get_many(1), Ok(vec![Ok(NotFound); 2]), |w| sync(w, &mappings));
        tombstone(BEFORE).seed(world);
        leaves(world, get_many(1), Ok(vec![Ok(Withdrawn); 2]), |w| sync(w, &mappings));
        live(BEFORE).uid(PARTNER, "stored", 9).seed(world);
        leaves(world, get_many(1), Ok(vec![Ok(Stale); 2]), |w| sync(w, &mappings));
        seed_corrupt(world);
        leaves(world, get_many(1), Ok(vec![Err(CORRUPT); 2]), |w| sync(w, &mappings));
    });
}

#[test]
fn a_row_without_a_suffix_is_another_than_one_with_it() {
    for_both(|world| {
        live(BEFORE).seed(world);
        live(BEFORE).seed_under(world, &EC[..64]);
        let mappings = [mapping(EC, "a", 1), mapping(&EC[..64], "b", 1)];
        let ops = sum(&[get_many(2), put_many(2)]);
        answers(world, ops, Ok(vec![Ok(Written); 2]), |w| sync(w, &mappings));
        assert_eq!(uid_of(world, EC)["uid"], json!("a"));
        assert_eq!(uid_of(world, &EC[..64])["uid"], json!("b"));
    });
}

#[test]
fn the_partner_key_is_lowered_and_only_that_partner_changes() {
    for_both(|world| {
        live(BEFORE).uid("other.example", "x", 5).seed(world);
        let partner = PARTNER.to_uppercase();
        let written = writes(world, sum(&[get_many(1), put_many(1)]), Ok(vec![Ok(Written)]), |w| {
            w.graph.sync_partner_ids(&partner, &[mapping(EC, "u", 7)], NOW)
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
    for_both(|world| {
        let ids: Vec<_> = (0..1_000).map(ec_id).collect();
        for id in &ids {
            live(BEFORE).seed_under(world, id);
        }
        let number = |n: usize| format!("u{n}");
        // Not in the order of the keys, so that each answer has to find its own mapping.
        let order = (0..1_000).map(|n| n * 7 % 1_000);
        let mappings: Vec<_> = order.map(|n| mapping(&ids[n], &number(n), NOW)).collect();
        let ops = sum(&[get_many(1_000), put_many(1_000)]);
        answers(world, ops, Ok(vec![Ok(Written); 1_000]), |w| sync(w, &mappings));
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(uid_of(world, id)["uid"], json!(number(n)));
        }
        let unchanged = Ok(vec![Ok(Unchanged); 1_000]);
        leaves(world, get_many(1_000), unchanged, |w| sync(w, &mappings));
    });
}

#[test]
fn a_row_just_made_that_reads_do_not_show_yet_is_not_found_rather_than_withdrawn() {
    for_both(|world| {
        live(NOW).seed(world);
        let mappings = [mapping(EC, "u", NOW)];
        world.faults.next(host_test::OpKind::Get, host_test::Fault::Miss);
        leaves(world, get_many(1), Ok(vec![Ok(NotFound)]), |w| sync(w, &mappings));
        let ops = sum(&[get_many(1), put_many(1)]);
        answers(world, ops, Ok(vec![Ok(Written)]), |w| sync(w, &mappings));
    });
}

#[test]
fn a_conflict_that_hands_the_row_over_saves_the_second_batch_of_reads() {
    for_both_handed_over(Policy::default(), |world| {
        live(BEFORE).seed(world);
        let store = world.store.clone();
        let winner = live(BEFORE).uid("other.example", "x", 1);
        world.faults.before(host_test::OpKind::Put, move || winner.seed_in(&store, EC));
        let ops = sum(&[get_many(1), put_many(1), put_many(1)]);
        answers(world, ops, Ok(vec![Ok(Written)]), |w| sync(w, &[mapping(EC, "u", NOW)]));
        assert_eq!(body(world)["ids"].as_object().unwrap().len(), 2);
    });
}
