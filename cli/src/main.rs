//! `ec-graph`: the identity graph on the command line.

mod args;
mod check;
mod comparison;
mod demo;
mod draw;
mod generate;
mod inspect;
mod left_out;
mod mask;
#[cfg(test)]
mod on_stores;
mod player;
mod replay;
mod reply;
mod simulate;
mod stored;
mod storm;
mod summary;
mod text;
mod trace;
mod transfer;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command, Ending, ReplayArgs};

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        None => replay::run(&ReplayArgs::default()),
        Some(Command::Replay(arguments)) => replay::run(&arguments),
        Some(Command::Check(arguments)) => check::run(&arguments),
        Some(Command::Trace(arguments)) => generate::run(&arguments),
        Some(Command::Inspect(arguments)) => inspect::run(&arguments),
        Some(Command::Demo) => demo::run(),
        Some(Command::Simulate(arguments)) => simulate::run(&arguments),
        Some(Command::Storm(arguments)) => storm::run(&arguments),
        Some(Command::Export(arguments)) => transfer::export(&arguments),
        Some(Command::Import(arguments)) => transfer::import(&arguments),
    };
    match done {
        Ok(Ending::Good) => ExitCode::SUCCESS,
        Ok(Ending::Flawed) => ExitCode::from(1),
        // Whoever reads has seen enough, as with `| head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "ec-graph: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.root_cause().downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
