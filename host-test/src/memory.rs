//! A store in memory that keeps the contract of `kv-cas` to the letter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity_graph::{Item, ItemHead, KvError, Read, Store, Write};
use identity_graph::{WriteOutcome, Written};

use crate::contract::{bounded, check_key, check_write, holds, scatter, within_one_answer};
use crate::store_calls::{StoreCall, StoreCalls};

/// A row as the store holds it. `Debug` does not show its content.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The value.
    pub body: Vec<u8>,
    /// What is stored beside it.
    pub metadata: Option<String>,
    /// Version of the value.
    pub generation: u64,
    /// The second at which it is gone, unless it stays for ever.
    pub expires_at: Option<u64>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("body_bytes", &self.body.len())
            .field("metadata_bytes", &self.metadata.as_ref().map(String::len))
            .field("generation", &self.generation)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

impl Row {
    /// The row as a read of the store answers it.
    #[must_use]
    pub fn item(&self) -> Item {
        Item {
            body: self.body.clone(),
            metadata: self.metadata.clone(),
            generation: self.generation,
        }
    }

    /// The row as a read of its metadata answers it.
    #[must_use]
    pub fn head(&self) -> ItemHead {
        ItemHead { metadata: self.metadata.clone(), generation: self.generation }
    }
}

/// A strict store in memory: reads are never stale, a value is gone at the very second its lifetime
/// ends, and what breaks a limit is refused. Clones are handles to the same store.
///
/// ```
/// use host_test::MemoryStore;
/// use identity_graph::{Precondition, Store, Write, WriteOutcome};
///
/// let store = MemoryStore::new();
/// let write = Write {
///     key: "k",
///     body: b"{}",
///     metadata: "",
///     time_to_live: 60,
///     condition: Precondition::Absent,
/// };
/// assert_eq!(store.put(write), Ok(WriteOutcome::Stored));
/// store.advance(60);
/// assert_eq!(store.get("k"), Ok(None));
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    rows: BTreeMap<Arc<str>, Row>,
    /// Every row that ends, by its last second: what is over leaves when the clock passes it, so
    /// that memory follows the rows that are kept.
    expiries: BTreeSet<(u64, Arc<str>)>,
    now: u64,
    writes: u64,
    hands_over: bool,
    calls: StoreCalls,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("rows", &self.rows.len())
            .field("now", &self.now)
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty store at second 0 whose conflicts hand over nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store at second 0 whose conflicts hand over the current item.
    #[must_use]
    pub fn handing_over() -> Self {
        let store = Self::new();
        store.lock().hands_over = true;
        store
    }

    /// The store's clock, in seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.lock().now
    }

    /// Sets the clock. A store's time never goes back: an earlier second than [`now`](Self::now)
    /// changes nothing.
    pub fn set_now(&self, now: u64) {
        self.lock().set_now(now);
    }

    /// Moves the clock on.
    pub fn advance(&self, seconds: u32) {
        let mut state = self.lock();
        let now = state.now.saturating_add(u64::from(seconds));
        state.set_now(now);
    }

    /// Writes a row that stays, as another writer would: whatever is there is replaced under a new
    /// generation, which is returned. Not recorded, and not held to the limits.
    pub fn seed(&self, key: &str, body: impl Into<Vec<u8>>, metadata: Option<&str>) -> u64 {
        self.lock().write(key, body.into(), metadata.map(str::to_owned), None)
    }

    /// [`seed`](Self::seed) with a time to live.
    pub fn seed_for(
        &self,
        key: &str,
        body: impl Into<Vec<u8>>,
        metadata: Option<&str>,
        time_to_live: u32,
    ) -> u64 {
        self.lock().write(key, body.into(), metadata.map(str::to_owned), Some(time_to_live))
    }

    /// Removes a row, if there is one, as another writer would. Not recorded.
    pub fn remove(&self, key: &str) {
        self.lock().remove(key);
    }

    /// The row under `key` as it is stored. Not recorded.
    #[must_use]
    pub fn row(&self, key: &str) -> Option<Row> {
        self.lock().rows.get(key).cloned()
    }

    /// All keys in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.lock().rows.keys().map(ToString::to_string).collect()
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().rows.len()
    }

    /// True when there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The store operations so far.
    #[must_use]
    pub fn store_calls(&self) -> StoreCalls {
        self.lock().calls
    }

    /// The store operations since the last call, which starts a new count.
    #[must_use = "the count starts anew"]
    pub fn take_store_calls(&self) -> StoreCalls {
        std::mem::take(&mut self.lock().calls)
    }

    /// Each operation leaves the state whole, so a test that panicked elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn set_now(&mut self, now: u64) {
        self.now = self.now.max(now);
        while self.expiries.first().is_some_and(|(at, _)| *at <= self.now) {
            if let Some((_, key)) = self.expiries.pop_first() {
                self.rows.remove(&key);
            }
        }
    }

    fn get(&self, key: &str) -> Read {
        check_key(key)?;
        Ok(self.rows.get(key).map(Row::item))
    }

    fn put(&mut self, write: &Write<'_>) -> Written {
        check_write(write)?;
        let current = self.rows.get(write.key);
        if !holds(write.condition, current.map(|row| row.generation)) {
            let handed = current.filter(|_| self.hands_over).map(Row::item);
            return Ok(WriteOutcome::Conflict(handed));
        }
        let metadata = Some(write.metadata.to_owned());
        self.write(write.key, write.body.to_vec(), metadata, Some(write.time_to_live));
        Ok(WriteOutcome::Stored)
    }

    fn write(
        &mut self,
        key: &str,
        body: Vec<u8>,
        metadata: Option<String>,
        time_to_live: Option<u32>,
    ) -> u64 {
        self.writes += 1;
        let generation = scatter(self.writes);
        let expires_at = time_to_live.map(|ttl| self.now.saturating_add(u64::from(ttl)));
        let row = Row { body, metadata, generation, expires_at };
        let shared = self.rows.get_key_value(key).map(|(key, _)| Arc::clone(key));
        let key = shared.unwrap_or_else(|| Arc::from(key));
        if let Some(at) = self.rows.get(&key).and_then(|old| old.expires_at) {
            self.expiries.remove(&(at, Arc::clone(&key)));
        }
        if let Some(at) = expires_at {
            self.expiries.insert((at, Arc::clone(&key)));
        }
        self.rows.insert(key, row);
        generation
    }

    fn remove(&mut self, key: &str) -> bool {
        let Some((key, row)) = self.rows.remove_entry(key) else {
            return false;
        };
        if let Some(at) = row.expires_at {
            self.expiries.remove(&(at, key));
        }
        true
    }

    fn count(&self, prefix: &str, limit: u32) -> u32 {
        let from: (Bound<&str>, Bound<&str>) = (Bound::Included(prefix), Bound::Unbounded);
        let keys = self.rows.range::<str, _>(from).map(|(key, _)| key);
        let counted = keys.take_while(|key| key.starts_with(prefix)).zip(0..limit).count();
        u32::try_from(counted).unwrap_or(limit)
    }
}

