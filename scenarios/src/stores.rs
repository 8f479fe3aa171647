//! What a scenario does to a store beside the graph.

use host_test::MemoryStore;
use identity_graph::{Item, KvError, Precondition, Store, Write};

use crate::steps::StoredRow;

/// The rows of a store, as another worker writes and sees them.
pub(crate) trait Rows {
    fn write(&self, key: &str, row: &StoredRow);
    fn remove(&self, key: &str);
    fn row(&self, key: &str) -> Option<Item>;
}

impl Rows for MemoryStore {
    fn write(&self, key: &str, row: &StoredRow) {
        self.seed(key, row.body.clone(), row.metadata.as_deref());
    }

    fn remove(&self, key: &str) {
        self.remove(key);
    }

    fn row(&self, key: &str) -> Option<Item> {
        self.row(key).map(|row| row.item())
    }
}

/// A host's own store.
pub(crate) struct Own<'a>(pub(crate) &'a dyn Store<Error = KvError>);

impl Rows for Own<'_> {
    fn write(&self, key: &str, row: &StoredRow) {
        let written = self.0.put(Write {
            key,
            body: row.body.as_bytes(),
            metadata: row.metadata.as_deref().unwrap_or_default(),
            time_to_live: 31_536_000,
            condition: Precondition::None,
        });
        if let Err(error) = written {
            panic!("the store did not take a row: {error}");
        }
    }

    fn remove(&self, key: &str) {
        if let Err(error) = self.0.delete(key) {
            panic!("the store did not delete a row: {error}");
        }
    }

    fn row(&self, key: &str) -> Option<Item> {
        self.0.get(key).unwrap_or_else(|error| panic!("the store did not read a row: {error}"))
    }
}
