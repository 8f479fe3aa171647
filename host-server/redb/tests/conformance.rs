//! redb keeps the contract of `kv-cas`.

use std::sync::Arc;

use host_server_redb::RedbStore;
use host_server_store::{Blocking, StoreUrl, system_clock};
use identity_graph::{KvError, Store};
use identity_graph_conformance::{Fixture, conformance_tests};

struct Redb {
    store: Arc<RedbStore>,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Redb {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("graph.redb");
        let url = StoreUrl::parse(&format!("redb://{}", path.display())).unwrap();
        let store = Arc::new(RedbStore::open(url, system_clock()).unwrap());
        Self { store, runtime: tokio::runtime::Runtime::new().unwrap(), _folder: folder }
    }
}

impl Fixture for Redb {
    fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
        let store: Arc<RedbStore> = Arc::clone(&self.store);
        Box::new(Blocking::new(store, self.runtime.handle().clone()))
    }
}

conformance_tests!(Redb::new());
