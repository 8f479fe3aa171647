//! The exports, over the store that is named `Bound` beside this file. Another component includes it, too.

use identity_graph::{Item, ItemHead, KvError, Store as _, Write, WriteOutcome};

use super::bindings::exports::trusted_server::ec::kv_cas;
use super::{Bound, bindings};

struct Provider;

impl kv_cas::Guest for Provider {
    type Store = Store;
}

struct Store(Bound);

type Answer<T> = Result<T, kv_cas::KvError>;

impl kv_cas::GuestStore for Store {
    fn open(name: String) -> Answer<kv_cas::Store> {
        Ok(kv_cas::Store::new(Self(Bound::open(&name)?)))
    }

    fn get(&self, key: String) -> Answer<Option<Item>> {
        Ok(self.0.get(&key)?)
    }

    fn head(&self, key: String) -> Answer<Option<ItemHead>> {
        Ok(self.0.head(&key)?)
    }

    fn put(&self, write: kv_cas::Write) -> Answer<WriteOutcome> {
        Ok(self.0.put(borrowed(&write))?)
    }

    fn delete(&self, key: String) -> Answer<bool> {
        Ok(self.0.delete(&key)?)
    }

    fn count(&self, prefix: String, limit: u32) -> Answer<u32> {
        Ok(self.0.count(&prefix, limit)?)
    }

    fn get_many(&self, keys: Vec<String>) -> Vec<Answer<Option<Item>>> {
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        each(self.0.get_many(&keys))
    }

    fn put_many(&self, writes: Vec<kv_cas::Write>) -> Vec<Answer<WriteOutcome>> {
        let writes: Vec<_> = writes.iter().map(borrowed).collect();
        each(self.0.put_many(&writes))
    }
}

fn borrowed(write: &kv_cas::Write) -> Write<'_> {
    Write {
        key: &write.key,
        body: &write.body,
        metadata: &write.metadata,
        time_to_live: write.time_to_live,
        condition: write.condition,
    }
}

fn each<T>(answers: Vec<Result<T, KvError>>) -> Vec<Answer<T>> {
    answers.into_iter().map(|answer| Ok(answer?)).collect()
}

impl From<KvError> for kv_cas::KvError {
    fn from(error: KvError) -> Self {
        match error {
            KvError::NoSuchStore => Self::NoSuchStore,
            KvError::Invalid => Self::Invalid,
            KvError::Throttled => Self::Throttled,
            KvError::Unavailable => Self::Unavailable,
            KvError::UnknownOutcome => Self::UnknownOutcome,
            KvError::TooLarge => Self::TooLarge,
            KvError::NotRead => Self::NotRead,
        }
    }
}

bindings::export!(Provider with_types_in bindings);
