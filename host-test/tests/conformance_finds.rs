//! The conformance suite finds what breaks the contract: stores that do, and the cases that say so.

use std::panic::{AssertUnwindSafe, catch_unwind};

use host_test::MemoryStore;
use identity_graph::{
    Item, ItemHead, KvError, Precondition, Read, Store, Write, WriteOutcome, Written,
};
use identity_graph_conformance::{self as conformance, Fixture, cases};

/// How a store breaks the contract.
#[derive(Clone, Copy, PartialEq)]
enum Deviation {
    None,
    /// An update of a missing key creates it.
    MatchesMissing,
    /// No condition is judged.
    IgnoresConditions,
    /// The version is made of the value.
    ContentVersions,
    /// What is over a limit is cut to it.
    CutsToLimits,
    /// Batches leave out what they do not find.
    SkipsMisses,
    /// Counts go on to the end.
    CountsAll,
    /// A conflict hands over an item that is not the current one.
    HandsOverAnother,
}
use Deviation::{
    ContentVersions, CountsAll, CutsToLimits, HandsOverAnother, IgnoresConditions, MatchesMissing,
    SkipsMisses,
};

#[derive(Clone)]
struct Deviant {
    inner: MemoryStore,
    deviation: Deviation,
}

impl Fixture for Deviant {
    fn store(&self) -> Box<dyn Store + '_> {
        Box::new(self.clone())
    }
}

impl Deviant {
    fn is(&self, deviation: Deviation) -> bool {
        self.deviation == deviation
    }

    fn version(&self, item: &Item) -> u64 {
        if self.is(ContentVersions) {
            item.body.iter().fold(1, |sum: u64, byte| sum.wrapping_mul(31) ^ u64::from(*byte))
        } else {
            item.generation
        }
    }

    fn condition(&self, write: &Write<'_>) -> Precondition {
        let current = self.inner.get(write.key).ok().flatten();
        match (write.condition, current) {
            _ if self.is(IgnoresConditions) => Precondition::None,
            (Precondition::Matches(_), None) if self.is(MatchesMissing) => Precondition::None,
            (Precondition::Matches(version), Some(item)) if self.version(&item) == version => {
                Precondition::Matches(item.generation)
            }
            (condition, _) => condition,
        }
    }
}

impl Store for Deviant {
    fn get(&self, key: &str) -> Read {
        let key = if self.is(CutsToLimits) { cut(key, 1_024) } else { key };
        let item = self.inner.get(key)?;
        Ok(item.map(|item| Item { generation: self.version(&item), ..item }))
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        let item = self.get(key)?;
        Ok(item.map(|item| ItemHead { metadata: item.metadata, generation: item.generation }))
    }

    fn put(&self, mut write: Write<'_>) -> Written {
        write.condition = self.condition(&write);
        if self.is(CutsToLimits) {
            write.key = cut(write.key, 1_024);
            write.metadata = cut(write.metadata, 2_000);
            write.time_to_live = write.time_to_live.max(1);
        }
        match self.inner.put(write) {
            Ok(WriteOutcome::Conflict(_)) if self.is(HandsOverAnother) => {
                let other = Item { body: Vec::new(), metadata: None, generation: 7 };
                Ok(WriteOutcome::Conflict(Some(other)))
            }
            outcome => outcome,
        }
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.inner.delete(key)
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.inner.count(prefix, if self.is(CountsAll) { u32::MAX } else { limit })
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let mut answers: Vec<Read> = keys.iter().map(|key| self.get(key)).collect();
        answers.retain(|answer| !self.is(SkipsMisses) || *answer != Ok(None));
        answers
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        writes.iter().map(|write| self.put(*write)).collect()
    }
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The cases that a store fails. Those of concurrency are left out: they find a broken store often,
/// not always.
fn failed(deviation: Deviation) -> Vec<&'static str> {
    let store = Deviant { inner: MemoryStore::new(), deviation };
    let judged = cases().iter().filter(|case| !case.name.starts_with("concurrent"));
    let fails = |run: &dyn Fn()| catch_unwind(AssertUnwindSafe(run)).is_err();
    judged.filter(|case| fails(&|| case.run(&store))).map(|case| case.name).collect()
}

