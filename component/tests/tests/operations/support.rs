//! Rows to start from, and the checks that every test makes.

use std::fmt::Debug;

use host_test::{Build, MemoryStore, Row, StoreCalls, TestGraph, for_both_with};
use identity_graph::{
    Failure, IfMissing, Mapping, NewEntry, PartnerUid, Policy, Report, UpsertOutcome,
};
use serde_json::{Value, json};

/// The row that tests act on.
pub(crate) const EC: &str =
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Ab12Cd";
/// When they do.
pub(crate) const NOW: u64 = 1_790_000_000;
/// When the rows that they act on have been visited last.
pub(crate) const BEFORE: u64 = NOW - 1_000;
pub(crate) const DAY: u64 = 86_400;
pub(crate) const YEAR: u64 = 31_536_000;
pub(crate) const PARTNER: &str = "ids.acme.example";

pub(crate) const CORRUPT: Failure = Failure::Corrupt(String::new());
pub(crate) const INVALID: Failure = Failure::InvalidArgument(String::new());
pub(crate) const UNAVAILABLE: Failure = Failure::Unavailable(String::new());

/// Single reads and writes.
pub(crate) const fn calls(gets: u64, puts: u64) -> StoreCalls {
    StoreCalls { gets, puts, ..NO_CALLS }
}

pub(crate) const NO_CALLS: StoreCalls = StoreCalls::NONE;

/// A batch of so many reads.
pub(crate) const fn get_many(keys: u64) -> StoreCalls {
    StoreCalls { get_manys: 1, get_many_keys: keys, ..NO_CALLS }
}

/// A batch of so many writes.
pub(crate) const fn put_many(keys: u64) -> StoreCalls {
    StoreCalls { put_manys: 1, put_many_keys: keys, ..NO_CALLS }
}

pub(crate) fn sum(all: &[StoreCalls]) -> StoreCalls {
    all.iter().fold(NO_CALLS, |a, b| StoreCalls {
        gets: a.gets + b.gets,
        heads: a.heads + b.heads,
        puts: a.puts + b.puts,
        deletes: a.deletes + b.deletes,
        counts: a.counts + b.counts,
        get_manys: a.get_manys + b.get_manys,
        get_many_keys: a.get_many_keys + b.get_many_keys,
        put_manys: a.put_manys + b.put_manys,
        put_many_keys: a.put_many_keys + b.put_many_keys,
    })
}

/// A stored row, as another writer left it.
#[derive(Clone)]
pub(crate) struct Seed(Value);

/// A live row that was made and visited at this time.
pub(crate) fn live(at: u64) -> Seed {
    Seed(json!({
        "v": 1,
        "created": at,
        "last_seen": at,
        "consent": { "tcf": "CQinvented", "ok": true, "updated": at },
        "geo": { "country": "FR" },
    }))
}

/// A row that was made now and has one UID.
pub(crate) fn new_body() -> Value {
    json!({
        "v": 1,
        "created": NOW,
        "last_seen": NOW,
        "consent": { "ok": true, "updated": NOW },
        "geo": { "country": "ZZ" },
        "ids": { PARTNER: { "uid": "new", "synced": NOW } },
    })
}

/// A withdrawal at this time.
pub(crate) fn tombstone(at: u64) -> Seed {
    Seed(tombstone_body(at))
}

pub(crate) fn tombstone_body(at: u64) -> Value {
    json!({
        "v": 1,
        "created": at,
        "last_seen": at,
        "consent": { "ok": false, "updated": at },
        "geo": { "country": "ZZ" },
    })
}

impl Seed {
    pub(crate) fn uid(mut self, partner: &str, uid: &str, synced: u64) -> Self {
        self.0["ids"][partner] = json!({ "uid": uid, "synced": synced });
        self
    }

    /// A UID as rows have it that were written without its time.
    pub(crate) fn uid_without_time(mut self, partner: &str, uid: &str) -> Self {
        self.0["ids"][partner] = json!({ "uid": uid });
        self
    }

    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        self.0[field] = value;
        self
    }

    pub(crate) fn without(mut self, field: &str) -> Self {
        self.0.as_object_mut().expect("a row is an object").remove(field);
        self
    }

    pub(crate) fn clustered(self, size: u32, checked: u64) -> Self {
        self.with("network", json!({ "cluster_size": size, "cluster_checked": checked }))
    }

    pub(crate) fn body(&self) -> String {
        self.0.to_string()
    }

    /// Stores it, to stay until something replaces it.
    pub(crate) fn seed(&self, test: &TestGraph) {
        self.seed_under(test, EC);
    }

    pub(crate) fn seed_under(&self, test: &TestGraph, key: &str) {
        self.seed_in(&test.store, key);
    }

    /// As another writer does it while a call is under way.
    pub(crate) fn seed_in(&self, store: &MemoryStore, key: &str) {
        store.seed(key, self.body(), None);
    }
}

/// A live row past its lifetime, which the store has not removed yet.
pub(crate) fn expired() -> Seed {
    live(NOW - YEAR).uid(PARTNER, "old", NOW - YEAR)
}

pub(crate) fn seed_corrupt(test: &TestGraph) {
    test.store.seed(EC, "{\"v\":1,\"consent\":", None);
}

pub(crate) fn uid(partner: &str, uid: &str, synced: impl Into<Option<u64>>) -> PartnerUid {
    PartnerUid { synced: synced.into(), ..PartnerUid::new(partner, uid) }
}

