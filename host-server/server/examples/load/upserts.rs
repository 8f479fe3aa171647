//! Upserts, each of which is a read and a write of a row: what a store takes through the graph.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use host_server_runtime::{Graph, Runtime, Settings, system_clock};
use identity_graph::{IfMissing, PartnerUid, Policy, UpsertOutcome};
use tokio::task::JoinSet;

use crate::json::mapping;
use crate::program::Program;
use crate::service::{ACME, Browser};

pub(crate) const HEAD: &str = "| upserts, 32 at once | per second |\n|---|---|";

const AT_ONCE: u32 = 32;

/// Upserts a second through the program, each a batch of one mapping on a connection of its own.
pub(crate) fn over_http(program: &Arc<Program>, seconds: u32) -> Result<String> {
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds.into());
    let done = thread::scope(|scope| {
        let writer = || sync(program, end);
        let writers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(writer)).collect();
        let done = writers
            .into_iter()
            .map(|writer| writer.join().unwrap_or_else(|_| Err(anyhow!("a writer has failed"))));
        done.sum::<Result<u64>>()
    })?;
    Ok(rate(done, begun))
}

/// Stores UIDs in one row, until it is time to end; how many.
fn sync(program: &Arc<Program>, end: Instant) -> Result<u64> {
    let service = program.service();
    let mut browser = Browser::default();
    browser.open(&service, &[]);
    let id = browser.id();
    let mut stored = 0;
    while Instant::now() < end {
        let uid = format!("uid-{stored}");
        let (status, answer) = service.sync(ACME, &[mapping(&id, &uid, 1_000_000_000 + stored)]);
        ensure!(status == 200, "{answer}");
        stored += 1;
    }
    Ok(stored)
}

/// Upserts a second over a store in this process.
pub(crate) fn without_http(store: &str, seconds: u32) -> Result<String> {
    host_server::threads()?.block_on(async {
        let graphs = Runtime::new(&Settings::default())?;
        let store = host_server_stores::open(store, system_clock()).await?;
        let graph = graphs.open(store, Policy::default())?;
        let begun = Instant::now();
        let end = begun + Duration::from_secs(seconds.into());
        let mut writers = JoinSet::new();
        for writer in 0..AT_ONCE {
            writers.spawn(write(graph.clone(), writer, end));
        }
        let mut all = 0;
        while let Some(writer) = writers.join_next().await {
            all += writer??;
        }
        Ok(rate(all, begun))
    })
}

/// As [`sync`], without the program.
async fn write(graph: Graph, writer: u32, end: Instant) -> Result<u64> {
    let ec_id = format!("{writer:064x}.Ab12Cd");
    let mut stored = 0;
    while Instant::now() < end {
        let id = PartnerUid::new("acme.example", format!("uid-{stored}"));
        let now = 1_790_000_000 + stored;
        let outcome = graph.upsert_partner_id(&ec_id, id, IfMissing::CreateMinimal, now).await?;
        ensure!(outcome == UpsertOutcome::Written, "{outcome:?}");
        stored += 1;
    }
    Ok(stored)
}

#[allow(clippy::cast_precision_loss, reason = "no run has so many")]
fn rate(done: u64, begun: Instant) -> String {
    format!("{:.0}", done as f64 / begun.elapsed().as_secs_f64())
}
