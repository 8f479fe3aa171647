//! Operations, calls, rows and outcomes in a few words, none of which is an ID.

use identity_graph::{
    Failure, IfMissing, Item, KvError, Name, Precondition, Read, WriteOutcome, Written,
};

use super::call::{Answer, Call, Put};
use super::reference::Held;
use super::worker::{Operation, Outcome, View};
use crate::model::NetworkFault;

/// A time in seconds from `zero`.
fn ago(at: u64, zero: u64) -> String {
    let seconds = i128::from(at) - i128::from(zero);
    format!("t{seconds:+}")
}

/// An operation; times are told from `zero`.
pub(super) fn operation(operation: &Operation, zero: u64) -> String {
    let now = operation.now().map(|now| format!(" at {}", ago(now, zero))).unwrap_or_default();
    match operation {
        Operation::Create { entry, .. } => format!("create with {}{now}", uids(entry.ids.len())),
        Operation::CreateOrRevive { entry, .. } => {
            format!("create-or-revive with {}{now}", uids(entry.ids.len()))
        }
        Operation::Visit { entry, reads_first, .. } => {
            let on = if *reads_first { ", on a snapshot" } else { "" };
            format!("visit with {}{on}{now}", uids(entry.ids.len()))
        }
        Operation::Peek { .. } => "get-metadata".to_owned(),
        Operation::View { ids, .. } => format!("page view with {}{now}", uids(ids.len())),
        Operation::Upsert { ids, missing, .. } => {
            let missing = match missing {
                IfMissing::Skip => "",
                IfMissing::CreateMinimal => ", creating",
            };
            let synced = ids.iter().filter_map(|id| id.synced).map(|at| ago(at, zero));
            let synced = synced.collect::<Vec<_>>().join(", ");
            let synced = if synced.is_empty() { synced } else { format!(" (synced {synced})") };
            format!("upsert of {}{synced}{missing}{now}", uids(ids.len()))
        }
        Operation::Remove { partners, .. } => format!("removal of {}{now}", uids(partners.len())),
        Operation::Touch { .. } => format!("touch{now}"),
        Operation::Withdraw { .. } => format!("withdrawal{now}"),
        Operation::WithdrawSeen { .. } => format!("withdrawal, on a snapshot{now}"),
        Operation::Delete { .. } => "delete".to_owned(),
        Operation::Sync { mappings, .. } if mappings.len() == 1 => {
            format!("batch of 1 mapping{now}")
        }
        Operation::Sync { mappings, .. } => format!("batch of {} mappings{now}", mappings.len()),
        Operation::Cluster { .. } => format!("cluster{now}"),
    }
}

fn uids(number: usize) -> String {
    if number == 1 { "1 UID".to_owned() } else { format!("{number} UIDs") }
}

/// A row.
pub(super) fn held(held: &Held, zero: u64) -> String {
    match held {
        Held::Nothing => "nothing".to_owned(),
        Held::Corrupt => "corrupt".to_owned(),
        Held::Entry(entry) if !entry.ok => format!("tombstone of {}", ago(entry.updated, zero)),
        Held::Entry(entry) => format!(
            "live, consent {}, seen {}, {}{}",
            ago(entry.updated, zero),
            entry.last_seen.map_or("at no time".to_owned(), |at| ago(at, zero)),
            uids(entry.ids.len()),
            if entry.is_full() { ", full" } else { "" }
        ),
    }
}

/// A store call.
pub(super) fn call(call: &Call) -> String {
    match call {
        Call::Get(_) => "read".to_owned(),
        Call::Head(_) => "read of metadata".to_owned(),
        Call::Put(put) => condition(put).to_owned(),
        Call::Delete(_) => "delete".to_owned(),
        Call::Count(..) => "count".to_owned(),
        Call::GetMany(keys) => format!("read of {} keys", keys.len()),
        Call::PutMany(puts) => format!("write of {} keys", puts.len()),
    }
}

pub(super) fn condition(put: &Put) -> &'static str {
    match put.condition {
        Precondition::None => "write whatever is there",
        Precondition::Absent => "write if absent",
        Precondition::Matches(_) => "write if unchanged",
    }
}

