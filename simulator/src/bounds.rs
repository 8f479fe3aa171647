//! How many store operations a call may cost: invariant 6.

use identity_graph::{KvError, Policy, Precondition, WriteOutcome, Written};

use super::broken::{Broken, Invariant, broken};
use super::call::{Answer, Call, Put};
use super::reference::Held;
use super::worker::Operation;

/// What a worker has asked of one key.
#[derive(Default)]
struct CallCounts {
    reads: usize,
    writes: usize,
    counts: usize,
    /// Writes that were refused by their condition, or not answered: each may cost one more read and
    /// one more write.
    contested: usize,
    /// Conditions that did not hold, and whether it was a visit that was to be noted: in a page view
    /// that is a call of its own.
    refused: Vec<(Precondition, bool)>,
    /// Writes under a condition of `refused`: they could not succeed.
    wasted: usize,
}

impl CallCounts {
    fn put(&mut self, operation: &Operation, put: &Put, written: &Written) {
        self.writes += 1;
        let condition = (put.condition, notes_visit(operation, put));
        self.wasted += usize::from(self.refused.contains(&condition));
        match written {
            Ok(WriteOutcome::Conflict(_)) => {
                self.contested += 1;
                self.refused.push(condition);
            }
            Err(KvError::UnknownOutcome) => self.contested += 1,
            _ => {}
        }
    }
}

/// Checks the calls of a worker so far, for each key that it is about.
///
/// - Without contention an operation costs its [fixed number](uncontested) of reads and writes.
/// - Each write that was refused or not answered may cost a read and a write more.
/// - A refusal whose row a read does not find may cost one read more.
/// - There are no more writes than the policy has attempts, and one more where a row was presumed
///   absent: a visit may find a tombstone there.
/// - A withdrawal that went unanswered is sent again, whatever the answer to that.
/// - No write is tried under a condition that has just been refused.
pub(super) fn check_calls(
    operation: &Operation,
    policy: Policy,
    heard: &[(Call, Answer)],
) -> Result<(), Broken> {
    for key in keys(operation) {
        let cost = cost(operation, heard, key);
        let (reads, writes) = uncontested(operation);
        let calls = calls(operation, &cost);
        let (reads, writes) = (calls * reads, calls * writes);
        let attempts = calls * usize::from(policy.max_cas_attempts);
        let extra = usize::from(presumes_absence(operation));
        let missed = if cost.contested > 0 { calls } else { 0 };
        let most_reads = reads + cost.contested + missed;
        let most_writes = match operation {
            Operation::Withdraw { .. } if cost.contested > 0 => attempts,
            _ => (writes + cost.contested).min(attempts + extra),
        };
        if cost.wasted > 0 {
            return broken(Invariant::Bounds, "a try that could not succeed");
        }
        let counts = usize::from(matches!(operation, Operation::Cluster { .. }));
        if cost.writes > most_writes || cost.reads > most_reads || cost.counts > counts {
            let CallCounts { reads, writes, contested, .. } = cost;
            return broken(
                Invariant::Bounds,
                format!("{reads} reads and {writes} writes, of which {contested} were contested"),
            );
        }
    }
    if let Operation::Sync { .. } = operation { check_waves(policy, heard) } else { Ok(()) }
}

/// A batch reads all its rows at once and writes them at once, and again those that were contested.
fn check_waves(policy: Policy, heard: &[(Call, Answer)]) -> Result<(), Broken> {
    let is_contested = |written: &Written| {
        matches!(written, Ok(WriteOutcome::Conflict(_)) | Err(KvError::UnknownOutcome))
    };
    let (mut reads, mut writes, mut contested) = (0, 0, 0);
    for (call, answer) in heard {
        match (call, answer) {
            (Call::GetMany(_), _) => reads += 1,
            (Call::PutMany(_), Answer::Writes(written)) => {
                writes += 1;
                contested += usize::from(written.iter().any(is_contested));
            }
            _ => return broken(Invariant::Bounds, "a batch made another call than its waves"),
        }
    }
    // A read that misses what a refusal says is there is made once more.
    let most_writes = (1 + contested).min(usize::from(policy.max_cas_attempts));
    if reads > 1 + 2 * contested || writes > most_writes {
        return broken(Invariant::Bounds, format!("{reads} waves of reads and {writes} of writes"));
    }
    Ok(())
}

fn keys(operation: &Operation) -> Vec<&str> {
    match operation {
        Operation::Sync { mappings, .. } => mappings.iter().map(|m| m.ec_id.as_str()).collect(),
        _ => operation.key().into_iter().collect(),
    }
}

/// Reads and writes of one key where nobody else writes it.
fn uncontested(operation: &Operation) -> (usize, usize) {
    match operation {
        Operation::Create { .. }
        | Operation::CreateOrRevive { .. }
        | Operation::Withdraw { .. }
        | Operation::Delete { .. } => (0, 1),
        Operation::Peek { .. } => (1, 0),
        // Where there is nothing to see it is looked for once more.
        Operation::Visit { reads_first: true, .. } => (2, 1),
        // The snapshot costs a read; what is written is either UIDs or the visit.
        Operation::View { .. }
        | Operation::Visit { .. }
        | Operation::Upsert { .. }
        | Operation::Remove { .. }
        | Operation::WithdrawSeen { .. }
        | Operation::Touch { .. }
        | Operation::Sync { .. }
        | Operation::Cluster { .. } => (1, 1),
    }
}

/// Calls of the graph, each with bounds of its own. Where a page view cannot tell whether its UIDs
/// were stored by itself, it notes the visit on a row that it has to read anew.
fn calls(operation: &Operation, cost: &CallCounts) -> usize {
    if matches!(operation, Operation::View { .. }) && cost.contested > 0 { 2 } else { 1 }
}

fn notes_visit(operation: &Operation, put: &Put) -> bool {
    match operation {
        Operation::View { now, .. } => {
            Held::of(Some(&put.body)).entry().is_some_and(|row| row.last_seen == Some(*now))
        }
        _ => false,
    }
}

fn presumes_absence(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Create { .. }
            | Operation::CreateOrRevive { .. }
            | Operation::Visit { .. }
            | Operation::Upsert { .. }
    )
}

fn cost(operation: &Operation, heard: &[(Call, Answer)], key: &str) -> CallCounts {
    let mut cost = CallCounts::default();
    for (call, answer) in heard {
        match (call, answer) {
            (Call::Get(asked) | Call::Head(asked), _) => cost.reads += usize::from(asked == key),
            (Call::GetMany(asked), _) => {
                cost.reads += asked.iter().filter(|asked| *asked == key).count();
            }
            (Call::Put(put), Answer::Written(written)) if put.key == key => {
                cost.put(operation, put, written);
            }
            (Call::PutMany(puts), Answer::Writes(written)) => {
                for (put, written) in puts.iter().zip(written).filter(|(put, _)| put.key == key) {
                    cost.put(operation, put, written);
                }
            }
            (Call::Delete(asked), Answer::Deleted(deleted)) if asked == key => {
                cost.writes += 1;
                cost.contested += usize::from(*deleted == Err(KvError::UnknownOutcome));
            }
            (Call::Count(..), _) => cost.counts += 1,
            _ => {}
        }
    }
    cost
}
