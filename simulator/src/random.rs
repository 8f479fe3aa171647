//! Scenarios that a seed decides: operations on a few rows from several places, over the model of
//! Fastly's store, each call with its own way there and back. The same seed is the same history.

mod rows;
mod run;
mod scenario;
mod tally;

pub use tally::Tally;

use run::Run;

use super::history::History;
use super::worker::Workers;
use crate::dice::Dice;
use crate::model::Knobs;

/// Runs the scenario of a seed.
///
/// # Errors
/// The history, when it breaks an invariant.
pub fn run(workers: &dyn Workers, seed: u64) -> Result<Tally, Box<History>> {
    let mut run = Run::new(workers, seed, knobs(seed), false);
    match run.run() {
        Ok(()) => Ok(run.tally),
        Err(_) => Err(Box::new(history(workers, seed))),
    }
}

/// Runs the scenario of a seed and tells it.
#[must_use]
pub fn history(workers: &dyn Workers, seed: u64) -> History {
    let knobs = knobs(seed);
    let limit = if knobs.write_interval_ms == 0 { ", no limit of writes per second" } else { "" };
    let mut run = Run::new(workers, seed, knobs, true);
    let broken = run.run().err();
    let policy = if run.orders_by_arrival() { ", by the policy of trusted-server" } else { "" };
    run.history(format!("Seed {seed}{policy}{limit}"), broken)
}

/// One of three stores takes any number of writes a second, as the real one often does: where the
/// limit is strictly kept it comes before most conflicts. One of four hands over what it refuses a
/// write for, and in one of four seeds every sixth call or so goes wrong.
fn knobs(seed: u64) -> Knobs {
    let mut dice = Dice::new(seed, 3);
    let write_interval_ms = *dice.pick(&[1_000, 1_000, 0]);
    let hands_over = dice.happens(250);
    let knobs = Knobs { write_interval_ms, hands_over, ..Knobs::fastly() };
    if dice.happens(750) {
        return knobs;
    }
    Knobs { failing: 40, losing_answers: 60, losing_requests: 60, landing_late: 40, ..knobs }
}
