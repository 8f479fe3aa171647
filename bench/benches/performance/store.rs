//! The store that all ways share: every key holds the same row, and writes are taken and forgotten.
//! It costs as little as a store can, so that what is measured is the graph.

use std::rc::Rc;

use identity_graph::{Item, ItemHead, KvError, Read, Store, Write, WriteOutcome, Written};

/// A store whose every key holds the same row.
#[derive(Clone)]
pub(crate) struct OneRow(Rc<Item>);

impl OneRow {
    pub(crate) fn new(item: Item) -> Self {
        Self(Rc::new(item))
    }
}

impl Store for OneRow {
    fn get(&self, _: &str) -> Read {
        Ok(Some((*self.0).clone()))
    }

    fn head(&self, _: &str) -> Result<Option<ItemHead>, KvError> {
        let Item { metadata, generation, .. } = &*self.0;
        Ok(Some(ItemHead { metadata: metadata.clone(), generation: *generation }))
    }

    fn put(&self, _: Write<'_>) -> Written {
        Ok(WriteOutcome::Stored)
    }

    fn delete(&self, _: &str) -> Result<bool, KvError> {
        Ok(true)
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
