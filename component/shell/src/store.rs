//! The rules' store over the imported interface `kv-cas`.

use alloc::vec::Vec;

use identity_graph::{
    Item, ItemHead, KvError, Precondition, Read, Store, Write, WriteOutcome, Written,
};

use crate::bindings::trusted_server::ec::kv_cas;

/// A store that the host opened.
pub(crate) struct KvCas(kv_cas::Store);

impl KvCas {
    pub(crate) fn open(name: &str) -> Result<Self, KvError> {
        kv_cas::Store::open(name).map(Self).map_err(kv_error)
    }
}

impl Store for KvCas {
    fn get(&self, key: &str) -> Read {
        read(self.0.get(key))
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        let head = self.0.head(key).map_err(kv_error)?;
        Ok(head.map(|head| ItemHead { metadata: head.metadata, generation: head.generation }))
    }

    fn put(&self, write: Write<'_>) -> Written {
        written(self.0.put(to_write(&write)))
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.0.delete(key).map_err(kv_error)
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.0.count(prefix, limit).map_err(kv_error)
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        self.0.get_many(keys).into_iter().map(read).collect()
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let writes: Vec<_> = writes.iter().map(to_write).collect();
        self.0.put_many(&writes).into_iter().map(written).collect()
    }
}

fn to_write<'a>(write: &Write<'a>) -> kv_cas::WriteParam<'a> {
    kv_cas::WriteParam {
        key: write.key,
        body: write.body,
        metadata: write.metadata,
        time_to_live: write.time_to_live,
        condition: match write.condition {
            Precondition::None => kv_cas::Precondition::None,
            Precondition::Absent => kv_cas::Precondition::Absent,
            Precondition::Matches(generation) => kv_cas::Precondition::Matches(generation),
        },
    }
}

fn item(item: kv_cas::Item) -> Item {
    Item { body: item.body, metadata: item.metadata, generation: item.generation }
}

fn read(answer: Result<Option<kv_cas::Item>, kv_cas::KvError>) -> Read {
    Ok(answer.map_err(kv_error)?.map(item))
}

fn written(answer: Result<kv_cas::WriteOutcome, kv_cas::KvError>) -> Written {
    Ok(match answer.map_err(kv_error)? {
        kv_cas::WriteOutcome::Stored => WriteOutcome::Stored,
        kv_cas::WriteOutcome::Conflict(current) => WriteOutcome::Conflict(current.map(item)),
    })
}

fn kv_error(error: kv_cas::KvError) -> KvError {
    match error {
        kv_cas::KvError::NoSuchStore => KvError::NoSuchStore,
        kv_cas::KvError::Invalid => KvError::Invalid,
        kv_cas::KvError::Throttled => KvError::Throttled,
        kv_cas::KvError::Unavailable => KvError::Unavailable,
        kv_cas::KvError::UnknownOutcome => KvError::UnknownOutcome,
    }
}
