use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use identity_graph::contract::{bounded, check_key, check_write, holds};
use identity_graph::{
    Graph, GraphError, IfMissing, Item, ItemHead, KvError, NewEntry, PartnerUid, Policy, Read,
    Store, Write, WriteOutcome, Written,
};

/// Rows in a map, each with its generation. The map's lock orders the writes.
#[derive(Default)]
struct MapStore {
    rows: Mutex<(HashMap<String, Item>, u64)>,
}

impl MapStore {
    fn lock(&self) -> MutexGuard<'_, (HashMap<String, Item>, u64)> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MapStore {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        check_key(key)?;
        bounded(Ok(self.lock().0.get(key).cloned()))
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        check_key(key)?;
        Ok(self.lock().0.get(key).cloned().map(ItemHead::from))
    }

    fn put(&self, write: Write<'_>) -> Written {
        check_write(&write)?;
        let (rows, generation) = &mut *self.lock();
        let current = rows.get(write.key);
        if !holds(write.condition, current.map(|item| item.generation)) {
            return Ok(WriteOutcome::Conflict(current.cloned()));
        }
        *generation += 1;
        let (body, metadata) = (write.body.to_vec(), Some(write.metadata.to_owned()));
        rows.insert(write.key.to_owned(), Item { body, metadata, generation: *generation });
        Ok(WriteOutcome::Stored)
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        check_key(key)?;
        Ok(self.lock().0.remove(key).is_some())
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        let count = self.lock().0.keys().filter(|key| key.starts_with(prefix)).count();
        Ok(u32::try_from(count).map_or(limit, |count| count.min(limit)))
    }
}

fn main() -> Result<(), GraphError> {
    let graph = Graph::new(MapStore::default(), Policy::default())?;
    let (ec_id, now) = ("3f".repeat(32), 1_790_000_000);
    let visit = graph.visit(&ec_id, NewEntry::at(now))?;
    let uid = PartnerUid::new("acme.example", "A-1");
    let synced = graph.upsert_partner_id(&ec_id, uid, IfMissing::Skip, now)?;
    println!("{:?} {synced:?}", visit.outcome); // Created Written
    Ok(())
}
