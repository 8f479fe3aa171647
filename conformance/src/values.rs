//! What is written is what is read.

use identity_graph::{ItemHead, Write, WriteOutcome};

use super::{Bench, write};

pub(super) fn missing_key_reads_as_none(bench: &Bench<'_>) {
    let key = bench.key("k");
    assert_eq!(bench.store.get(&key), Ok(None));
    assert_eq!(bench.store.head(&key), Ok(None));
}

pub(super) fn generation_changes_with_every_write(bench: &Bench<'_>) {
    let key = bench.key("k");
    let mut seen = Vec::new();
    for _ in 0..5 {
        bench.overwrite(&key, b"the same");
        let generation = bench.item(&key).generation;
        assert!(!seen.contains(&generation), "a rewrite of the same bytes kept its version");
        seen.push(generation);
    }
}

pub(super) fn generation_is_stable_between_writes(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.create(&key, b"1");
    assert_eq!(bench.item(&key).generation, bench.item(&key).generation);
}

pub(super) fn head_is_get_without_the_body(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.create(&key, b"1");
    let item = bench.item(&key);
    let head = ItemHead { metadata: item.metadata, generation: item.generation };
    assert_eq!(bench.store.head(&key), Ok(Some(head)));
}

pub(super) fn metadata_follows_the_body(bench: &Bench<'_>) {
    let key = bench.key("k");
    for metadata in ["first", "second"] {
        store(bench, Write { metadata, ..write(&key) });
        assert_eq!(bench.item(&key).metadata.as_deref(), Some(metadata));
    }
}

pub(super) fn metadata_of_2000_bytes_is_kept(bench: &Bench<'_>) {
    metadata_is_kept(bench, &"m".repeat(2_000));
}

pub(super) fn unicode_metadata_is_kept(bench: &Bench<'_>) {
    metadata_is_kept(bench, r#"{"city":"Århus – 東京 \ud83c","flag":"🏴","nul":"\u0000"}"#);
}

pub(super) fn binary_body_is_kept(bench: &Bench<'_>) {
    let bytes: Vec<u8> = (0..=u8::MAX).chain([0, 0xff, b'\r', b'\n', 0]).collect();
    body_is_kept(bench, &bytes);
}

pub(super) fn body_of_64_kib_is_kept(bench: &Bench<'_>) {
    body_is_kept(bench, &b"0123456789abcdef".repeat(4 * 1_024));
}

pub(super) fn key_of_1024_bytes_is_kept(bench: &Bench<'_>) {
    let key = bench.key_of(1_024);
    bench.create(&key, b"1");
    assert_eq!(bench.item(&key).body, b"1");
}

pub(super) fn keys_are_told_apart_by_case(bench: &Bench<'_>) {
    let (lower, upper) = (bench.key("k.abcdef"), bench.key("k.ABCDEF"));
    bench.create(&lower, b"lower");
    bench.create(&upper, b"upper");
    assert_eq!(bench.item(&lower).body, b"lower");
    assert_eq!(bench.item(&upper).body, b"upper");
}

pub(super) fn time_to_live_of_one_second_is_accepted(bench: &Bench<'_>) {
    store(bench, Write { time_to_live: 1, ..write(&bench.key("k")) });
}

pub(super) fn delete_reports_whether_there_was_a_value(bench: &Bench<'_>) {
    let key = bench.key("k");
    assert!(!bench.delete(&key), "there was no value");
    bench.create(&key, b"1");
    assert!(bench.delete(&key), "there was a value");
    assert_eq!(bench.get(&key), None);
    assert!(!bench.delete(&key), "the value was gone");
}

#[track_caller]
fn metadata_is_kept(bench: &Bench<'_>, metadata: &str) {
    let key = bench.key("k");
    store(bench, Write { metadata, ..write(&key) });
    assert_eq!(bench.item(&key).metadata.as_deref(), Some(metadata));
    let head = bench.store.head(&key).expect("a read failed").expect("the key holds nothing");
    assert_eq!(head.metadata.as_deref(), Some(metadata));
}

#[track_caller]
fn body_is_kept(bench: &Bench<'_>, body: &[u8]) {
    let key = bench.key("k");
    bench.create(&key, body);
    assert!(bench.item(&key).body == body, "the body came back changed");
}

#[track_caller]
fn store(bench: &Bench<'_>, write: Write<'_>) {
    assert_eq!(bench.try_put(write), Ok(WriteOutcome::Stored));
}
