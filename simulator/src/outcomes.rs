//! What an outcome says, against what truly happened: invariants 1, 2, 7 and 8.

use identity_graph::{
    CreateOutcome, EcId, Failure, Mapping, Metadata, Outage, Policy, TouchOutcome, Uid,
    UpsertOutcome,
};

use super::assertions::{AssertedUid, latest};
use super::broken::{Broken, Invariant, broken};
use super::call::{Answer, Call};
use super::causes::Causes;
use super::reference::{Held, StoredEntry};
use super::worker::{Operation, Outcome, View};

/// The versions of a key that a worker can have seen, oldest first.
pub(super) struct Witness<'a> {
    pub(super) versions: Vec<Seen<'a>>,
    /// Some write of the worker was not confirmed.
    pub(super) in_doubt: bool,
}

/// One version of a key.
pub(super) struct Seen<'a> {
    pub(super) held: &'a Held,
    /// The worker wrote it.
    pub(super) by_worker: bool,
    /// No worker wrote it: the store or another program did.
    pub(super) by_others: bool,
}

/// Checks the outcome of an operation against the answers that it heard. `witness` gives the versions
/// of each key that the operation is about.
pub(super) fn check_outcome<'a>(
    operation: &Operation,
    policy: Policy,
    heard: &[(Call, Answer)],
    outcome: &Outcome,
    witness: impl Fn(&str) -> Witness<'a>,
) -> Result<(), Broken> {
    let now = operation.now().unwrap_or_default();
    let check_of = |key| {
        let (witness, causes) = (witness(key), Causes::of(heard, key));
        Check { operation, policy, now, key, witness, causes }
    };
    let check = || check_of(operation.key().unwrap_or_default());
    match outcome {
        Outcome::Trapped(message) => broken(Invariant::Messages, format!("a trap: {message}")),
        Outcome::Done(done) => match (operation, check().failure(done)?) {
            (_, None) => Ok(()),
            (Operation::Withdraw { .. }, Some(())) => {
                let is = |held: &Held| held.tombstone().is_some_and(|t| t.updated == now);
                let how = "a withdrawal was acknowledged and no tombstone written";
                check().is_written(Invariant::Withdrawal, is, how)
            }
            _ => check().is_started("a creation was not written"),
        },
        Outcome::Visited(visited) => match check().failure(visited)? {
            Some(visited) => check().visited(*visited),
            None => Ok(()),
        },
        Outcome::Peeked(peeked) => match check().failure(peeked)? {
            Some(metadata) => check().peeked(metadata.as_ref()),
            None => Ok(()),
        },
        Outcome::Viewed(Ok(view)) => check().viewed(view),
        Outcome::Viewed(Err(failure)) => check().failure(&Err::<(), _>(failure.clone())).map(drop),
        Outcome::Upserted(upserted) => check().upserted(upserted),
        Outcome::Touched(touched) => match check().failure(touched)? {
            Some(touched) => check().touched(*touched),
            None => Ok(()),
        },
        Outcome::Deleted(deleted) => match check().failure(deleted)? {
            Some(deleted) => check().deleted(*deleted),
            None => Ok(()),
        },
        Outcome::Counted(counted) => match check().failure(counted)? {
            Some(size) => check().counted(*size),
            None => Ok(()),
        },
        Outcome::Synced(Err(_)) => broken(Invariant::Outcome, "a batch failed as a whole"),
        Outcome::Synced(Ok(outcomes)) => {
            let Operation::Sync { mappings, .. } = operation else {
                return broken(Invariant::Outcome, "an outcome of another operation");
            };
            if mappings.len() != outcomes.len() {
                return broken(Invariant::Outcome, "outcomes do not match mappings one to one");
            }
            mappings.iter().zip(outcomes).try_for_each(|(mapping, outcome)| {
                check_of(mapping.ec_id.as_str()).mapped(mapping, outcome)
            })
        }
    }
}

/// Checks that no word of an outcome gives an ID away.
pub(super) fn check_messages(outcome: &Outcome, secrets: &[&str]) -> Result<(), Broken> {
    // Words are in failures only; the rest is fixed names.
    let failures: Vec<&Failure> = match outcome {
        Outcome::Synced(Ok(outcomes)) => {
            outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect()
        }
        Outcome::Viewed(Ok(view)) => {
            let touched = view.touched.as_ref().and_then(|touched| touched.as_ref().err());
            view.upserted.as_ref().err().into_iter().chain(touched).collect()
        }
        whole => whole.failure().into_iter().collect(),
    };
    for failure in failures {
        let text = format!("{failure} {failure:?}");
        if secrets.iter().any(|secret| text.contains(secret)) {
            return broken(Invariant::Messages, "a message shows an ID");
        }
    }
    Ok(())
}

