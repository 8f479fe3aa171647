//! `ec-graph`: the identity graph on the command line.

mod cli;
mod trace;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
