//! The server over a store that takes its time.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use host_server::{Config, REQUEST_TIMEOUT, Service, threads};
use host_server_runtime::{AsyncStore, MemoryStore, Page, async_trait, system_clock};
use identity_graph::{ItemHead, KvError, Read, Write, Written};
use tokio::net::TcpListener;
use tokio::time::sleep;

const LATENCY: Duration = Duration::from_millis(5);

/// A store in memory whose calls, batches too, take 5 ms.
struct Slow(MemoryStore);

#[async_trait]
impl AsyncStore for Slow {
    async fn get(&self, key: &str) -> Read {
        sleep(LATENCY).await;
        self.0.get(key).await
    }
    async fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        sleep(LATENCY).await;
        self.0.head(key).await
    }
    async fn put(&self, write: Write<'_>) -> Written {
        sleep(LATENCY).await;
        self.0.put(write).await
    }
    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        sleep(LATENCY).await;
        self.0.delete(key).await
    }
    async fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        sleep(LATENCY).await;
        self.0.count(prefix, limit).await
    }
    async fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        sleep(LATENCY).await;
        self.0.get_many(keys).await
    }
    async fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        sleep(LATENCY).await;
        self.0.put_many(writes).await
    }
    async fn list(&self, from: Option<String>, limit: u32) -> Result<Page, KvError> {
        self.0.list(from, limit).await
    }
}

/// Serves until it is killed, on the threads of the program itself.
pub(crate) fn serve() -> Result<()> {
    let text = include_str!("../../ec-graph-server.toml");
    let config = Config::parse(text, Some("127.0.0.1:0"), None)?;
    threads()?.block_on(async {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let store = Arc::new(Slow(MemoryStore::new(system_clock())));
        let service = Service::new(config, store)?;
        eprintln!("listening on http://{address}");
        Ok(host_server::serve(service, listener, pending(), REQUEST_TIMEOUT).await?)
    })
}
