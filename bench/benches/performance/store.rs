//! The store that all ways share: every key holds the same row or none, and writes are taken and
//! forgotten.
//! It costs as little as a store can, so that what is measured is the graph.

use std::rc::Rc;

use identity_graph::{Item, ItemHead, KvError, Read, Store, Write, WriteOutcome, Written};

/// A store whose every key holds the same row.
#[derive(Clone)]
pub(crate) struct OneRow(Rc<Option<Item>>);

impl OneRow {
    pub(crate) fn new(item: Item) -> Self {
        Self(Rc::new(Some(item)))
    }

    /// A store without rows.
    pub(crate) fn none() -> Self {
        Self(Rc::new(None))
    }
}

impl Store for OneRow {
    type Error = KvError;

    fn get(&self, _: &str) -> Read {
        Ok((*self.0).clone())
    }

    fn head(&self, _: &str) -> Result<Option<ItemHead>, KvError> {
        let head = |Item { metadata, generation, .. }: &Item| ItemHead {
            metadata: metadata.clone(),
            generation: *generation,
        };
        Ok((*self.0).as_ref().map(head))
    }

    fn put(&self, _: Write<'_>) -> Written {
        Ok(WriteOutcome::Stored)
    }

    fn delete(&self, _: &str) -> Result<bool, KvError> {
        Ok(self.0.is_some())
    }

    fn count(&self, _: &str, _: u32) -> Result<u32, KvError> {
        Ok(1)
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        writes.iter().map(|write| self.put(*write)).collect()
    }
}
