//! Several assertions about the same thing in one call: the latest counts, of equals the first.

use crate::outcome::UpsertOutcome;
use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// What one assertion of a call says.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    /// What it is about: a partner in one row, or a row in a batch.
    pub(crate) about: &'a str,
    pub(crate) uid: &'a str,
    pub(crate) synced: u64,
}

/// Which claims count.
pub(crate) struct Contest {
    /// The claims that count, one for each thing, as places in the claims.
    pub(crate) winners: Vec<usize>,
    /// For each claim, which of the winners is about the same thing.
    winner_of: Vec<usize>,
}

impl Contest {
    pub(crate) fn new<'a>(claims: &[Claim<'a>]) -> Self {
        let key = |(at, claim): (usize, &Claim<'a>)| (claim.about, Reverse(claim.synced), at);
        // A heap sorts in little code.
        let mut order: BinaryHeap<_> = claims.iter().enumerate().map(key).map(Reverse).collect();
        let mut winners: Vec<usize> = Vec::new();
        let mut winner_of = vec![0; claims.len()];
        let mut before = None;
        while let Some(Reverse((about, _, at))) = order.pop() {
            if before != Some(about) {
                before = Some(about);
                winners.push(at);
            }
            if let Some(winner) = winner_of.get_mut(at) {
                *winner = winners.len().saturating_sub(1);
            }
        }
        Self { winners, winner_of }
    }

    /// The outcome of each claim, from the winners' outcomes.
    pub(crate) fn outcomes<E: Copy>(
        &self,
        claims: &[Claim<'_>],
        of_winners: &[Result<UpsertOutcome, E>],
    ) -> Vec<Result<UpsertOutcome, E>> {
        let outcome = |(claim, winner): (&Claim<'_>, &usize)| {
            let uid = self.winners.get(*winner).and_then(|at| claims.get(*at)).map(|w| w.uid);
            let outcome = of_winners.get(*winner).copied()?;
            Some(if uid == Some(claim.uid) { outcome } else { outcome.map(beaten) })
        };
        // Every claim has a winner, so that none is left out.
        claims.iter().zip(&self.winner_of).filter_map(outcome).collect()
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
        assert_eq!(contest.winners, [1, 2]);
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
