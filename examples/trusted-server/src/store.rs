//! The store that the graph asks for, over the application's [`Kv`].

use identity_graph::limits::MAX_READ_BYTES;
use identity_graph::{
    Item, ItemHead, KvError, Precondition, Read, Store, StoreError, Write, WriteOutcome, Written,
};
use thiserror::Error;

use crate::kv::{Kv, KvInsert, KvItem, KvMode};

/// What the store said. It may quote a key, so that it is for the application's own eyes.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct KvMessage(pub String);

/// A [`Kv`] as the graph's store.
#[derive(Debug, Clone)]
pub struct KvStore<K>(pub K);

/// What a text of the store's means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    PreconditionFailed,
    NotFound,
    NoSuchStore,
    Throttled,
    Invalid,
    Unclear,
}

/// The words that say it; the first that is found counts. Each has a space, since a text may quote a
/// key and no key has one.
const WORDS: [(&str, Meaning); 7] = [
    ("precondition failed", Meaning::PreconditionFailed),
    ("store not found", Meaning::NoSuchStore),
    ("item not found", Meaning::NotFound),
    ("too many requests", Meaning::Throttled),
    ("bad request", Meaning::Invalid),
    ("invalid key", Meaning::Invalid),
    ("payload too large", Meaning::Invalid),
];

impl Meaning {
    /// The one place where a text is judged.
    fn of(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let found = WORDS.iter().find(|(words, _)| text.contains(words));
        found.map_or(Self::Unclear, |(_, meaning)| *meaning)
    }

    /// A read changes nothing, so that it is never in doubt.
    fn of_read(self) -> KvError {
        match self {
            Self::NoSuchStore => KvError::NoSuchStore,
            Self::Throttled => KvError::Throttled,
            Self::Invalid => KvError::Invalid,
            Self::PreconditionFailed | Self::NotFound | Self::Unclear => KvError::Unavailable,
        }
    }

    /// A write that was not judged may have been applied.
    fn of_write(self) -> KvError {
        match self {
            Self::NoSuchStore => KvError::NoSuchStore,
            Self::Throttled => KvError::Throttled,
            Self::Invalid => KvError::Invalid,
            Self::PreconditionFailed | Self::NotFound | Self::Unclear => KvError::UnknownOutcome,
        }
    }
}

fn failed(kind: KvError, text: String) -> StoreError {
    StoreError::new(kind, KvMessage(text))
}

impl<K: Kv> KvStore<K> {
    fn read(&self, key: &str) -> Result<Option<KvItem>, StoreError> {
        self.0.lookup(key).or_else(|text| match Meaning::of(&text) {
            Meaning::NotFound => Ok(None),
            meaning => Err(failed(meaning.of_read(), text)),
        })
    }
}

impl<K: Kv> Store for KvStore<K> {
    type Error = StoreError;

    fn get(&self, key: &str) -> Read<StoreError> {
        match self.read(key)? {
            Some(KvItem { body, .. }) if body.len() > MAX_READ_BYTES => {
                Err(KvError::TooLarge.into())
            }
            found => Ok(found.map(|KvItem { body, metadata, generation }| Item {
                body,
                metadata,
                generation,
            })),
        }
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, StoreError> {
        let found = self.read(key)?;
        Ok(found.map(|KvItem { metadata, generation, .. }| ItemHead { metadata, generation }))
    }

    fn put(&self, write: Write<'_>) -> Written<StoreError> {
        let Write { key, body, metadata, time_to_live, condition } = write;
        let mode = match condition {
            Precondition::None => KvMode::Overwrite,
            Precondition::Absent => KvMode::Add,
            Precondition::Matches(generation) => KvMode::IfGenerationMatch(generation),
        };
        let Err(text) = self.0.insert(KvInsert { key, body, metadata, time_to_live, mode }) else {
            return Ok(WriteOutcome::Stored);
        };
        match (Meaning::of(&text), mode) {
            // An insert that requires nothing cannot be refused: such a refusal tells nothing.
            (Meaning::PreconditionFailed, KvMode::Add | KvMode::IfGenerationMatch(_))
            | (Meaning::NotFound, KvMode::IfGenerationMatch(_)) => Ok(WriteOutcome::Conflict(None)),
            (meaning, _) => Err(failed(meaning.of_write(), text)),
        }
    }

    fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let Err(text) = self.0.delete(key) else { return Ok(true) };
        match Meaning::of(&text) {
            Meaning::NotFound => Ok(false),
            meaning => Err(failed(meaning.of_write(), text)),
        }
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, StoreError> {
        match self.0.list(prefix, limit) {
            Ok(keys) => Ok(u32::try_from(keys.len()).unwrap_or(limit).min(limit)),
            Err(text) => Err(failed(Meaning::of(&text).of_read(), text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_means_what_its_words_say_and_a_key_in_it_means_nothing() {
        for (text, meaning, read, write) in [
            ("KV: Too Many Requests", Meaning::Throttled, KvError::Throttled, KvError::Throttled),
            ("bad request: metadata", Meaning::Invalid, KvError::Invalid, KvError::Invalid),
            (
                "store not found: ec",
                Meaning::NoSuchStore,
                KvError::NoSuchStore,
                KvError::NoSuchStore,
            ),
            (
                "insert of acme~too-many-requests.429 timed out",
                Meaning::Unclear,
                KvError::Unavailable,
                KvError::UnknownOutcome,
            ),
            ("", Meaning::Unclear, KvError::Unavailable, KvError::UnknownOutcome),
        ] {
            let judged = Meaning::of(text);
            assert_eq!(
                (judged, judged.of_read(), judged.of_write()),
                (meaning, read, write),
                "{text}"
            );
        }
        assert_eq!(Meaning::of("item not found"), Meaning::NotFound);
        assert_eq!(Meaning::of("Precondition failed"), Meaning::PreconditionFailed);
    }
}
