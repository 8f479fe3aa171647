//! What was acknowledged is in the row at the end: invariant 2.

use identity_graph::{Uid, UpsertOutcome};

use super::assertions::{AssertedUid, latest};
use super::broken::{Broken, Invariant, broken};
use super::outcomes::Seen;
use super::reference::{Held, StoredEntry};
use super::worker::{Operation, Outcome};

/// Checks that the UIDs which an outcome acknowledged are in the newest row of the key, unless
/// something later took their place. `versions` are all that the key held since the operation began.
pub(super) fn check_durability(
    operation: &Operation,
    outcome: &Outcome,
    key: &str,
    versions: &[Seen<'_>],
) -> Result<(), Broken> {
    for asserted in acknowledged(operation, outcome, key) {
        let has = |entry: &StoredEntry| {
            entry.ok && entry.ids.get(asserted.partner).is_some_and(|(uid, _)| uid == asserted.uid)
        };
        let stored = |seen: &Seen<'_>| seen.held.entry().is_some_and(has);
        let own = versions.iter().rposition(|seen| seen.by_worker && stored(seen));
        let Some(since) = own.or_else(|| versions.iter().rposition(stored)) else {
            return broken(Invariant::Acknowledged, "an acknowledged UID was never stored");
        };
        let later = &versions[since..];
        // A row that begins anew has a consent of its own.
        let is_new_life = |pair: &[Seen<'_>]| match (pair[0].held, pair[1].held) {
            (Held::Entry(before), Held::Entry(after)) => {
                pair[1].by_others || (before.ok, before.updated) != (after.ok, after.updated)
            }
            _ => true,
        };
        if later.windows(2).any(is_new_life) {
            continue;
        }
        let last = later.last().and_then(|seen| seen.held.entry());
        let is_kept = last.is_some_and(|entry| {
            let kept = entry.ids.get(asserted.partner);
            kept.is_some_and(|(uid, synced)| uid == asserted.uid || *synced > asserted.synced)
        });
        if !is_kept {
            return broken(Invariant::Acknowledged, "an acknowledged UID is gone at the end");
        }
    }
    Ok(())
}

/// The UIDs that an outcome says are written.
pub(super) fn acknowledged<'a>(
    operation: &'a Operation,
    outcome: &Outcome,
    key: &str,
) -> Vec<AssertedUid<'a>> {
    let assertions = operation.assertions(key);
    let written = |outcomes: &[UpsertOutcome]| {
        let paired = assertions.iter().zip(outcomes);
        let written = paired.filter(|(_, outcome)| **outcome == UpsertOutcome::Written);
        written.map(|(asserted, _)| *asserted).collect()
    };
    match (outcome, operation) {
        (Outcome::Upserted(Ok(outcomes)), _) => written(outcomes),
        (Outcome::Viewed(Ok(view)), _) => view.upserted.as_deref().map(written).unwrap_or_default(),
        (Outcome::Visited(Ok(visited)), _) => {
            use identity_graph::CreateOutcome::{Created, Revived};
            if matches!(visited, Created | Revived) {
                latest_of_each(&assertions)
            } else {
                Vec::new()
            }
        }
        (Outcome::Done(Ok(())), Operation::Create { .. }) => latest_of_each(&assertions),
        (Outcome::Synced(Ok(outcomes)), Operation::Sync { mappings, .. }) => {
            let mapped = mappings.iter().zip(outcomes);
            let of_key = mapped.filter(|(m, _)| m.ec_id == key && Uid::check(&m.uid).is_ok());
            let paired = assertions.iter().zip(of_key);
            let written =
                paired.filter(|(_, (_, outcome))| **outcome == Ok(UpsertOutcome::Written));
            written.map(|(asserted, _)| *asserted).collect()
        }
        _ => Vec::new(),
    }
}

fn latest_of_each<'a>(assertions: &[AssertedUid<'a>]) -> Vec<AssertedUid<'a>> {
    let counts =
        |asserted: &&AssertedUid<'a>| latest(assertions, asserted.partner) == Some(**asserted);
    assertions.iter().filter(counts).copied().collect()
}
