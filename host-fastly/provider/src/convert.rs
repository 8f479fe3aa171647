//! Conversions between the types of the bindings and those of the rules.

use identity_graph::{Item, ItemHead, KvError, Precondition, Write, WriteOutcome};

use crate::bindings::exports::trusted_server::ec::kv_cas;

pub(crate) fn read(answer: identity_graph::Read) -> Result<Option<kv_cas::Item>, kv_cas::KvError> {
    Ok(answer?.map(kv_cas::Item::from))
}

pub(crate) fn written(
    answer: identity_graph::Written,
) -> Result<kv_cas::WriteOutcome, kv_cas::KvError> {
    Ok(match answer? {
        WriteOutcome::Stored => kv_cas::WriteOutcome::Stored,
        WriteOutcome::Conflict(current) => {
            kv_cas::WriteOutcome::Conflict(current.map(kv_cas::Item::from))
        }
    })
}

impl From<Item> for kv_cas::Item {
    fn from(item: Item) -> Self {
        Self { body: item.body, metadata: item.metadata, generation: item.generation }
    }
}

impl From<ItemHead> for kv_cas::ItemHead {
    fn from(head: ItemHead) -> Self {
        Self { metadata: head.metadata, generation: head.generation }
    }
}

impl<'a> From<&'a kv_cas::Write> for Write<'a> {
    fn from(write: &'a kv_cas::Write) -> Self {
        Self {
            key: &write.key,
            body: &write.body,
            metadata: &write.metadata,
            time_to_live: write.time_to_live,
            condition: match write.condition {
                kv_cas::Precondition::None => Precondition::None,
                kv_cas::Precondition::Absent => Precondition::Absent,
                kv_cas::Precondition::Matches(generation) => Precondition::Matches(generation),
            },
        }
    }
}

impl From<KvError> for kv_cas::KvError {
    fn from(error: KvError) -> Self {
        match error {
            KvError::NoSuchStore => Self::NoSuchStore,
            KvError::Invalid => Self::Invalid,
            KvError::Throttled => Self::Throttled,
            KvError::Unavailable => Self::Unavailable,
            KvError::UnknownOutcome => Self::UnknownOutcome,
        }
    }
}
