//! Bounds: how many partners a row has, what it may weigh, and what a batch of the largest rows costs.

use host_test::{Fault, MemoryStore, StoreCall, StoreCalls, TestGraph, for_both, for_both_with};
use identity_graph::limits::{MAX_ANSWER_BYTES, MAX_BATCH_ROWS, MAX_BODY_BYTES};
use identity_graph::{
    Device, Failure, Geo, Graph,
    IfMissing::{CreateMinimal, Skip},
    Item, ItemHead, KvError, Mapping, NewEntry, PartnerUid, Policy, Read, Store, TouchOutcome,
    UpsertOutcome::{self, Full, Stale, Unchanged, Written},
    VisitOutcome, Write, Written as Answer,
};
use serde_json::{Value, json};

use crate::support::*;

fn sources(from: usize, to: usize) -> Vec<PartnerUid> {
    (from..to).map(|n| uid(&format!("s{n:03}.example"), &format!("u{n}"), NOW)).collect()
}

fn partners(test: &TestGraph) -> Vec<String> {
    body(test)["ids"].as_object().unwrap().keys().cloned().collect()
}

fn of_100() -> Vec<UpsertOutcome> {
    [vec![Written; 64], vec![Full; 36]].concat()
}

#[test]
fn a_hundred_forged_sources_get_as_many_places_as_the_policy_has() {
    for_both(|test| {
        let entry = NewEntry { ids: sources(0, 100), ..NewEntry::at(NOW) };
        writes(test, calls(1, 1), Ok(of_100()), |t| Ok(t.graph.visit(EC, entry)?.ids));
        assert_eq!(partners(test).len(), 64);
        // Those that have a place keep it, and a new one gets none.
        let entry = NewEntry { ids: sources(99, 100), ..NewEntry::at(NOW + 1) };
        leaves(test, calls(1, 0), Ok(vec![Full]), |t| Ok(t.graph.visit(EC, entry)?.ids));
        let id = uid("s000.example", "another", NOW + 1);
        writes(test, calls(1, 1), Ok(Written), |t| {
            t.graph.upsert_partner_id(EC, id, Skip, NOW + 1)
        });
        // The row goes on as any other.
        let counted = StoreCalls { counts: 1, ..calls(1, 1) };
        writes(test, counted, Ok(Some(1)), |t| t.graph.evaluate_cluster(EC, NOW + 1));
        let touched = Ok(TouchOutcome::Written);
        writes(test, calls(1, 1), touched, |t| t.graph.update_last_seen(EC, NOW + 300));
    });
}

#[test]
fn the_first_of_a_call_get_the_places_whatever_they_are_called() {
    let ids = || {
        let names = ["z.example", "m.example", "a.example", "k.example"];
        names.map(|partner| uid(partner, "u", NOW)).to_vec()
    };
    let outcomes = || Ok(vec![Written, Written, Full, Full]);
    for_both_with(Policy { max_partners: 2, ..Policy::default() }, |test| {
        let upsert = |t: &TestGraph, missing| t.graph.upsert_partner_ids(EC, ids(), missing, NOW);
        let entry = || NewEntry { ids: ids(), ..NewEntry::at(NOW) };
        writes(test, calls(1, 1), outcomes(), |t| upsert(t, CreateMinimal));
        assert_eq!(partners(test), ["m.example", "z.example"]);
        live(BEFORE).seed(test);
        writes(test, calls(1, 1), outcomes(), |t| upsert(t, Skip));
        assert_eq!(partners(test), ["m.example", "z.example"]);
        test.store.remove(EC);
        writes(test, calls(0, 1), outcomes(), |t| Ok(t.graph.create(EC, entry())?.ids));
        assert_eq!(partners(test), ["m.example", "z.example"]);
        tombstone(BEFORE).seed(test);
        writes(test, calls(1, 1), outcomes(), |t| Ok(t.graph.visit(EC, entry())?.ids));
        assert_eq!(partners(test), ["m.example", "z.example"]);
    });
}

#[test]
fn an_expired_partner_and_one_that_is_removed_make_room() {
    for_both_with(Policy { max_partners: 2, ..Policy::default() }, |test| {
        let ended = json!({ "uid": "x", "synced": 1, "expires": NOW });
        live(BEFORE).with("ids", json!({ "x.example": ended })).uid("y.example", "y", 1).seed(test);
        writes(test, calls(1, 1), Ok(Written), |t| upsert(t, Skip));
        assert_eq!(partners(test), [PARTNER, "y.example"]);
        leaves(test, calls(1, 0), Ok(Full), |t| {
            t.graph.upsert_partner_id(EC, uid("z.example", "z", NOW), Skip, NOW)
        });
        test.graph.remove_partner_ids(EC, vec!["y.example".into()], NOW).unwrap();
        let _ = test.take_store_calls();
        writes(test, calls(1, 1), Ok(Written), |t| {
            t.graph.upsert_partner_id(EC, uid("z.example", "z", NOW), Skip, NOW)
        });
    });
}

