//! What an outcome says, against the answers that its worker has heard: invariants 2 and 7.
//!
//! A row that reads as it was written proves nothing, since an older row may have the same text. So
//! an outcome may acknowledge only what the store itself called stored, and may deny a write only
//! where none went unanswered, be it true by chance or not.

use identity_graph::{
    CreateOutcome, Failure, KvError, Outage, Policy, TouchOutcome, VisitOutcome, WithdrawOutcome,
    WriteOutcome,
};

use super::broken::{Broken, Invariant, broken};
use super::call::{Answer, Call, Put};
use super::causes::Causes;
use super::durability::{acknowledged, shows};
use super::reference::{Held, StoredEntry};
use super::worker::{Operation, Outcome};

/// Checks that a worker can know what it ended with.
pub(super) fn check_evidence(
    operation: &Operation,
    policy: Policy,
    heard: &[(Call, Answer)],
    outcome: &Outcome,
) -> Result<(), Broken> {
    if let (Operation::Withdraw { .. }, Some(_)) = (operation, outcome.failure()) {
        check_tries(policy, heard)?;
    }
    let Operation::Sync { mappings, .. } = operation else {
        let key = operation.key().unwrap_or_default();
        let evidence = Evidence::of(operation, policy, heard, key);
        evidence.check(outcome)?;
        return outcome.failure().map_or(Ok(()), |failure| evidence.denied(failure));
    };
    let Outcome::Synced(Ok(outcomes)) = outcome else { return Ok(()) };
    mappings.iter().zip(outcomes).try_for_each(|(mapping, of_mapping)| {
        let evidence = Evidence::of(operation, policy, heard, &mapping.ec_id);
        evidence.uids(outcome)?;
        match of_mapping {
            // Of a mapping that is refused as such nothing reached the store.
            Ok(_) | Err(Failure::InvalidArgument(_)) => Ok(()),
            Err(failure) => evidence.denied(failure),
        }
    })
}

/// A withdrawal that went unanswered is sent again, which is always safe, as often as it may be.
fn check_tries(policy: Policy, heard: &[(Call, Answer)]) -> Result<(), Broken> {
    let written = heard.iter().filter_map(|(_, answer)| match answer {
        Answer::Written(written) => Some(written),
        _ => None,
    });
    let is_unanswered = written.clone().next_back() == Some(&Err(KvError::UnknownOutcome));
    if is_unanswered && written.count() < usize::from(policy.max_cas_attempts) {
        return broken(Invariant::Outcome, "a withdrawal was given up that could be sent again");
    }
    Ok(())
}

/// What a worker knows of one key.
struct Evidence<'a> {
    operation: &'a Operation,
    policy: Policy,
    key: &'a str,
    /// What the store has called stored.
    stored: Vec<StoredEntry>,
    is_in_doubt: bool,
}

impl<'a> Evidence<'a> {
    fn of(
        operation: &'a Operation,
        policy: Policy,
        heard: &[(Call, Answer)],
        key: &'a str,
    ) -> Self {
        let stored = heard.iter().flat_map(stored).filter(|put| put.key == key);
        let stored = stored.filter_map(|put| Held::of(Some(&put.body)).entry().cloned()).collect();
        let is_in_doubt = Causes::of(heard, key).is_in_doubt();
        Self { operation, policy, key, stored, is_in_doubt }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Broken> {
        let now = self.operation.now().unwrap_or_default();
        let is_started = |row: &StoredEntry| row.ok && row.updated == now;
        let is_noted = |row: &StoredEntry| row.ok && row.last_seen >= Some(now);
        let is_withdrawn = |row: &StoredEntry| !row.ok && row.updated == now;
        match outcome {
            Outcome::Created(Ok(_)) => self.stored("a creation", is_started),
            Outcome::Withdrawn(Ok(())) | Outcome::WithdrawnSeen(Ok(WithdrawOutcome::Written)) => {
                self.stored("a withdrawal", is_withdrawn)
            }
            Outcome::Started(Ok(report)) => match report.outcome {
                CreateOutcome::Created | CreateOutcome::Revived => {
                    self.stored("a visit", is_started)
                }
                CreateOutcome::AlreadyLive | CreateOutcome::Withdrawn => Ok(()),
            },
            Outcome::Visited(Ok(report)) => match report.outcome {
                VisitOutcome::Created | VisitOutcome::Revived => self.stored("a visit", is_started),
                VisitOutcome::Written => self.stored("a visit", is_noted),
                VisitOutcome::Unchanged | VisitOutcome::Withdrawn => Ok(()),
            },
            Outcome::Touched(Ok(touched)) => self.touched(*touched),
            Outcome::Viewed(Ok(view)) => {
                if let Err(failure) = &view.upserted {
                    self.denied(failure)?;
                }
                let touched = view.touched.as_ref().and_then(|touched| touched.as_ref().ok());
                touched.map_or(Ok(()), |touched| self.touched(*touched))
            }
            _ => Ok(()),
        }?;
        self.uids(outcome)
    }

    fn touched(&self, touched: TouchOutcome) -> Result<(), Broken> {
        let now = self.operation.now().unwrap_or_default();
        match touched {
            TouchOutcome::Written => {
                self.stored("a touch", |row| row.ok && row.last_seen == Some(now))
            }
            _ => Ok(()),
        }
    }

    fn uids(&self, outcome: &Outcome) -> Result<(), Broken> {
        let all = acknowledged(self.operation, &self.policy, outcome, self.key);
        all.iter().try_for_each(|asserted| self.stored("a UID", |row| shows(row, asserted)))
    }

    fn stored(&self, what: &str, is: impl Fn(&StoredEntry) -> bool) -> Result<(), Broken> {
        if self.stored.iter().any(is) {
            return Ok(());
        }
        let how = format!("{what} was acknowledged that the store never called stored");
        broken(Invariant::Acknowledged, how)
    }

    fn denied(&self, failure: &Failure) -> Result<(), Broken> {
        let denies = match failure {
            Failure::Unavailable(how) => how.contains(&Outage::Failed.to_string()),
            _ => true,
        };
        if denies && self.is_in_doubt {
            return broken(
                Invariant::Outcome,
                "said that nothing was written, with a write in doubt",
            );
        }
        Ok(())
    }
}

/// The writes of a call that the store has called stored.
fn stored((call, answer): &(Call, Answer)) -> Vec<&Put> {
    match (call, answer) {
        (Call::Put(put), Answer::Written(Ok(WriteOutcome::Stored))) => vec![put],
        (Call::PutMany(puts), Answer::Writes(written)) => {
            let paired = puts.iter().zip(written);
            paired.filter(|(_, w)| **w == Ok(WriteOutcome::Stored)).map(|(put, _)| put).collect()
        }
        _ => Vec::new(),
    }
}
