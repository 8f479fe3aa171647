//! Several assertions about one thing in a call: the latest counts, of equals the first.

use alloc::vec::Vec;

use super::upsert_partner_ids::UpsertOutcome;
use crate::types::Timestamp;

/// Of several items about one thing the one with the latest time, of equals the first; sorted by what
/// they are about.
pub(crate) fn latest<T>(
    items: impl IntoIterator<Item = T>,
    about: impl Fn(&T) -> &str,
    time: impl Fn(&T) -> Timestamp,
) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    // Of equal things the latest stands first, of equal times the first.
    items.sort_by(|a, b| about(a).cmp(about(b)).then_with(|| time(b).cmp(&time(a))));
    items.dedup_by(|later, kept| about(later) == about(kept));
    items
}

/// What becomes of each UID that a call asserts, from what became of those that count. Both are given
/// by what they are about and the UID, the winners sorted.
pub(super) fn outcomes<'a, E: Clone>(
    asserted: impl Iterator<Item = (&'a str, &'a str)>,
    winners: &[(&str, &str)],
    of_winners: &[Result<UpsertOutcome, E>],
) -> Vec<Result<UpsertOutcome, E>> {
    let outcome = |(about, uid): (&str, &str)| {
        let place = winners.binary_search_by(|(winner, _)| (*winner).cmp(about)).ok()?;
        let outcome = of_winners.get(place).cloned()?;
        let (_, winner) = winners.get(place)?;
        Some(if *winner == uid { outcome } else { outcome.map(beaten) })
    };
    // Everything asserted has a winner, so that nothing is left out.
    asserted.filter_map(outcome).collect()
}

/// What became of a UID other than the one that counts.
fn beaten(winner: UpsertOutcome) -> UpsertOutcome {
    match winner {
        UpsertOutcome::Written | UpsertOutcome::Unchanged | UpsertOutcome::Stale => {
            UpsertOutcome::Stale
        }
        UpsertOutcome::Withdrawn | UpsertOutcome::NotFound => winner,
    }
}

#[cfg(test)]
mod tests {
    use super::UpsertOutcome::{NotFound, Stale, Withdrawn, Written};
    use super::*;

    type Asserted = (&'static str, &'static str, u64);

    fn winners(asserted: &[Asserted]) -> Vec<(&'static str, &'static str)> {
        let latest = latest(asserted.iter(), |one| one.0, |one| Timestamp::new(one.2));
        latest.into_iter().map(|(about, uid, _)| (*about, *uid)).collect()
    }

    #[test]
    fn the_latest_counts_and_of_equals_the_first() {
        let asserted = [("b", "1", 5), ("a", "2", 1), ("b", "3", 9), ("b", "4", 9)];
        assert_eq!(winners(&asserted), [("a", "2"), ("b", "3")]);
    }

    #[test]
    fn every_assertion_hears_what_became_of_it() {
        let asserted = [("a", "old", 1), ("a", "new", 2), ("a", "new", 0), ("b", "x", 1)];
        let winners = winners(&asserted);
        let uids = || asserted.iter().map(|(about, uid, _)| (*about, *uid));
        let hear = |a, b| outcomes::<()>(uids(), &winners, &[Ok(a), Ok(b)]);
        assert_eq!(hear(Written, NotFound), [Ok(Stale), Ok(Written), Ok(Written), Ok(NotFound)]);
        assert_eq!(
            hear(Withdrawn, Stale),
            [Ok(Withdrawn), Ok(Withdrawn), Ok(Withdrawn), Ok(Stale)]
        );
        assert_eq!(outcomes(uids(), &winners, &[Err(7), Ok(Written)])[..3], [Err(7); 3]);
    }
}
