//! What failures and debug output show: at most the first 8 characters of an EC ID, and no UID,
//! consent string or stored text.

use std::fmt::Debug;

use host_test::{Fault, MemoryStore, StoreCall, TestGraph, for_both};
use identity_graph::{
    Device, EcId, Failure, Geo, Graph, IfMissing, Item, ItemHead, KvError, NewEntry, PartnerUid,
    Policy, Precondition, RawRow, UpsertOutcome, Write,
};

use crate::support::{NOW, PARTNER, mapping, uid};

const HASH: &str = "d0c0ffee1badcafe2deadbea7feedface5ca1ab1e0b5e55ed0c0ffee1badcafe";
/// Stands in every UID, consent string and stored text of these tests.
const SECRET: &str = "Geheimnis";

fn secret_id() -> String {
    format!("{HASH}.Zq9Xw8")
}

fn secret_uid(synced: Option<u64>) -> PartnerUid {
    uid(PARTNER, &format!("{SECRET}-uid"), synced)
}

fn secret_visit() -> NewEntry {
    NewEntry {
        tcf: Some(format!("CQ{SECRET}")),
        gpp: Some(format!("DB{SECRET}")),
        ids: vec![secret_uid(Some(5))],
        ..NewEntry::at(NOW)
    }
}

#[track_caller]
fn is_redacted(shown: &str) {
    assert!(!shown.contains(SECRET), "shows a UID, a consent string or stored text");
    let id = secret_id();
    let is_part_of_it = |from: usize| shown.contains(&id[from..from + 9]);
    assert!(!(0..id.len() - 8).any(is_part_of_it), "shows more than 8 characters of an EC ID");
}

#[track_caller]
fn is_redacted_debug(shown: &impl Debug) {
    for shown in [format!("{shown:?}"), format!("{shown:#?}")] {
        assert!(!shown.is_empty(), "says nothing at all");
        is_redacted(&shown);
    }
}

/// The failures of every operation on this EC ID, with these UIDs.
fn failures(test: &TestGraph, ec_id: &str, id: &PartnerUid) -> Vec<Failure> {
    let graph = &test.graph;
    let visit = || NewEntry { ids: vec![id.clone()], ..secret_visit() };
    let create = IfMissing::CreateMinimal;
    let one = [mapping(ec_id, &id.uid, NOW)];
    let synced = graph.sync_partner_ids(PARTNER, &one, NOW).map(|mut all| all.remove(0));
    let failures = [
        graph.get(ec_id, NOW).err(),
        graph.get_metadata(ec_id).err(),
        graph.inspect(ec_id).err(),
        graph.create(ec_id, visit()).err(),
        graph.create_or_revive(ec_id, visit()).err(),
        graph.upsert_partner_id(ec_id, id.clone(), create, NOW).err(),
        graph.upsert_partner_ids(ec_id, vec![id.clone()], create, NOW).err(),
        graph.visit(ec_id, visit()).err(),
        graph.remove_partner_ids(ec_id, vec![id.partner.clone()], NOW).err(),
        graph.update_last_seen(ec_id, NOW).err(),
        graph.evaluate_cluster(ec_id, NOW).err(),
        synced.and_then(|outcome| outcome).err(),
        graph.write_withdrawal_tombstone(ec_id, NOW).err(),
        graph.delete(ec_id).err(),
    ];
    failures.into_iter().flatten().collect()
}

#[track_caller]
fn are_redacted(failures: &[Failure], at_least: usize) {
    assert!(failures.len() >= at_least, "{} calls fail", failures.len());
    for failure in failures {
        is_redacted(&failure.to_string());
        is_redacted_debug(failure);
    }
}

