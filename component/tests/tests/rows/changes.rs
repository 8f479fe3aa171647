//! What a change leaves behind: the fields it is to change are changed, and all else is as it was.

use host_test::{TestGraph, for_both};
use identity_graph::limits::{MAX_DOMAIN_BYTES, MAX_SEEN_DOMAINS};
use identity_graph::{
    CreateOutcome, IfMissing, Mapping, Metadata, NewEntry, Policy, TouchOutcome, UpsertOutcome,
};

use crate::operations::{ALL, Call, NEW, NEW_UID, Operation, done, uid};
use crate::raw::{Flat, assert_kept, flat, members};
use crate::readers::assert_all_read;
use crate::stored::{Stored, all, body, live, named};

/// Every rewrite brings a row to the shape that all readers accept.
fn bring_to_shape(flat: &mut Flat, now: u64) {
    if flat.get("last_seen").is_none_or(|raw| raw == "null") {
        flat.insert("last_seen".to_owned(), now.to_string());
    }
    let uids = flat.iter().filter(|(path, raw)| path.starts_with("ids/") && raw.starts_with('"'));
    let partners: Vec<_> =
        uids.filter_map(|(path, _)| path.strip_suffix("/uid")).map(str::to_owned).collect();
    for partner in partners {
        let synced = flat.entry(format!("{partner}/synced")).or_insert_with(|| "0".to_owned());
        if synced == "null" {
            "0".clone_into(synced);
        }
    }
    let domains = flat.get("pub_properties/seen_domains").cloned().unwrap_or_default();
    if let Some(members) = members(&domains) {
        let mut names: Vec<_> = members.into_iter().map(|(name, _)| name).collect();
        names.retain(|name| name.len() <= MAX_DOMAIN_BYTES);
        names.sort();
        names.dedup();
        names.truncate(MAX_SEEN_DOMAINS);
        let list = serde_json::to_string(&names).unwrap();
        flat.insert("pub_properties/seen_domains".to_owned(), list);
        flat.insert("pub_properties/seen_domains_map".to_owned(), domains);
    }
}

/// Makes the change and compares the row with what was there, value by value and byte by byte.
pub(crate) fn assert_changes_only(operation: &Operation, call: &Call<'_>, before: &str) {
    println!("operation {}", operation.name);
    let test = call.test;
    let generation = test.store.row(call.key).unwrap().generation;
    let _ = test.take_store_calls();
    (operation.run)(call);
    assert_eq!(test.take_store_calls().writes(), 1);

    let after = body(test, call.key);
    let mut expected = flat(before);
    bring_to_shape(&mut expected, call.now);
    (operation.change)(call, &mut expected);
    assert_eq!(flat(&after), expected);
    let was = flat(before);
    assert_kept(before, &after, |path| was.get(path) != expected.get(path));

    let row = test.store.row(call.key).unwrap();
    assert_ne!(row.generation, generation);
    let ttl = u64::from(Policy::default().entry_ttl);
    let time = |path: &str| expected[path].parse::<u64>().unwrap();
    let from = if operation.is_visit { call.now } else { time("last_seen") };
    assert_eq!(row.expires_at, Some(from + ttl));
    let entry = test.graph.get(call.key, test.store.now()).unwrap().unwrap().entry();
    let metadata = test.graph.get_metadata(call.key).unwrap();
    assert_eq!(metadata, Some(Metadata::from(&entry)), "metadata mirrors the body");
}

