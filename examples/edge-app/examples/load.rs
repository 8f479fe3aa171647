//! Loads the service on Viceroy, linked and composed, and checks that nothing acknowledged is missing.
//! `just load-fastly` runs it.

use anyhow::Result;

use load::{Load, load};
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
const SECONDS: u32 = 5;

/// Starts one form of the service.
type Start = fn() -> Service;

fn main() -> Result<()> {
    println!(
        "{SECONDS} s each over {CONNECTIONS} connections on loopback, a fresh instance per request\n"
    );
    println!("| form | {} |\n|---|---|---|---|---|---|---|", load::COLUMNS);
    for (form, start) in [("linked", viceroy::linked as Start), ("composed", viceroy::composed)] {
        let with = Load { form, connections: CONNECTIONS, seconds: SECONDS };
        load(&with, &start(), &mut ())?;
    }
    Ok(())
}
