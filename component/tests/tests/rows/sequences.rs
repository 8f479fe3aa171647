//! Sequences of operations, compared after each step with a model.

use std::collections::BTreeMap;

use host_test::{Build, MemoryStore, TestGraph};
use identity_graph::{
    Device, Entry, Geo, IfMissing, Mapping, NewEntry, Order, PartnerUid, Policy, TouchOutcome,
    UpsertOutcome,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::cases;
use crate::model::{
    Answer, Call, KEYS, Model, PARTNERS, Page, Said, country_text, domain_text, tcf_text, uid_text,
};

/// Short enough for a sequence to live through all of it.
const SHORT: Policy = Policy {
    entry_ttl: 400,
    max_age: Some(400),
    tombstone_ttl: 120,
    last_seen_debounce: 10,
    max_cas_attempts: 3,
    cluster_recheck: Some(60),
    clock_skew: 50,
    resync: 40,
    max_partners: 2,
    order: Order::Time,
};
/// The policy of trusted-server, as short.
const TRUSTED_SERVER: Policy =
    Policy { max_age: None, cluster_recheck: None, order: Order::Arrival, ..SHORT };
/// A row that no longer counts although the store keeps it.
const AGED: Policy = Policy { max_age: Some(150), ..SHORT };
const START: u64 = 10_000;

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![3 => Just(SHORT), 3 => Just(TRUSTED_SERVER), 1 => Just(AGED)]
}

#[derive(Debug, Clone)]
struct Step {
    /// Seconds since the step before. Another worker's clock may be behind.
    after: i64,
    call: Call,
}

fn step() -> impl Strategy<Value = Step> {
    let after = prop_oneof![
        4 => Just(0),
        8 => 1..30_i64,
        3 => 30..150_i64,
        1 => 150..450_i64,
        2 => -90..0_i64,
    ];
    (after, call()).prop_map(|(after, call)| Step { after, call })
}

fn page() -> impl Strategy<Value = Page> {
    let part = |values: u8| option::weighted(0.4, 0..values);
    (part(3), part(2), part(3), part(3), part(3)).prop_map(
        |(tcf, gpp_sid, domain, country, is_mobile)| Page {
            tcf,
            gpp_sid,
            domain,
            country,
            is_mobile,
        },
    )
}

fn said() -> impl Strategy<Value = Said> {
    let synced = prop_oneof![START..START + 900, START + 90..START + 110];
    let more = (
        option::weighted(0.2, select(vec![1, 3, 571_187])),
        option::weighted(0.3, START..START + 900),
        option::weighted(0.2, select(vec!["{}", "{\"rtiPartner\":\"TDID\"}"])),
    );
    let uid = 0..4_u8;
    (0..PARTNERS.len(), uid, option::weighted(0.6, synced), more).prop_map(
        |(partner, uid, synced, (atype, expires, ext))| Said {
            partner,
            uid: Some(uid),
            synced,
            atype,
            expires,
            ext,
        },
    )
}

fn mapping() -> impl Strategy<Value = Said> {
    let removal = |said: Said| Said { uid: None, atype: None, expires: None, ext: None, ..said };
    let mapping = prop_oneof![4 => said(), 1 => said().prop_map(removal)];
    mapping.prop_map(|said| Said { synced: Some(said.synced.unwrap_or(START)), ..said })
}

fn call() -> impl Strategy<Value = Call> {
    let key = || prop_oneof![3 => Just(0_usize), 2 => Just(1), 1 => Just(2), 1 => Just(3)];
    let ids = || vec(said(), 0..4);
    let visit = move || (key(), page(), ids());
    let partners = move || (key(), vec(0..PARTNERS.len(), 0..4));
    let missing = prop_oneof![2 => Just(IfMissing::Skip), 1 => Just(IfMissing::CreateMinimal)];
    prop_oneof![
        2 => visit().prop_map(|(key, page, ids)| Call::Create { key, page, ids }),
        3 => visit().prop_map(|(key, page, ids)| Call::CreateOrRevive { key, page, ids }),
        5 => visit().prop_map(|(key, page, ids)| Call::Visit { key, page, ids }),
        2 => visit().prop_map(|(key, page, ids)| Call::VisitOnSnapshot { key, page, ids }),
        5 => (key(), ids(), missing)
            .prop_map(|(key, ids, missing)| Call::Upsert { key, ids, missing }),
        3 => (key(), ids()).prop_map(|(key, ids)| Call::UpsertOnSnapshot { key, ids }),
        3 => partners().prop_map(|(key, partners)| Call::Remove { key, partners }),
        1 => partners().prop_map(|(key, partners)| Call::RemoveOnSnapshot { key, partners }),
        3 => key().prop_map(|key| Call::Touch { key }),
        1 => key().prop_map(|key| Call::TouchOnSnapshot { key }),
        2 => key().prop_map(|key| Call::Withdraw { key }),
        1 => key().prop_map(|key| Call::Delete { key }),
        3 => (0..PARTNERS.len(), vec((key(), mapping()), 0..6))
            .prop_map(|(partner, mappings)| Call::Sync { partner, mappings }),
        2 => key().prop_map(|key| Call::Cluster { key }),
        1 => key().prop_map(|key| Call::ClusterOnSnapshot { key }),
    ]
}

