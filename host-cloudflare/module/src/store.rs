//! The rows of the object that is running, as the graph's store.

use identity_graph::{
    Item, ItemHead, KvError, Precondition, Read, Store, Write, WriteOutcome, Written,
};

use crate::frames::{join, split};
use crate::imports::call_store;

/// The rows of the object that is running. Many reads or writes are made one after the other: each is a
/// statement in the object's own database, and waits for nothing.
pub(crate) struct Rows;

impl Store for Rows {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        let answer = ask(&["get".as_bytes(), key.as_bytes()]);
        match said(&answer) {
            ("none", _) => Ok(None),
            ("item", mut item) => self::item(&mut item).map(Some).ok_or(KvError::Unavailable),
            (error, _) => Err(kv_error(error, KvError::Unavailable)),
        }
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        let answer = ask(&["head".as_bytes(), key.as_bytes()]);
        match said(&answer) {
            ("none", _) => Ok(None),
            ("item", mut head) => {
                item(&mut head).map(|item| Some(item.into())).ok_or(KvError::Unavailable)
            }
            (error, _) => Err(kv_error(error, KvError::Unavailable)),
        }
    }

    fn put(&self, write: Write<'_>) -> Written {
        let lifetime = write.time_to_live.to_string();
        let (condition, generation) = match write.condition {
            Precondition::None => ("none", 0),
            Precondition::Absent => ("absent", 0),
            Precondition::Matches(generation) => ("matches", generation),
        };
        let answer = ask(&[
            b"put",
            write.key.as_bytes(),
            write.body,
            write.metadata.as_bytes(),
            lifetime.as_bytes(),
            condition.as_bytes(),
            &generation.to_le_bytes(),
        ]);
        match said(&answer) {
            ("stored", _) => Ok(WriteOutcome::Stored),
            ("conflict", mut current) => Ok(WriteOutcome::Conflict(item(&mut current))),
            (error, _) => Err(kv_error(error, KvError::UnknownOutcome)),
        }
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        let answer = ask(&["delete".as_bytes(), key.as_bytes()]);
        match said(&answer) {
            ("yes", _) => Ok(true),
            ("no", _) => Ok(false),
            (error, _) => Err(kv_error(error, KvError::UnknownOutcome)),
        }
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        let answer = ask(&["count".as_bytes(), prefix.as_bytes(), limit.to_string().as_bytes()]);
        let (count, _) = said(&answer);
        count.parse().map_err(|_| kv_error(count, KvError::Unavailable))
    }
}

fn ask(call: &[&[u8]]) -> Vec<u8> {
    call_store(&join(call.iter().copied()))
}

/// The first word of an answer, and the rest.
fn said(answer: &[u8]) -> (&str, impl Iterator<Item = &[u8]>) {
    let mut frames = split(answer);
    let word = frames.next().and_then(|word| str::from_utf8(word).ok());
    (word.unwrap_or_default(), frames)
}

/// Frames: body, generation, metadata where there is any.
fn item<'f>(frames: &mut impl Iterator<Item = &'f [u8]>) -> Option<Item> {
    let body = frames.next()?.to_vec();
    let generation = u64::from_le_bytes(frames.next()?.try_into().ok()?);
    let metadata = frames.next().map(|text| String::from_utf8_lossy(text).into_owned());
    Some(Item { body, metadata, generation })
}

/// What an error means; `unknown` for one that has no name.
fn kv_error(name: &str, unknown: KvError) -> KvError {
    match name {
        "invalid" => KvError::Invalid,
        "too-large" => KvError::TooLarge,
        "unavailable" => KvError::Unavailable,
        _ => unknown,
    }
}