#[test]
fn a_row_with_more_partners_than_the_policy_has_keeps_them() {
    for_both_with(Policy { max_partners: 1, ..Policy::default() }, |test| {
        live(BEFORE).uid("a.example", "a", 1).uid("b.example", "b", 1).seed(test);
        leaves(test, calls(1, 0), Ok(Full), |t| upsert(t, Skip));
        let id = uid("a.example", "a2", NOW);
        writes(test, calls(1, 1), Ok(Written), |t| t.graph.upsert_partner_id(EC, id, Skip, NOW));
        assert_eq!(partners(test).len(), 2);
    });
}

/// A row of exactly so many bytes, with a UID of 500 bytes.
fn weighing(bytes: usize) -> Seed {
    let seed = |padding: &str| {
        live(BEFORE).uid(PARTNER, &"u".repeat(500), 5).with("padding", json!(padding))
    };
    seed(&"x".repeat(bytes - seed("").body().len()))
}

#[test]
fn a_full_row_takes_what_makes_it_no_larger() {
    for bytes in [MAX_BODY_BYTES, MAX_BODY_BYTES + 1, 2 * MAX_BODY_BYTES] {
        for_both(|test| {
            weighing(bytes).seed(test);
            let touched = Ok(TouchOutcome::Written);
            writes(test, calls(1, 1), touched, |t| t.graph.update_last_seen(EC, NOW));
            assert_eq!(row(test).body.len(), bytes);
            writes(test, calls(1, 1), Ok(Written), |t| upsert(t, Skip));
            let smaller = row(test).body.len();
            assert!(smaller < bytes);
            weighing(bytes).seed(test);
            writes(test, calls(1, 1), Ok(vec![Written]), |t| {
                t.graph.remove_partner_ids(EC, vec![PARTNER.into()], NOW)
            });
            let waves = sum(&[get_many(1), put_many(1)]);
            weighing(bytes).seed(test);
            writes(test, waves, Ok(vec![Ok(Written)]), |t| {
                t.graph.sync_partner_ids(PARTNER, &[Mapping::removal(EC, NOW)], NOW)
            });
        });
    }
}

#[test]
fn a_full_row_notes_the_visit_and_says_which_uids_have_no_room() {
    for bytes in [MAX_BODY_BYTES, MAX_BODY_BYTES + 1] {
        for_both(|test| {
            weighing(bytes).seed(test);
            let ids = sources(0, 3);
            let entry = NewEntry { ids, ..NewEntry::at(NOW) };
            let noted = Ok((VisitOutcome::Written, vec![Full; 3]));
            let written = writes(test, calls(1, 1), noted, |t| {
                let report = t.graph.visit(EC, entry)?;
                Ok((report.outcome, report.ids))
            });
            assert_eq!(written["last_seen"], json!(NOW));
            assert_eq!(partners(test), [PARTNER]);
            // By themselves they are no reason to write.
            leaves(test, calls(1, 0), Ok(vec![Full; 3]), |t| {
                t.graph.upsert_partner_ids(EC, sources(0, 3), Skip, NOW)
            });
            let entry = NewEntry { ids: sources(0, 3), ..NewEntry::at(NOW + 1) };
            let unchanged = Ok((VisitOutcome::Unchanged, vec![Full; 3]));
            leaves(test, calls(1, 0), unchanged, |t| {
                let report = t.graph.visit(EC, entry)?;
                Ok((report.outcome, report.ids))
            });
        });
    }
}

#[test]
fn a_full_row_notes_a_visit_and_keeps_the_places_and_the_device_it_has() {
    for_both(|test| {
        weighing(MAX_BODY_BYTES).seed(test);
        let entry = NewEntry {
            domain: Some("news.example".into()),
            geo: Some(Geo::from_lookup("US", "OR", 64_500, 820)),
            device: Some(Device::default()),
            ..NewEntry::at(NOW)
        };
        let noted = Ok(VisitOutcome::Written);
        let written = writes(test, calls(1, 1), noted, |t| done(t.graph.visit(EC, entry)));
        let mut expected: Value = serde_json::from_str(&weighing(MAX_BODY_BYTES).body()).unwrap();
        expected["last_seen"] = json!(NOW);
        assert_eq!(written, expected);
        assert_eq!(row(test).expires_at, Some(NOW + YEAR));
    });
}

/// A consent that cannot be stored is not passed over in silence.
#[test]
fn a_consent_for_which_a_row_has_no_room_is_too_large() {
    for_both(|test| {
        weighing(MAX_BODY_BYTES).seed(test);
        let entry = NewEntry { tcf: Some("CQ".repeat(100)), ..NewEntry::at(NOW) };
        leaves(test, calls(1, 0), Err(Failure::TooLarge), |t| done(t.graph.visit(EC, entry)));
    });
}

