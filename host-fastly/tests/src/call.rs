//! The calls of the store.

use identity_graph::{KvError, Store};
use serde::{Deserialize, Serialize};

use crate::wire::{Answer, Item, ItemHead, Write, WriteOutcome, convert, convert_some};

/// One call of the store, with its arguments. Each answer is the JSON of what the call returns.
#[derive(Serialize, Deserialize)]
pub enum Call {
    /// Reads a value.
    Get(String),
    /// Reads a value's metadata and generation.
    Head(String),
    /// Writes a value under its precondition.
    Put(Write),
    /// Removes a value.
    Delete(String),
    /// Counts keys by prefix, up to a limit.
    Count(String, u32),
    /// Reads many.
    GetMany(Vec<String>),
    /// Writes many.
    PutMany(Vec<Write>),
}

impl Call {
    /// Makes the call.
    pub fn make(&self, store: &dyn Store<Error = KvError>) -> serde_json::Result<Vec<u8>> {
        match self {
            Self::Get(key) => {
                let answer: Answer<Option<Item>> = convert_some(store.get(key));
                serde_json::to_vec(&answer)
            }
            Self::Head(key) => {
                let answer: Answer<Option<ItemHead>> = convert_some(store.head(key));
                serde_json::to_vec(&answer)
            }
            Self::Put(write) => {
                let answer: Answer<WriteOutcome> = convert(store.put(write.into()));
                serde_json::to_vec(&answer)
            }
            Self::Delete(key) => {
                let answer: Answer<bool> = convert(store.delete(key));
                serde_json::to_vec(&answer)
            }
            Self::Count(prefix, limit) => {
                let answer: Answer<u32> = convert(store.count(prefix, *limit));
                serde_json::to_vec(&answer)
            }
            Self::GetMany(keys) => {
                let keys: Vec<_> = keys.iter().map(String::as_str).collect();
                let answers = store.get_many(&keys).into_iter().map(convert_some);
                let answers: Vec<Answer<Option<Item>>> = answers.collect();
                serde_json::to_vec(&answers)
            }
            Self::PutMany(writes) => {
                let writes: Vec<_> = writes.iter().map(Into::into).collect();
                let answers = store.put_many(&writes).into_iter().map(convert);
                let answers: Vec<Answer<WriteOutcome>> = answers.collect();
                serde_json::to_vec(&answers)
            }
        }
    }
}
