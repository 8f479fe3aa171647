//! A [`Kv`] in memory, for tests and for the examples of the page.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::kv::{Kv, KvInsert, KvItem, KvMode};

/// A store in memory that judges a write and makes it in one step. Nothing expires.
#[derive(Default)]
pub struct MemoryKv(Mutex<Rows>);

#[derive(Default)]
struct Rows {
    rows: BTreeMap<String, KvItem>,
    /// Counts the writes, so that no version comes twice.
    writes: u64,
}

impl MemoryKv {
    /// Stores a row as another program left it.
    pub fn seed(&self, key: &str, body: &str, metadata: Option<&str>) {
        self.rows().store(key, body.as_bytes(), metadata);
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn store(&mut self, key: &str, body: &[u8], metadata: Option<&str>) {
        self.writes += 1;
        let (body, metadata, generation) =
            (body.to_vec(), metadata.map(str::to_owned), self.writes);
        self.rows.insert(key.to_owned(), KvItem { body, metadata, generation });
    }
}

fn check(key: &str) -> Result<(), String> {
    if (1..=1_024).contains(&key.len()) {
        Ok(())
    } else {
        Err("invalid key: it has 1 to 1,024 bytes".to_owned())
    }
}

impl Kv for MemoryKv {
    fn lookup(&self, key: &str) -> Result<Option<KvItem>, String> {
        check(key)?;
        Ok(self.rows().rows.get(key).cloned())
    }

    fn insert(&self, insert: KvInsert<'_>) -> Result<(), String> {
        let KvInsert { key, body, metadata, time_to_live, mode } = insert;
        check(key)?;
        if time_to_live == 0 || metadata.len() > 2_000 {
            return Err("bad request: a second at least, and 2,000 bytes of metadata".to_owned());
        }
        let mut rows = self.rows();
        let stored = rows.rows.get(key).map(|item| item.generation);
        let holds = match mode {
            KvMode::Overwrite => true,
            KvMode::Add => stored.is_none(),
            KvMode::IfGenerationMatch(generation) => stored == Some(generation),
        };
        if !holds {
            return Err("precondition failed".to_owned());
        }
        rows.store(key, body, Some(metadata));
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), String> {
        check(key)?;
        let removed = self.rows().rows.remove(key);
        removed.map(|_| ()).ok_or_else(|| "item not found".to_owned())
    }

    fn list(&self, prefix: &str, limit: u32) -> Result<Vec<String>, String> {
        let rows = self.rows();
        let keys = rows.rows.keys().filter(|key| key.starts_with(prefix)).cloned();
        Ok(keys.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }
}
