//! A store that answers fewer calls of a batch than it was asked.

// The ban is for the rules; a test may end at once.
#![allow(clippy::disallowed_methods)]

use std::cell::Cell;

use identity_graph::{
    Graph, GraphError, Item, ItemHead, KvError, Mapping, Outage, Policy, Read, Store, Write,
    Written,
};

const ROW: &str =
    r#"{"v":1,"created":1000,"consent":{"ok":true,"updated":1000},"geo":{"country":"US"}}"#;

/// Answers the first read of a batch and no write.
#[derive(Default)]
struct Short {
    calls: Cell<u32>,
}

impl Store for Short {
    type Error = KvError;

    fn get(&self, _: &str) -> Read {
        Ok(Some(Item { body: ROW.into(), metadata: None, generation: 1 }))
    }

    fn head(&self, _: &str) -> Result<Option<ItemHead>, KvError> {
        Ok(None)
    }

    fn put(&self, _: Write<'_>) -> Written {
        Err(KvError::Unavailable)
    }

    fn delete(&self, _: &str) -> Result<bool, KvError> {
        Ok(false)
    }

    fn count(&self, _: &str, _: u32) -> Result<u32, KvError> {
        Ok(0)
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        self.calls.set(self.calls.get() + 1);
        keys.iter().take(1).map(|key| self.get(key)).collect()
    }

    fn put_many(&self, _: &[Write<'_>]) -> Vec<Written> {
        self.calls.set(self.calls.get() + 1);
        Vec::new()
    }
}

#[test]
fn each_mapping_is_answered_and_the_batch_ends() {
    let graph = Graph::new(Short::default(), Policy::default()).unwrap();
    let mapping = |digit: &str| Mapping::new(digit.repeat(64), "u", 5);
    let outcomes = graph.sync_partner_ids("p.example", &["1", "2"].map(mapping), 2_000).unwrap();
    let failed = |outage| Err(GraphError::Unavailable { outage, source: None });
    // The write of the first may have been applied; the read of the second changed nothing.
    assert_eq!(outcomes, [failed(Outage::Unconfirmed), failed(Outage::Failed)]);
    // A read and a write, and once more: a store that goes on like this is left alone.
    assert_eq!(graph.store().calls.get(), 4);
}
