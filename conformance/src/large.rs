//! Large bodies are not handed over, and many are handed over bit by bit.

use identity_graph::Precondition::None as Always;
use identity_graph::limits::{MAX_ANSWER_BYTES, MAX_BODY_BYTES, MAX_READ_BYTES};
use identity_graph::{KvError, Read, Write, WriteOutcome};

use super::{Bench, write};

/// Bodies of the size that any store takes, which make up more than one answer.
const BODIES: usize = MAX_ANSWER_BYTES / MAX_BODY_BYTES + 10;
/// Writes in one call, which may have to travel in one request.
const AT_ONCE: usize = 64;

pub(super) fn body_of_1_mib_is_read(bench: &Bench<'_>) {
    let key = bench.key("k");
    if holds(bench, &key, MAX_READ_BYTES) {
        assert_eq!(bench.item(&key).body.len(), MAX_READ_BYTES);
    }
}

pub(super) fn get_of_more_than_1_mib_is_too_large(bench: &Bench<'_>) {
    let key = bench.key("k");
    if holds(bench, &key, MAX_READ_BYTES + 1) {
        assert!(is(&bench.store.get(&key), KvError::TooLarge), "the body was handed over");
    }
}

pub(super) fn get_many_of_more_than_1_mib_is_too_large_for_that_key_alone(bench: &Bench<'_>) {
    let [small, large] = ["small", "large"].map(|name| bench.key(name));
    bench.create(&small, b"1");
    if holds(bench, &large, MAX_READ_BYTES + 1) {
        let answers = bench.store.get_many(&[&large, &small, &large, &small]);
        let large = answers.iter().map(|answer| is(answer, KvError::TooLarge));
        assert_eq!(large.collect::<Vec<_>>(), [true, false, true, false]);
        let small: Vec<_> = answers.iter().filter_map(body).collect();
        assert_eq!(small, [b"1", b"1"]);
    }
}

pub(super) fn head_of_more_than_1_mib_is_answered(bench: &Bench<'_>) {
    let key = bench.key("k");
    if holds(bench, &key, MAX_READ_BYTES + 1) {
        let head = bench.store.head(&key).expect("a head reads no body");
        let head = head.expect("the key holds a value");
        assert_eq!(head.metadata.as_deref(), Some("metadata"));
        let condition = identity_graph::Precondition::Matches(head.generation);
        assert!(bench.put(&key, b"1", condition), "the version of the head was refused");
    }
}

pub(super) fn get_many_hands_over_16_mib_and_the_rest_when_asked_again(bench: &Bench<'_>) {
    let keys: Vec<_> = (0..BODIES).map(|at| bench.key(&at.to_string())).collect();
    let bodies: Vec<_> = (0..BODIES).map(numbered).collect();
    let pairs: Vec<_> = keys.iter().zip(&bodies).collect();
    for some in pairs.chunks(AT_ONCE) {
        let writes: Vec<_> = some.iter().map(|(key, body)| Write { body, ..write(key) }).collect();
        for outcome in bench.store.put_many(&writes) {
            assert_eq!(outcome, Ok(WriteOutcome::Stored));
        }
    }
    bench.fixture.settled();
    let mut left: Vec<_> = (0..BODIES).collect();
    let mut rounds = 0;
    while !left.is_empty() {
        let asked: Vec<_> = left.iter().map(|at| keys[*at].as_str()).collect();
        let answers = bench.store.get_many(&asked);
        assert_eq!(answers.len(), left.len(), "one answer for each key");
        assert!(!is(&answers[0], KvError::NotRead), "the first key was put off");
        assert_within_one_answer(&answers);
        for (at, answer) in left.iter().zip(&answers).filter(|(_, answer)| !put_off(answer)) {
            // Bodies are compared here, since a failure would print them.
            assert!(
                body(answer) == Some(&bodies[*at]),
                "key {at} was answered with something else"
            );
        }
        let put_off = left.iter().zip(&answers).filter(|(_, answer)| put_off(answer));
        left = put_off.map(|(at, _)| *at).collect();
        rounds += 1;
    }
    assert!(rounds > 1, "more than 16 MiB were handed over in one answer");
}

pub(super) fn get_many_counts_a_key_each_time_it_stands(bench: &Bench<'_>) {
    let key = bench.key("k");
    bench.create(&key, &numbered(0));
    bench.fixture.settled();
    let answers = bench.store.get_many(&[key.as_str(); BODIES]);
    assert_eq!(answers.len(), BODIES, "one answer for each key");
    assert!(body(&answers[0]).is_some(), "the first key was not answered");
    assert_within_one_answer(&answers);
    for answer in answers.iter().filter(|answer| !put_off(answer)) {
        assert!(body(answer) == body(&answers[0]), "a key was answered in two ways");
    }
}

/// Whether the store takes a body of so many bytes, which it need not, and holds it now.
#[track_caller]
fn holds(bench: &Bench<'_>, key: &str, bytes: usize) -> bool {
    let body = vec![b'x'; bytes];
    match bench.try_put(Write { body: &body, condition: Always, ..write(key) }) {
        Ok(WriteOutcome::Stored) => {
            bench.fixture.settled();
            true
        }
        Err(KvError::Invalid) => {
            println!("the store holds no body of {bytes} bytes");
            false
        }
        other => panic!("a write of {bytes} bytes ended with {other:?}"),
    }
}

#[track_caller]
fn assert_within_one_answer(answers: &[Read]) {
    let bytes: usize = answers.iter().filter_map(body).map(Vec::len).sum();
    assert!(bytes <= MAX_ANSWER_BYTES, "{bytes} bytes were handed over in one answer");
}

/// A body of the largest size that the graph writes, told from others by its start.
fn numbered(number: usize) -> Vec<u8> {
    let mut body = number.to_string().into_bytes();
    body.resize(MAX_BODY_BYTES, b'.');
    body
}

fn body(answer: &Read) -> Option<&Vec<u8>> {
    answer.as_ref().ok()?.as_ref().map(|item| &item.body)
}

fn is(answer: &Read, error: KvError) -> bool {
    answer.as_ref().is_err_and(|is| *is == error)
}

fn put_off(answer: &Read) -> bool {
    is(answer, KvError::NotRead)
}
