//! Whatever is stored, each operation answers: it names the row corrupt, or changes what it is to
//! change and nothing else.

use host_test::{TestGraph, for_both};
use identity_graph::{CreateOutcome, Device, Failure, Geo, IfMissing, Mapping, NewEntry};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value};

use crate::operations::{done, uid};
use crate::{cases, rich, stored};

const KEY: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Any111";
/// Later than every fixture, and within the lifetime of each.
const NOW: u64 = 1_790_100_000;

/// An operation, and what it may change beside what every change brings to shape.
struct Operation {
    run: fn(&TestGraph) -> Result<(), Failure>,
    touched: &'static [&'static str],
}

const OPERATIONS: [Operation; 7] = [
    Operation {
        run: |test| {
            let id = uid("new.example", "u", None);
            test.graph.upsert_partner_id(KEY, id, IfMissing::Skip, NOW).map(drop)
        },
        touched: &["/ids/new.example", "/removed/new.example"],
    },
    Operation {
        run: |test| {
            let ids = vec![uid("acme_ssp", "u", None), uid("ids.acme.example", "u", None)];
            test.graph.upsert_partner_ids(KEY, ids, IfMissing::Skip, NOW).map(drop)
        },
        touched: &[
            "/ids/acme_ssp",
            "/ids/ids.acme.example",
            "/removed/acme_ssp",
            "/removed/ids.acme.example",
        ],
    },
    Operation {
        run: |test| {
            let mapping = Mapping::new(KEY, "u", NOW);
            let outcomes = test.graph.sync_partner_ids("new.example", &[mapping], NOW)?;
            outcomes.into_iter().try_for_each(|outcome| outcome.map(drop))
        },
        touched: &["/ids/new.example", "/removed/new.example"],
    },
    Operation {
        run: |test| test.graph.update_last_seen(KEY, NOW).map(drop),
        touched: &["/last_seen"],
    },
    Operation {
        run: |test| test.graph.evaluate_cluster(KEY, NOW).map(drop),
        touched: &["/network/cluster_size", "/network/cluster_checked"],
    },
    Operation {
        run: |test| {
            let entry = NewEntry {
                tcf: Some("CQvisit".into()),
                geo: Some(Geo { country: "FR".into(), ..Geo::unknown() }),
                device: Some(Device { is_mobile: 1, ..Device::default() }),
                domain: Some("visit.example".into()),
                ids: vec![uid("new.example", "u", None)],
                ..NewEntry::at(NOW)
            };
            test.graph.visit(KEY, entry).map(drop)
        },
        touched: &[
            "/ids/new.example",
            "/removed/new.example",
            "/last_seen",
            "/consent/tcf",
            "/consent/updated",
            "/geo",
            "/device",
            "/pub_properties",
        ],
    },
    Operation {
        run: |test| {
            let partners = vec!["acme_ssp".into(), "new.example".into()];
            test.graph.remove_partner_ids(KEY, partners, NOW).map(drop)
        },
        touched: &["/ids/acme_ssp", "/ids/new.example", "/removed"],
    },
];

/// Tries everything on a stored value.
fn assert_answers(test: &TestGraph, body: &[u8]) {
    let _ = test.at(NOW);
    test.store.seed(KEY, body, None);
    let entry = test.graph.get(KEY, test.store.now()).map(|snapshot| snapshot.map(|s| s.entry()));
    let raw = test.graph.inspect(KEY).unwrap().unwrap();
    assert_eq!(raw.body, body);
    match &entry {
        // What is past its lifetime is an entry and not shown.
        Ok(entry) => assert!((entry.is_some() || is_over(body)) && raw.problem.is_none()),
        Err(failure) => assert_eq!(Some(failure), raw.problem.map(Failure::Corrupt).as_ref()),
    }
    for operation in &OPERATIONS {
        let generation = test.store.seed(KEY, body, None);
        let result = (operation.run)(test);
        let row = test.store.row(KEY).unwrap();
        if row.generation == generation {
            assert_eq!(row.body, body);
        } else {
            assert_eq!(result, Ok(()), "what was written was said to be refused");
            // Where there is no live entry, a visit makes one.
            if matches!(&entry, Ok(Some(entry)) if entry.consent.ok) {
                assert_differs_only(operation.touched, body, &row.body);
            }
            assert!(test.graph.get(KEY, test.store.now()).unwrap().is_some());
        }
        match (&entry, result) {
            // What would have to be replaced to make the change is left as it is.
            (Ok(_), Err(Failure::Corrupt(_))) => assert!(has_odd_section(body)),
            (Ok(_), result) => assert!(matches!(result, Ok(()) | Err(Failure::TooLarge))),
            (Err(corrupt), result) => assert_eq!(result.as_ref(), Err(corrupt)),
        }
    }
    let generation = test.store.seed(KEY, body, None);
    let kept = matches!(
        done(test.graph.create_or_revive(KEY, NewEntry::at(NOW))),
        Ok(CreateOutcome::AlreadyLive | CreateOutcome::Withdrawn) | Err(Failure::Corrupt(_))
    );
    assert_eq!(kept, test.store.row(KEY).unwrap().generation == generation);
    test.store.seed(KEY, body, None);
    assert_eq!(test.graph.write_withdrawal_tombstone(KEY, NOW), Ok(()));
    assert!(!test.graph.get(KEY, test.store.now()).unwrap().unwrap().entry().consent.ok);
    test.store.seed(KEY, body, None);
    assert_eq!(test.graph.delete(KEY), Ok(true));
}