pub(crate) fn mapping(ec_id: &str, uid: &str, synced: u64) -> Mapping {
    Mapping::new(ec_id, uid, synced)
}

/// An EC ID for every number.
pub(crate) fn ec_id(number: usize) -> String {
    format!("{number:064x}.Ab12Cd")
}

/// One UID asserted now for the row of the test.
pub(crate) fn upsert(test: &TestGraph, missing: IfMissing) -> Result<UpsertOutcome, Failure> {
    test.graph.upsert_partner_id(EC, uid(PARTNER, "new", NOW), missing, NOW)
}

/// A first visit now.
pub(crate) fn visit_with(partner: &str, id: &str) -> NewEntry {
    NewEntry { ids: vec![uid(partner, id, NOW)], ..NewEntry::at(NOW) }
}

pub(crate) fn attempts(max_cas_attempts: u8) -> Policy {
    Policy { max_cas_attempts, ..Policy::default() }
}

/// Runs a test over both builds with both policies that are given a name.
pub(crate) fn for_both_policies(check: impl Fn(&TestGraph, Policy)) {
    for policy in [Policy::default(), Policy::trusted_server()] {
        println!("by {:?}", policy.order);
        for_both_with(policy, |test| check(test, policy));
    }
}

/// Runs a test over both builds on a store whose conflicts hand the item over.
pub(crate) fn for_both_handed_over(policy: Policy, check: impl Fn(&TestGraph)) {
    for &build in Build::ALL {
        println!("over the rules as {build:?}");
        check(&TestGraph::over(build, MemoryStore::handing_over(), policy));
    }
}

/// The failure without its text, which is nothing to match on.
pub(crate) fn bare(failure: Failure) -> Failure {
    match failure {
        Failure::InvalidArgument(_) => INVALID,
        Failure::Corrupt(_) => CORRUPT,
        Failure::Unavailable(_) => UNAVAILABLE,
        other => other,
    }
}

/// What was done, without what became of the parts.
pub(crate) fn done<O>(report: Result<Report<O>, Failure>) -> Result<O, Failure> {
    report.map(|report| report.outcome)
}

/// What is said of a UID that breaks a rule, without the text, which is nothing to match on.
pub(crate) const REFUSED: UpsertOutcome = UpsertOutcome::Invalid(String::new());

/// The outcomes with what they say of rules left out.
pub(crate) fn bare_ids(outcomes: Vec<UpsertOutcome>) -> Vec<UpsertOutcome> {
    let bare = |outcome| match outcome {
        UpsertOutcome::Invalid(_) => REFUSED,
        other => other,
    };
    outcomes.into_iter().map(bare).collect()
}

/// Each outcome of a batch with its failure bare.
pub(crate) fn each_bare(
    outcomes: Vec<Result<UpsertOutcome, Failure>>,
) -> Vec<Result<UpsertOutcome, Failure>> {
    let bare = |outcome: Result<UpsertOutcome, Failure>| match outcome {
        Ok(outcome) => Ok(bare_ids(vec![outcome]).remove(0)),
        Err(failure) => Err(bare(failure)),
    };
    outcomes.into_iter().map(bare).collect()
}

pub(crate) fn contents(test: &TestGraph) -> Vec<(String, Row)> {
    let row = |key: String| test.store.row(&key).map(|row| (key, row));
    test.store.keys().into_iter().filter_map(row).collect()
}

/// The row of the test.
#[track_caller]
pub(crate) fn row(test: &TestGraph) -> Row {
    test.store.row(EC).expect("there is a row")
}

#[track_caller]
pub(crate) fn body(test: &TestGraph) -> Value {
    body_of(test, EC)
}

#[track_caller]
pub(crate) fn body_of(test: &TestGraph, key: &str) -> Value {
    let row = test.store.row(key).expect("there is a row");
    serde_json::from_slice(&row.body).expect("a written body is JSON")
}

/// Checks that a call answers this, with these store calls, and leaves the store as it was.
#[track_caller]
pub(crate) fn leaves<T: Debug + PartialEq>(
    test: &TestGraph,
    calls: StoreCalls,
    expected: Result<T, Failure>,
    call: impl FnOnce(&TestGraph) -> Result<T, Failure>,
) {
    let before = contents(test);
    answers(test, calls, expected, call);
    assert_eq!(contents(test), before, "the store is as it was");
}

/// Checks that a call answers this, with these store calls, and writes the row of the test anew.
/// The body of the row.
#[track_caller]
pub(crate) fn writes<T: Debug + PartialEq>(
    test: &TestGraph,
    calls: StoreCalls,
    expected: Result<T, Failure>,
    call: impl FnOnce(&TestGraph) -> Result<T, Failure>,
) -> Value {
    let before = test.store.row(EC).map(|row| row.generation);
    answers(test, calls, expected, call);
    assert_ne!(Some(row(test).generation), before, "the row is written");
    body(test)
}

/// Checks that a call answers this, with these store calls.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "what is expected is written where it is called")]
pub(crate) fn answers<T: Debug + PartialEq>(
    test: &TestGraph,
    calls: StoreCalls,
    expected: Result<T, Failure>,
    call: impl FnOnce(&TestGraph) -> Result<T, Failure>,
) {
    let _ = test.at(NOW);
    let _ = test.take_store_calls();
    let outcome = call(test).map_err(bare);
    assert_eq!(outcome, expected);
    assert_eq!(test.take_store_calls(), calls);
    assert!(test.faults.is_done(), "everything scripted has happened");
}
