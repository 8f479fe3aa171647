//! The rules' store over the imported interface `kv-cas`: for the graph's component, and for a
//! component that tests a binding of `kv-cas`.

#![no_std]
// Elsewhere there is nothing to import.
#![cfg(target_arch = "wasm32")]

extern crate alloc;

use alloc::vec::Vec;

use identity_graph::{ItemHead, KvError, Read, Store, Write, Written};

use bindings::trusted_server::ec::kv_cas;

#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all, clippy::pedantic)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package trusted-server:kv-cas-user;
            world kv-cas-user { import trusted-server:ec/kv-cas@0.2.0; }
        ",
        world: "trusted-server:kv-cas-user/kv-cas-user",
        generate_all,
        ownership: Borrowing { duplicate_if_necessary: false },
        // What the rules have in the same shape is theirs. The enumeration of errors is not: the
        // generated code tells its cases by position, and would not notice another order.
        with: {
            "trusted-server:ec/kv-cas@0.2.0/item": identity_graph::Item,
            "trusted-server:ec/kv-cas@0.2.0/item-head": identity_graph::ItemHead,
            "trusted-server:ec/kv-cas@0.2.0/precondition": identity_graph::Precondition,
            "trusted-server:ec/kv-cas@0.2.0/write": identity_graph::Write,
            "trusted-server:ec/kv-cas@0.2.0/write-outcome": identity_graph::WriteOutcome,
        },
    });
}

/// A store that the host opened.
pub struct KvCas(kv_cas::Store);

impl KvCas {
    /// Opens the store of this name.
    pub fn open(name: &str) -> Result<Self, KvError> {
        kv_cas::Store::open(name).map(Self).map_err(kv_error)
    }
}

impl Store for KvCas {
    type Error = KvError;

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
        kv_cas::KvError::TooLarge => KvError::TooLarge,
        kv_cas::KvError::NotRead => KvError::NotRead,
    }
}