/// True where the row says a last visit of more than a year ago.
fn is_over(body: &[u8]) -> bool {
    // serde_json refuses lone surrogates, which the rules keep as they are.
    let Ok(row) = serde_json::from_slice::<Value>(body) else { return true };
    row["last_seen"].as_u64().is_some_and(|last_seen| last_seen <= NOW - 31_536_000)
}

/// True where something else stands in the place of an object that operations write to.
fn has_odd_section(body: &[u8]) -> bool {
    let Ok(row) = serde_json::from_slice::<Value>(body) else { return true };
    let is_odd = |name: &&str| !(row[*name].is_object() || row[*name].is_null());
    ["ids", "network", "removed"].iter().any(is_odd)
}

fn assert_differs_only(touched: &[&str], before: &[u8], after: &[u8]) {
    // serde_json refuses what the rules keep as it is: lone surrogates and numbers beyond f64.
    let Ok(mut before) = serde_json::from_slice::<Value>(before) else { return };
    let mut after: Value = serde_json::from_slice(after).expect("still JSON");
    for row in [&mut before, &mut after] {
        for path in touched {
            remove(row, path);
        }
        bring_to_shape(row);
    }
    assert_eq!(before, after);
}

/// Takes away what every change may add: times where there were none, and the list of domains.
fn bring_to_shape(row: &mut Value) {
    if let Some(ids) = row.pointer_mut("/ids").and_then(Value::as_object_mut) {
        for partner in ids.values_mut().filter_map(Value::as_object_mut) {
            let is_ahead = |time: &Value| time.as_u64().is_some_and(|time| time > NOW + 300);
            let is_none = |time: &Value| time.is_null() || *time == 0 || is_ahead(time);
            partner.retain(|name, value| name != "synced" || !is_none(value));
        }
        let has_ended = |id: &Value| id["expires"].as_u64().is_some_and(|at| at <= NOW);
        ids.retain(|_, id| !has_ended(id));
    }
    let is_ahead = row["last_seen"].as_u64().is_some_and(|time| time > NOW + 300);
    if row["last_seen"].is_null() || row["last_seen"] == NOW || is_ahead {
        remove(row, "/last_seen");
    }
    if let Some(properties) = row.pointer_mut("/pub_properties").and_then(Value::as_object_mut)
        && let Some(map) = properties.remove("seen_domains_map")
    {
        properties.insert("seen_domains".to_owned(), map);
    }
    let root = row.as_object_mut().expect("a row is an object");
    for name in ["ids", "network"] {
        let empty = |value: &Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
        if root.get(name).is_some_and(empty) {
            root.remove(name);
        }
    }
}

fn remove(row: &mut Value, path: &str) {
    let (parent, name) = path.rsplit_once('/').expect("a path");
    if let Some(parent) = row.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.remove(name);
    }
}

#[derive(Debug, Clone)]
enum Mutation {
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, u8),
    Truncate(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let piece = prop_oneof![
        vec(any::<u8>(), 1..4),
        select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "null",
            "0",
            "-",
            "1e9",
            "\"ids\":{},"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, bits)| Mutation::Flip(at, bits)),
        4 => (any::<Index>(), piece).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        4 => (any::<Index>(), 1..9_u8).prop_map(|(at, count)| Mutation::Remove(at, count)),
        1 => any::<Index>().prop_map(Mutation::Truncate),
    ]
}

