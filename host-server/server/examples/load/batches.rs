//! Batches of 1,000 mappings, one after the other, each of which changes every row.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::json::mapping;
use crate::load::Observer;
use crate::observed::Observed;
use crate::service::{ACME, Browser, Service};

pub(crate) const HEAD: &str = "| 1,000 mappings that change 1,000 rows | p50 ms | most ms | call ms | its store ms |\n|---|---|---|---|---|";

const ROWS: usize = 1_000;
const BATCHES: u64 = 30;

/// Milliseconds: half of the batches and all of them as their client sees it; on average the graph's
/// operation, and its store.
pub(crate) fn measure(service: &Service) -> Result<Vec<String>> {
    let ids: Vec<String> = (0..ROWS)
        .map(|_| {
            let mut browser = Browser::default();
            browser.open(service, &[]);
            browser.id()
        })
        .collect();
    let mut observed = Observed::new(service);
    observed.begin();
    let mut taken = Vec::new();
    for batch in 0..BATCHES {
        let uid = format!("uid-{batch}");
        let of = |id: &String| mapping(id, &uid, 1_000_000_000 + batch);
        let mappings: Vec<Value> = ids.iter().map(of).collect();
        let body = json!({ "mappings": mappings }).to_string();
        let begun = Instant::now();
        let answer = service.ask("POST", "/_ts/api/v1/batch-sync", ACME, body.as_bytes());
        taken.push(begun.elapsed().as_secs_f64() * 1_000.0);
        ensure!(
            answer == (200, json!({ "accepted": ROWS, "rejected": 0, "errors": [] })),
            "{answer:?}"
        );
    }
    let shares = observed.end();
    taken.sort_by(f64::total_cmp);
    let of_clients = [taken[taken.len() / 2], taken[taken.len() - 1]].map(|ms| format!("{ms:.1}"));
    Ok([of_clients.to_vec(), shares].concat())
}
