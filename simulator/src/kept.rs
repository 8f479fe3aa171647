//! What was acknowledged is there at the end: invariant 2, kept as a ledger would keep it.

use identity_graph::{UpsertOutcome, check_uid};

use super::broken::{Broken, Invariant, broken};
use super::claims::{Claim, winner};
use super::outcomes::Seen;
use super::reference::{Entry, Held};
use super::worker::{Operation, Outcome};

/// Checks that the UIDs of a key which an operation was told to be stored are in its newest row,
/// unless something later took their place. `versions` are all that the key held since.
pub(super) fn check_kept(
    operation: &Operation,
    outcome: &Outcome,
    key: &str,
    versions: &[Seen<'_>],
) -> Result<(), Broken> {
    for claim in acknowledged(operation, outcome, key) {
        let has = |entry: &Entry| {
            entry.ok && entry.ids.get(claim.partner).is_some_and(|(uid, _)| uid == claim.uid)
        };
        let stored = |seen: &Seen<'_>| seen.as_worker && seen.held.entry().is_some_and(has);
        let Some(since) = versions.iter().rposition(stored) else {
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
            let kept = entry.ids.get(claim.partner);
            kept.is_some_and(|(uid, synced)| uid == claim.uid || *synced > claim.synced)
        });
        if !is_kept {
            return broken(Invariant::Acknowledged, "an acknowledged UID is gone at the end");
        }
    }
    Ok(())
}

/// The UIDs that an outcome says are written.
fn acknowledged<'a>(operation: &'a Operation, outcome: &Outcome, key: &str) -> Vec<Claim<'a>> {
    let claims = operation.claims(key);
    let written = |outcomes: &[UpsertOutcome]| {
        let paired = claims.iter().zip(outcomes);
        let written = paired.filter(|(_, outcome)| **outcome == UpsertOutcome::Written);
        written.map(|(claim, _)| *claim).collect()
    };
    match (outcome, operation) {
        (Outcome::Upserted(Ok(outcomes)), _) => written(outcomes),
        (Outcome::Viewed(Ok(view)), _) => view.upserted.as_deref().map(written).unwrap_or_default(),
        (Outcome::Visited(Ok(visited)), _) => {
            use identity_graph::CreateOutcome::{Created, Revived};
            if matches!(visited, Created | Revived) { winners(&claims) } else { Vec::new() }
        }
        (Outcome::Done(Ok(())), Operation::Create { .. }) => winners(&claims),
        (Outcome::Synced(Ok(outcomes)), Operation::Sync { mappings, .. }) => {
            let mapped = mappings.iter().zip(outcomes);
            let of_key = mapped.filter(|(m, _)| m.ec_id == key && check_uid(&m.uid).is_ok());
            let paired = claims.iter().zip(of_key);
            let written =
                paired.filter(|(_, (_, outcome))| **outcome == Ok(UpsertOutcome::Written));
            written.map(|(claim, _)| *claim).collect()
        }
        _ => Vec::new(),
    }
}

fn winners<'a>(claims: &[Claim<'a>]) -> Vec<Claim<'a>> {
    let counts = |claim: &&Claim<'a>| winner(claims, claim.partner) == Some(**claim);
    claims.iter().filter(counts).copied().collect()
}
