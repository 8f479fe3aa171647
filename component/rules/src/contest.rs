//! Several assertions about the same thing in one call: the latest counts, of equals the first.

use crate::outcome::UpsertOutcome;
use alloc::vec::Vec;

/// What one assertion of a call says.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    /// What it is about: a partner in one row, or a row in a batch.
    pub(crate) about: &'a str,
    pub(crate) uid: &'a str,
    pub(crate) synced: u64,
}

/// Which claims count.
pub(crate) struct Contest<'a> {
    /// The claims that count, one for each thing, sorted by it.
    pub(crate) winners: Vec<&'a Claim<'a>>,
}

/// Of several assertions about one thing the latest, of equals the first; sorted by what they are
/// about.
pub(crate) fn latest<T>(
    assertions: impl Iterator<Item = T>,
    about: impl Fn(&T) -> &str,
    synced: impl Fn(&T) -> u64,
) -> Vec<T> {
    let mut latest: Vec<T> = Vec::with_capacity(assertions.size_hint().0);
    for new in assertions {
        match latest.binary_search_by(|known| about(known).cmp(about(&new))) {
            Err(place) => latest.insert(place, new),
            Ok(place) => {
                if let Some(known) = latest.get_mut(place)
                    && synced(&new) > synced(known)
                {
                    *known = new;
                }
            }
        }
    }
    latest
}

impl<'a> Contest<'a> {
    pub(crate) fn new(claims: &'a [Claim<'a>]) -> Self {
        Self { winners: latest(claims.iter(), |claim| claim.about, |claim| claim.synced) }
    }

    /// The outcome of each claim, from the winners' outcomes.
    pub(crate) fn outcomes<E: Copy>(
        &self,
        claims: &[Claim<'_>],
        of_winners: &[Result<UpsertOutcome, E>],
    ) -> Vec<Result<UpsertOutcome, E>> {
        let outcome = |claim: &Claim<'_>| {
            let place = self.place(claim.about).ok()?;
            let outcome = of_winners.get(place).copied()?;
            let is_winner = self.winners.get(place)?.uid == claim.uid;
            Some(if is_winner { outcome } else { outcome.map(beaten) })
        };
        // Every claim has a winner, so that none is left out.
        claims.iter().filter_map(outcome).collect()
    }

    /// Where among the winners the one about a thing stands, or else belongs.
    fn place(&self, about: &str) -> Result<usize, usize> {
        self.winners.binary_search_by(|winner| winner.about.cmp(about))
    }
}

/// What became of a claim with another UID than the one that counts.
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

    fn claim<'a>(about: &'a str, uid: &'a str, synced: u64) -> Claim<'a> {
        Claim { about, uid, synced }
    }

    #[test]
    fn the_latest_counts_and_of_equals_the_first() {
        let claims =
            [claim("b", "1", 5), claim("a", "2", 1), claim("b", "3", 9), claim("b", "4", 9)];
        let contest = Contest::new(&claims);
        let uids: Vec<_> = contest.winners.iter().map(|winner| winner.uid).collect();
        assert_eq!(uids, ["2", "3"]);
    }

    #[test]
    fn every_claim_hears_what_became_of_it() {
        let claims =
            [claim("a", "old", 1), claim("a", "new", 2), claim("a", "new", 0), claim("b", "x", 1)];
        let contest = Contest::new(&claims);
        let hear = |a, b| contest.outcomes::<()>(&claims, &[Ok(a), Ok(b)]);
        assert_eq!(hear(Written, NotFound), [Ok(Stale), Ok(Written), Ok(Written), Ok(NotFound)]);
        assert_eq!(
            hear(Withdrawn, Stale),
            [Ok(Withdrawn), Ok(Withdrawn), Ok(Withdrawn), Ok(Stale)]
        );
        assert_eq!(contest.outcomes(&claims, &[Err(7), Ok(Written)])[..3], [Err(7); 3]);
    }
}
