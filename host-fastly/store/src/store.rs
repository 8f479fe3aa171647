//! The rules' store over Fastly KV.

use std::io::Read as _;
use std::time::Duration;

use fastly::handle::BodyHandle;
use fastly::kv_store::{InsertMode, KVStore, ListPage, PendingInsertHandle, PendingLookupHandle};
use identity_graph::{
    Item, ItemHead, KvError, Precondition, Read, Store, Write, WriteOutcome, Written,
};

use crate::answer;
use crate::budget::Budget;
use crate::hostcall::{self, Found};
use crate::limits;

/// The most keys that one request lists.
const PAGE: u32 = 1_000;

/// A Fastly KV store that is linked to the service.
///
/// Writes are judged by Fastly; reads may be stale or miss what was written a moment ago (up to 300
/// ms at the place of the write, longer elsewhere). A key takes about one write a second, then
/// answers [`KvError::Throttled`]. A conflict never hands the current item over: Fastly does not
/// tell it.
pub struct FastlyStore {
    kv: KVStore,
}

impl FastlyStore {
    /// Opens the store of this name, which is the name of the link between service and store.
    ///
    /// # Errors
    /// [`KvError::NoSuchStore`] when the service has no link of this name; else
    /// [`KvError::Throttled`] or [`KvError::Unavailable`].
    pub fn open(name: &str) -> Result<Self, KvError> {
        match KVStore::open(name) {
            Ok(Some(kv)) => Ok(Self { kv }),
            Ok(None) => Err(KvError::NoSuchStore),
            Err(error) => Err(answer::not_sent(&error)),
        }
    }

    fn send_lookup(&self, key: &str) -> Result<PendingLookupHandle, KvError> {
        limits::check_key(key)?;
        self.kv.build_lookup().execute_async(key).map_err(|error| answer::not_sent(&error))
    }

    fn send_insert(&self, write: &Write<'_>) -> Result<PendingInsertHandle, KvError> {
        limits::check_write(write)?;
        let insert = self
            .kv
            .build_insert()
            .metadata(write.metadata)
            .time_to_live(Duration::from_secs(write.time_to_live.into()));
        let insert = match write.condition {
            Precondition::None => insert.mode(InsertMode::Overwrite),
            Precondition::Absent => insert.mode(InsertMode::Add),
            Precondition::Matches(generation) => {
                insert.mode(InsertMode::Overwrite).if_generation_match(generation)
            }
        };
        insert.execute_async(write.key, write.body).map_err(|error| answer::not_sent(&error))
    }
}

impl Store for FastlyStore {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        item(&self.send_lookup(key)?, &mut Budget::new())
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        match hostcall::wait_lookup(&self.send_lookup(key)?) {
            // The body is given up unread.
            Ok(Found { body: _, metadata, generation }) => {
                Ok(Some(ItemHead { metadata, generation }))
            }
            Err(refusal) => answer::read(refusal),
        }
    }

    fn put(&self, write: Write<'_>) -> Written {
        stored(&self.send_insert(&write)?, write.condition)
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        limits::check_key(key)?;
        let pending = self.kv.build_delete().execute_async(key);
        let pending = pending.map_err(|error| answer::not_sent(&error))?;
        match hostcall::wait_delete(&pending) {
            Ok(()) => Ok(true),
            Err(refusal) => answer::delete(refusal),
        }
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        limits::check_prefix(prefix)?;
        let mut counted = 0;
        let mut cursor = String::new();
        while counted < limit {
            let list = self.kv.build_list().prefix(prefix).cursor(&cursor);
            let pending = list.limit((limit - counted).min(PAGE)).execute_async();
            let pending = pending.map_err(|error| answer::not_sent(&error))?;
            let page = match hostcall::wait_list(&pending) {
                Ok(body) => page(body)?,
                Err(refusal) => {
                    return answer::read(refusal)?.ok_or(KvError::NoSuchStore);
                }
            };
            let keys = u32::try_from(page.keys().len()).unwrap_or(u32::MAX);
            counted = counted.saturating_add(keys);
            match page.next_cursor() {
                Some(next) if keys > 0 => cursor = next,
                _ => break,
            }
        }
        Ok(counted.min(limit))
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        // All requests are out before the first answer is waited for.
        let sent: Vec<_> = keys.iter().map(|key| self.send_lookup(key)).collect();
        let mut budget = Budget::new();
        sent.into_iter().map(|pending| item(&pending?, &mut budget)).collect()
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let sent: Vec<_> = writes.iter().map(|write| self.send_insert(write)).collect();
        let sent = sent.into_iter().zip(writes);
        sent.map(|(pending, write)| stored(&pending?, write.condition)).collect()
    }
}

fn item(pending: &PendingLookupHandle, budget: &mut Budget) -> Read {
    match hostcall::wait_lookup(pending) {
        Ok(Found { body, metadata, generation }) => {
            let length = hostcall::known_length(&body);
            Ok(Some(Item { body: budget.read(body, length)?, metadata, generation }))
        }
        Err(refusal) => answer::read(refusal),
    }
}

fn stored(pending: &PendingInsertHandle, condition: Precondition) -> Written {
    match hostcall::wait_insert(pending) {
        Ok(()) => Ok(WriteOutcome::Stored),
        Err(refusal) => answer::write(refusal, condition),
    }
}

fn page(mut body: BodyHandle) -> Result<ListPage, KvError> {
    let mut bytes = Vec::new();
    // A transfer that breaks off is a failed read, as is an answer that is no page.
    body.read_to_end(&mut bytes).map_err(|_| KvError::Unavailable)?;
    serde_json::from_slice(&bytes).map_err(|_| KvError::Unavailable)
}