fn partner_uids(ids: &[Said]) -> Vec<PartnerUid> {
    let id = |said: &Said| PartnerUid {
        synced: said.synced,
        atype: said.atype,
        expires: said.expires,
        ext: said.ext.map(str::to_owned),
        ..PartnerUid::new(PARTNERS[said.partner], uid_text(said.uid.expect("a UID")))
    };
    ids.iter().map(id).collect()
}

fn new_entry(page: &Page, ids: &[Said], now: u64) -> NewEntry {
    let geo = |country| Geo { country: country_text(country), ..Geo::unknown() };
    NewEntry {
        tcf: page.tcf.map(tcf_text),
        gpp_sid: page.gpp_sid.map(|sid| sid.to_string()),
        geo: page.country.map(geo),
        device: page.is_mobile.map(|is_mobile| Device { is_mobile, ..Device::default() }),
        domain: page.domain.map(domain_text),
        ids: partner_uids(ids),
        ..NewEntry::at(now)
    }
}

fn partners(places: &[usize]) -> Vec<String> {
    places.iter().map(|partner| PARTNERS[*partner].to_owned()).collect()
}

/// What is said of a rule that is broken is nothing to compare.
fn bare(outcome: UpsertOutcome) -> UpsertOutcome {
    match outcome {
        UpsertOutcome::Invalid(_) => UpsertOutcome::Invalid(String::new()),
        other => other,
    }
}

fn all_bare(outcomes: Vec<UpsertOutcome>) -> Vec<UpsertOutcome> {
    outcomes.into_iter().map(bare).collect()
}

fn carry_out(test: &TestGraph, call: &Call, now: u64) -> Answer {
    let graph = &test.graph;
    match call {
        Call::Create { key, page, ids } => {
            let report = graph.create(KEYS[*key], new_entry(page, ids, now));
            Answer::Created(report.map(|report| all_bare(report.ids)))
        }
        Call::CreateOrRevive { key, page, ids } => {
            let report = graph.create_or_revive(KEYS[*key], new_entry(page, ids, now)).unwrap();
            Answer::CreatedOrRevived(report.outcome, all_bare(report.ids))
        }
        Call::Visit { key, page, ids } => {
            let report = graph.visit(KEYS[*key], new_entry(page, ids, now)).unwrap();
            Answer::Visited(Some(report.outcome), all_bare(report.ids))
        }
        Call::Upsert { key, ids, missing } => {
            let outcomes = graph.upsert_partner_ids(KEYS[*key], partner_uids(ids), *missing, now);
            Answer::Upserted(all_bare(outcomes.unwrap()))
        }
        Call::Remove { key, partners: of } => {
            let outcomes = graph.remove_partner_ids(KEYS[*key], partners(of), now);
            Answer::Upserted(outcomes.unwrap())
        }
        Call::Touch { key } => Answer::Touched(graph.update_last_seen(KEYS[*key], now).unwrap()),
        Call::Withdraw { key } => {
            graph.write_withdrawal_tombstone(KEYS[*key], now).unwrap();
            Answer::Withdrawn
        }
        Call::Delete { key } => Answer::Deleted(graph.delete(KEYS[*key]).unwrap()),
        Call::Sync { partner, mappings } => {
            let mapping = |(key, said): &(usize, Said)| Mapping {
                uid: said.uid.map(uid_text),
                atype: said.atype,
                expires: said.expires,
                ext: said.ext.map(str::to_owned),
                ..Mapping::removal(KEYS[*key], said.synced.expect("a mapping has its time"))
            };
            let mappings: Vec<_> = mappings.iter().map(mapping).collect();
            let outcomes = graph.sync_partner_ids(PARTNERS[*partner], &mappings, now).unwrap();
            Answer::Synced(outcomes.into_iter().map(|outcome| outcome.map(bare)).collect())
        }
        Call::Cluster { key } => Answer::Cluster(graph.evaluate_cluster(KEYS[*key], now).unwrap()),
        Call::VisitOnSnapshot { .. }
        | Call::UpsertOnSnapshot { .. }
        | Call::RemoveOnSnapshot { .. }
        | Call::TouchOnSnapshot { .. }
        | Call::ClusterOnSnapshot { .. } => carry_out_on_snapshot(test, call, now),
    }
}