struct Check<'a, 'b> {
    operation: &'b Operation,
    policy: Policy,
    now: u64,
    key: &'b str,
    witness: Witness<'a>,
    causes: Causes,
}

impl Check<'_, '_> {
    /// The value of a success, or `None` for a failure that is true. A false one is an error.
    fn failure<'t, T>(&self, result: &'t Result<T, Failure>) -> Result<Option<&'t T>, Broken> {
        let failure = match result {
            Ok(value) => return Ok(Some(value)),
            Err(failure) => failure,
        };
        self.failed(failure).map(|()| None)
    }

    fn failed(&self, failure: &Failure) -> Result<(), Broken> {
        let happened = match failure {
            Failure::InvalidArgument(_) | Failure::NoSuchStore => false,
            Failure::TooLarge => self.saw(|held| held.entry().is_some_and(StoredEntry::is_full)),
            Failure::Corrupt(_) => self.saw(|held| *held == Held::Corrupt),
            Failure::AlreadyExists => self.saw(|held| *held != Held::Nothing),
            // What may have been written is not called refused.
            Failure::Conflict => self.causes.is_refused && !self.causes.is_in_doubt(),
            Failure::Throttled => self.causes.is_throttled() && !self.causes.is_in_doubt(),
            Failure::Unavailable(_) => self.causes.is_failed(),
        };
        if !happened {
            return broken(Invariant::Outcome, "a failure that has no reason");
        }
        let says_nothing_written = match failure {
            Failure::Unavailable(how) => how.contains(&Outage::Failed.to_string()),
            _ => true,
        };
        let versions = &self.witness.versions;
        match versions.iter().rposition(|seen| seen.by_worker) {
            Some(own) if says_nothing_written && !self.may_be_overlooked(own) => {
                broken(Invariant::Outcome, "said that nothing was written, and wrote")
            }
            _ => Ok(()),
        }
    }

    /// Whether the worker may have read an older version after this write of its own.
    ///
    /// Reads of one worker never go back in time. But a write that presumes absence needs no read. If
    /// it is not confirmed and lands right after a delete, the read that looks for it may still show
    /// the deleted row. The outcome is then true of that row.
    fn may_be_overlooked(&self, own: usize) -> bool {
        let before = &self.witness.versions[..own];
        self.witness.in_doubt
            && before.len() > 1
            && before.last().is_some_and(|seen| *seen.held == Held::Nothing)
    }

    fn saw(&self, is: impl Fn(&Held) -> bool) -> bool {
        self.witness.versions.iter().any(|seen| is(seen.held))
    }

    /// Whether an outcome is true that says: nothing was written, because of what was read.
    fn is_true(&self, wrote: impl Fn(&Held) -> bool, is: impl Fn(&Held) -> bool) -> bool {
        let versions = &self.witness.versions;
        match versions.iter().rposition(|seen| seen.by_worker && wrote(seen.held)) {
            None => self.saw(is),
            // A write that was not confirmed may have been followed by what the outcome says.
            Some(own) => {
                let since = if self.may_be_overlooked(own) { 0 } else { own };
                self.witness.in_doubt && versions[since..].iter().any(|seen| is(seen.held))
            }
        }
    }

    fn truly(
        &self,
        wrote: impl Fn(&Held) -> bool,
        is: impl Fn(&Held) -> bool,
        name: &str,
    ) -> Result<(), Broken> {
        if self.is_true(wrote, is) {
            Ok(())
        } else {
            broken(Invariant::Outcome, format!("said {name}, which is not what happened"))
        }
    }

    /// What was acknowledged was written by the worker, or at least stands in the row.
    fn is_written(
        &self,
        invariant: Invariant,
        is: impl Fn(&Held) -> bool,
        how: &str,
    ) -> Result<(), Broken> {
        let versions = &self.witness.versions;
        let is_own = versions.iter().any(|seen| seen.by_worker && is(seen.held));
        if is_own || versions.last().is_some_and(|seen| is(seen.held)) {
            Ok(())
        } else {
            broken(invariant, how)
        }
    }

    fn is_started(&self, how: &str) -> Result<(), Broken> {
        let is = |held: &Held| held.entry().is_some_and(|row| row.ok && row.updated == self.now);
        self.is_written(Invariant::Acknowledged, is, how)
    }

    /// Whether what the worker wrote, if it did, took the place of what the outcome says.
    fn replaced(&self, is: impl Fn(&Held) -> bool, name: &str) -> Result<(), Broken> {
        let mut own = self.witness.versions.windows(2).filter(|pair| pair[1].by_worker).peekable();
        if own.peek().is_none() || own.any(|pair| is(pair[0].held)) {
            Ok(())
        } else {
            broken(Invariant::Outcome, format!("said {name}, which is not what happened"))
        }
    }

    fn visited(&self, visited: CreateOutcome) -> Result<(), Broken> {
        match visited {
            CreateOutcome::Created => {
                self.is_started("a visit was not written")?;
                self.replaced(|held| held.is_missing(&self.policy, self.now), "created")
            }
            CreateOutcome::Revived => {
                self.is_started("a visit was not written")?;
                self.replaced(|held| held.tombstone().is_some(), "revived")
            }
            CreateOutcome::AlreadyLive => {
                self.truly(|_| true, |held| self.is_live(held), "already-live")
            }
            CreateOutcome::Withdrawn => {
                let is = |held: &Held| held.tombstone().is_some_and(|t| t.updated >= self.now);
                self.truly(|_| true, is, "withdrawn")
            }
        }
    }

    fn touched(&self, touched: TouchOutcome) -> Result<(), Broken> {
        let wrote = |held: &Held| held.entry().is_some_and(|e| e.last_visit == self.now);
        let live = |held: &Held| held.live(&self.policy, self.now).map(|e| e.last_visit);
        let debounce = u64::from(self.policy.last_seen_debounce);
        match touched {
            TouchOutcome::Written => {
                self.is_written(Invariant::Acknowledged, wrote, "a touch was not written")
            }
            TouchOutcome::Debounced => {
                let is = |held: &Held| {
                    live(held).is_some_and(|at| at <= self.now && self.now < at + debounce)
                };
                if self.saw(is) { Ok(()) } else { self.truly(wrote, is, "debounced") }
            }
            TouchOutcome::Stale => {
                self.truly(wrote, |held| live(held).is_some_and(|at| at > self.now), "stale")
            }
            TouchOutcome::Withdrawn => {
                self.truly(wrote, |held| held.tombstone().is_some(), "withdrawn")
            }
            TouchOutcome::NotFound => {
                self.truly(wrote, |held| held.is_missing(&self.policy, self.now), "not-found")
            }
        }
    }

    fn viewed(&self, view: &View) -> Result<(), Broken> {
        let Some(shown) = &view.shown else {
            return self.truly(|_| true, |held| *held == Held::Nothing, "no entry");
        };
        if !self.saw(|held| held.entry().is_some_and(|entry| entry.is_shown_as(shown))) {
            return broken(Invariant::Withdrawal, "an entry was shown that no row was");
        }
        if let Some(outcomes) = self.failure(&view.upserted)? {
            self.assertions_of_call(outcomes)?;
        }
        match &view.touched {
            // The write in doubt is one of the UIDs.
            Some(Err(_)) if self.causes.is_in_doubt() => Ok(()),
            Some(touched) => match self.failure(touched)? {
                Some(touched) => self.touched(*touched),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    fn peeked(&self, metadata: Option<&Metadata>) -> Result<(), Broken> {
        let is_true = match metadata {
            Some(Metadata { ok, country, v, .. }) => self.saw(|held| {
                held.entry().is_some_and(|entry| {
                    let whole = &entry.whole;
                    entry.ok == *ok && whole["geo"]["country"] == **country && whole["v"] == *v
                })
            }),
            // Others may have written a row without metadata.
            None => {
                self.saw(|held| *held == Held::Nothing)
                    || self.witness.versions.iter().any(|seen| seen.by_others)
            }
        };
        if is_true { Ok(()) } else { broken(Invariant::Withdrawal, "metadata that no row had") }
    }

    fn upserted(&self, upserted: &Result<Vec<UpsertOutcome>, Failure>) -> Result<(), Broken> {
        match self.failure(upserted)? {
            Some(outcomes) => self.assertions_of_call(outcomes),
            None => Ok(()),
        }
    }

    fn assertions_of_call(&self, outcomes: &[UpsertOutcome]) -> Result<(), Broken> {
        let assertions = self.operation.assertions(self.key);
        if assertions.len() != outcomes.len() {
            return broken(Invariant::Outcome, "outcomes do not match UIDs one to one");
        }
        assertions
            .iter()
            .zip(outcomes)
            .try_for_each(|(asserted, outcome)| self.asserted(&assertions, *asserted, *outcome))
    }

    fn mapped(
        &self,
        mapping: &Mapping,
        outcome: &Result<UpsertOutcome, Failure>,
    ) -> Result<(), Broken> {
        let is_valid = EcId::parse(&mapping.ec_id).is_ok() && Uid::check(&mapping.uid).is_ok();
        match outcome {
            Err(Failure::InvalidArgument(_)) if !is_valid => Ok(()),
            _ if !is_valid => broken(Invariant::Outcome, "a bad mapping was not refused as such"),
            Err(failure) => self.failed(failure),
            Ok(outcome) => {
                let assertions = self.operation.assertions(self.key);
                let partner =
                    assertions.first().map(|asserted| asserted.partner).unwrap_or_default();
                let (uid, synced) = (mapping.uid.as_str(), mapping.synced);
                self.asserted(&assertions, AssertedUid { partner, uid, synced }, *outcome)
            }
        }
    }

    /// Checks the outcome of one UID. Where the same call has a later UID of the same partner, the
    /// outcome is about that one.
    fn asserted(
        &self,
        assertions: &[AssertedUid<'_>],
        asserted: AssertedUid<'_>,
        outcome: UpsertOutcome,
    ) -> Result<(), Broken> {
        let Some(best) = latest(assertions, asserted.partner) else {
            return broken(Invariant::Outcome, "an outcome for no assertion");
        };
        if best.uid != asserted.uid && outcome == UpsertOutcome::Stale {
            return Ok(());
        }
        let stored = |held: &Held| {
            let ids = held.entry().filter(|entry| entry.ok).map(|entry| &entry.ids);
            ids.and_then(|ids| ids.get(best.partner)).cloned()
        };
        let has = |held: &Held| stored(held).is_some_and(|(uid, _)| uid == best.uid);
        let wrote = |held: &Held| {
            stored(held).is_some_and(|(uid, at)| uid == best.uid && at == best.synced)
        };
        match outcome {
            UpsertOutcome::Written => {
                let how = "a UID was acknowledged and not written";
                if asserted.uid != best.uid {
                    return broken(Invariant::Acknowledged, how);
                }
                self.is_written(Invariant::Acknowledged, wrote, how)
            }
            UpsertOutcome::Unchanged => self.truly(|_| false, has, "unchanged"),
            UpsertOutcome::Stale => {
                let is = |held: &Held| {
                    stored(held).is_some_and(|(uid, at)| uid != best.uid && at >= best.synced)
                };
                self.truly(wrote, is, "stale")
            }
            UpsertOutcome::Withdrawn => {
                self.truly(wrote, |held| held.tombstone().is_some(), "withdrawn")
            }
            UpsertOutcome::NotFound => {
                self.truly(wrote, |held| held.is_missing(&self.policy, self.now), "not-found")
            }
        }
    }

    fn deleted(&self, had: bool) -> Result<(), Broken> {
        // Whether a delete that was not confirmed removed something cannot be known.
        let had_one = self.saw(|held| *held != Held::Nothing) || self.witness.in_doubt;
        let is_true = self.saw(|held| *held == Held::Nothing) && (!had || had_one);
        if is_true { Ok(()) } else { broken(Invariant::Outcome, "a delete that did not happen") }
    }

    fn counted(&self, size: Option<u32>) -> Result<(), Broken> {
        let is_true = match size {
            Some(size) => {
                let counted = self.causes.counted.map(|counted| counted.clamp(1, 100));
                self.saw(|held| match held.live(&self.policy, self.now) {
                    Some(entry) => counted == Some(size) || self.has_counted(entry, size),
                    None => false,
                })
            }
            None => self.saw(|held| !self.is_live(held)),
        };
        if is_true { Ok(()) } else { broken(Invariant::Outcome, "a cluster that is not there") }
    }

    /// Whether the row has this size from less than a recheck interval ago.
    fn has_counted(&self, entry: &StoredEntry, size: u32) -> bool {
        let network = &entry.whole["network"];
        let checked = network["cluster_checked"].as_u64();
        let is_fresh = |at| self.now.abs_diff(at) < u64::from(self.policy.cluster_recheck);
        network["cluster_size"] == size && checked.is_some_and(is_fresh)
    }

    fn is_live(&self, held: &Held) -> bool {
        held.live(&self.policy, self.now).is_some()
    }
}
