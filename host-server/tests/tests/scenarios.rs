//! The component in the server's runtime plays the scenarios over each store of a server, all in which the
//! store does nothing by script.

use std::path::Path;
use std::sync::Arc;

use host_server_postgres::PostgresStore;
use host_server_redb::RedbStore;
use host_server_runtime::{AsyncStore, Blocking, MemoryStore, Settings, StoreUrl, system_clock};
use host_server_tests::{BlockingGraph, Postgres, Valkey};
use host_server_valkey::ValkeyStore;
use identity_graph::{Failure, IdentityGraph, Policy};
use identity_graph_scenarios::{Host, play_over, subjects};
use tokio::runtime::Runtime;

/// The server's runtime over one of its stores.
struct Server {
    runtime: host_server_runtime::Runtime,
    store: Arc<dyn AsyncStore>,
    tokio: Runtime,
}

impl Host for Server {
    fn open(&self, policy: Option<Policy>) -> Result<Box<dyn IdentityGraph + '_>, Failure> {
        let graph = self.runtime.open(Arc::clone(&self.store), policy.unwrap_or_default())?;
        Ok(Box::new(BlockingGraph::new(graph, self.tokio.handle().clone())))
    }

    fn default_policy(&self) -> Policy {
        Policy::default()
    }

    fn trusted_server_policy(&self) -> Policy {
        Policy::trusted_server()
    }
}

fn plays_all(store: impl AsyncStore + 'static, tokio: Runtime) {
    let runtime = host_server_runtime::Runtime::new(&Settings::default()).unwrap();
    let host = Server { runtime, store: Arc::new(store), tokio };
    let store = Blocking::new(Arc::clone(&host.store), host.tokio.handle().clone());
    let (mut played, mut disagreements) = (0, Vec::new());
    for subject in subjects().unwrap_or_else(|error| panic!("{error}")) {
        for scenario in subject.scenarios.iter().filter(|scenario| scenario.is_plain()) {
            played += 1;
            let why = play_over(scenario, &host, &store).err();
            disagreements.extend(why.map(|why| format!("{}: {why}", subject.name)));
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
    assert!(played >= 60, "{played} scenarios are not all");
    println!("{played} scenarios");
}

#[test]
fn over_the_store_in_memory() {
    plays_all(MemoryStore::new(system_clock()), Runtime::new().unwrap());
}

#[test]
fn over_redb() {
    // What is tested is the answers, not what the disk keeps.
    let shared = Path::new("/dev/shm");
    let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    let folder = folder.unwrap();
    let url = format!("redb://{}", folder.path().join("graph.redb").display());
    let store = RedbStore::open(StoreUrl::parse(&url).unwrap(), system_clock()).unwrap();
    plays_all(store, Runtime::new().unwrap());
}

#[test]
fn over_postgresql() {
    let (tokio, server) = (Runtime::new().unwrap(), Postgres::start());
    let url = StoreUrl::parse(&server.url("")).unwrap();
    let store = tokio.block_on(PostgresStore::open(url)).unwrap();
    plays_all(store, tokio);
}

#[test]
fn over_valkey() {
    let (tokio, server) = (Runtime::new().unwrap(), Valkey::start());
    let url = StoreUrl::parse(&server.url("")).unwrap();
    let store = tokio.block_on(ValkeyStore::open(url)).unwrap();
    plays_all(store, tokio);
}