#[test]
fn of_the_uids_of_a_call_the_last_have_no_room() {
    let one = ",\"s000.example\":{\"uid\":\"u0\",\"synced\":1790000000}".len();
    for_both(|test| {
        weighing(MAX_BODY_BYTES - 2 * one).seed(test);
        let ids = vec![
            uid("s009.example", "u9", NOW),
            uid("s001.example", "u1", NOW),
            uid("s000.example", "u0", NOW),
            uid("s002.example", "u2", NOW),
        ];
        let outcomes = Ok(vec![Written, Written, Full, Full]);
        writes(test, calls(1, 1), outcomes, |t| t.graph.upsert_partner_ids(EC, ids, Skip, NOW));
        assert_eq!(partners(test), [PARTNER, "s001.example", "s009.example"]);
        assert_eq!(row(test).body.len(), MAX_BODY_BYTES);
    });
}

#[test]
fn a_new_row_takes_as_many_uids_as_it_has_room_for() {
    for_both_with(Policy { max_partners: 1_024, ..Policy::default() }, |test| {
        let long = "u".repeat(512);
        let ids: Vec<_> =
            (0..300).map(|n| uid(&format!("{:0>200}.example", 999 - n), &long, NOW)).collect();
        let entry = NewEntry { ids, ..NewEntry::at(NOW) };
        let report = test.graph.create(EC, entry).unwrap();
        let written = report.ids.iter().filter(|outcome| **outcome == Written).count();
        assert_eq!(report.ids, [vec![Written; written], vec![Full; 300 - written]].concat());
        assert_eq!(partners(test).len(), written);
        let bytes = row(test).body.len();
        assert!((MAX_BODY_BYTES - 1_000..=MAX_BODY_BYTES).contains(&bytes), "{bytes} bytes");
    });
}

/// Rows of the largest size that the graph writes, and more of them than one answer of a store holds.
fn largest_rows(store: &MemoryStore, number: usize) -> Vec<Mapping> {
    let pad = |padding: &str| live(BEFORE).with("padding", json!(padding)).body();
    let body = pad(&"x".repeat(MAX_BODY_BYTES - 100 - pad("").len()));
    let mappings = (0..number).map(|n| {
        store.seed(&ec_id(n), body.as_str(), None);
        mapping(&ec_id(n), "u", NOW)
    });
    mappings.collect()
}

const LARGEST: usize = 1_030;

fn takes_every_row(outcomes: &[Result<UpsertOutcome, Failure>]) {
    assert_eq!(outcomes.len(), LARGEST);
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(Written)));
}

#[test]
fn a_batch_of_the_largest_rows_is_read_in_several_answers_and_written_once_each() {
    let store = MemoryStore::new();
    let mappings = largest_rows(&store, LARGEST);
    let graph = Graph::new(&store, Policy::default()).unwrap();
    let outcomes = graph.sync_partner_ids(PARTNER, &mappings, NOW).unwrap();
    let outcomes: Vec<_> = outcomes.into_iter().map(|of| of.map_err(Failure::from)).collect();
    takes_every_row(&outcomes);
    let taken = store.take_store_calls();
    assert_eq!(taken.put_many_keys, LARGEST as u64, "each row is written once");
    let per_answer = MAX_ANSWER_BYTES / MAX_BODY_BYTES;
    let answers = MAX_BATCH_ROWS.div_ceil(per_answer) + 1;
    assert!(taken.get_manys <= answers as u64, "{} batches of reads", taken.get_manys);
}

#[cfg(feature = "component")]
#[test]
fn a_batch_of_the_largest_rows_stays_within_64_mebibytes() {
    use identity_graph::IdentityGraph;

    let store = MemoryStore::new();
    let mappings = largest_rows(&store, LARGEST);
    let boxed = Box::new(store.clone()) as Box<dyn Store<Error = KvError>>;
    let instance = host_test::Instance::metered([("s", boxed)]);
    let graph = instance.open("s").unwrap();
    takes_every_row(&graph.sync_partner_ids(PARTNER, &mappings, NOW).unwrap());
    let memory = instance.usage().expect("it is metered").memory_bytes;
    println!("{memory} bytes of memory");
    assert!(memory <= 64 << 20, "{memory} bytes of memory");
}

/// A store that answers a batch of reads as scripted: so many keys are read each time.
struct Stingy {
    inner: MemoryStore,
    keys: usize,
}

