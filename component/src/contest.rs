//! Several assertions about the same thing in one call: the latest counts, of equals the first.

use crate::outcome::UpsertOutcome;

/// What one assertion of a call says.
pub(crate) struct Claim<'a, K> {
    /// What it is about: a partner in one row, or a row in a batch.
    pub(crate) about: K,
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
    pub(crate) fn new<K: Ord>(claims: &[Claim<'_, K>]) -> Self {
        let mut order: Vec<(usize, &Claim<'_, K>)> = claims.iter().enumerate().collect();
        order.sort_by(|(_, a), (_, b)| a.about.cmp(&b.about).then(b.synced.cmp(&a.synced)));
        let mut winners: Vec<usize> = Vec::new();
        let mut winner_of = vec![0; claims.len()];
        let mut about = None;
        for (at, claim) in order {
            if about != Some(&claim.about) {
                about = Some(&claim.about);
                winners.push(at);
            }
            if let Some(winner) = winner_of.get_mut(at) {
                *winner = winners.len().saturating_sub(1);
            }
        }
        Self { winners, winner_of }
    }

    /// The outcome of each claim, from the winners' outcomes.
    pub(crate) fn outcomes<K, E: Copy>(
        &self,
        claims: &[Claim<'_, K>],
        of_winners: &[Result<UpsertOutcome, E>],
    ) -> Vec<Result<UpsertOutcome, E>> {
        let outcome = |(claim, winner): (&Claim<'_, K>, &usize)| {
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

    fn claim<'a>(about: &'a str, uid: &'a str, synced: u64) -> Claim<'a, &'a str> {
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
        let hear = |a, b| contest.outcomes::<_, ()>(&claims, &[Ok(a), Ok(b)]);
        assert_eq!(hear(Written, NotFound), [Ok(Stale), Ok(Written), Ok(Written), Ok(NotFound)]);
        assert_eq!(
            hear(Withdrawn, Stale),
            [Ok(Withdrawn), Ok(Withdrawn), Ok(Withdrawn), Ok(Stale)]
        );
        assert_eq!(contest.outcomes(&claims, &[Err(7), Ok(Written)])[..3], [Err(7); 3]);
    }
}
