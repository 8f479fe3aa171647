//! Loads the service on Viceroy, linked and composed, and checks that nothing acknowledged is missing.
//! `just load-fastly` runs it.

use anyhow::Result;

use load::{DURATION, load};
use service::Service;

#[allow(dead_code, reason = "it is that of the tests, which do more")]
#[path = "../tests/support/jar.rs"]
mod jar;
#[allow(dead_code, reason = "it is that of the tests, which do more")]
#[path = "../tests/support/json.rs"]
mod json;
#[path = "../tests/support/load.rs"]
mod load;
#[allow(dead_code, reason = "it is that of the tests, which do more")]
#[path = "../tests/http/service.rs"]
mod service;
#[path = "../tests/http/viceroy.rs"]
mod viceroy;

const CONNECTIONS: u32 = 8;

/// Starts one form of the service.
type Start = fn() -> Service;

fn main() -> Result<()> {
    println!(
        "{DURATION} each over {CONNECTIONS} connections on loopback, a fresh instance per request\n"
    );
    println!("| form | route | requests/s | p50 ms | p90 ms | p99 ms |");
    println!("|---|---|---|---|---|---|");
    for (form, start) in [("linked", viceroy::linked as Start), ("composed", viceroy::composed)] {
        load(form, &start(), CONNECTIONS, &mut ())?;
    }
    Ok(())
}
