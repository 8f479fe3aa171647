//! A store in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use identity_graph::contract::{bounded, check_key, check_write, holds};
use identity_graph::{Item, ItemHead, KvError, Read, Write, WriteOutcome, Written};

use crate::clock::{Clock, expires_at};
use crate::{AsyncStore, Page, new_generation};

/// A store in the memory of this process, for tests and a first look: what it holds ends with it. Clones
/// are handles to the same store.
#[derive(Clone)]
pub struct MemoryStore {
    rows: Arc<Mutex<BTreeMap<String, Row>>>,
    clock: Clock,
}

struct Row {
    item: Item,
    expires_at: u64,
}

impl MemoryStore {
    /// An empty store that goes by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { rows: Arc::default(), clock }
    }

    /// Each operation leaves the rows whole, whatever became of the thread that held them.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a key holds, which is dropped where its lifetime is over.
    fn live<T>(&self, key: &str, look: impl FnOnce(&Item) -> T) -> Option<T> {
        let mut rows = self.lock();
        let row = rows.get(key)?;
        if row.expires_at <= (self.clock)() {
            rows.remove(key);
            return None;
        }
        Some(look(&row.item))
    }
}

#[async_trait]
impl AsyncStore for MemoryStore {
    async fn get(&self, key: &str) -> Read {
        check_key(key)?;
        bounded(Ok(self.live(key, Item::clone)))
    }

    async fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        check_key(key)?;
        let head =
            |item: &Item| ItemHead { metadata: item.metadata.clone(), generation: item.generation };
        Ok(self.live(key, head))
    }

    async fn put(&self, write: Write<'_>) -> Written {
        check_write(&write)?;
        let item = Item {
            body: write.body.to_vec(),
            metadata: Some(write.metadata.to_owned()),
            generation: new_generation()?,
        };
        let now = (self.clock)();
        let mut rows = self.lock();
        let current = rows.get(write.key).filter(|row| row.expires_at > now);
        if !holds(write.condition, current.map(|row| row.item.generation)) {
            return Ok(WriteOutcome::Conflict(current.map(|row| row.item.clone())));
        }
        let expires_at = expires_at(&self.clock, write.time_to_live);
        rows.insert(write.key.to_owned(), Row { item, expires_at });
        Ok(WriteOutcome::Stored)
    }

    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        check_key(key)?;
        let now = (self.clock)();
        Ok(self.lock().remove(key).is_some_and(|row| row.expires_at > now))
    }

    async fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        let now = (self.clock)();
        let rows = self.lock();
        let from: (Bound<&str>, Bound<&str>) = (Bound::Included(prefix), Bound::Unbounded);
        let rows = rows.range::<str, _>(from).take_while(|(key, _)| key.starts_with(prefix));
        let live = rows.filter(|(_, row)| row.expires_at > now).zip(0..limit).count();
        Ok(u32::try_from(live).unwrap_or(limit))
    }

    async fn list(&self, from: Option<String>, limit: u32) -> Result<Page, KvError> {
        let rows = self.lock();
        let after = from.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let keys = rows.range::<str, _>((after, Bound::Unbounded)).map(|(key, _)| key.clone());
        Ok(Page::ordered(keys.take(limit as usize).collect(), limit))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use identity_graph::{KvError, Precondition, Store};
    use identity_graph_conformance::{Fixture, conformance_tests};

    use super::*;
    use crate::{Blocking, system_clock};

    struct Memory(tokio::runtime::Runtime, MemoryStore);

    impl Memory {
        fn new() -> Self {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            Self(runtime, MemoryStore::new(system_clock()))
        }
    }

    impl Fixture for Memory {
        fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
            Box::new(Blocking::new(Arc::new(self.1.clone()), self.0.handle().clone()))
        }
    }

    conformance_tests!(Memory::new());

    #[tokio::test]
    async fn a_value_is_gone_a_second_after_its_lifetime_and_not_before() {
        let now = Arc::new(AtomicU64::new(100));
        let time = Arc::clone(&now);
        let store = MemoryStore::new(Arc::new(move || time.load(Ordering::SeqCst)));
        let write = Write {
            key: "k",
            body: b"1",
            metadata: "",
            time_to_live: 10,
            condition: Precondition::Absent,
        };
        assert_eq!(store.put(write).await, Ok(WriteOutcome::Stored));
        now.store(110, Ordering::SeqCst);
        assert!(matches!(store.put(write).await, Ok(WriteOutcome::Conflict(Some(_)))));
        assert_eq!(store.count("", 9).await, Ok(1));
        now.store(111, Ordering::SeqCst);
        assert_eq!(store.count("", 9).await, Ok(0));
        assert_eq!(store.get("k").await, Ok(None));
        assert_eq!(store.put(write).await, Ok(WriteOutcome::Stored));
    }

    #[tokio::test]
    async fn pages_lead_through_all_keys() {
        let store = MemoryStore::new(system_clock());
        for number in 0..5 {
            let key = number.to_string();
            let write = Write {
                key: &key,
                body: b"1",
                metadata: "",
                time_to_live: 10,
                condition: Precondition::Absent,
            };
            store.put(write).await.unwrap();
        }
        let (mut from, mut pages) = (None, Vec::new());
        loop {
            let page = store.list(from, 2).await.unwrap();
            pages.push(page.keys);
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(pages, [vec!["0", "1"], vec!["2", "3"], vec!["4"]]);
    }
}
