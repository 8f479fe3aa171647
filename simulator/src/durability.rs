//! What was acknowledged is in the row at the end: invariant 2.

use identity_graph::{CreateOutcome, Policy, UpsertOutcome, VisitOutcome};

use super::assertions::{AssertedUid, mapped, winners};
use super::broken::{Broken, Invariant, broken};
use super::outcomes::Seen;
use super::reference::{Held, StoredEntry};
use super::worker::{Operation, Outcome};

/// Checks that the UIDs which an outcome acknowledged are in the newest row of the key, and those that
/// it took out are not, unless something later took their place. `versions` are all that the key held
/// since the operation began. What was asserted after `believed` by a clock that is far ahead others
/// need not believe.
pub(super) fn check_durability(
    (operation, policy): (&Operation, &Policy),
    outcome: &Outcome,
    key: &str,
    versions: &[Seen<'_>],
    believed: u64,
) -> Result<(), Broken> {
    let acknowledged = acknowledged(operation, policy, outcome, key);
    for asserted in acknowledged.into_iter().filter(|asserted| asserted.synced <= believed) {
        let stored = |seen: &Seen<'_>| seen.held.entry().is_some_and(|row| shows(row, &asserted));
        let own = versions.iter().rposition(|seen| seen.by_worker && stored(seen));
        let Some(since) = own.or_else(|| versions.iter().rposition(stored)) else {
            return broken(Invariant::Acknowledged, "an acknowledged UID was never stored");
        };
        let later = &versions[since..];
        // A row that begins anew has a consent of its own.
        let is_new_life = |pair: &[Seen<'_>]| match (pair[0].held, pair[1].held) {
            (Held::Entry(before), Held::Entry(after)) => {
                pair[1].by_others || (before.ok, before.created) != (after.ok, after.created)
            }
            _ => true,
        };
        if later.windows(2).any(is_new_life) {
            continue;
        }
        // What first took its place has to be later; what became of that is another matter.
        let rows: Vec<_> = later.iter().filter_map(|seen| seen.held.entry()).collect();
        let change = rows.windows(2).find(|pair| !shows(pair[1], &asserted));
        if !change.is_none_or(|pair| gave_way(pair[0], pair[1], &asserted)) {
            return broken(Invariant::Acknowledged, "an acknowledged UID is gone at the end");
        }
    }
    Ok(())
}

/// Whether a row is as was acknowledged. By arrival a UID's time may be later, since it does not go back.
pub(super) fn shows(row: &StoredEntry, asserted: &AssertedUid<'_>) -> bool {
    let AssertedUid { partner, uid, synced, by_arrival, .. } = *asserted;
    let stored = row.ids.get(partner);
    let is_noted = |at: u64| if by_arrival { at >= synced } else { at == synced };
    row.ok
        && match uid {
            Some(uid) => stored.is_some_and(|stored| stored.uid == uid && is_noted(stored.synced)),
            None => stored.is_none() && row.removed.get(partner) == Some(&synced),
        }
}

/// Whether what a row has instead is later. By arrival it is the order of the writes that counts, and
/// that each was asked for is judged where it took place. What had an end may be gone, and a removal forgotten: that
/// it was over, or one of too many, is judged where it went.
fn gave_way(before: &StoredEntry, after: &StoredEntry, asserted: &AssertedUid<'_>) -> bool {
    let AssertedUid { partner, uid, synced, by_arrival, .. } = *asserted;
    let gives_way = |at: u64| by_arrival || at > synced;
    let is_removed = after.removed.get(partner).is_some_and(|at| gives_way(*at));
    let is_later = after.ids.get(partner).is_some_and(|stored| gives_way(stored.synced));
    let had_end = before.ids.get(partner).is_some_and(|stored| stored.expires.is_some());
    let is_forgotten = uid.is_none() && !after.removed.contains_key(partner);
    let has_none = !after.ids.contains_key(partner);
    is_later || is_removed || had_end || is_forgotten && has_none
}

/// What an outcome says is stored, or taken out; of each partner what counts.
pub(super) fn acknowledged<'a>(
    operation: &'a Operation,
    policy: &Policy,
    outcome: &Outcome,
    key: &str,
) -> Vec<AssertedUid<'a>> {
    let written = |outcomes: &[UpsertOutcome]| {
        let items = operation.items(key, policy).into_iter();
        let paired = items.zip(outcomes).filter(|(_, each)| **each == UpsertOutcome::Written);
        winners(&paired.filter_map(|(item, _)| item).collect::<Vec<_>>())
    };
    match (outcome, operation) {
        (Outcome::Upserted(Ok(outcomes)), _) => written(outcomes),
        (Outcome::Viewed(Ok(view)), _) => view.upserted.as_deref().map(written).unwrap_or_default(),
        (Outcome::Created(Ok(report)), _) => written(&report.ids),
        (Outcome::Started(Ok(report)), _) => match report.outcome {
            CreateOutcome::Created | CreateOutcome::Revived => written(&report.ids),
            CreateOutcome::AlreadyLive | CreateOutcome::Withdrawn => Vec::new(),
        },
        (Outcome::Visited(Ok(report)), _) => match report.outcome {
            VisitOutcome::Created | VisitOutcome::Revived | VisitOutcome::Written => {
                written(&report.ids)
            }
            VisitOutcome::Unchanged | VisitOutcome::Withdrawn => Vec::new(),
        },
        (Outcome::Synced(Ok(outcomes)), Operation::Sync { partner, mappings, now }) => {
            let of_key = mappings.iter().zip(outcomes).filter(|(m, _)| m.ec_id == key);
            let written = of_key.filter(|(_, outcome)| **outcome == Ok(UpsertOutcome::Written));
            let asserted = written.filter_map(|(m, _)| mapped(partner, m, (*now, policy)));
            winners(&asserted.collect::<Vec<_>>())
        }
        _ => Vec::new(),
    }
}
