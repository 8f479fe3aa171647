//! Fastly KV as a component that exports `kv-cas`, to be plugged into the graph.
//!
//! The module has no start function, so that `viceroy adapt` makes a library of it. It decides
//! nothing: everything here is a conversion between the types of the bindings and those of
//! [`host_fastly::FastlyStore`], each way exhaustive.

// Elsewhere there is nothing to bind to.
#![cfg(target_arch = "wasm32")]

#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all, clippy::pedantic)]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "kv-provider" });
}
mod convert;

use host_fastly::FastlyStore;
use identity_graph::{Store as _, Write};

use bindings::exports::trusted_server::ec::kv_cas;

struct Provider;

impl kv_cas::Guest for Provider {
    type Store = Store;
}

struct Store(FastlyStore);

type Read = Result<Option<kv_cas::Item>, kv_cas::KvError>;
type Written = Result<kv_cas::WriteOutcome, kv_cas::KvError>;

impl kv_cas::GuestStore for Store {
    fn open(name: String) -> Result<kv_cas::Store, kv_cas::KvError> {
        Ok(kv_cas::Store::new(Self(FastlyStore::open(&name)?)))
    }

    fn get(&self, key: String) -> Read {
        convert::read(self.0.get(&key))
    }

    fn head(&self, key: String) -> Result<Option<kv_cas::ItemHead>, kv_cas::KvError> {
        Ok(self.0.head(&key)?.map(kv_cas::ItemHead::from))
    }

    fn put(&self, write: kv_cas::Write) -> Written {
        convert::written(self.0.put(Write::from(&write)))
    }

    fn delete(&self, key: String) -> Result<bool, kv_cas::KvError> {
        Ok(self.0.delete(&key)?)
    }

    fn count(&self, prefix: String, limit: u32) -> Result<u32, kv_cas::KvError> {
        Ok(self.0.count(&prefix, limit)?)
    }

    fn get_many(&self, keys: Vec<String>) -> Vec<Read> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.0.get_many(&keys).into_iter().map(convert::read).collect()
    }

    fn put_many(&self, writes: Vec<kv_cas::Write>) -> Vec<Written> {
        let writes: Vec<_> = writes.iter().map(Write::from).collect();
        self.0.put_many(&writes).into_iter().map(convert::written).collect()
    }
}

bindings::export!(Provider with_types_in bindings);
