//! Sequences of operations, compared after each step with a model.

use std::collections::BTreeMap;

use host_test::{Build, MemoryStore, TestGraph};
use identity_graph::{Entry, IfMissing, Mapping, NewEntry, PartnerUid, Policy};
use identity_graph::{TouchOutcome, UpsertOutcome};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::cases;
use crate::model::{Answer, Call, KEYS, Model, PARTNERS, Said, uid_text};

/// Short enough for a sequence to live through all of it.
const POLICY: Policy = Policy {
    entry_ttl: 400,
    tombstone_ttl: 120,
    last_seen_debounce: 10,
    max_cas_attempts: 3,
    cluster_recheck: 60,
};
const START: u64 = 10_000;

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
        2 => -40..0_i64,
    ];
    (after, call()).prop_map(|(after, call)| Step { after, call })
}

fn call() -> impl Strategy<Value = Call> {
    let key = || prop_oneof![3 => Just(0_usize), 2 => Just(1), 1 => Just(2), 1 => Just(3)];
    let synced = || prop_oneof![START..START + 900, START + 90..START + 110];
    let said = move || {
        (0..PARTNERS.len(), 0..4_u8, option::weighted(0.6, synced()))
            .prop_map(|(partner, uid, synced)| Said { partner, uid, synced })
    };
    let ids = move || vec(said(), 0..4);
    let missing = prop_oneof![2 => Just(IfMissing::Skip), 1 => Just(IfMissing::CreateMinimal)];
    let mapping = (key(), 0..4_u8, synced());
    prop_oneof![
        2 => (key(), ids()).prop_map(|(key, ids)| Call::Create { key, ids }),
        3 => (key(), ids()).prop_map(|(key, ids)| Call::CreateOrRevive { key, ids }),
        5 => (key(), ids(), missing)
            .prop_map(|(key, ids, missing)| Call::Upsert { key, ids, missing }),
        3 => (key(), ids()).prop_map(|(key, ids)| Call::UpsertOnSnapshot { key, ids }),
        3 => key().prop_map(|key| Call::Touch { key }),
        1 => key().prop_map(|key| Call::TouchOnSnapshot { key }),
        2 => key().prop_map(|key| Call::Withdraw { key }),
        1 => key().prop_map(|key| Call::Delete { key }),
        3 => (0..PARTNERS.len(), vec(mapping, 0..6))
            .prop_map(|(partner, mappings)| Call::Sync { partner, mappings }),
        2 => key().prop_map(|key| Call::Cluster { key }),
        1 => key().prop_map(|key| Call::ClusterOnSnapshot { key }),
    ]
}

fn partner_uids(ids: &[Said]) -> Vec<PartnerUid> {
    let id = |said: &Said| PartnerUid {
        partner: PARTNERS[said.partner].to_owned(),
        uid: uid_text(said.uid),
        synced: said.synced,
    };
    ids.iter().map(id).collect()
}

fn first_visit(ids: &[Said], now: u64) -> NewEntry {
    NewEntry { ids: partner_uids(ids), ..NewEntry::at(now) }
}

fn carry_out(test: &TestGraph, call: &Call, now: u64) -> Answer {
    let graph = &test.graph;
    match call {
        Call::Create { key, ids } => {
            Answer::Created(graph.create(KEYS[*key], first_visit(ids, now)))
        }
        Call::CreateOrRevive { key, ids } => {
            let outcome = graph.create_or_revive(KEYS[*key], first_visit(ids, now));
            Answer::CreatedOrRevived(outcome.unwrap())
        }
        Call::Upsert { key, ids, missing } => {
            let outcomes = graph.upsert_partner_ids(KEYS[*key], partner_uids(ids), *missing, now);
            Answer::Upserted(outcomes.unwrap())
        }
        Call::UpsertOnSnapshot { key, ids } => {
            let outcomes = match graph.get(KEYS[*key], test.store.now()).unwrap() {
                Some(mut snapshot) => snapshot.upsert_partner_ids(partner_uids(ids), now).unwrap(),
                None => vec![UpsertOutcome::NotFound; ids.len()],
            };
            Answer::Upserted(outcomes)
        }
        Call::Touch { key } => Answer::Touched(graph.update_last_seen(KEYS[*key], now).unwrap()),
        Call::TouchOnSnapshot { key } => Answer::Touched(match graph.get(KEYS[*key], test.store.now()).unwrap() {
            Some(mut snapshot) => snapshot.update_last_seen(now).unwrap(),
            None => TouchOutcome::NotFound,
        }),
        Call::Withdraw { key } => {
            graph.write_withdrawal_tombstone(KEYS[*key], now).unwrap();
            Answer::Withdrawn
        }
        Call::Delete { key } => Answer::Deleted(graph.delete(KEYS[*key]).unwrap()),
        Call::Sync { partner, mappings } => {
            let mapping = |(key, uid, synced): &(usize, u8, u64)| Mapping {
                ec_id: KEYS[*key].to_owned(),
                uid: uid_text(*uid),
                synced: *synced,
            };
            let mappings: Vec<_> = mappings.iter().map(mapping).collect();
            Answer::Synced(graph.sync_partner_ids(PARTNERS[*partner], &mappings, now).unwrap())
        }
        Call::Cluster { key } => Answer::Cluster(graph.evaluate_cluster(KEYS[*key], now).unwrap()),
        Call::ClusterOnSnapshot { key } => Answer::Cluster(match graph.get(KEYS[*key], test.store.now()).unwrap() {
            Some(mut snapshot) => snapshot.evaluate_cluster(now).unwrap(),
            None => None,
        }),
    }
}

/// The entry as `get` shows it, its UIDs by partner.
fn entry(test: &TestGraph, key: usize) -> Option<Entry> {
    let mut entry = test.graph.get(KEYS[key], test.store.now()).unwrap()?.entry();
    entry.ids.sort_by(|a, b| a.partner.cmp(&b.partner));
    Some(entry)
}

fn assert_follows_the_model(build: Build, steps: &[Step]) {
    let test = TestGraph::over(build, MemoryStore::new(), POLICY);
    let mut model = Model { rows: BTreeMap::new(), policy: POLICY, clock: 0 };
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
            assert_eq!(entry(&test, key), model.entry(key), "key {key} after {step:?}");
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
    #![proptest_config(cases(256))]

    #[test]
    fn any_sequence_follows_the_model(steps in vec(step(), 1..40)) {
        assert_follows_the_model(Build::Native, &steps);
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    #[cfg(feature = "component")]
    fn any_sequence_over_the_component_follows_the_model(steps in vec(step(), 1..40)) {
        assert_follows_the_model(Build::Component, &steps);
    }
}