impl Store for Stingy {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        self.inner.get(key)
    }
    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        self.inner.head(key)
    }
    fn put(&self, write: Write<'_>) -> Answer {
        self.inner.put(write)
    }
    fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.inner.delete(key)
    }
    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.inner.count(prefix, limit)
    }
    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let reads: Vec<Result<Option<Item>, KvError>> = self.inner.get_many(keys);
        let within = |(at, read): (usize, Read)| {
            if at < self.keys { read } else { Err(KvError::NotRead) }
        };
        reads.into_iter().enumerate().map(within).collect()
    }
    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Answer> {
        self.inner.put_many(writes)
    }
}

#[test]
fn what_was_not_read_is_asked_for_again() {
    for keys in [1, 2, 7] {
        let inner = MemoryStore::new();
        for n in 0..7 {
            live(BEFORE).seed_in(&inner, &ec_id(n));
        }
        let graph = Graph::new(Stingy { inner: inner.clone(), keys }, Policy::default()).unwrap();
        let mappings: Vec<_> = (0..7).map(|n| mapping(&ec_id(n), "u", NOW)).collect();
        let outcomes = graph.sync_partner_ids(PARTNER, &mappings, NOW).unwrap();
        assert_eq!(outcomes, vec![Ok(Written); 7]);
        let taken = inner.take_store_calls();
        assert_eq!(taken.get_manys, 7_u64.div_ceil(keys as u64));
        assert_eq!(taken.put_many_keys, 7);
    }
}

/// It breaks its contract, and all the same the batch comes to an end.
#[test]
fn a_store_that_reads_nothing_at_all_is_not_asked_for_ever() {
    for_both(|test| {
        for n in 0..3 {
            live(BEFORE).seed_under(test, &ec_id(n));
        }
        test.faults.always(StoreCall::Get, Fault::Fail(KvError::NotRead));
        let mappings = [0, 1, 2].map(|n| mapping(&ec_id(n), "u", NOW));
        let before = contents(test);
        let outcomes = test.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare);
        assert_eq!(outcomes, Ok(vec![Err(UNAVAILABLE); 3]));
        assert_eq!(contents(test), before);
        assert_eq!(test.take_store_calls().put_manys, 0);
    });
}

#[test]
fn a_row_that_is_too_large_to_be_read_fails_its_own_mapping_alone() {
    for_both(|test| {
        for n in 0..3 {
            live(BEFORE).seed_under(test, &ec_id(n));
        }
        test.store.seed(&ec_id(1), "x".repeat((1 << 20) + 1), None);
        let mappings = [0, 1, 2].map(|n| mapping(&ec_id(n), "u", NOW));
        let outcomes = Ok(vec![Ok(Written), Err(CORRUPT), Ok(Written)]);
        answers(test, sum(&[get_many(3), put_many(2)]), outcomes, |t| {
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
        });
    });
}

/// A batch whose rows are asserted twice, unsorted and over the edge of a wave.
#[test]
fn a_batch_beyond_a_thousand_rows_is_made_in_waves() {
    for_both(|test| {
        let number = MAX_BATCH_ROWS + 5;
        for n in 0..number {
            live(BEFORE).seed_under(test, &ec_id(n));
        }
        let mappings: Vec<_> = (0..2 * number)
            .map(|n| {
                mapping(
                    &ec_id(n * 7 % number),
                    &format!("u{}", n / number),
                    NOW - 1 + (n / number) as u64,
                )
            })
            .collect();
        let expected: Vec<_> =
            (0..2 * number).map(|n| Ok(if n < number { Stale } else { Written })).collect();
        let waves = [get_many(1_000), put_many(1_000), get_many(5), put_many(5)];
        answers(test, sum(&waves), Ok(expected), |t| {
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW)
        });
        let again: Vec<_> = (0..number).map(|n| mapping(&ec_id(n), "u1", NOW)).collect();
        let waves = sum(&[get_many(1_000), get_many(5)]);
        leaves(test, waves, Ok(vec![Ok(Unchanged); number]), |t| {
            t.graph.sync_partner_ids(PARTNER, &again, NOW)
        });
    });
}

/// Metadata is judged by its growth, too.
#[test]
fn metadata_beyond_its_limit_is_no_reason_to_refuse_what_leaves_it_as_it_is() {
    for_both(|test| {
        let metadata = json!({ "ok": true, "country": "FR", "v": 1, "x": "x".repeat(1_945) });
        let metadata = metadata.to_string();
        assert!((1_980..=2_000).contains(&metadata.len()), "{}", metadata.len());
        test.store.seed(EC, live(BEFORE).body(), Some(&metadata));
        let touched = Ok(TouchOutcome::Written);
        writes(test, calls(1, 1), touched, |t| t.graph.update_last_seen(EC, NOW));
        let counted = StoreCalls { counts: 1, ..calls(1, 0) };
        leaves(test, counted, Err(Failure::TooLarge), |t| t.graph.evaluate_cluster(EC, NOW));
        let stored: Value = serde_json::from_str(&row(test).metadata.unwrap()).unwrap();
        assert_eq!(stored["country"], json!("FR"));
    });
}