#[test]
fn a_store_that_keeps_the_contract_fails_nothing() {
    assert_eq!(failed(Deviation::None), [""; 0]);
}

#[test]
fn updates_that_create() {
    assert_eq!(
        failed(MatchesMissing),
        [
            "update_of_a_missing_key_is_refused_and_creates_nothing",
            "update_after_a_delete_is_refused_and_creates_nothing",
            "update_matches_no_version_of_another_key",
        ]
    );
}

#[test]
fn conditions_that_are_not_judged() {
    assert_eq!(
        failed(IgnoresConditions),
        [
            "create_is_refused_where_the_key_is_taken",
            "update_of_a_stale_version_is_refused",
            "update_of_a_missing_key_is_refused_and_creates_nothing",
            "update_after_a_delete_is_refused_and_creates_nothing",
            "update_is_refused_when_the_value_changed_and_changed_back",
            "update_is_refused_when_the_key_was_deleted_and_created_again",
            "update_matches_no_version_of_another_key",
            "put_many_answers_each_write_on_its_own",
        ]
    );
}

#[test]
fn versions_that_come_back_with_the_value() {
    assert_eq!(
        failed(ContentVersions),
        [
            "update_is_refused_when_the_value_changed_and_changed_back",
            "update_is_refused_when_the_key_was_deleted_and_created_again",
            "generation_changes_with_every_write",
        ]
    );
}

#[test]
fn limits_that_are_not_refused() {
    assert_eq!(
        failed(CutsToLimits),
        [
            "key_of_1025_bytes_is_refused",
            "metadata_of_2001_bytes_is_refused",
            "time_to_live_of_zero_is_refused",
            "put_many_answers_each_write_on_its_own",
        ]
    );
}

#[test]
fn batches_without_the_misses() {
    assert_eq!(failed(SkipsMisses), ["get_many_answers_in_order_with_misses_and_duplicates"]);
}

#[test]
fn counts_beyond_the_limit() {
    assert_eq!(failed(CountsAll), ["count_stops_at_the_limit"]);
}

#[test]
fn conflicts_that_hand_over_another_item() {
    let found = failed(HandsOverAnother);
    assert!(found.contains(&"create_is_refused_where_the_key_is_taken"), "{found:?}");
    assert!(found.contains(&"update_of_a_missing_key_is_refused_and_creates_nothing"), "{found:?}");
}

/// A store that updates create in, and what is known of it.
struct Known(Deviant, Vec<conformance::Deviation>);

impl Fixture for Known {
    fn store(&self) -> Box<dyn Store + '_> {
        self.0.store()
    }

    fn deviations(&self) -> &[conformance::Deviation] {
        &self.1
    }
}

const MISSING: &str = "update_of_a_missing_key_is_refused_and_creates_nothing";
const STALE: &str = "update_of_a_stale_version_is_refused";

/// Whether a case passes where one case is known as a deviation.
fn passes(case: &str, known: &'static str, always: bool) -> bool {
    let store = Deviant { inner: MemoryStore::new(), deviation: MatchesMissing };
    let known = conformance::Deviation { case: known, why: "as written", always };
    let fixture = Known(store, vec![known]);
    catch_unwind(AssertUnwindSafe(|| conformance::run(case, &fixture))).is_ok()
}

#[test]
fn a_known_deviation_passes_and_an_unknown_one_does_not() {
    assert!(passes(MISSING, MISSING, true));
    assert!(passes(MISSING, MISSING, false));
    assert!(!passes(MISSING, STALE, true));
    assert!(passes("missing_key_reads_as_none", MISSING, true));
}

#[test]
fn a_deviation_that_is_none_fails_unless_it_comes_and_goes() {
    assert!(!passes(STALE, STALE, true));
    assert!(passes(STALE, STALE, false));
}

#[test]
fn a_deviation_from_a_case_that_does_not_exist_fails() {
    assert!(!passes(STALE, "no_such_case", true));
}
