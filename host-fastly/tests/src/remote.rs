//! The calling side.

use identity_graph::{ItemHead, KvError, Read, Store, Write, Written};
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::wire::{self, Answer, convert, convert_some};

/// Posts a body to the service and returns that of the answer.
pub trait Post {
    /// # Panics
    /// When there is no answer, or it is not a success.
    fn post(&self, body: &[u8]) -> Vec<u8>;
}

/// The service's store.
///
/// # Panics
/// Each call does when the service does not answer it: that is no answer of a store.
pub struct Remote<P>(pub P);

impl<P: Post> Remote<P> {
    fn ask<T: DeserializeOwned>(&self, call: &Call) -> T {
        let call = serde_json::to_vec(call).expect("a call is JSON");
        serde_json::from_slice(&self.0.post(&call)).expect("the service answers what was asked")
    }
}

impl<P: Post> Store for Remote<P> {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        convert_some(self.ask::<Answer<Option<wire::Item>>>(&Call::Get(key.to_owned())))
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        convert_some(self.ask::<Answer<Option<wire::ItemHead>>>(&Call::Head(key.to_owned())))
    }

    fn put(&self, write: Write<'_>) -> Written {
        convert(self.ask::<Answer<wire::WriteOutcome>>(&Call::Put((&write).into())))
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        convert(self.ask::<Answer<bool>>(&Call::Delete(key.to_owned())))
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        convert(self.ask::<Answer<u32>>(&Call::Count(prefix.to_owned(), limit)))
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        let answers: Vec<Answer<Option<wire::Item>>> = self.ask(&Call::GetMany(keys));
        answers.into_iter().map(convert_some).collect()
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let writes = writes.iter().map(Into::into).collect();
        let answers: Vec<Answer<wire::WriteOutcome>> = self.ask(&Call::PutMany(writes));
        answers.into_iter().map(convert).collect()
    }
}
