//! The conformance suite finds what breaks the contract: stores that do, and the cases that say so.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use host_test::MemoryStore;
use host_test::contract::within_one_answer;
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
    /// Bodies are read whatever their size.
    ReadsLarge,
    /// What is too large to be read counts as missing.
    MissesLarge,
    /// The head is that of a whole read.
    HeadsByReading,
    /// Batches hand over all that they find.
    AnswersWithoutEnd,
    /// What no longer fits an answer counts as missing.
    MissesTheRest,
    /// The first key of a batch that does not fit is put off, too.
    PutsOffTheFirst,
    /// A key that stands twice counts once.
    CountsKeysOnce,
}
use Deviation::{
    AnswersWithoutEnd, ContentVersions, CountsAll, CountsKeysOnce, CutsToLimits, HandsOverAnother,
    HeadsByReading, IgnoresConditions, MatchesMissing, MissesLarge, MissesTheRest, PutsOffTheFirst,
    ReadsLarge, SkipsMisses,
};

#[derive(Clone)]
struct Deviant {
    inner: MemoryStore,
    deviation: Deviation,
}

impl Fixture for Deviant {
    fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
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

    /// What is stored, whatever its size.
    fn stored(&self, key: &str) -> Option<Item> {
        self.inner.row(key).map(|row| row.item())
    }

    fn condition(&self, write: &Write<'_>) -> Precondition {
        let current = self.stored(write.key);
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
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        let key = if self.is(CutsToLimits) { cut(key, 1_024) } else { key };
        let item = match self.inner.get(key) {
            Err(KvError::TooLarge) if self.is(ReadsLarge) => self.stored(key),
            Err(KvError::TooLarge) if self.is(MissesLarge) => None,
            read => read?,
        };
        Ok(item.map(|item| Item { generation: self.version(&item), ..item }))
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        if self.is(HeadsByReading) {
            let item = self.get(key)?;
            let head = |Item { metadata, generation, .. }| ItemHead { metadata, generation };
            return Ok(item.map(head));
        }
        let key = if self.is(CutsToLimits) { cut(key, 1_024) } else { key };
        let head = self.inner.head(key)?;
        let version = self.stored(key).map_or(0, |item| self.version(&item));
        Ok(head.map(|head| ItemHead { generation: version, ..head }))
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
        let reads = keys.iter().map(|key| self.get(key));
        if self.is(AnswersWithoutEnd) || self.is(ReadsLarge) {
            return reads.collect();
        }
        let mut answers = within_one_answer(reads);
        let mut is_full = answers.contains(&Err(KvError::NotRead));
        if is_full && self.is(CountsKeysOnce) {
            let distinct: BTreeSet<_> = keys.iter().copied().collect();
            let read = within_one_answer(distinct.iter().map(|key| self.get(key)));
            let read: Vec<_> = distinct.into_iter().zip(read).collect();
            let answer = |key| read.iter().find(|(read, _)| read == key).map(|one| one.1.clone());
            answers = keys.iter().filter_map(answer).collect();
            is_full = false;
        }
        if is_full && self.is(PutsOffTheFirst) {
            answers[0] = Err(KvError::NotRead);
        }
        if self.is(MissesTheRest) {
            for answer in answers.iter_mut().filter(|answer| **answer == Err(KvError::NotRead)) {
                *answer = Ok(None);
            }
        }
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

const GET_LARGE: &str = "get_of_more_than_1_mib_is_too_large";
const GET_MANY_LARGE: &str = "get_many_of_more_than_1_mib_is_too_large_for_that_key_alone";
const GET_MANY: &str = "get_many_hands_over_16_mib_and_the_rest_when_asked_again";
const GET_MANY_TWICE: &str = "get_many_counts_a_key_each_time_it_stands";

#[test]
fn bodies_without_a_bound() {
    assert_eq!(failed(ReadsLarge), [GET_LARGE, GET_MANY_LARGE, GET_MANY, GET_MANY_TWICE]);
}

#[test]
fn bodies_that_are_not_read_and_not_said_to_be_there() {
    assert_eq!(failed(MissesLarge), [GET_LARGE, GET_MANY_LARGE]);
}

#[test]
fn heads_that_read_the_body() {
    assert_eq!(failed(HeadsByReading), ["head_of_more_than_1_mib_is_answered"]);
}

#[test]
fn answers_without_a_bound() {
    assert_eq!(failed(AnswersWithoutEnd), [GET_MANY, GET_MANY_TWICE]);
}

#[test]
fn keys_that_do_not_fit_and_are_said_to_hold_nothing() {
    assert_eq!(failed(MissesTheRest), [GET_MANY, GET_MANY_TWICE]);
}

#[test]
fn keys_that_are_never_read() {
    assert_eq!(failed(PutsOffTheFirst), [GET_MANY, GET_MANY_TWICE]);
}

#[test]
fn keys_that_stand_twice_and_count_once() {
    assert_eq!(failed(CountsKeysOnce), [GET_MANY_TWICE]);
}

/// A store that updates create in, and what is known of it.
struct Known(Deviant, Vec<conformance::Deviation>);

impl Fixture for Known {
    fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
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
