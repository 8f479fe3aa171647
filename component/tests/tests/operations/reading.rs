//! `get`, `get_metadata`, `inspect` and `delete`.

use host_test::{Failure, Fault, MemoryStore, OpKind, Ops, RawRow, World, for_both};
use identity_graph::{Entry, Graph, KvError, Metadata, NewEntry, Policy};
use serde_json::json;

use crate::support::*;

const ONE_HEAD: Ops = Ops { heads: 1, ..NO_OPS };
const ONE_DELETE: Ops = Ops { deletes: 1, ..NO_OPS };

/// The entry and its generation.
fn get(world: &World) -> Result<Option<(Entry, u64)>, Failure> {
    Ok(world.graph.get(EC)?.map(|snapshot| (snapshot.entry(), snapshot.generation())))
}

fn get_metadata(world: &World) -> Result<Option<Metadata>, Failure> {
    world.graph.get_metadata(EC)
}

fn inspect(world: &World) -> Result<Option<RawRow>, Failure> {
    world.graph.inspect(EC)
}

fn delete(world: &World) -> Result<bool, Failure> {
    world.graph.delete(EC)
}

#[test]
fn an_absent_row_reads_as_none_and_removes_as_false() {
    for_both(|world| {
        leaves(world, ops(1, 0), Ok(None), get);
        leaves(world, ONE_HEAD, Ok(None), get_metadata);
        leaves(world, ops(1, 0), Ok(None), inspect);
        leaves(world, ONE_DELETE, Ok(false), delete);
    });
}

#[test]
fn a_borrowed_store_is_a_store_like_any_other() {
    let store = MemoryStore::new();
    let graph = Graph::new(&store, Policy::default()).unwrap();
    assert_eq!(graph.get_metadata(EC), Ok(None));
    graph.create(EC, NewEntry::at(NOW)).unwrap();
    let sibling = format!("{}.Sib111", EC.split('.').next().unwrap());
    graph.create(&sibling, NewEntry::at(NOW)).unwrap();
    assert!(graph.get_metadata(EC).unwrap().unwrap().ok);
    assert_eq!(graph.evaluate_cluster(EC, NOW), Ok(Some(2)));
    assert_eq!((graph.delete(EC), graph.delete(EC)), (Ok(true), Ok(false)));
}

#[test]
fn an_entry_is_read_with_its_generation() {
    for_both(|world| {
        live(BEFORE).uid(PARTNER, "u", 5).seed(world);
        let mut entry = Entry::new(NewEntry {
            tcf: Some("CQinvented".into()),
            ids: vec![uid(PARTNER, "u", 5)],
            ..NewEntry::at(BEFORE)
        })
        .unwrap();
        entry.geo.country = "FR".into();
        let generation = row(world).generation;
        leaves(world, ops(1, 0), Ok(Some((entry, generation))), get);
    });
}

#[test]
fn a_tombstone_is_read_as_one_and_shows_no_ids() {
    for_both(|world| {
        for at in [BEFORE, NOW - 2 * DAY] {
            tombstone(at).uid(PARTNER, "left behind", 5).seed(world);
            let expected = (Entry::tombstone(at), row(world).generation);
            leaves(world, ops(1, 0), Ok(Some(expected)), get);
        }
    });
}

#[test]
fn a_row_past_its_lifetime_is_read_as_it_is_stored() {
    for_both(|world| {
        expired().seed(world);
        let entry = get(world).unwrap().unwrap().0;
        assert_eq!((entry.created, entry.ids.len()), (NOW - YEAR, 1));
    });
}

#[test]
fn a_corrupt_row_is_named_shown_and_removed() {
    for_both(|world| {
        seed_corrupt(world);
        leaves(world, ops(1, 0), Err(CORRUPT), get);
        let row = row(world);
        let shown = inspect(world).unwrap().unwrap();
        assert_eq!((shown.body, shown.generation), (row.body, row.generation));
        assert_eq!(shown.metadata, None);
        assert!(shown.problem.is_some());
        answers(world, ONE_DELETE, Ok(true), delete);
        assert!(world.store.is_empty());
    });
}

#[test]
fn a_row_is_inspected_as_it_is_stored() {
    for_both(|world| {
        for seed in [live(BEFORE), tombstone(BEFORE), expired()] {
            let body = seed.body();
            let generation = world.store.seed(EC, body.as_str(), Some("not {} metadata"));
            let metadata = Some("not {} metadata".to_owned());
            let raw = RawRow { body: body.into_bytes(), metadata, generation, problem: None };
            leaves(world, ops(1, 0), Ok(Some(raw)), inspect);
        }
    });
}

#[test]
fn metadata_is_read_without_the_body() {
    for_both(|world| {
        let metadata = json!({
            "ok": true, "country": "FR", "v": 1, "cluster_size": 3, "is_mobile": 1,
            "known_browser": false, "unknown": []
        });
        world.store.seed(EC, "no entry", Some(&metadata.to_string()));
        let expected = Metadata {
            ok: true,
            country: "FR".into(),
            v: 1,
            cluster_size: Some(3),
            is_mobile: Some(1),
            known_browser: Some(false),
        };
        leaves(world, ONE_HEAD, Ok(Some(expected)), get_metadata);
    });
}

#[test]
fn a_row_without_metadata_has_none_and_odd_metadata_is_named() {
    for_both(|world| {
        live(BEFORE).seed(world);
        leaves(world, ONE_HEAD, Ok(None), get_metadata);
        for odd in ["", "{}", "[]", "{\"ok\":1,\"country\":\"FR\",\"v\":1}"] {
            world.store.seed(EC, live(BEFORE).body(), Some(odd));
            leaves(world, ONE_HEAD, Err(CORRUPT), get_metadata);
            assert!(get(world).is_ok(), "the body does not depend on it");
        }
    });
}

#[test]
fn a_delete_forgets_whatever_there_is_a_withdrawal_included() {
    for_both(|world| {
        for seed in [live(BEFORE), tombstone(BEFORE), expired()] {
            seed.seed(world);
            answers(world, ONE_DELETE, Ok(true), delete);
            assert!(world.store.is_empty());
        }
        leaves(world, ONE_DELETE, Ok(false), delete);
    });
}

#[test]
fn a_store_that_fails_is_named() {
    for (error, expected) in [
        (KvError::NoSuchStore, Failure::NoSuchStore),
        (KvError::Invalid, UNAVAILABLE),
        (KvError::Throttled, Failure::Throttled),
        (KvError::Unavailable, UNAVAILABLE),
    ] {
        for_both(|world| {
            live(BEFORE).seed(world);
            for kind in [OpKind::Get, OpKind::Get, OpKind::Head, OpKind::Delete] {
                world.faults.next(kind, Fault::Fail(error));
            }
            let before = contents(world);
            assert_eq!(get(world).map_err(bare), Err(expected.clone()));
            assert_eq!(inspect(world).map_err(bare), Err(expected.clone()));
            assert_eq!(get_metadata(world).map_err(bare), Err(expected.clone()));
            leaves_after(world, &before, &expected);
        });
    }
}

/// The delete of [`a_store_that_fails_is_named`], and the store after all of it.
fn leaves_after(world: &World, before: &[(String, host_test::Row)], expected: &Failure) {
    assert_eq!(delete(world).map_err(bare), Err(expected.clone()));
    assert_eq!(contents(world), before);
    assert_eq!(world.take_ops(), sum(&[ops(2, 0), ONE_HEAD, ONE_DELETE]));
}
