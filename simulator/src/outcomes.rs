//! What an outcome says, against what truly happened: invariants 1, 2, 7 and 8.

use identity_graph::limits::MAX_SEEN_DOMAINS;
use identity_graph::{
    CreateOutcome, EcId, Failure, Mapping, Metadata, Outage, Policy, Report, Timestamp,
    TouchOutcome, UpsertOutcome, VisitOutcome, WithdrawOutcome,
};

use super::assertions::{AssertedUid, latest, mapped, winners};
use super::broken::{Broken, Invariant, broken};
use super::call::{Answer, Call};
use super::causes::Causes;
use super::durability::shows;
use super::reference::{Clock, Held, StoredEntry, StoredUid};
use super::worker::{Operation, Outcome, View};
use super::writes::given;

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
    let clock = Clock::of(operation, &policy);
    let check_of = |key| {
        let (witness, causes) = (witness(key), Causes::of(heard, key));
        Check { operation, policy, clock, key, witness, causes }
    };
    let check = check_of(operation.key().unwrap_or_default());
    if let Some(failure) = outcome.failure() {
        return check.failed(failure);
    }
    match outcome {
        Outcome::Trapped(message) => broken(Invariant::Messages, format!("a trap: {message}")),
        Outcome::Created(Ok(report)) => {
            check.is_started("a creation was not written")?;
            check.ids(&report.ids)
        }
        Outcome::Started(Ok(report)) => check.started(report),
        Outcome::Visited(Ok(report)) => check.visited(report),
        Outcome::Withdrawn(Ok(())) => check.has_withdrawn(),
        Outcome::WithdrawnSeen(Ok(withdrawn)) => check.withdrawn_seen(*withdrawn),
        Outcome::Peeked(Ok(metadata)) => check.peeked(metadata.as_ref()),
        Outcome::Viewed(Ok(view)) => check.viewed(view),
        Outcome::Upserted(Ok(outcomes)) => check.ids(outcomes),
        Outcome::Touched(Ok(touched)) => check.touched(*touched),
        Outcome::Deleted(Ok(deleted)) => check.deleted(*deleted),
        Outcome::Counted(Ok(size)) => check.counted(*size),
        Outcome::Synced(Ok(outcomes)) => {
            let Operation::Sync { partner, mappings, .. } = operation else {
                return broken(Invariant::Outcome, "an outcome of another operation");
            };
            if mappings.len() != outcomes.len() {
                return broken(Invariant::Outcome, "outcomes do not match mappings one to one");
            }
            mappings.iter().zip(outcomes).try_for_each(|(mapping, outcome)| {
                check_of(mapping.ec_id.as_str()).mapped(partner, mapping, outcome)
            })
        }
        // What has failed as a whole was judged above.
        _ => Ok(()),
    }
}

/// Checks that no word of an outcome gives an ID away.
pub(super) fn check_messages(outcome: &Outcome, secrets: &[&str]) -> Result<(), Broken> {
    // Words are in failures, of what is invalid and of what is left out; the rest is fixed names.
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
    let parts = match outcome {
        Outcome::Created(Ok(report)) => format!("{report:?}"),
        Outcome::Started(Ok(report)) => format!("{report:?}"),
        Outcome::Visited(Ok(report)) => format!("{report:?}"),
        Outcome::Viewed(Ok(view)) => format!("{:?}", view.upserted),
        Outcome::Upserted(Ok(outcomes)) => format!("{outcomes:?}"),
        Outcome::Synced(Ok(outcomes)) => format!("{outcomes:?}"),
        _ => String::new(),
    };
    let texts = failures.into_iter().map(|failure| format!("{failure} {failure:?}"));
    for text in texts.chain([parts]) {
        if secrets.iter().any(|secret| text.contains(secret)) {
            return broken(Invariant::Messages, "a message shows an ID");
        }
    }
    Ok(())
}

fn false_outcome(name: &str) -> Result<(), Broken> {
    broken(Invariant::Outcome, format!("said {name}, which is not what happened"))
}

struct Check<'a, 'b> {
    operation: &'b Operation,
    policy: Policy,
    clock: Clock,
    key: &'b str,
    witness: Witness<'a>,
    causes: Causes,
}

