//! The store in memory keeps the contract of `kv-cas`.

use host_test::MemoryStore;
use host_test::conformance::Fixture;
use identity_graph::Store;

struct Memory(MemoryStore);

impl Fixture for Memory {
    fn store(&self) -> Box<dyn Store + '_> {
        Box::new(&self.0)
    }
}

mod memory {
    use super::{Memory, MemoryStore};

    host_test::conformance_tests!(Memory(MemoryStore::new()));
}

mod memory_that_hands_items_over {
    use super::{Memory, MemoryStore};

    host_test::conformance_tests!(Memory(MemoryStore::handing_over()));
}
