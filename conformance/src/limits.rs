//! What is outside the limits is refused as invalid, and nothing is written.

use identity_graph::{KvError, Write};

use super::{Bench, write};

pub(super) fn empty_key_is_refused(bench: &Bench<'_>) {
    assert_eq!(bench.try_put(write("")), Err(KvError::Invalid));
    assert_eq!(bench.store.get(""), Err(KvError::Invalid));
    assert_eq!(bench.store.head(""), Err(KvError::Invalid));
    assert_eq!(bench.store.delete(""), Err(KvError::Invalid));
}

pub(super) fn key_of_1025_bytes_is_refused(bench: &Bench<'_>) {
    let key = bench.key_of(1_025);
    assert_eq!(bench.try_put(write(&key)), Err(KvError::Invalid));
    assert_eq!(bench.store.get(&key), Err(KvError::Invalid));
    bench.fixture.settled();
    assert_eq!(bench.store.count(&bench.prefix, 1), Ok(0));
}

pub(super) fn metadata_of_2001_bytes_is_refused(bench: &Bench<'_>) {
    let key = bench.key("k");
    // Characters are not what is counted: this is 2,001 bytes in 667 characters.
    for metadata in ["m".repeat(2_001), "東".repeat(667)] {
        let write = Write { metadata: &metadata, ..write(&key) };
        assert_eq!(bench.try_put(write), Err(KvError::Invalid));
        assert_eq!(bench.get(&key), None);
    }
}

pub(super) fn time_to_live_of_zero_is_refused(bench: &Bench<'_>) {
    let key = bench.key("k");
    let write = Write { time_to_live: 0, ..write(&key) };
    assert_eq!(bench.try_put(write), Err(KvError::Invalid));
    assert_eq!(bench.get(&key), None);
}
