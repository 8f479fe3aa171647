//! Loads the server over every store, at 32 and 1,000 connections, and checks that nothing acknowledged is
//! missing. `just load-server` runs it, with PostgreSQL and Valkey or Redis installed.
//!
//! Beside rates and percentiles as the client sees them it tells, from the server's own counters, how long
//! an operation of the graph took on average, and how much of that its store; and of the server's process,
//! looked at while it is loaded, threads and memory.

mod batches;
#[allow(dead_code, reason = "it is that of the tests, which do more")]
#[path = "../../../../examples/edge-app/tests/support/jar.rs"]
mod jar;
#[allow(dead_code, reason = "it is that of the tests, which do more")]
#[path = "../../../../examples/edge-app/tests/support/json.rs"]
mod json;
#[path = "../../../../examples/edge-app/tests/support/load.rs"]
mod load;
mod observed;
mod peak;
mod program;
#[allow(dead_code, reason = "it is that of the tests, which do more")]
#[path = "../../../../examples/edge-app/tests/http/service.rs"]
mod service;
mod slow;
mod upserts;

use std::sync::Arc;
use std::{fs, thread};

use anyhow::Result;
use clap::Parser;
use host_server_tests::{Postgres, Valkey};
use tempfile::TempDir;

use load::{Load, load};
use observed::Observed;
use peak::Peak;
use program::{Program, Store};

const CONNECTIONS: [u32; 2] = [32, 1_000];
/// How long each route is loaded, and stores are written to.
const SECONDS: u32 = 5;

/// Load the server over every store
#[derive(Parser)]
struct Arguments {
    /// A second for each route, to see that all of it runs: figures of this form mean nothing
    #[arg(long)]
    quick: bool,
    /// Be the server over a store in memory that takes 5 ms a call
    #[arg(long, hide = true, conflicts_with = "quick")]
    slow: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.slow {
        return slow::serve();
    }
    let seconds = if arguments.quick { 1 } else { SECONDS };
    let folder = TempDir::new()?;
    let redb = |name: &str| format!("redb://{}", folder.path().join(name).display());
    let (postgres, valkey) = (Postgres::start(), Valkey::start());
    let stores = [
        ("memory", Store::At("memory:".to_owned()), &CONNECTIONS[..]),
        ("redb", Store::At(redb("load")), &CONNECTIONS[..]),
        ("PostgreSQL", Store::At(postgres.url("")), &CONNECTIONS[..]),
        ("Valkey", Store::At(valkey.url("")), &CONNECTIONS[..]),
        // How many wait at once, on few threads.
        ("5 ms", Store::Slow, &CONNECTIONS[1..]),
    ];

    println!("{}, {seconds} s each, client and server on it", machine()?);

    println!("\n{}", batches::HEAD);
    for (name, store, _) in &stores[..4] {
        let program = Arc::new(Program::start(store)?);
        println!("| {name} | {} |", batches::measure(&program.service())?.join(" | "));
    }

    println!("\n{}", upserts::HEAD);
    println!("| redb, without HTTP | {} |", upserts::without_http(&redb("upserts"), seconds)?);
    for (name, store, _) in &stores[..4] {
        let program = Arc::new(Program::start(store)?);
        println!("| {name} | {} |", upserts::over_http(&program, seconds)?);
    }

    println!("\n{}", routes_head());
    let mut peaks = Vec::new();
    for (name, store, connections) in &stores {
        let program = Arc::new(Program::start(store)?);
        let service = program.service();
        for connections in *connections {
            let form = format!("{name}, {connections}");
            let peak = Peak::watch(&program);
            let with = Load { form: &form, connections: *connections, seconds };
            load(&with, &service, &mut Observed::new(&service))?;
            peaks.push(format!("| {form} | {} |", peak.seen()?.join(" | ")));
        }
    }
    println!("\n| store, connections | most in flight | most threads | most memory, MiB |");
    println!("|---|---|---|---|\n{}", peaks.join("\n"));
    Ok(())
}

fn routes_head() -> String {
    let columns = [
        "store, connections",
        load::COLUMNS,
        // A call is an operation of the graph, its store included.
        "call ms",
        "its store ms",
    ];
    let head = columns.join(" | ");
    let rules = "|---".repeat(head.split(" | ").count());
    format!("| {head} |\n{rules}|")
}

/// Cores and processor of this machine.
fn machine() -> Result<String> {
    let cores = thread::available_parallelism()?;
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let model = processors.lines().find_map(|line| line.strip_prefix("model name"));
    let model =
        model.map_or("unknown processor", |model| model.trim_start_matches([' ', '\t', ':']));
    Ok(format!("{cores} cores ({model})"))
}
