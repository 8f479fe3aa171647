//! Scenarios that a seed decides: operations on a few rows from several places, over the model of
//! Fastly's store, each call with its own way there and back. The same seed is the same history.

mod run;
mod scenario;
mod tally;

pub use tally::Tally;

use run::Run;

use super::history::History;
use super::worker::Workers;
use crate::model::Knobs;

/// Runs the scenario of a seed.
///
/// # Errors
/// The history, when it breaks an invariant.
pub fn run(workers: &dyn Workers, seed: u64) -> Result<Tally, Box<History>> {
    let mut run = Run::new(workers, seed, Knobs::fastly(), false);
    match run.run() {
        Ok(()) => Ok(run.tally),
        Err(_) => Err(Box::new(history(workers, seed))),
    }
}

/// Runs the scenario of a seed and tells it.
#[must_use]
pub fn history(workers: &dyn Workers, seed: u64) -> History {
    let mut run = Run::new(workers, seed, Knobs::fastly(), true);
    let broken = run.run().err();
    run.history(format!("Seed {seed}"), broken)
}