fn each_change(check: impl Fn(&TestGraph, &Stored, &Operation, &Call<'_>)) {
    for_both(|test| {
        for stored in live() {
            for operation in &ALL {
                stored.seed(test);
                let call = Call::on(test, &stored.key, &stored.body);
                check(test, &stored, operation, &call);
                test.store.remove(&stored.key);
            }
        }
    });
}

#[test]
fn every_change_of_every_shape_leaves_the_rest_to_the_byte() {
    each_change(|_, stored, operation, call| assert_changes_only(operation, call, &stored.body));
}

#[test]
fn readers_of_every_version_read_every_row_that_is_written() {
    each_change(|test, stored, operation, call| {
        (operation.run)(call);
        let entry = test.graph.get(&stored.key, test.store.now()).unwrap().unwrap().entry();
        assert_all_read(&body(test, &stored.key), &entry);
    });
}

#[test]
fn readers_of_every_version_read_new_rows_and_tombstones() {
    for_both(|test| {
        let check = |key: &str| {
            let entry = test.graph.get(key, test.store.now()).unwrap().unwrap().entry();
            assert_all_read(&body(test, key), &entry);
            let metadata = test.graph.get_metadata(key).unwrap();
            assert_eq!(metadata, Some(Metadata::from(&entry)));
        };
        let key = &named("2026-03-first").key;
        let now = test.at(1_800_000_000);
        let ids = vec![uid("b", "1", None), uid("a", NEW_UID, Some(3))];
        let first =
            NewEntry { ids: ids.clone(), domain: Some("a.example".into()), ..NewEntry::at(now) };
        test.graph.create(key, first).unwrap();
        check(key);
        test.graph.write_withdrawal_tombstone(key, now).unwrap();
        check(key);
        test.graph.delete(key).unwrap();
        test.graph.upsert_partner_ids(key, ids, IfMissing::CreateMinimal, now).unwrap();
        check(key);
    });
}

#[test]
fn a_second_change_finds_the_row_in_shape_and_adds_nothing_of_its_own() {
    each_change(|test, stored, _, call| {
        let now = call.now;
        test.graph.update_last_seen(&stored.key, now).unwrap();
        let before = body(test, &stored.key);
        let now = test.at(now + 300);
        test.graph.update_last_seen(&stored.key, now).unwrap();
        let old = format!("\"last_seen\":{}", call.now);
        let expected = before.replacen(&old, &format!("\"last_seen\":{now}"), 1);
        assert_eq!(body(test, &stored.key), expected);
    });
}

#[test]
fn a_map_of_seen_domains_becomes_a_sorted_list_and_stays_beside_it() {
    for_both(|test| {
        let stored = named("2026-04-seen-domains-map");
        stored.seed(test);
        let now = test.at(1_775_700_000);
        test.graph.update_last_seen(&stored.key, now).unwrap();
        let map = "{\"news.example\":{\"first\":1775600000,\"last\":1775690000,\"visits\":4},\
                   \"sport.example\":{\"first\":1775650000,\"last\":1775650000,\"visits\":1}}";
        let expected = stored
            .body
            .replace(
                map,
                &format!("[\"news.example\",\"sport.example\"],\"seen_domains_map\":{map}"),
            )
            .replace("\"last_seen\":1775690000", "\"last_seen\":1775700000");
        assert_eq!(body(test, &stored.key), expected);
    });
}

#[test]
fn numbers_and_escapes_of_unknown_fields_stay_as_they_are_written() {
    for_both(|test| {
        let stored = named("from-the-future");
        stored.seed(test);
        let now = test.at(1_790_001_000);
        let id = uid("ids.acme.example", "ACME-0010", Some(5));
        test.graph.upsert_partner_id(&stored.key, id, IfMissing::Skip, now).unwrap();
        let expected = stored
            .body
            .replace("\"created\":1790000000", "\"created\":1790000000,\"last_seen\":1790001000")
            .replace("ACME-0009", "ACME-0010")
            // What was said of another UID is not said of this one.
            .replace("\"atype\":3", "\"atype\":null")
            .replace("{\"rtiPartner\":\"idl\"}}", "null,\"synced\":5}");
        assert_eq!(body(test, &stored.key), expected);
        assert!(expected.contains(r#"[true,null,1000.0],"b":{"c":"\u00e9\u2028"}"#));
    });
}

#[test]
fn nothing_is_written_where_nothing_changes() {
    for_both(|test| {
        for stored in live() {
            stored.seed(test);
            let row = test.store.row(&stored.key);
            let Call { now, existing, .. } = Call::on(test, &stored.key, &stored.body);
            let graph = &test.graph;
            let known =
                flat(&stored.body)[&format!("ids/{}/uid", existing.clone().unwrap())].clone();
            let known: String = serde_json::from_str(&known).unwrap();
            let partner = existing.unwrap();
            let _ = test.take_store_calls();

            let upsert =
                |id| graph.upsert_partner_id(&stored.key, id, IfMissing::CreateMinimal, now);
            let synced = flat(&stored.body).get(&format!("ids/{partner}/synced")).cloned();
            let synced = synced.map_or(0, |synced| synced.parse().unwrap());
            let same = uid(&partner, &known, Some(synced));
            assert_eq!(upsert(same.clone()), Ok(UpsertOutcome::Unchanged));
            assert_eq!(upsert(uid(&partner, "older", Some(0))), Ok(UpsertOutcome::Stale));
            let mut snapshot = graph.get(&stored.key, test.store.now()).unwrap().unwrap();
            let outcomes = snapshot.upsert_partner_ids(vec![same], now);
            assert_eq!(outcomes, Ok(vec![UpsertOutcome::Unchanged]));
            let mapping = Mapping::new(stored.key.clone(), known, synced);
            let outcomes = graph.sync_partner_ids(&partner, &[mapping], now);
            assert_eq!(outcomes, Ok(vec![Ok(UpsertOutcome::Unchanged)]));
            let touch = |now| graph.update_last_seen(&stored.key, now);
            if let Some(last_seen) = snapshot.entry().last_seen {
                assert_eq!(touch(last_seen + 299), Ok(TouchOutcome::Debounced));
                assert_eq!(touch(last_seen - 1), Ok(TouchOutcome::Stale));
            }
            let outcome = done(graph.create_or_revive(&stored.key, NewEntry::at(now)));
            assert_eq!(outcome, Ok(CreateOutcome::AlreadyLive));

            assert_eq!(
                test.take_store_calls().writes(),
                1,
                "the refused creation of the last call"
            );
            assert_eq!(test.store.row(&stored.key), row);
        }
    });
}

#[test]
fn a_tombstone_stays_as_it_is_until_newer_consent_replaces_it() {
    for_both(|test| {
        let stored = named("tombstone");
        stored.seed(test);
        let row = test.store.row(&stored.key);
        let (graph, key) = (&test.graph, stored.key.as_str());
        let now = test.at(1_787_000_600);
        let id = uid(NEW, NEW_UID, Some(now));
        let outcome = graph.upsert_partner_id(key, id.clone(), IfMissing::CreateMinimal, now);
        assert_eq!(outcome, Ok(UpsertOutcome::Withdrawn));
        let mapping = Mapping::new(key, "u", now);
        let outcomes = graph.sync_partner_ids(NEW, &[mapping], now);
        assert_eq!(outcomes, Ok(vec![Ok(UpsertOutcome::Withdrawn)]));
        assert_eq!(graph.update_last_seen(key, now), Ok(TouchOutcome::Withdrawn));
        assert_eq!(graph.evaluate_cluster(key, now), Ok(None));
        let mut snapshot = graph.get(key, test.store.now()).unwrap().unwrap();
        let outcomes = snapshot.upsert_partner_ids(vec![id], now);
        assert_eq!(outcomes, Ok(vec![UpsertOutcome::Withdrawn]));
        assert_eq!(snapshot.update_last_seen(now), Ok(TouchOutcome::Withdrawn));
        assert_eq!(snapshot.evaluate_cluster(now), Ok(None));
        let same_second = NewEntry::at(1_787_000_500);
        assert_eq!(done(graph.create_or_revive(key, same_second)), Ok(CreateOutcome::Withdrawn));
        assert_eq!(test.store.row(key), row);
        assert_eq!(done(graph.create_or_revive(key, NewEntry::at(now))), Ok(CreateOutcome::Revived));
        let entry = graph.get(key, test.store.now()).unwrap().unwrap().entry();
        assert_eq!((entry.created, entry.consent.ok, entry.consent.updated), (now, true, now));
    });
}

#[test]
fn a_withdrawal_leaves_nothing_of_any_shape() {
    for_both(|test| {
        for stored in all() {
            stored.seed(test);
            let now = test.at(1_795_000_000);
            test.graph.write_withdrawal_tombstone(&stored.key, now).unwrap();
            assert_eq!(
                body(test, &stored.key),
                "{\"v\":1,\"created\":1795000000,\"last_seen\":1795000000,\
                 \"consent\":{\"ok\":false,\"updated\":1795000000},\"geo\":{\"country\":\"ZZ\"}}"
            );
            let row = test.store.row(&stored.key).unwrap();
            let metadata = "{\"ok\":false,\"country\":\"ZZ\",\"v\":1}";
            assert_eq!(row.metadata.as_deref(), Some(metadata));
            assert_eq!(row.expires_at, Some(now + 86_400));
        }
    });
}
