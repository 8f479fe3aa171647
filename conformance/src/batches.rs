//! Calls on many keys at once.

use identity_graph::Precondition::{Absent, Matches};
use identity_graph::{KvError, Write, WriteOutcome};

use super::{Bench, write};

pub(super) fn get_many_answers_in_order_with_misses_and_duplicates(bench: &Bench<'_>) {
    let (a, b, missing) = (bench.key("a"), bench.key("b"), bench.key("missing"));
    bench.create(&a, b"a");
    bench.create(&b, b"b");
    let keys = [&*b, &missing, &a, &b, &missing];
    let one_by_one = keys.map(|key| bench.get(key));
    let found = one_by_one.each_ref().map(Option::is_some);
    assert_eq!(found, [true, false, true, true, false]);
    assert_eq!(bench.store.get_many(&keys), one_by_one.map(Ok));
}

pub(super) fn get_many_of_nothing_answers_nothing(bench: &Bench<'_>) {
    assert_eq!(bench.store.get_many(&[]), []);
}

pub(super) fn put_many_answers_each_write_on_its_own(bench: &Bench<'_>) {
    let [new, taken, stale, invalid, current] =
        ["new", "taken", "stale", "invalid", "current"].map(|name| bench.key(name));
    for key in [&taken, &stale, &current] {
        bench.create(key, b"old");
    }
    let old = bench.item(&stale).generation;
    bench.overwrite(&stale, b"newer");
    let version = bench.item(&current).generation;
    let outcomes = bench.store.put_many(&[
        Write { condition: Absent, ..write(&new) },
        Write { condition: Absent, ..write(&taken) },
        Write { condition: Matches(old), ..write(&stale) },
        Write { time_to_live: 0, ..write(&invalid) },
        Write { condition: Matches(version), ..write(&current) },
    ]);
    let shown: Vec<_> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Ok(WriteOutcome::Stored) => Ok("stored"),
            Ok(WriteOutcome::Conflict(_)) => Ok("conflict"),
            Err(error) => Err(*error),
        })
        .collect();
    let invalid_one = Err(KvError::Invalid);
    assert_eq!(shown, [Ok("stored"), Ok("conflict"), Ok("conflict"), invalid_one, Ok("stored")]);
    let bodies = [&new, &taken, &stale, &invalid, &current].map(|key| bench.body(key));
    let expected = [Some("body"), Some("old"), Some("newer"), None, Some("body")];
    assert_eq!(bodies, expected.map(|body| body.map(|body| body.as_bytes().to_vec())));
}

pub(super) fn put_many_of_nothing_answers_nothing(bench: &Bench<'_>) {
    assert_eq!(bench.store.put_many(&[]), []);
}

pub(super) fn count_is_of_keys_with_the_prefix(bench: &Bench<'_>) {
    for name in ["aa", "ab.1", "ab.2", "ab", "b", "AB"] {
        bench.create(&bench.key(name), b"1");
    }
    bench.fixture.settled();
    for (prefix, keys) in [("ab", 3), ("ab.", 2), ("ab.1", 1), ("ac", 0), ("", 6)] {
        assert_eq!(bench.store.count(&bench.key(prefix), 100), Ok(keys), "under {prefix:?}");
    }
    bench.delete(&bench.key("ab.1"));
    bench.fixture.settled();
    assert_eq!(bench.store.count(&bench.key("ab."), 100), Ok(1));
}

pub(super) fn count_stops_at_the_limit(bench: &Bench<'_>) {
    for number in 0..5 {
        bench.create(&bench.key(&number.to_string()), b"1");
    }
    bench.fixture.settled();
    for (limit, counted) in [(0, 0), (1, 1), (4, 4), (5, 5), (6, 5), (u32::MAX, 5)] {
        assert_eq!(bench.store.count(&bench.prefix, limit), Ok(counted), "up to {limit}");
    }
}
