//! Writes to one key are linearizable: of writers who hold the same version at most one wins.

use std::sync::Barrier;
use std::thread;

use identity_graph::Precondition::{self, Absent, Matches};
use identity_graph::{KvError, Store, Write, WriteOutcome};

use super::{Bench, write};

const WRITERS: usize = 4;
const INCREMENTS: usize = 10;
/// Rounds that one writer is to win: a store that judges and writes in two steps passes one now and
/// then.
const ROUNDS: usize = 10;
/// Tries of one increment, of which all but the last lose to other writers or to stale reads.
const ATTEMPTS: usize = 1_000;

pub(super) fn concurrent_creates_have_one_winner(bench: &Bench<'_>) {
    for round in 0..ROUNDS {
        let key = bench.key(&round.to_string());
        assert_eq!(winners(bench, &key, Absent), 1, "of {WRITERS} concurrent creates");
    }
}

pub(super) fn concurrent_updates_of_one_version_have_one_winner(bench: &Bench<'_>) {
    for round in 0..ROUNDS {
        let key = bench.key(&round.to_string());
        bench.create(&key, b"start");
        let version = bench.item(&key).generation;
        assert_eq!(winners(bench, &key, Matches(version)), 1, "of {WRITERS} concurrent updates");
    }
}

pub(super) fn concurrent_increments_are_all_kept(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.create(&key, b"0");
    let fixture = bench.fixture;
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                let store = fixture.store();
                for _ in 0..INCREMENTS {
                    increment(&*store, &key);
                }
            });
        }
    });
    let total = (WRITERS * INCREMENTS).to_string();
    assert_eq!(String::from_utf8_lossy(&bench.item(&key).body), total);
}

/// How many of the writers, who all start at once, are told that they have won.
fn winners(bench: &Bench<'_>, key: &str, condition: Precondition) -> usize {
    let start = Barrier::new(WRITERS);
    let fixture = bench.fixture;
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let start = &start;
                scope.spawn(move || {
                    let store = fixture.store();
                    let body = writer.to_string();
                    start.wait();
                    store.put(Write { body: body.as_bytes(), condition, ..write(key) })
                })
            })
            .collect();
        let outcomes = writers.into_iter().map(|writer| writer.join().expect("a writer panicked"));
        outcomes
            .map(|outcome| outcome.expect("a write within the limits failed"))
            .filter(|outcome| *outcome == WriteOutcome::Stored)
            .count()
    })
}

fn increment(store: &dyn Store<Error = KvError>, key: &str) {
    for _ in 0..ATTEMPTS {
        let Some(item) = store.get(key).expect("a read failed") else {
            continue;
        };
        let number: usize = String::from_utf8_lossy(&item.body).parse().expect("a number");
        let body = (number + 1).to_string();
        let condition = Matches(item.generation);
        match store.put(Write { body: body.as_bytes(), condition, ..write(key) }) {
            Ok(WriteOutcome::Stored) => return,
            Ok(WriteOutcome::Conflict(_)) | Err(KvError::Throttled) => {}
            Err(error) => panic!("a write within the limits failed: {error}"),
        }
    }
    panic!("no increment was stored in {ATTEMPTS} attempts");
}
