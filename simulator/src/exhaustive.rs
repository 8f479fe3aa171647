//! Every schedule of two or three operations on one row.
//!
//! The thirteen kinds of operations ([`OperationKind`]) are combined to pairs or triples from each of the
//! ten [`Start`]s: the same kind more than once, too, with other arguments and as the same request sent
//! again. One of the places may be taken by another program that overwrites the row ([`Overwrite`]).
//! Of each combination every interleaving of store calls is gone through. In them
//! - every read shows the newest value or any older one that the worker's place has not yet gone past.
//!   So a fresh key may be missing, too: all happens within the 300 ms that reads may lag;
//! - a refused write hands the row over, or does not;
//! - up to two calls meet a fault, with three operations one: a call fails, is refused for its rate,
//!   or, if it is a write, gets no answer. A write without an answer lands at any later moment, or
//!   never;
//! - an expired row is removed at any moment, or not at all.
//!
//! All of it goes by one policy.
//!
//! Time stands still: every worker has its own fixed clock, and the rate limit is a fault like
//! others. Some things are gone through only once:
//! - What a worker does depends on the answers that it has heard, and on nothing else. So its code is
//!   run once for each sequence of answers, not for each schedule.
//! - Two schedules that have led to the same versions of the row, the same workers' states and the
//!   same faults have the same continuations. Schedules are counted all the same.
//! - The order of the workers of a combination means nothing: {a, b} stands for {b, a}.

mod combination;
mod operations;
mod search;
mod start;
mod trie;

use identity_graph::Policy;

pub use combination::{Combination, combinations};
pub use operations::OperationKind;
pub use search::Failed;
use search::Search;
pub use start::{Overwrite, Start};
use trie::Trie;

use super::worker::Workers;

/// What was gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Combinations of operations and start states.
    pub combinations: u64,
    /// Different states, the sum over combinations.
    pub states: u64,
    /// Schedules, the sum over combinations.
    pub schedules: u128,
    /// Different states of workers, each of which was run.
    pub workers: u64,
}

/// Goes through all schedules of the combinations under a policy. `progress` is told of each that is done.
///
/// # Errors
/// The first schedule that breaks an invariant. One in which an outcome was merely guessed is told
/// where no schedule of the combination shows worse.
pub fn explore(
    workers: &dyn Workers,
    policy: Policy,
    combinations: &[Combination],
    mut progress: impl FnMut(&Report),
) -> Result<Report, Box<Failed>> {
    let mut trie = Trie::new(workers, policy);
    let mut report = Report::default();
    for combination in combinations {
        let (states, schedules) = Search::new(&mut trie, combination).run(combination.name())?;
        report.combinations += 1;
        report.states += states;
        report.schedules = report.schedules.saturating_add(schedules);
        report.workers = trie.nodes.len() as u64;
        progress(&report);
    }
    Ok(report)
}
