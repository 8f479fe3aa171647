//! `get`, `get_metadata`, `inspect` and `delete`.

use host_test::{Fault, MemoryStore, StoreCall, StoreCalls, TestGraph, for_both};
use identity_graph::{Entry, Failure, Graph, KvError, Metadata, NewEntry, Policy, RawRow};
use serde_json::json;

use crate::support::*;

const ONE_HEAD: StoreCalls = StoreCalls { heads: 1, ..NO_CALLS };
const ONE_DELETE: StoreCalls = StoreCalls { deletes: 1, ..NO_CALLS };

/// The entry and its generation.
fn get(test: &TestGraph) -> Result<Option<(Entry, u64)>, Failure> {
    Ok(test.graph.get(EC, NOW)?.map(|snapshot| (snapshot.entry(), snapshot.generation())))
}

fn get_metadata(test: &TestGraph) -> Result<Option<Metadata>, Failure> {
    test.graph.get_metadata(EC)
}

fn inspect(test: &TestGraph) -> Result<Option<RawRow>, Failure> {
    test.graph.inspect(EC)
}

fn delete(test: &TestGraph) -> Result<bool, Failure> {
    test.graph.delete(EC)
}

#[test]
fn an_absent_row_reads_as_none_and_removes_as_false() {
    for_both(|test| {
        leaves(test, calls(1, 0), Ok(None), get);
        leaves(test, ONE_HEAD, Ok(None), get_metadata);
        leaves(test, calls(1, 0), Ok(None), inspect);
        leaves(test, ONE_DELETE, Ok(false), delete);
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
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "u", 5).seed(test);
        let mut entry = Entry::new(NewEntry {
            tcf: Some("CQinvented".into()),
            ids: vec![uid(PARTNER, "u", 5)],
            ..NewEntry::at(BEFORE)
        })
        .unwrap();
        entry.geo.country = "FR".into();
        let generation = row(test).generation;
        leaves(test, calls(1, 0), Ok(Some((entry, generation))), get);
    });
}

#[test]
fn a_tombstone_is_read_as_one_and_shows_no_ids() {
    for_both(|test| {
        for at in [BEFORE, NOW - 2 * DAY] {
            tombstone(at).uid(PARTNER, "left behind", 5).seed(test);
            let expected = (Entry::tombstone(at), row(test).generation);
            leaves(test, calls(1, 0), Ok(Some(expected)), get);
        }
    });
}

#[test]
fn a_row_past_its_lifetime_is_not_shown() {
    for_both(|test| {
        expired().seed(test);
        leaves(test, calls(1, 0), Ok(None), get);
        live(NOW - YEAR + 1).uid(PARTNER, "u", 5).seed(test);
        assert_eq!(get(test).unwrap().unwrap().0.ids.len(), 1);
        // A withdrawal is shown for as long as it is stored.
        tombstone(NOW - 2 * YEAR).seed(test);
        assert!(!get(test).unwrap().unwrap().0.consent.ok);
    });
}

#[test]
fn a_corrupt_row_is_named_shown_and_removed() {
    for_both(|test| {
        seed_corrupt(test);
        leaves(test, calls(1, 0), Err(CORRUPT), get);
        let row = row(test);
        let shown = inspect(test).unwrap().unwrap();
        assert_eq!((shown.body, shown.generation), (row.body, row.generation));
        assert_eq!(shown.metadata, None);
        assert!(shown.problem.is_some());
        answers(test, ONE_DELETE, Ok(true), delete);
        assert!(test.store.is_empty());
    });
}

#[test]
fn a_row_is_inspected_as_it_is_stored() {
    for_both(|test| {
        for seed in [live(BEFORE), tombstone(BEFORE), expired()] {
            let body = seed.body();
            let generation = test.store.seed(EC, body.as_str(), Some("not {} metadata"));
            let metadata = Some("not {} metadata".to_owned());
            let raw = RawRow { body: body.into_bytes(), metadata, generation, problem: None };
            leaves(test, calls(1, 0), Ok(Some(raw)), inspect);
        }
    });
}

#[test]
fn metadata_is_read_without_the_body() {
    for_both(|test| {
        let metadata = json!({
            "ok": true, "country": "FR", "v": 1, "cluster_size": 3, "is_mobile": 1,
            "known_browser": false, "unknown": []
        });
        test.store.seed(EC, "no entry", Some(&metadata.to_string()));
        let expected = Metadata {
            ok: true,
            country: "FR".into(),
            v: 1,
            cluster_size: Some(3),
            is_mobile: Some(1),
            known_browser: Some(false),
        };
        leaves(test, ONE_HEAD, Ok(Some(expected)), get_metadata);
    });
}

#[test]
fn a_row_without_metadata_has_none_and_odd_metadata_is_named() {
    for_both(|test| {
        live(BEFORE).seed(test);
        leaves(test, ONE_HEAD, Ok(None), get_metadata);
        for odd in ["", "{}", "[]", "{\"ok\":1,\"country\":\"FR\",\"v\":1}"] {
            test.store.seed(EC, live(BEFORE).body(), Some(odd));
            leaves(test, ONE_HEAD, Err(CORRUPT), get_metadata);
            assert!(get(test).is_ok(), "the body does not depend on it");
        }
    });
}

#[test]
fn a_delete_forgets_whatever_there_is_a_withdrawal_included() {
    for_both(|test| {
        for seed in [live(BEFORE), tombstone(BEFORE), expired()] {
            seed.seed(test);
            answers(test, ONE_DELETE, Ok(true), delete);
            assert!(test.store.is_empty());
        }
        leaves(test, ONE_DELETE, Ok(false), delete);
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
        for_both(|test| {
            live(BEFORE).seed(test);
            for kind in [StoreCall::Get, StoreCall::Get, StoreCall::Head, StoreCall::Delete] {
                test.faults.next(kind, Fault::Fail(error));
            }
            let before = contents(test);
            assert_eq!(get(test).map_err(bare), Err(expected.clone()));
            assert_eq!(inspect(test).map_err(bare), Err(expected.clone()));
            assert_eq!(get_metadata(test).map_err(bare), Err(expected.clone()));
            leaves_after(test, &before, &expected);
        });
    }
}

/// The delete of [`a_store_that_fails_is_named`], and the store after all of it.
fn leaves_after(test: &TestGraph, before: &[(String, host_test::Row)], expected: &Failure) {
    assert_eq!(delete(test).map_err(bare), Err(expected.clone()));
    assert_eq!(contents(test), before);
    assert_eq!(test.take_store_calls(), sum(&[calls(2, 0), ONE_HEAD, ONE_DELETE]));
}