#[test]
fn refused_arguments_are_not_repeated() {
    let id = secret_id();
    let malformed = [
        format!("{id}x"),
        format!("{HASH}.{SECRET}"),
        id.replace('.', "-"),
        format!("{SECRET}{id}"),
        id[1..].to_owned(),
    ];
    let refused_uids = [
        format!("{SECRET}\n"),
        format!("\0{SECRET}"),
        SECRET.repeat(60),
        format!("\u{85}{SECRET}"),
    ];
    for_both(|test| {
        for bad in &malformed {
            are_redacted(&failures(test, bad, &secret_uid(None)), 14);
        }
        for bad in &refused_uids {
            for outcome in outcomes(test, &id, &uid(PARTNER, bad, None)) {
                assert!(matches!(outcome, UpsertOutcome::Invalid(_)));
                is_redacted_debug(&outcome);
            }
        }
        let large = NewEntry { tcf: Some(SECRET.repeat(8_000)), ..secret_visit() };
        are_redacted(&[test.graph.create(&id, large).unwrap_err()], 1);
        let partner = format!("{SECRET} {id}");
        let upsert =
            test.graph.upsert_partner_id(&id, uid(&partner, SECRET, None), IfMissing::Skip, NOW);
        let synced = test.graph.sync_partner_ids(&partner, &[mapping(&id, SECRET, NOW)], NOW);
        let removed = test.graph.remove_partner_ids(&id, vec![partner], NOW);
        for said in
            [upsert.unwrap(), synced.unwrap().remove(0).unwrap(), removed.unwrap().remove(0)]
        {
            assert!(matches!(said, UpsertOutcome::Invalid(_)));
            is_redacted_debug(&said);
        }
    });
}

/// What is said of this UID, in every way in which it reaches the graph.
fn outcomes(test: &TestGraph, ec_id: &str, id: &PartnerUid) -> Vec<UpsertOutcome> {
    let visit = || NewEntry { ids: vec![id.clone()], ..secret_visit() };
    let (graph, create) = (&test.graph, IfMissing::CreateMinimal);
    let one = [mapping(ec_id, &id.uid, NOW)];
    test.store.remove(ec_id);
    [
        vec![graph.upsert_partner_id(ec_id, id.clone(), create, NOW).unwrap()],
        graph.upsert_partner_ids(ec_id, vec![id.clone()], create, NOW).unwrap(),
        vec![graph.sync_partner_ids(PARTNER, &one, NOW).unwrap().remove(0).unwrap()],
        graph.create(ec_id, visit()).unwrap().ids,
        graph.visit(ec_id, visit()).unwrap().ids,
    ]
    .concat()
}

#[test]
fn what_is_left_out_is_not_repeated() {
    let id = secret_id();
    let entry = NewEntry {
        domain: Some(format!("{SECRET} {id}.example")),
        geo: Some(Geo {
            country: format!("{SECRET} {id}"),
            region: Some(format!("{SECRET} {id}")),
            ..Geo::unknown()
        }),
        device: Some(Device { ja4_class: Some(format!("{SECRET}\n{id}")), ..Device::default() }),
        ids: vec![PartnerUid { ext: Some(format!("[\"{SECRET} {id}\"]")), ..secret_uid(None) }],
        ..NewEntry::at(NOW)
    };
    for_both(|test| {
        let report = test.graph.visit(&id, entry.clone()).unwrap();
        assert_eq!(report.left_out.len(), 5);
        is_redacted_debug(&report);
    });
}

/// No key is shown whole, however short it is, and of a longer one 8 characters at most.
#[test]
fn short_ids_of_providers_are_not_shown_whole() {
    for (id, shown) in [("a~b", "a…"), ("p~12345", "p~1…"), ("acme~Visitor", "acme~V…")] {
        let parsed = EcId::parse(id).unwrap();
        assert_eq!(parsed.to_string(), shown);
        for debug in [
            format!("{parsed:?}"),
            format!("{:?}", mapping(id, "u", NOW)),
            format!("{:?}", Write { key: id, ..secret_write() }),
        ] {
            assert!(!debug.contains(id), "shows the whole of a short ID");
        }
        for_both(|test| {
            test.store.seed(id, "no entry", None);
            let failure = test.graph.get(id, NOW).err().unwrap();
            assert!(!format!("{failure} {failure:?}").contains(id));
        });
    }
}

fn secret_write() -> Write<'static> {
    Write {
        key: HASH,
        body: SECRET.as_bytes(),
        metadata: SECRET,
        time_to_live: 1,
        condition: Precondition::None,
    }
}