/// What a store call was answered.
pub(super) fn answer(answer: &Answer, zero: u64) -> String {
    match answer {
        Answer::Read(answer) => read(answer, zero),
        Answer::Head(Ok(Some(_))) => "there".to_owned(),
        Answer::Head(Ok(None)) => "nothing".to_owned(),
        Answer::Written(answer) => written(answer),
        Answer::Deleted(Ok(true)) => "deleted".to_owned(),
        Answer::Deleted(Ok(false)) => "there was nothing".to_owned(),
        Answer::Counted(Ok(number)) => number.to_string(),
        Answer::Head(Err(error)) | Answer::Deleted(Err(error)) | Answer::Counted(Err(error)) => {
            failure(*error)
        }
        Answer::Reads(answers) => {
            answers.iter().map(|a| read(a, zero)).collect::<Vec<_>>().join("; ")
        }
        Answer::Writes(answers) => answers.iter().map(written).collect::<Vec<_>>().join("; "),
    }
}

pub(super) fn read(read: &Read, zero: u64) -> String {
    let body = |item: &Item| held(&Held::of(Some(&item.body)), zero);
    match read {
        Ok(item) => item.as_ref().map_or_else(|| "nothing".to_owned(), body),
        Err(error) => failure(*error),
    }
}

pub(super) fn written(written: &Written) -> String {
    match written {
        Ok(WriteOutcome::Stored) => "stored".to_owned(),
        Ok(WriteOutcome::Conflict(None)) => "refused, the condition does not hold".to_owned(),
        Ok(WriteOutcome::Conflict(Some(_))) => "refused, and the row handed over".to_owned(),
        Err(error) => failure(*error),
    }
}

fn failure(error: KvError) -> String {
    format!("failed: {error}")
}

/// What went wrong with a call.
pub(super) fn fault(fault: NetworkFault) -> String {
    match fault {
        NetworkFault::Fails => "fails before it is applied".to_owned(),
        NetworkFault::LosesAnswer => "reaches the store, the answer is lost".to_owned(),
        NetworkFault::LosesRequest => "lost on its way".to_owned(),
        NetworkFault::LandsLate(ms) => format!("lands {ms} ms later, unanswered"),
    }
}

/// How an operation ended.
pub(super) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Withdrawn(Ok(())) => "done".to_owned(),
        Outcome::Created(Ok(report)) => format!("done; UIDs {}", listed(&report.ids)),
        Outcome::Started(Ok(report)) => {
            format!("{}; UIDs {}", report.name(), listed(&report.ids))
        }
        Outcome::Visited(Ok(report)) => {
            format!("{}; UIDs {}", report.name(), listed(&report.ids))
        }
        Outcome::Viewed(Ok(View { shown: None, .. })) | Outcome::Counted(Ok(None)) => {
            "no entry".to_owned()
        }
        Outcome::Peeked(Ok(None)) => "no metadata".to_owned(),
        Outcome::Peeked(Ok(Some(metadata))) if metadata.ok => "live".to_owned(),
        Outcome::Peeked(Ok(Some(_))) => "tombstone".to_owned(),
        Outcome::Viewed(Ok(View { upserted, touched, .. })) => {
            let upserted = upserted.as_ref().map_or_else(failed, |each| listed(each));
            let touched = touched.as_ref().map_or("for the next view", Name::name);
            format!("UIDs {upserted}; visit {touched}")
        }
        Outcome::Upserted(Ok(each)) => listed(each),
        Outcome::WithdrawnSeen(Ok(withdrawn)) => withdrawn.name().to_owned(),
        Outcome::Touched(Ok(touched)) => touched.name().to_owned(),
        Outcome::Deleted(Ok(true)) => "deleted".to_owned(),
        Outcome::Deleted(Ok(false)) => "there was nothing".to_owned(),
        Outcome::Synced(Ok(each)) => listed(each),
        Outcome::Counted(Ok(Some(size))) => format!("{size} of this hash"),
        Outcome::Trapped(message) => format!("trapped: {message}"),
        whole => whole.failure().map(failed).unwrap_or_default(),
    }
}

fn failed(failure: &Failure) -> String {
    failure.name().to_owned()
}

fn listed(each: &[impl Name]) -> String {
    let names = each.iter().map(Name::name).collect::<Vec<_>>().join(", ");
    if names.is_empty() { "none".to_owned() } else { names }
}