fn carry_out_on_snapshot(test: &TestGraph, call: &Call, now: u64) -> Answer {
    let read = |key: &usize| test.graph.get(KEYS[*key], now).unwrap();
    match call {
        Call::VisitOnSnapshot { key, page, ids } => match read(key) {
            Some(mut snapshot) => {
                let report = snapshot.visit(new_entry(page, ids, now)).unwrap();
                Answer::Visited(Some(report.outcome), all_bare(report.ids))
            }
            None => Answer::Visited(None, Vec::new()),
        },
        Call::UpsertOnSnapshot { key, ids } => {
            let outcomes = match read(key) {
                Some(mut snapshot) => snapshot.upsert_partner_ids(partner_uids(ids), now),
                None => test.graph.upsert_partner_ids(
                    KEYS[*key],
                    partner_uids(ids),
                    IfMissing::Skip,
                    now,
                ),
            };
            Answer::Upserted(all_bare(outcomes.unwrap()))
        }
        Call::RemoveOnSnapshot { key, partners: of } => {
            let outcomes = match read(key) {
                Some(mut snapshot) => snapshot.remove_partner_ids(partners(of), now).unwrap(),
                None => vec![UpsertOutcome::NotFound; of.len()],
            };
            Answer::Upserted(outcomes)
        }
        Call::TouchOnSnapshot { key } => Answer::Touched(match read(key) {
            Some(mut snapshot) => snapshot.update_last_seen(now).unwrap(),
            None => TouchOutcome::NotFound,
        }),
        Call::ClusterOnSnapshot { key } => Answer::Cluster(match read(key) {
            Some(mut snapshot) => snapshot.evaluate_cluster(now).unwrap(),
            None => None,
        }),
        _ => unreachable!("not on a snapshot"),
    }
}

/// The entry as `get` shows it, its UIDs by partner.
fn entry(test: &TestGraph, key: usize, now: u64) -> Option<Entry> {
    let mut entry = test.graph.get(KEYS[key], now).unwrap()?.entry();
    entry.ids.sort_by(|a, b| a.partner.cmp(&b.partner));
    Some(entry)
}

/// The stored body without what counts as absent: `null`, and objects that hold nothing.
fn body(test: &TestGraph, key: usize) -> Option<Value> {
    let mut body: Value = serde_json::from_slice(&test.store.row(KEYS[key])?.body).expect("JSON");
    let root = body.as_object_mut().expect("a row is an object");
    for name in ["ids", "removed"] {
        let Some(members) = root.get_mut(name).and_then(Value::as_object_mut) else { continue };
        for partner in members.values_mut().filter_map(Value::as_object_mut) {
            partner.retain(|_, value| !value.is_null());
        }
        if members.is_empty() {
            root.remove(name);
        }
    }
    Some(body)
}

fn assert_follows_the_model(build: Build, policy: Policy, steps: &[Step]) {
    let test = TestGraph::over(build, MemoryStore::new(), policy);
    let mut model = Model { rows: BTreeMap::new(), policy, clock: 0 };
    let mut now = START;
    for step in steps {
        now = now.saturating_add_signed(step.after);
        model.set_clock(now);
        let now = test.at(now);
        let rows = model.rows.clone();
        let stored = KEYS.map(|key| test.store.row(key));
        let _ = test.take_store_calls();

        let expected = model.call(&step.call, now);
        assert_eq!(carry_out(&test, &step.call, now), expected, "{step:?}");
        let writes = test.take_store_calls().writes();

        for (key, stored) in stored.iter().enumerate() {
            assert_eq!(body(&test, key), model.body(key), "key {key} after {step:?}");
            let ids = entry(&test, key, now).map(|entry| entry.ids);
            assert_eq!(ids, model.ids(key, now), "key {key} after {step:?}");
            let row = test.store.row(KEYS[key]);
            let expires_at = row.as_ref().and_then(|row| row.expires_at);
            assert_eq!(expires_at, model.rows.get(&key).map(|row| row.expires_at));
            if rows.get(&key) == model.rows.get(&key) && expected != Answer::Withdrawn {
                assert_eq!(row, *stored, "key {key} was written by {step:?}");
            }
        }
        if !matches!(step.call, Call::Sync { .. }) {
            assert!(writes <= 2, "{writes} writes by {step:?}");
        }
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn any_sequence_follows_the_model(policy in policy(), steps in vec(step(), 1..40)) {
        assert_follows_the_model(Build::Native, policy, &steps);
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    #[cfg(feature = "component")]
    fn any_sequence_over_the_component_follows_the_model(
        policy in policy(),
        steps in vec(step(), 1..40),
    ) {
        assert_follows_the_model(Build::Component, policy, &steps);
    }
}