#[test]
fn debug_output_of_stored_items_shows_no_metadata() {
    let metadata = || Some(format!("{{\"country\":\"{SECRET}\"}}"));
    is_redacted_debug(&Item { body: SECRET.into(), metadata: metadata(), generation: 1 });
    is_redacted_debug(&ItemHead { metadata: metadata(), generation: 1 });
    is_redacted_debug(&secret_write());
    is_redacted_debug(&RawRow {
        body: SECRET.into(),
        metadata: metadata(),
        generation: 1,
        problem: None,
    });
    for_both(|test| {
        test.store.seed(&secret_id(), SECRET, metadata().as_deref());
        is_redacted_debug(&test.graph.inspect(&secret_id()));
    });
}

#[test]
fn a_failing_store_is_named_without_what_was_asked_of_it() {
    for error in [
        KvError::NoSuchStore,
        KvError::Invalid,
        KvError::Throttled,
        KvError::Unavailable,
        KvError::UnknownOutcome,
    ] {
        for_both(|test| {
            for kind in [
                StoreCall::Get,
                StoreCall::Head,
                StoreCall::Put,
                StoreCall::Delete,
                StoreCall::Count,
            ] {
                test.faults.always(kind, Fault::Fail(error));
            }
            are_redacted(&failures(test, &secret_id(), &secret_uid(None)), 14);
        });
    }
}

#[test]
fn conflicts_are_named_without_the_row() {
    for_both(|test| {
        test.graph.create(&secret_id(), secret_visit()).unwrap();
        test.faults.always(StoreCall::Put, Fault::Conflict(None));
        let other = uid(PARTNER, &format!("{SECRET}-other"), NOW);
        are_redacted(&failures(test, &secret_id(), &other), 4);
    });
}

#[test]
fn a_corrupt_row_is_named_without_its_text() {
    let id = secret_id();
    let rows = [
        SECRET.to_owned(),
        format!("\"{SECRET} {id}\""),
        format!("{{\"v\":1,\"{SECRET}\":\"{id}"),
        format!("{{\"v\":\"{SECRET}\",\"consent\":{{\"tcf\":\"{SECRET}\"}}}}"),
        format!("{{\"v\":1,\"consent\":\"{SECRET}\",\"geo\":\"{id}\"}}"),
        format!("{{\"{SECRET}\":1,\"{id}\":2}}"),
    ];
    for_both(|test| {
        for row in &rows {
            test.store.seed(&id, row.as_str(), Some(row));
            are_redacted(&failures(test, &id, &secret_uid(None)), 8);
            test.store.seed(&id, row.as_str(), Some(row));
            let problem = test.graph.inspect(&id).unwrap().unwrap().problem.unwrap();
            is_redacted(&problem);
        }
    });
}

#[test]
fn debug_output_shows_neither_ids_nor_consent() {
    for_both(|test| {
        test.graph.create(&secret_id(), secret_visit()).unwrap();
        is_redacted_debug(test);
        is_redacted_debug(&test.store);
        is_redacted_debug(&test.store.row(&secret_id()));
        let entry = test.graph.get(&secret_id(), NOW).unwrap().unwrap().entry();
        assert!(entry.consent.tcf.is_some() && !entry.ids.is_empty());
        is_redacted_debug(&entry);
    });
    is_redacted_debug(&secret_visit());
    is_redacted_debug(&secret_uid(None));
    is_redacted_debug(&mapping(&secret_id(), SECRET, NOW));
}

#[test]
fn debug_output_of_the_rules_shows_no_stored_text() {
    let graph = Graph::new(MemoryStore::new(), Policy::default()).unwrap();
    graph.create(&secret_id(), secret_visit()).unwrap();
    is_redacted_debug(&graph);
    is_redacted_debug(&graph.get(&secret_id(), NOW).unwrap().unwrap());
    is_redacted_debug(&graph.inspect(&secret_id()).unwrap().unwrap());
    is_redacted_debug(&graph.create(&secret_id(), secret_visit()));
    let row = graph.store().row(&secret_id()).unwrap();
    is_redacted_debug(&row.item());
    is_redacted_debug(&Item { body: SECRET.into(), metadata: None, generation: 1 });
    is_redacted_debug(&Write {
        key: &secret_id(),
        body: &row.body,
        metadata: "",
        time_to_live: 1,
        condition: Precondition::None,
    });
}
