//! Loads the server over every store, at 32 and 1,000 connections, and checks that nothing acknowledged is
//! missing. `just load-server` runs it, with PostgreSQL and Valkey or Redis installed.
//!
//! Beside rates and percentiles as the client sees them it tells, from the server's own counters, how long
//! an operation of the graph took on average, and how much of that its store.

#[allow(dead_code, reason = "it is that of the tests, which do more")]
#[path = "../../../../examples/edge-app/tests/support/jar.rs"]
mod jar;
#[allow(dead_code, reason = "it is that of the tests, which do more")]
#[path = "../../../../examples/edge-app/tests/support/json.rs"]
mod json;
#[path = "../../../../examples/edge-app/tests/support/load.rs"]
mod load;
mod observed;
mod program;
#[allow(dead_code, reason = "it is that of the tests, which do more")]
#[path = "../../../../examples/edge-app/tests/http/service.rs"]
mod service;
mod upserts;

use std::sync::Arc;

use anyhow::Result;
use host_server_tests::{Postgres, Valkey};
use tempfile::TempDir;

use load::{DURATION, load};
use observed::Observed;
use program::Program;

const CONNECTIONS: [u32; 2] = [32, 1_000];

fn main() -> Result<()> {
    let folder = TempDir::new()?;
    let redb = |name: &str| format!("redb://{}", folder.path().join(name).display());
    upserts::measure(&redb("upserts"))?;

    println!(
        "{DURATION} each on loopback; a call is an operation of the graph, its store included\n"
    );
    println!(
        "| store, connections | route | requests/s | p50 ms | p90 ms | p99 ms | call ms | its store ms |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let (postgres, valkey) = (Postgres::start(), Valkey::start());
    let stores = [
        ("memory", "memory:".to_owned()),
        ("redb", redb("load")),
        ("postgres", postgres.url("")),
        ("valkey", valkey.url("")),
    ];
    let mut used = Vec::new();
    for (name, url) in stores {
        let program = Arc::new(Program::start(&url)?);
        let service = program.service();
        for connections in CONNECTIONS {
            let form = format!("{name}, {connections}");
            load(&form, &service, connections, &mut Observed::new(&service))?;
        }
        used.push(format!("| {name} | {} |", program.used()?.join(" | ")));
    }
    println!("\n| store | threads | most memory |\n|---|---|---|\n{}", used.join("\n"));
    Ok(())
}
