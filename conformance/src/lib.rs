//! What every binding of `kv-cas` has to keep, one case for each promise of the contract.
//!
//! A binding brings a [`Fixture`]. [`conformance_tests!`] makes a `#[test]`
//! of each case; a program that has other plans walks through [`cases`] and goes by the names, which
//! do not change.
//!
//! Time to live is tested only as far as a store without a settable clock allows: that it is
//! accepted from one second on, and that the value is there before it ends.

mod batches;
mod concurrent;
mod conditional;
mod large;
mod limits;
mod values;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{SystemTime, UNIX_EPOCH};

use identity_graph::{Item, KvError, Precondition, Store, Write, WriteOutcome};

/// A store to be judged.
///
/// Cases may run at the same time and in any order; each uses keys of its own.
pub trait Fixture: Sync {
    /// The store, opened anew. All that it opens are the same store.
    fn store(&self) -> Box<dyn Store<Error = KvError> + '_>;

    /// Returns when reads show every write so far. Cases call this before they judge a read, which
    /// the contract lets be stale.
    fn settled(&self) {}

    /// Cases that the store is known to fail, and why. [`run`] fails where it keeps one after all, so
    /// that the list stays true.
    fn deviations(&self) -> &[Deviation] {
        &[]
    }
}

/// A promise that a store is known to break.
#[derive(Debug, Clone, Copy)]
pub struct Deviation {
    /// The name of the case.
    pub case: &'static str,
    /// What the store does instead.
    pub why: &'static str,
    /// Whether the store breaks the promise each time. One that it breaks now and then may go
    /// either way.
    pub always: bool,
}

/// One promise of the contract.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Its name, which says what is promised.
    pub name: &'static str,
    run: fn(&Bench<'_>),
}

impl Case {
    /// Tries the promise.
    ///
    /// # Panics
    /// When the store does not keep it.
    pub fn run(&self, fixture: &dyn Fixture) {
        (self.run)(&Bench::new(fixture, self.name));
    }
}

/// Runs the case of this name.
///
/// # Panics
/// When the store does not keep the promise, or keeps one that is listed as a deviation; when no case
/// has the name, or a deviation names no case.
pub fn run(name: &str, fixture: &dyn Fixture) {
    let find = |name| cases().iter().find(|case| case.name == name);
    let found = |name| find(name).unwrap_or_else(|| panic!("no conformance case is named {name}"));
    let deviations = fixture.deviations();
    for deviation in deviations {
        found(deviation.case);
    }
    let case = found(name);
    let Some(deviation) = deviations.iter().find(|deviation| deviation.case == name) else {
        return case.run(fixture);
    };
    let kept = catch_unwind(AssertUnwindSafe(|| case.run(fixture))).is_ok();
    match (kept, deviation.always) {
        (true, true) => {
            panic!("the store keeps {name}: it no longer deviates, take it off the list")
        }
        (true, false) => println!("kept this time; known deviation: {}", deviation.why),
        (false, _) => println!("known deviation: {}", deviation.why),
    }
}

/// Lists each case once: as data for [`cases`], and as tests for `conformance_tests!`.
macro_rules! list_cases {
    ($dollar:tt $($group:ident { $($name:ident,)+ })+) => {
        /// All cases, by promise.
        #[must_use]
        pub fn cases() -> &'static [Case] {
            &[$($(Case { name: stringify!($name), run: $group::$name },)+)+]
        }

        /// Makes a `#[test]` of each conformance case, for a fixture that the expression makes.
        ///
        /// ```no_run
        /// use identity_graph::{KvError, Store};
        /// use identity_graph_conformance::{Fixture, conformance_tests};
        ///
        /// struct Binding;
        ///
        /// impl Fixture for Binding {
        ///     fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
        ///         open("conformance")
        ///     }
        /// }
        ///
        /// # fn open(_: &str) -> Box<dyn Store<Error = KvError>> { unimplemented!() }
        /// conformance_tests!(Binding);
        /// ```
        #[macro_export]
        macro_rules! conformance_tests {
            ($dollar fixture:expr) => {
                $($(
                    #[test]
                    fn $name() {
                        $dollar crate::run(stringify!($name), &$dollar fixture);
                    }
                )+)+
            };
        }
    };
}

