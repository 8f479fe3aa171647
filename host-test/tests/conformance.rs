//! The store in memory keeps the contract of `kv-cas`.

use host_test::MemoryStore;
use identity_graph::{KvError, Store};
use identity_graph_conformance::Fixture;

struct Memory(MemoryStore);

impl Fixture for Memory {
    fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
        Box::new(&self.0)
    }
}

mod memory {
    use super::{Memory, MemoryStore};

    identity_graph_conformance::conformance_tests!(Memory(MemoryStore::new()));
}

mod memory_that_hands_items_over {
    use super::{Memory, MemoryStore};

    identity_graph_conformance::conformance_tests!(Memory(MemoryStore::handing_over()));
}
