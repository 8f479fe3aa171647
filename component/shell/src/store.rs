//! The rules' store over the imported interface `kv-cas`.

use alloc::vec::Vec;

use identity_graph::{ItemHead, KvError, Read, Store, Write, Written};

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
        self.0.get(key).map_err(kv_error)
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        self.0.head(key).map_err(kv_error)
    }

    fn put(&self, write: Write<'_>) -> Written {
        self.0.put(&write).map_err(kv_error)
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.0.delete(key).map_err(kv_error)
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.0.count(prefix, limit).map_err(kv_error)
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        each(self.0.get_many(keys))
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let writes: Vec<_> = writes.iter().collect();
        each(self.0.put_many(&writes))
    }
}

fn each<T>(answers: Vec<Result<T, kv_cas::KvError>>) -> Vec<Result<T, KvError>> {
    answers.into_iter().map(|answer| answer.map_err(kv_error)).collect()
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