fn mutated(row: &str, mutations: Vec<Mutation>) -> Vec<u8> {
    let mut body = row.as_bytes().to_vec();
    for mutation in mutations {
        let length = body.len();
        match mutation {
            Mutation::Flip(at, bits) if length > 0 => body[at.index(length)] ^= bits,
            Mutation::Insert(at, piece) => {
                let at = at.index(length + 1);
                body.splice(at..at, piece);
            }
            Mutation::Remove(at, count) if length > 0 => {
                let at = at.index(length);
                body.drain(at..(at + usize::from(count)).min(length));
            }
            Mutation::Truncate(at) => body.truncate(at.index(length + 1)),
            Mutation::Flip(..) | Mutation::Remove(..) => {}
        }
    }
    body
}

/// A fixture or a rich row with a few accidents.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let fixtures: Vec<String> = stored::all().into_iter().map(|stored| stored.body).collect();
    let row = prop_oneof![select(fixtures), rich::row()];
    (row, vec(mutation(), 0..4)).prop_map(|(row, mutations)| mutated(&row, mutations))
}

/// JSON of any form, its objects with the names that rows have.
fn document() -> impl Strategy<Value = Vec<u8>> {
    let names = [
        "v",
        "created",
        "last_seen",
        "consent",
        "ok",
        "updated",
        "tcf",
        "geo",
        "country",
        "region",
        "pub_properties",
        "seen_domains",
        "device",
        "is_mobile",
        "network",
        "cluster_size",
        "ids",
        "uid",
        "synced",
        "atype",
        "expires",
        "ext",
        "removed",
        "withdrawn",
        "gpp_sid",
        "acme_ssp",
        "x",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        select(vec![0_u64, 1, 2, 1_790_000_000, u64::MAX]).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(Value::from("US")),
    ];
    let value = leaf.prop_recursive(4, 48, 12, move |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => btree_map(select(names.to_vec()), inner, 0..12)
                .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    });
    value.prop_map(|value| value.to_string().into_bytes())
}

/// The required fields with anything else.
fn nearly_an_entry() -> impl Strategy<Value = Vec<u8>> {
    document().prop_map(|text| {
        let mut value: Value = serde_json::from_slice(&text).unwrap();
        if let Some(root) = value.as_object_mut() {
            for (name, required) in [
                ("v", serde_json::json!(1)),
                ("created", serde_json::json!(NOW - 1_000)),
                ("consent", serde_json::json!({"ok": true, "updated": 5})),
                ("geo", serde_json::json!({"country": "US"})),
            ] {
                root.insert(name.to_owned(), required);
            }
        }
        value.to_string().into_bytes()
    })
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => damaged(),
        1 => document(),
        3 => nearly_an_entry(),
        1 => vec(any::<u8>(), 0..40),
    ]
}

fn assert_metadata_answers(test: &TestGraph, metadata: &str) {
    let stored = stored::named("2026-08-current");
    test.store.seed(&stored.key, stored.body.as_str(), Some(metadata));
    let read = test.graph.get_metadata(&stored.key);
    assert!(matches!(read, Ok(Some(_)) | Err(Failure::Corrupt(_))));
    let now = test.at(NOW);
    match test.graph.update_last_seen(&stored.key, now) {
        Ok(_) => {
            let entry = test.graph.get(&stored.key, test.store.now()).unwrap().unwrap().entry();
            let read = test.graph.get_metadata(&stored.key).unwrap();
            assert_eq!(read, Some(identity_graph::Metadata::from(&entry)));
        }
        Err(failure) => assert_eq!(failure, Failure::TooLarge),
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn every_operation_answers_for_any_stored_value(body in any_body()) {
        assert_answers(&TestGraph::native(), &body);
    }
}

proptest! {
    #![proptest_config(cases(192))]

    #[test]
    #[cfg(feature = "component")]
    fn the_component_never_traps_whatever_is_stored(body in any_body()) {
        assert_answers(&TestGraph::component(), &body);
    }

    #[test]
    fn any_metadata_is_read_or_named_and_replaced(metadata in ".{0,40}", damage in damaged()) {
        for metadata in [metadata, String::from_utf8_lossy(&damage).into_owned()] {
            for_both(|test| assert_metadata_answers(test, &metadata));
        }
    }
}
