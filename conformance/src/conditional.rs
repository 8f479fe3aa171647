//! A write takes place exactly when its precondition holds.

use identity_graph::Precondition::{Absent, Matches};

use super::Bench;

pub(super) fn create_stores_where_the_key_is_absent(bench: &Bench<'_>) {
    let key = bench.key("k");
    assert!(bench.put(&key, b"1", Absent));
    assert_eq!(bench.body(&key).as_deref(), Some(&b"1"[..]));
}

pub(super) fn create_is_refused_where_the_key_is_taken(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.create(&key, b"1");
    let before = bench.item(&key);
    assert!(!bench.put(&key, b"2", Absent), "a second create was stored");
    assert_eq!(bench.item(&key), before);
}

pub(super) fn create_stores_again_after_a_delete(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.create(&key, b"1");
    assert!(bench.delete(&key));
    assert!(bench.put(&key, b"2", Absent), "the deleted key counts as taken");
    assert_eq!(bench.item(&key).body, b"2");
}

pub(super) fn unconditional_write_creates_and_overwrites(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.overwrite(&key, b"1");
    assert_eq!(bench.item(&key).body, b"1");
    bench.overwrite(&key, b"2");
    assert_eq!(bench.item(&key).body, b"2");
}

pub(super) fn update_stores_over_the_current_version(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.create(&key, b"1");
    let current = bench.item(&key).generation;
    assert!(bench.put(&key, b"2", Matches(current)), "the current version was refused");
    assert_eq!(bench.item(&key).body, b"2");
}

pub(super) fn update_of_a_stale_version_is_refused(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.create(&key, b"1");
    let stale = bench.item(&key).generation;
    bench.overwrite(&key, b"2");
    let before = bench.item(&key);
    assert!(!bench.put(&key, b"3", Matches(stale)), "a stale version was accepted");
    assert_eq!(bench.item(&key), before);
}

pub(super) fn update_of_a_missing_key_is_refused_and_creates_nothing(bench: &Bench<'_>) {
    let key = bench.key("k");
    for generation in [0, 1, u64::MAX] {
        assert!(!bench.put(&key, b"1", Matches(generation)), "a missing key matched");
        assert_eq!(bench.get(&key), None);
    }
}

pub(super) fn update_after_a_delete_is_refused_and_creates_nothing(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.create(&key, b"1");
    let gone = bench.item(&key).generation;
    assert!(bench.delete(&key));
    assert!(!bench.put(&key, b"2", Matches(gone)), "the version of a deleted value matched");
    assert_eq!(bench.get(&key), None);
}

pub(super) fn update_is_refused_when_the_value_changed_and_changed_back(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.create(&key, b"a");
    let first = bench.item(&key).generation;
    bench.overwrite(&key, b"b");
    bench.overwrite(&key, b"a");
    assert!(!bench.put(&key, b"c", Matches(first)), "the change in between went unnoticed");
    assert_eq!(bench.item(&key).body, b"a");
}

pub(super) fn update_is_refused_when_the_key_was_deleted_and_created_again(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.create(&key, b"a");
    let first = bench.item(&key).generation;
    assert!(bench.delete(&key));
    bench.create(&key, b"a");
    assert!(!bench.put(&key, b"b", Matches(first)), "the delete in between went unnoticed");
    assert_eq!(bench.item(&key).body, b"a");
}

pub(super) fn update_matches_no_version_of_another_key(bench: &Bench<'_>) {
    let (key, other) = (bench.key("k"), bench.key("other"));
    bench.create(&other, b"1");
    let foreign = bench.item(&other).generation;
    assert!(!bench.put(&key, b"2", Matches(foreign)), "the version of another key matched");
    assert_eq!(bench.get(&key), None);
}
