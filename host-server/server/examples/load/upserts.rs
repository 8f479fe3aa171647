//! Upserts without HTTP, each of which is a write: what a store takes, and how many wait on few threads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use host_server_runtime::{
    AsyncStore, Graph, MemoryStore, Page, Runtime, Settings, async_trait, system_clock,
};
use identity_graph::{IfMissing, KvError, PartnerUid, Policy, Read, Write, Written};
use tokio::task::JoinSet;
use tokio::time::sleep;

const DURATION: Duration = Duration::from_secs(5);
const LATENCY: Duration = Duration::from_millis(5);

/// A store in memory that takes its time.
struct Slow(MemoryStore);

#[async_trait]
impl AsyncStore for Slow {
    async fn get(&self, key: &str) -> Read {
        sleep(LATENCY).await;
        self.0.get(key).await
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
    async fn list(&self, from: Option<String>, limit: u32) -> Result<Page, KvError> {
        self.0.list(from, limit).await
    }
}

/// Measures a file with an fsync before every answer, and a store of 5 ms.
pub(crate) fn measure(redb: &str) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let graphs = Runtime::new(&Settings::default())?;
        let open = |store| graphs.open(store, Policy::default());
        let slow: Arc<dyn AsyncStore> = Arc::new(Slow(MemoryStore::new(system_clock())));
        let redb = host_server_stores::open(redb, system_clock()).await?;
        println!("| store | in flight | upserts/s | threads |\n|---|---|---|---|");
        for (name, store, in_flight) in [("redb", redb, 32), ("memory and 5 ms", slow, 1_000)] {
            let done = upserts(&open(store)?, in_flight).await?;
            let rate = f64::from(done) / DURATION.as_secs_f64();
            println!("| {name} | {in_flight} | {rate:.0} | {} |", threads()?);
        }
        println!();
        Ok(())
    })
}

/// So many writers, each with a row of its own; how many UIDs they have stored.
async fn upserts(graph: &Graph, in_flight: u32) -> Result<u32> {
    let begun = Instant::now();
    let mut writers = JoinSet::new();
    for writer in 0..in_flight {
        let graph = graph.clone();
        writers.spawn(async move {
            let ec_id = format!("{writer:064x}.Ab12Cd");
            let mut stored = 0;
            while begun.elapsed() < DURATION {
                let id = PartnerUid::new("acme.example", format!("uid-{stored}"));
                let now = 1_790_000_000 + u64::from(stored);
                graph.upsert_partner_id(&ec_id, id, IfMissing::CreateMinimal, now).await?;
                stored += 1;
            }
            Ok::<u32, identity_graph::Failure>(stored)
        });
    }
    let mut all = 0;
    while let Some(writer) = writers.join_next().await {
        all += writer??;
    }
    Ok(all)
}

/// Threads of this process.
fn threads() -> Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("Threads:"));
    Ok(line.context("there are threads")?.trim().to_owned())
}
