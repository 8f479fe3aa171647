//! Every schedule of two or three operations on one row.
//!
//! The ten kinds of operations ([`OperationKind`]) are combined to pairs or triples, the same kind more
//! than once, too, from each of the six [`Start`]s. Of each combination every interleaving of store
//! calls is gone through. In them
//! - every read shows the newest value or any older one that the worker's place has not yet gone past.
//!   So a fresh key may be missing, too: all happens within the 300 ms that reads may lag;
//! - up to one call meets a fault: it fails, is refused for its rate, or, if it is a write, gets no
//!   answer. A write without an answer lands at any later moment, or never;
//! - an expired row is removed at any moment, or not at all.
//!
//! Time stands still: every worker has its own fixed clock, and the rate limit is a fault like
//! others. Some things are gone through only once:
//! - What a worker does depends on the answers that it has heard, and on nothing else. So its code is
//!   run once for each sequence of answers, not for each schedule.
//! - Two schedules that have led to the same versions of the row, the same workers' states and the
//!   same faults have the same continuations. Schedules are counted all the same.
//! - The order of the workers of a combination means nothing: {a, b} stands for {b, a}.

mod operations;
mod search;
mod trie;

use identity_graph::Policy;

pub use operations::{OperationKind, Start};
pub use search::Failed;
use search::Search;
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

/// All combinations of so many kinds, each once.
#[must_use]
pub fn combinations(of: usize) -> Vec<(Start, Vec<OperationKind>)> {
    let mut kinds: Vec<Vec<OperationKind>> = vec![Vec::new()];
    for _ in 0..of {
        let longer = |shorter: &Vec<OperationKind>| {
            let last = shorter.last().copied();
            let next =
                OperationKind::ALL.into_iter().filter(move |kind| last.is_none_or(|l| *kind >= l));
            let shorter = shorter.clone();
            next.map(move |kind| [shorter.as_slice(), &[kind]].concat()).collect::<Vec<_>>()
        };
        kinds = kinds.iter().flat_map(longer).collect();
    }
    let with = |start: Start| kinds.clone().into_iter().map(move |kinds| (start, kinds));
    Start::ALL.into_iter().flat_map(with).collect()
}

/// Goes through all schedules of the combinations. `progress` is told of each that is done.
///
/// # Errors
/// The first schedule that breaks an invariant.
pub fn explore(
    workers: &dyn Workers,
    combinations: &[(Start, Vec<OperationKind>)],
    mut progress: impl FnMut(&Report),
) -> Result<Report, Box<Failed>> {
    let mut trie = Trie::new(workers, Policy::default());
    let mut report = Report::default();
    for (start, kinds) in combinations {
        let row = trie.start(*start);
        let nodes: Vec<_> = (0..).zip(kinds).map(|(at, kind)| trie.root(*kind, at)).collect();
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        let title = format!("{} on a row that is {}", names.join(", "), start.name());
        let search = Search::new(&mut trie);
        let (states, schedules) = search.run(title, row, *start == Start::Expired, &nodes)?;
        report.combinations += 1;
        report.states += states;
        report.schedules = report.schedules.saturating_add(schedules);
        report.workers = trie.nodes.len() as u64;
        progress(&report);
    }
    Ok(report)
}
