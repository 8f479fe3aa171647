//! The Fastly store as bare exports, for tests that play Fastly's host call by call.
//!
//! Each export makes one call of the store and returns the answer's debug text: its address in the
//! high half of the number, its length in the low one.

// Elsewhere there is no host to be played.
#![cfg(target_arch = "wasm32")]
#![allow(unsafe_code)]

use std::fmt::Debug;

use host_fastly_store::{FastlyStore, MAX_BODY_BYTES};
use identity_graph::{Precondition, Store, Write};

/// The generation that `put_matches` asks for: it fills all 64 bits.
const GENERATION: u64 = 0xfedc_ba98_7654_3210;

fn say(answer: impl Debug) -> u64 {
    let text = format!("{answer:?}").leak();
    (text.as_ptr() as u64) << 32 | text.len() as u64
}

fn store() -> FastlyStore {
    FastlyStore::open("store").expect("the test lets it open")
}

fn write(key: &str) -> Write<'_> {
    Write {
        key,
        body: b"body",
        metadata: "metadata",
        time_to_live: 600,
        condition: Precondition::None,
    }
}

/// Opens the store.
#[unsafe(no_mangle)]
pub extern "C" fn open() -> u64 {
    say(FastlyStore::open("store").err())
}

/// Reads the key `k`, and says metadata and body too, which debug text does not show.
#[unsafe(no_mangle)]
pub extern "C" fn get() -> u64 {
    let answer = store().get("k");
    let item = answer.as_ref().ok().and_then(|item| item.as_ref());
    let metadata = item.and_then(|item| item.metadata.clone());
    let body = item.map(|item| String::from_utf8_lossy(&item.body).into_owned());
    say((&answer, metadata, body))
}

/// Reads the head of the key `k`, and says its metadata too.
#[unsafe(no_mangle)]
pub extern "C" fn head() -> u64 {
    match store().head("k") {
        Ok(Some(head)) => say((head.metadata, head.generation)),
        answer => say(answer),
    }
}

/// Writes without condition.
#[unsafe(no_mangle)]
pub extern "C" fn put() -> u64 {
    say(store().put(write("k")))
}

/// Writes where the key is absent.
#[unsafe(no_mangle)]
pub extern "C" fn put_absent() -> u64 {
    say(store().put(Write { condition: Precondition::Absent, ..write("k") }))
}

/// Writes over a generation.
#[unsafe(no_mangle)]
pub extern "C" fn put_matches() -> u64 {
    say(store().put(Write { condition: Precondition::Matches(GENERATION), ..write("k") }))
}

/// Removes the key `k`.
#[unsafe(no_mangle)]
pub extern "C" fn delete() -> u64 {
    say(store().delete("k"))
}

/// Counts the keys that start with `k`.
#[unsafe(no_mangle)]
pub extern "C" fn count(limit: u32) -> u64 {
    say(store().count("k", limit))
}

/// Reads three keys, and one between them that is outside the limits.
#[unsafe(no_mangle)]
pub extern "C" fn get_many() -> u64 {
    say(store().get_many(&["a", "", "b", "c"]))
}

/// Reads so many keys at once.
#[unsafe(no_mangle)]
pub extern "C" fn get_many_of(number: u32) -> u64 {
    let keys: Vec<_> = (0..number).map(|number| format!("k{number}")).collect();
    say(store().get_many(&keys.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Writes three keys, and one between them that is outside the limits.
#[unsafe(no_mangle)]
pub extern "C" fn put_many() -> u64 {
    say(store().put_many(&[write("a"), write(""), write("b"), write("c")]))
}

/// Everything that is outside the limits.
#[unsafe(no_mangle)]
pub extern "C" fn beyond_limits() -> u64 {
    let store = store();
    let (long, body) = ("m".repeat(2_001), vec![0; MAX_BODY_BYTES + 1]);
    say([
        store.get("").err(),
        store.head("").err(),
        store.delete("").err(),
        store.count(&long, 1).err(),
        store.put(write(&long)).err(),
        store.put(Write { metadata: &long, ..write("k") }).err(),
        store.put(Write { body: &body, ..write("k") }).err(),
        store.put(Write { time_to_live: 0, ..write("k") }).err(),
    ])
}