impl Check<'_, '_> {
    fn failed(&self, failure: &Failure) -> Result<(), Broken> {
        let happened = match failure {
            Failure::InvalidArgument(_) => self.clock.now > Timestamp::MAX,
            Failure::NoSuchStore => false,
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
        self.is_true_of(versions.iter().rposition(|seen| seen.by_worker && wrote(seen.held)), is)
    }

    /// The same, where this version is the one that the worker wrote.
    fn is_true_of(&self, own: Option<usize>, is: impl Fn(&Held) -> bool) -> bool {
        let versions = &self.witness.versions;
        match own {
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
        if self.is_true(wrote, is) { Ok(()) } else { false_outcome(name) }
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
        let now = self.clock.now;
        let is = |held: &Held| held.entry().is_some_and(|row| row.ok && row.updated == now);
        self.is_written(Invariant::Acknowledged, is, how)
    }

    /// Whether what the worker wrote, if it did, took the place of what the outcome says.
    fn replaced(&self, is: impl Fn(&Held) -> bool, name: &str) -> Result<(), Broken> {
        let mut own = self.witness.versions.windows(2).filter(|pair| pair[1].by_worker).peekable();
        if own.peek().is_none() || own.any(|pair| is(pair[0].held)) {
            Ok(())
        } else {
            false_outcome(name)
        }
    }

    fn created(&self) -> Result<(), Broken> {
        self.is_started("a visit was not written")?;
        self.replaced(|held| self.is_missing(held), "created")
    }

    fn revived(&self) -> Result<(), Broken> {
        self.is_started("a visit was not written")?;
        self.replaced(|held| held.tombstone().is_some(), "revived")
    }

    fn withdrawn(&self) -> Result<(), Broken> {
        let is = |held: &Held| held.tombstone().is_some_and(|t| t.updated >= self.clock.now);
        self.truly(|_| true, is, "withdrawn")
    }

    /// A withdrawal is acknowledged.
    fn has_withdrawn(&self) -> Result<(), Broken> {
        let is = |held: &Held| held.tombstone().is_some_and(|t| t.updated == self.clock.now);
        let how = "a withdrawal was acknowledged and no tombstone written";
        self.is_written(Invariant::Withdrawal, is, how)
    }

    fn withdrawn_seen(&self, outcome: WithdrawOutcome) -> Result<(), Broken> {
        match outcome {
            WithdrawOutcome::Written => self.has_withdrawn(),
            WithdrawOutcome::Unchanged => {
                self.truly(|_| true, |held| held.tombstone().is_some(), "unchanged")
            }
            WithdrawOutcome::NotFound => {
                self.truly(|_| true, |held| self.is_missing(held), "not-found")
            }
        }
    }

    fn started(&self, report: &Report<CreateOutcome>) -> Result<(), Broken> {
        match report.outcome {
            CreateOutcome::Created => self.created()?,
            CreateOutcome::Revived => self.revived()?,
            CreateOutcome::Withdrawn => self.withdrawn()?,
            CreateOutcome::AlreadyLive if !report.ids.is_empty() => {
                return broken(Invariant::Outcome, "said something of UIDs that it did not judge");
            }
            CreateOutcome::AlreadyLive => {
                return self.truly(|_| true, |held| self.is_live(held), "already-live");
            }
        }
        self.ids(&report.ids)
    }

    fn visited(&self, report: &Report<VisitOutcome>) -> Result<(), Broken> {
        match report.outcome {
            VisitOutcome::Created => self.created()?,
            VisitOutcome::Revived => self.revived()?,
            VisitOutcome::Withdrawn => self.withdrawn()?,
            VisitOutcome::Written => {
                let is = |held: &Held| held.entry().is_some_and(|row| self.is_noted(row));
                self.is_written(Invariant::Acknowledged, is, "a visit was not written")?;
            }
            VisitOutcome::Unchanged => {
                let is = |held: &Held| self.live(held).is_some_and(|row| self.has_no_news(row));
                self.truly(|_| false, is, "unchanged")?;
            }
        }
        self.ids(&report.ids)
    }

    /// Whether a row tells of this visit or of a later one.
    fn is_noted(&self, row: &StoredEntry) -> bool {
        row.ok && row.last_seen >= Some(self.clock.now)
    }

    /// Whether a row has what a visit brings besides UIDs.
    fn has_no_news(&self, row: &StoredEntry) -> bool {
        let Operation::Visit { entry, .. } = self.operation else { return false };
        let clock = self.clock;
        let debounce = u64::from(self.policy.last_seen_debounce);
        let is_noted = clock.known(row.last_seen).is_some_and(|at| clock.now < at + debounce);
        let is_newer = clock.known(Some(row.updated)).is_none_or(|updated| clock.now > updated);
        let is_stored = |(given, stored): (Option<&str>, &Option<String>)| {
            given.is_none_or(|given| stored.as_deref() == Some(given))
        };
        let has_strings = given(entry).into_iter().zip(&row.strings).all(is_stored);
        let has_domain = entry.domain.as_ref().is_none_or(|domain| {
            row.domains.contains(domain) || row.domains.len() >= MAX_SEEN_DOMAINS
        });
        is_noted && (has_strings || !is_newer) && has_domain || row.is_full()
    }

    fn touched(&self, touched: TouchOutcome) -> Result<(), Broken> {
        let (clock, now) = (self.clock, self.clock.now);
        let wrote = |held: &Held| held.entry().is_some_and(|row| row.last_seen == Some(now));
        let last_seen = |held: &Held| self.live(held).and_then(|row| clock.known(row.last_seen));
        let debounce = u64::from(self.policy.last_seen_debounce);
        match touched {
            TouchOutcome::Written => {
                self.is_written(Invariant::Acknowledged, wrote, "a touch was not written")
            }
            TouchOutcome::Debounced => {
                let is = |held: &Held| {
                    last_seen(held).is_some_and(|at| at <= now && now < at + debounce)
                };
                if self.saw(is) { Ok(()) } else { self.truly(wrote, is, "debounced") }
            }
            TouchOutcome::Stale => {
                self.truly(wrote, |held| last_seen(held).is_some_and(|at| at > now), "stale")
            }
            TouchOutcome::Withdrawn => {
                self.truly(wrote, |held| held.tombstone().is_some(), "withdrawn")
            }
            TouchOutcome::NotFound => self.truly(wrote, |held| self.is_missing(held), "not-found"),
        }
    }

    fn viewed(&self, view: &View) -> Result<(), Broken> {
        let Some(shown) = &view.shown else {
            return self.truly(|_| true, |held| self.is_missing(held), "no entry");
        };
        let is_shown = |row: &StoredEntry| row.is_shown_as(shown, self.clock);
        if !self.saw(|held| !self.is_missing(held) && held.entry().is_some_and(is_shown)) {
            return broken(Invariant::Withdrawal, "an entry was shown that no row was");
        }
        match &view.upserted {
            Ok(outcomes) => self.ids(outcomes)?,
            Err(failure) => self.failed(failure)?,
        }
        match &view.touched {
            Some(Ok(touched)) => self.touched(*touched),
            // The write in doubt may be one of the UIDs.
            Some(Err(_)) if self.causes.is_in_doubt() => Ok(()),
            Some(Err(failure)) => self.failed(failure),
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

    /// Checks one outcome for each UID of the call.
    fn ids(&self, outcomes: &[UpsertOutcome]) -> Result<(), Broken> {
        let items = self.operation.items(self.key, &self.policy);
        if items.len() != outcomes.len() {
            return broken(Invariant::Outcome, "outcomes do not match UIDs one to one");
        }
        items.into_iter().zip(outcomes).try_for_each(|(item, outcome)| self.item(item, outcome))
    }

    fn mapped(
        &self,
        partner: &str,
        mapping: &Mapping,
        outcome: &Result<UpsertOutcome, Failure>,
    ) -> Result<(), Broken> {
        let is_valid = EcId::parse(&mapping.ec_id).is_ok();
        match outcome {
            Err(Failure::InvalidArgument(_)) if !is_valid => Ok(()),
            _ if !is_valid => broken(Invariant::Outcome, "a bad mapping was not refused as such"),
            Err(failure) => self.failed(failure),
            Ok(outcome) => {
                let item = mapped(partner, mapping, (self.clock.now, &self.policy));
                self.item(item, outcome)
            }
        }
    }

    /// Checks the outcome of one UID or removal. Where the same call says something else of the same
    /// partner, and later, the outcome is about that.
    fn item(&self, item: Option<AssertedUid<'_>>, outcome: &UpsertOutcome) -> Result<(), Broken> {
        let Some(asserted) = item else {
            return match outcome {
                UpsertOutcome::Invalid(_) => Ok(()),
                _ => broken(Invariant::Outcome, "a malformed UID was not refused as such"),
            };
        };
        let assertions = self.operation.assertions(self.key, &self.policy);
        let best = latest(&assertions, asserted.partner).unwrap_or(asserted);
        let says_the_same = asserted.says_as(&best);
        match outcome {
            UpsertOutcome::Written | UpsertOutcome::Unchanged if !says_the_same => {
                broken(Invariant::Acknowledged, "a UID was acknowledged that another one beats")
            }
            UpsertOutcome::Stale if !says_the_same => Ok(()),
            outcome => self.judged(best, outcome),
        }
    }

    fn judged(&self, best: AssertedUid<'_>, outcome: &UpsertOutcome) -> Result<(), Broken> {
        let AssertedUid { partner, uid, synced, by_arrival, .. } = best;
        let clock = self.clock;
        let wrote = |held: &Held| held.entry().is_some_and(|row| shows(row, &best));
        let own = self.witness.versions.iter().enumerate().rposition(|(at, seen)| {
            // By arrival a UID looks the same that others had written before.
            let was_there = || at.checked_sub(1).map(|at| wrote(self.witness.versions[at].held));
            seen.by_worker && wrote(seen.held) && !(by_arrival && was_there() == Some(true))
        });
        let truly = |is: &dyn Fn(&Held) -> bool, name: &str| {
            if self.is_true_of(own, is) { Ok(()) } else { false_outcome(name) }
        };
        let live = |is: &dyn Fn(&StoredEntry, Option<&StoredUid>) -> bool, held: &Held| {
            let row = held.entry().filter(|row| row.ok);
            row.is_some_and(|row| {
                is(row, row.ids.get(partner).filter(|stored| !stored.is_over(clock)))
            })
        };
        let since = |stored: &StoredUid| clock.known(Some(stored.synced));
        match outcome {
            UpsertOutcome::Written => {
                let how = "a UID was acknowledged and not written";
                self.is_written(Invariant::Acknowledged, wrote, how)
            }
            UpsertOutcome::Unchanged => {
                let resync = u64::from(self.policy.resync);
                let is = |row: &StoredEntry, stored: Option<&StoredUid>| match (uid, stored) {
                    (Some(uid), Some(stored)) => {
                        let is_known = since(stored).is_some_and(|at| synced <= at + resync);
                        let says_no_more =
                            !by_arrival || best.expires.is_none() || best.expires == stored.expires;
                        stored.uid == uid && is_known && says_no_more
                    }
                    (None, None) => row.voids(&best, clock),
                    _ => false,
                };
                self.truly(|_| false, |held| live(&is, held), "unchanged")
            }
            UpsertOutcome::Stale => {
                let is = |row: &StoredEntry, stored: Option<&StoredUid>| {
                    // What arrives is late only where it is from before a withdrawal.
                    if by_arrival {
                        return row.is_withdrawn_since(synced, clock)
                            && (uid.is_some() || stored.is_some());
                    }
                    let is_older = |stored: &StoredUid| {
                        since(stored).is_some_and(|at| at >= synced)
                            && uid.is_none_or(|uid| stored.uid != uid)
                    };
                    let is_void = uid.is_some() && row.voids(&best, clock);
                    is_void || stored.is_some_and(is_older)
                };
                // A row that is made anew leaves out what is from before the withdrawal.
                let is_before = |held: &Held| held.tombstone().is_some_and(|t| t.updated >= synced);
                if !by_arrival && self.saw(is_before) {
                    return Ok(());
                }
                truly(&|held| live(&is, held), "stale")
            }
            UpsertOutcome::Withdrawn => truly(&|held| held.tombstone().is_some(), "withdrawn"),
            UpsertOutcome::NotFound => truly(&|held| self.is_missing(held), "not-found"),
            UpsertOutcome::Invalid(_) => {
                let is = |row: &StoredEntry| row.occupied.contains(partner);
                truly(&|held| held.entry().is_some_and(is), "invalid")
            }
            UpsertOutcome::Full => {
                let most = self.policy.max_partners as usize;
                let asked = winners(&self.operation.assertions(self.key, &self.policy)).len();
                let is = |held: &Held| match held.entry() {
                    Some(row) => row.is_full() || row.partners() + asked > most,
                    None => asked > most,
                };
                truly(&is, "full")
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
                self.saw(|held| match self.live(held) {
                    Some(entry) => {
                        let stands = entry.standing_size(&self.policy, self.clock);
                        counted == Some(size) || stands == Some(u64::from(size))
                    }
                    None => false,
                })
            }
            None => self.saw(|held| !self.is_live(held)),
        };
        if is_true { Ok(()) } else { broken(Invariant::Outcome, "a cluster that is not there") }
    }

    fn live<'h>(&self, held: &'h Held) -> Option<&'h StoredEntry> {
        held.live(&self.policy, self.clock)
    }

    fn is_live(&self, held: &Held) -> bool {
        self.live(held).is_some()
    }

    fn is_missing(&self, held: &Held) -> bool {
        held.is_missing(&self.policy, self.clock)
    }
}