list_cases! { $
    conditional {
        create_stores_where_the_key_is_absent,
        create_is_refused_where_the_key_is_taken,
        create_stores_again_after_a_delete,
        unconditional_write_creates_and_overwrites,
        update_stores_over_the_current_version,
        update_of_a_stale_version_is_refused,
        update_of_a_missing_key_is_refused_and_creates_nothing,
        update_after_a_delete_is_refused_and_creates_nothing,
        update_is_refused_when_the_value_changed_and_changed_back,
        update_is_refused_when_the_key_was_deleted_and_created_again,
        update_matches_no_version_of_another_key,
    }
    concurrent {
        concurrent_creates_have_one_winner,
        concurrent_updates_of_one_version_have_one_winner,
        concurrent_increments_are_all_kept,
    }
    values {
        missing_key_reads_as_none,
        generation_changes_with_every_write,
        generation_is_stable_between_writes,
        head_is_get_without_the_body,
        metadata_follows_the_body,
        metadata_of_2000_bytes_is_kept,
        unicode_metadata_is_kept,
        binary_body_is_kept,
        body_of_64_kib_is_kept,
        key_of_1024_bytes_is_kept,
        keys_are_told_apart_by_case,
        time_to_live_of_one_second_is_accepted,
        delete_reports_whether_there_was_a_value,
    }
    limits {
        empty_key_is_refused,
        key_of_1025_bytes_is_refused,
        metadata_of_2001_bytes_is_refused,
        time_to_live_of_zero_is_refused,
    }
    batches {
        get_many_answers_in_order_with_misses_and_duplicates,
        get_many_of_nothing_answers_nothing,
        put_many_answers_each_write_on_its_own,
        put_many_of_nothing_answers_nothing,
        count_is_of_keys_with_the_prefix,
        count_stops_at_the_limit,
    }
    large {
        body_of_1_mib_is_read,
        get_of_more_than_1_mib_is_too_large,
        get_many_of_more_than_1_mib_is_too_large_for_that_key_alone,
        head_of_more_than_1_mib_is_answered,
        get_many_hands_over_16_mib_and_the_rest_when_asked_again,
        get_many_counts_a_key_each_time_it_stands,
    }
}

/// What a case works with: the store, and keys that no other case and no other run uses.
struct Bench<'a> {
    fixture: &'a dyn Fixture,
    store: Box<dyn Store<Error = KvError> + 'a>,
    prefix: String,
}

impl<'a> Bench<'a> {
    fn new(fixture: &'a dyn Fixture, case: &str) -> Self {
        // A shared store may still hold the keys of an earlier run.
        let run = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let prefix = format!("conformance/{run:x}/{case}/");
        Self { fixture, store: fixture.store(), prefix }
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A key of exactly this many bytes.
    fn key_of(&self, bytes: usize) -> String {
        format!("{:k<bytes$}", self.prefix)
    }

    fn try_put(&self, write: Write<'_>) -> identity_graph::Written {
        self.store.put(write)
    }

    /// A write that the store answers, one way or the other; true when it was stored.
    #[track_caller]
    fn put(&self, key: &str, body: &[u8], condition: Precondition) -> bool {
        match self.try_put(Write { body, condition, ..write(key) }) {
            Ok(WriteOutcome::Stored) => true,
            Ok(WriteOutcome::Conflict(item)) => {
                self.fixture.settled();
                if item.is_some() {
                    assert_eq!(item, self.get(key), "a conflict hands over the current item");
                }
                false
            }
            Err(error) => panic!("a write within the limits failed: {error}"),
        }
    }

    #[track_caller]
    fn create(&self, key: &str, body: &[u8]) {
        assert!(self.put(key, body, Precondition::Absent), "the key was not absent");
    }

    #[track_caller]
    fn overwrite(&self, key: &str, body: &[u8]) {
        assert!(self.put(key, body, Precondition::None), "a write without condition was refused");
    }

    /// Deletes once reads have caught up, since the answer may be as stale as theirs.
    #[track_caller]
    fn delete(&self, key: &str) -> bool {
        self.fixture.settled();
        self.store.delete(key).unwrap_or_else(|error| panic!("a delete failed: {error}"))
    }

    /// What the key holds once reads have caught up.
    #[track_caller]
    fn get(&self, key: &str) -> Option<Item> {
        self.fixture.settled();
        self.store.get(key).unwrap_or_else(|error| panic!("a read failed: {error}"))
    }

    #[track_caller]
    fn item(&self, key: &str) -> Item {
        self.get(key).unwrap_or_else(|| panic!("the key holds nothing"))
    }

    #[track_caller]
    fn body(&self, key: &str) -> Option<Vec<u8>> {
        self.get(key).map(|item| item.body)
    }
}

/// A write that any store takes.
fn write(key: &str) -> Write<'_> {
    Write {
        key,
        body: b"body",
        metadata: "metadata",
        time_to_live: 600,
        condition: Precondition::None,
    }
}