impl Store for MemoryStore {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        let mut state = self.lock();
        state.calls.record(StoreCall::Get);
        bounded(state.get(key))
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        let mut state = self.lock();
        state.calls.record(StoreCall::Head);
        check_key(key)?;
        Ok(state.rows.get(key).map(Row::head))
    }

    fn put(&self, write: Write<'_>) -> Written {
        let mut state = self.lock();
        state.calls.record(StoreCall::Put);
        state.put(&write)
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        let mut state = self.lock();
        state.calls.record(StoreCall::Delete);
        check_key(key)?;
        Ok(state.remove(key))
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        let mut state = self.lock();
        state.calls.record(StoreCall::Count);
        Ok(state.count(prefix, limit))
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let mut state = self.lock();
        state.calls.record_get_many(keys.len());
        within_one_answer(keys.iter().map(|key| state.get(key)))
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let mut state = self.lock();
        state.calls.record_put_many(writes.len());
        writes.iter().map(|write| state.put(write)).collect()
    }
}

#[cfg(test)]
mod tests {
    use identity_graph::Precondition;

    use super::*;
    use crate::contract::MAX_BODY_BYTES;

    fn write(key: &str) -> Write<'_> {
        Write {
            key,
            body: b"body",
            metadata: "meta",
            time_to_live: 10,
            condition: Precondition::None,
        }
    }

    #[test]
    fn a_row_is_kept_until_its_last_second_and_gone_then() {
        let store = MemoryStore::new();
        store.set_now(100);
        store.put(write("k")).unwrap();
        store.advance(9);
        assert_eq!(store.row("k").unwrap().expires_at, Some(110));
        store.advance(1);
        assert_eq!(store.get("k"), Ok(None));
        assert!(store.is_empty());
    }

    #[test]
    fn a_rewrite_replaces_the_lifetime_and_a_seeded_row_stays() {
        let store = MemoryStore::new();
        store.put(write("k")).unwrap();
        store.put(Write { time_to_live: 20, ..write("k") }).unwrap();
        store.set_now(10);
        assert_eq!(store.keys(), ["k"]);
        store.seed("k", "stays", None);
        store.set_now(u64::MAX);
        assert_eq!(store.row("k").unwrap().expires_at, None);
        store.seed_for("k", "goes at the end of time", None, 1);
        assert_eq!(store.row("k").unwrap().expires_at, Some(u64::MAX));
    }

    #[test]
    fn a_removed_row_leaves_no_lifetime_behind() {
        let store = MemoryStore::new();
        store.put(write("k")).unwrap();
        store.remove("k");
        assert!(store.is_empty());
        store.seed("k", "new", None);
        store.set_now(10);
        assert_eq!(store.row("k").unwrap().body, b"new");
        assert!(store.lock().expiries.is_empty());
    }

    #[test]
    fn the_clock_does_not_go_back() {
        let store = MemoryStore::new();
        store.set_now(100);
        store.set_now(50);
        assert_eq!(store.now(), 100);
    }

    #[test]
    fn an_expired_version_matches_no_more() {
        let store = MemoryStore::new();
        store.put(write("k")).unwrap();
        let generation = store.row("k").unwrap().generation;
        store.advance(10);
        let condition = Precondition::Matches(generation);
        let outcome = store.put(Write { condition, ..write("k") });
        assert_eq!(outcome, Ok(WriteOutcome::Conflict(None)));
        assert!(store.is_empty());
    }

    #[test]
    fn generations_are_neither_serial_nor_repeated() {
        let store = MemoryStore::new();
        let generations: Vec<u64> = (0..1_000).map(|_| store.seed("k", "b", None)).collect();
        let unique: BTreeSet<_> = generations.iter().collect();
        assert_eq!(unique.len(), generations.len());
        assert!(generations.windows(2).any(|pair| pair[1] < pair[0]));
        assert!(generations.windows(2).all(|pair| pair[0].abs_diff(pair[1]) > 1));
    }

    #[test]
    fn a_body_over_25_megabytes_is_refused() {
        let store = MemoryStore::new();
        let mut body = vec![0; MAX_BODY_BYTES];
        assert_eq!(store.put(Write { body: &body, ..write("k") }), Ok(WriteOutcome::Stored));
        store.remove("k");
        body.push(0);
        assert_eq!(store.put(Write { body: &body, ..write("k") }), Err(KvError::Invalid));
        assert!(store.is_empty());
    }

    #[test]
    fn a_conflict_hands_the_item_over_only_where_asked_to() {
        let refused = |store: &MemoryStore| {
            store.seed("k", "b", Some("m"));
            store.put(Write { condition: Precondition::Absent, ..write("k") }).unwrap()
        };
        assert_eq!(refused(&MemoryStore::new()), WriteOutcome::Conflict(None));
        let store = MemoryStore::handing_over();
        let outcome = refused(&store);
        assert_eq!(outcome, WriteOutcome::Conflict(store.row("k").map(|row| row.item())));
    }

    #[test]
    fn every_operation_is_recorded_and_helpers_are_not() {
        let store = MemoryStore::new();
        store.seed("k", "b", None);
        let _ = (store.row("k"), store.keys(), store.now());
        store.remove("k");
        assert_eq!(store.store_calls(), StoreCalls::default());
        let _ = store.get("k");
        let _ = store.head("");
        let _ = store.put(write("k"));
        let _ = store.delete("k");
        let _ = store.count("k", 1);
        let _ = store.get_many(&["a", "b"]);
        let _ = store.put_many(&[write("a"), write("b"), write("c")]);
        let all = StoreCalls {
            gets: 1,
            heads: 1,
            puts: 1,
            deletes: 1,
            counts: 1,
            get_manys: 1,
            get_many_keys: 2,
            put_manys: 1,
            put_many_keys: 3,
        };
        assert_eq!(store.take_store_calls(), all);
        assert_eq!((all.reads(), all.writes()), (5, 5));
        assert_eq!(store.store_calls(), StoreCalls::default());
    }

    #[test]
    fn a_panic_under_the_lock_does_not_cascade() {
        let store = MemoryStore::new();
        let poisoner = store.clone();
        let outcome = std::thread::spawn(move || {
            let _held = poisoner.state.lock();
            panic!("on purpose");
        })
        .join();
        assert!(outcome.is_err());
        assert_eq!(store.put(write("k")), Ok(WriteOutcome::Stored));
    }

    #[test]
    fn debug_shows_no_content() {
        let store = MemoryStore::new();
        store.seed("secret", "secret", Some("secret"));
        let shown = format!("{store:?} {:?}", store.row("secret"));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
