//! The server in this process, over a store in memory with the rows of `fastly.toml`.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use host_server::{Config, REQUEST_TIMEOUT, serve};
use host_server_runtime::{AsyncStore, MemoryStore, system_clock};
use identity_graph::{Precondition, Write, WriteOutcome};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use toml::Table;
use tracing_subscriber::fmt::MakeWriter;

use crate::service::Service;

const CONFIG: &str = include_str!("../../ec-graph-server.toml");
const SEEDS: &str = include_str!("../../../../fastly.toml");

/// What all servers of this process have logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn shared() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).init();
            log
        })
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// The server that the tests of the routes share.
pub(crate) fn shared() -> &'static Service {
    static SERVICE: OnceLock<Service> = OnceLock::new();
    SERVICE.get_or_init(|| over(Arc::new(seeded())))
}

/// A server of one's own, which counts what it alone is asked.
pub(crate) fn own() -> Service {
    over(Arc::new(seeded()))
}

/// What all servers of this process have logged.
pub(crate) fn logged() -> String {
    Log::shared().text()
}

/// The configuration of the repository.
pub(crate) fn example() -> Config {
    Config::parse(CONFIG, Some("127.0.0.1:0"), None).expect("a configuration")
}

/// A configuration with secrets of one's own, and no partners.
pub(crate) fn own_secrets() -> Config {
    let text = format!(
        "[ec]\npassphrase = \"{}\"\noperator_token_sha256 = \"{}\"\n",
        "p".repeat(32),
        "0".repeat(64)
    );
    Config::parse(&text, Some("127.0.0.1:0"), None).expect("a configuration")
}

/// A server over this store, which runs as long as what is returned.
pub(crate) fn over(store: Arc<dyn AsyncStore>) -> Service {
    configured(example(), store)
}

/// A server with this configuration.
pub(crate) fn configured(config: Config, store: Arc<dyn AsyncStore>) -> Service {
    let log = Log::shared();
    let runtime = Runtime::new().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind(config.listen)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let service = host_server::Service::new(config, store).expect("the component loads");
    runtime.spawn(serve(service, listener, std::future::pending(), REQUEST_TIMEOUT));
    let log = move || {
        let _ = &runtime;
        log.text()
    };
    Service::at(format!("http://{address}"), Box::new(log))
}

/// The rows that others have left in the local store of the Fastly service.
pub(crate) fn seeded() -> MemoryStore {
    let store = MemoryStore::new(system_clock());
    let seeds: Table = SEEDS.parse().expect("TOML");
    let rows = seeds["local_server"]["kv_stores"]["ec_identity_store"].as_array().expect("a list");
    let runtime = Runtime::new().expect("a runtime");
    for row in rows {
        let text = |name| row.get(name).map_or("", |value| value.as_str().expect("text"));
        let write = Write {
            key: text("key"),
            body: text("data").as_bytes(),
            metadata: text("metadata"),
            time_to_live: 86_400,
            condition: Precondition::Absent,
        };
        assert_eq!(runtime.block_on(store.put(write)), Ok(WriteOutcome::Stored));
    }
    store
}
