//! Workers that break a rule are caught, each by the invariant that it breaks.

use identity_graph::Graph;
use identity_graph::{
    Failure, IfMissing, ItemHead, KvError, Order, Policy, Precondition, Read, Store, TouchOutcome,
    WithdrawOutcome, Write, WriteOutcome, Written,
};
use identity_graph_simulator::exhaustive::{combinations, explore};
use identity_graph_simulator::random;
use identity_graph_simulator::{
    Invariant, NativeRules, Operation, Outcome, Runner, Script, Workers,
};
use serde_json::Value;

/// What a worker does wrong; all else it leaves to the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// It writes whatever is stored by now.
    WritesBlind,
    /// It says that a withdrawal is done when the store refused or lost it.
    SwallowsFailedWithdrawals,
    /// It takes a write without an answer for done.
    TrustsSilence,
    /// It takes a write without an answer for not done.
    DistrustsSilence,
    /// Its syncs create what they do not find.
    SyncsIntoNothing,
    /// It drops fields that it does not know.
    DropsUnknownFields,
    /// It does not remember removals.
    ForgetsRemovals,
    /// It does not remember in a revived row that consent had been withdrawn.
    ForgetsWithdrawals,
    /// It does not take over what a visit says of consent.
    IgnoresConsent,
    /// It does not say when a UID ends.
    KeepsUidsForEver,
    /// Its writes keep a row for a full lifetime.
    ExtendsLifetimes,
    /// It writes `last_seen` as it was at some time.
    TurnsBackTime,
    /// It reads every row twice.
    ReadsTwice,
    /// It sends a refused write again, and again.
    RetriesForEver,
    /// It reports a batch in another order.
    MixesUpOutcomes,
    /// It says that it noted a visit whenever it looked.
    ClaimsVisits,
    /// It says `conflict` whatever it is asked, without a look at the store.
    GivesUpAtOnce,
    /// It reports a lost race as an outage.
    CallsConflictsOutages,
    /// It writes a row without the time of the last visit, as the first readers could not read it.
    LeavesTimesOut,
    /// Its batches read and write row by row.
    SyncsOneByOne,
    /// It writes numbers anew that nobody touched.
    RewritesNumbers,
    /// It shows the whole key in a message.
    TellsTheKey,
    /// It panics at a corrupt row.
    Panics,
    /// Of two assertions it takes the one that the policy does not.
    TakesTheOther,
    /// Of several items of a call it takes the one that does not count, where arrival does.
    TakesTheFirst,
    /// It turns back the times of UIDs.
    TurnsBackAssertions,
    /// It has a maximum age where the policy has none, and none where it has one.
    AgesOtherwise,
    /// It counts clusters whose size stands.
    CountsAnew,
    /// It withdraws on a snapshot as where nothing was read.
    WithdrawsUnseen,
    /// It withdraws on a snapshot of a tombstone.
    RenewsTombstones,
    /// It says that a withdrawal on a snapshot is written when the store refused it.
    TakesRefusalsForWithdrawals,
    /// It says so when the store did not answer.
    TakesSilenceForWithdrawals,
    /// It says of whatever it has read that it is withdrawn already.
    TakesRowsForTombstones,
    /// It says of whatever it is to withdraw that it is not there.
    OverlooksRows,
}

impl Flaw {
    /// Whether it is one of withdrawals on snapshots. Then all else is done as it should be.
    fn is_of_snapshots(self) -> bool {
        matches!(
            self,
            Self::WithdrawsUnseen
                | Self::RenewsTombstones
                | Self::TakesRefusalsForWithdrawals
                | Self::TakesSilenceForWithdrawals
                | Self::TakesRowsForTombstones
                | Self::OverlooksRows
        )
    }
}

struct Flawed(Flaw);

impl Workers for Flawed {
    fn open(&self, store: Script, policy: Policy) -> Runner {
        let Self(flaw) = *self;
        let rules = NativeRules.open(store.clone(), policy);
        let shim = Shim { store, flaw, policy };
        let graph = Graph::new(shim, misread(flaw, policy)).expect("the policy is in order");
        Box::new(move |operation| {
            match operation {
                Operation::WithdrawSeen { ec, now } if flaw.is_of_snapshots() => {
                    return withdrawn_seen(flaw, &graph, ec, *now);
                }
                operation if flaw.is_of_snapshots() => return rules(operation),
                _ => {}
            }
            let mut operation = operation.clone();
            let withdraws = matches!(operation, Operation::Withdraw { .. });
            if let (Flaw::SyncsIntoNothing, Operation::Upsert { missing, .. }) =
                (flaw, &mut operation)
            {
                *missing = IfMissing::CreateMinimal;
            }
            let key = operation.key().unwrap_or_default().to_owned();
            if flaw == Flaw::GivesUpAtOnce && matches!(operation, Operation::Upsert { .. }) {
                return Outcome::Upserted(Err(Failure::Conflict));
            }
            if flaw == Flaw::TakesTheFirst && policy.order == Order::Arrival {
                reverse(&mut operation);
                return reversed(operation.run(&graph));
            }
            match operation.run(&graph) {
                Outcome::Withdrawn(Err(_))
                    if withdraws && flaw == Flaw::SwallowsFailedWithdrawals =>
                {
                    Outcome::Withdrawn(Ok(()))
                }
                outcome => flawed(flaw, &key, outcome),
            }
        })
    }
}

/// What the flaw makes of a withdrawal on a snapshot.
fn withdrawn_seen(flaw: Flaw, graph: &Graph<Shim>, ec: &str, now: u64) -> Outcome {
    let withdraw = || match flaw {
        Flaw::WithdrawsUnseen => {
            graph.write_withdrawal_tombstone(ec, now).map(|()| WithdrawOutcome::Written)
        }
        Flaw::OverlooksRows => Ok(WithdrawOutcome::NotFound),
        _ => match graph.get(ec, now)? {
            None => Ok(WithdrawOutcome::NotFound),
            Some(_) if flaw == Flaw::TakesRowsForTombstones => Ok(WithdrawOutcome::Unchanged),
            Some(mut snapshot) => snapshot.withdraw(graph, now),
        },
    };
    Outcome::WithdrawnSeen(withdraw().map_err(Failure::from))
}

/// What the flaw makes of the policy.
fn misread(flaw: Flaw, policy: Policy) -> Policy {
    match flaw {
        Flaw::TakesTheOther => {
            let order = match policy.order {
                Order::Time => Order::Arrival,
                Order::Arrival => Order::Time,
            };
            Policy { order, ..policy }
        }
        Flaw::AgesOtherwise => {
            let max_age = if policy.max_age.is_none() { Some(policy.entry_ttl) } else { None };
            Policy { max_age, ..policy }
        }
        Flaw::CountsAnew => Policy { cluster_recheck: Some(0), ..policy },
        _ => policy,
    }
}

/// Names what a call says in the opposite order.
fn reverse(operation: &mut Operation) {
    match operation {
        Operation::Create { entry, .. }
        | Operation::CreateOrRevive { entry, .. }
        | Operation::Visit { entry, .. } => entry.ids.reverse(),
        Operation::View { ids, .. } | Operation::Upsert { ids, .. } => ids.reverse(),
        Operation::Sync { mappings, .. } => mappings.reverse(),
        _ => {}
    }
}

/// The outcome of a call that was reversed, as it would be told.
fn reversed(mut outcome: Outcome) -> Outcome {
    match &mut outcome {
        Outcome::Created(Ok(report)) => report.ids.reverse(),
        Outcome::Started(Ok(report)) => report.ids.reverse(),
        Outcome::Visited(Ok(report)) => report.ids.reverse(),
        Outcome::Upserted(Ok(outcomes)) => outcomes.reverse(),
        Outcome::Viewed(Ok(view)) => {
            if let Ok(outcomes) = &mut view.upserted {
                outcomes.reverse();
            }
        }
        Outcome::Synced(Ok(outcomes)) => outcomes.reverse(),
        _ => {}
    }
    outcome
}

/// What the flaw makes of an outcome.
fn flawed(flaw: Flaw, key: &str, outcome: Outcome) -> Outcome {
    match (flaw, outcome) {
        (Flaw::MixesUpOutcomes, Outcome::Synced(Ok(mut outcomes))) => {
            outcomes.reverse();
            Outcome::Synced(Ok(outcomes))
        }
        (Flaw::ClaimsVisits, Outcome::Touched(Ok(_))) => {
            Outcome::Touched(Ok(TouchOutcome::Written))
        }
        (Flaw::CallsConflictsOutages, Outcome::Upserted(Err(Failure::Conflict))) => {
            Outcome::Upserted(Err(Failure::Unavailable("the store failed".to_owned())))
        }
        (Flaw::TellsTheKey, Outcome::Upserted(Err(Failure::Corrupt(_)))) => {
            Outcome::Upserted(Err(Failure::Corrupt(format!("{key} is corrupt"))))
        }
        (Flaw::Panics, Outcome::Upserted(Err(Failure::Corrupt(_)))) => panic!("a corrupt row"),
        (_, outcome) => outcome,
    }
}

struct Shim {
    store: Script,
    flaw: Flaw,
    policy: Policy,
}

impl Shim {
    fn body(&self, write: &Write<'_>) -> Vec<u8> {
        let Ok(mut row) = serde_json::from_slice::<Value>(write.body) else {
            return write.body.to_vec();
        };
        let is_update = matches!(write.condition, Precondition::Matches(_));
        match (self.flaw, row.as_object_mut()) {
            (Flaw::DropsUnknownFields, Some(row)) => drop(row.remove("hints")),
            (Flaw::LeavesTimesOut, Some(row)) if is_update => drop(row.remove("last_seen")),
            (Flaw::ForgetsRemovals, Some(row)) => drop(row.remove("removed")),
            (Flaw::ForgetsWithdrawals, _) => {
                row["consent"].as_object_mut().map(|consent| consent.remove("withdrawn"));
            }
            (Flaw::IgnoresConsent, _) if is_update => row["consent"]["tcf"] = "CQinvented".into(),
            (Flaw::KeepsUidsForEver, _) => {
                let ids = row["ids"].as_object_mut().into_iter().flatten();
                for (_, uid) in ids {
                    uid.as_object_mut().map(|uid| uid.remove("expires"));
                }
            }
            (Flaw::RewritesNumbers, _) => {}
            (Flaw::TurnsBackAssertions, _) if is_update => {
                let ids = row["ids"].as_object_mut().into_iter().flatten();
                for (_, uid) in ids {
                    uid["synced"] = 1_700_000_000.into();
                }
            }
            (Flaw::TurnsBackTime, Some(row)) if is_update => {
                row.insert("last_seen".to_owned(), 1_700_000_000.into());
            }
            _ => return write.body.to_vec(),
        }
        row.to_string().into_bytes()
    }
}

impl Store for Shim {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        if self.flaw == Flaw::ReadsTwice {
            self.store.get(key)?;
        }
        let mut read = self.store.get(key)?;
        if let (Flaw::RenewsTombstones, Some(item)) = (self.flaw, &mut read) {
            let text = String::from_utf8_lossy(&item.body);
            item.body = text.replace("\"ok\":false", "\"ok\":true").into_bytes();
        }
        Ok(read)
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        self.store.head(key)
    }

    fn put(&self, write: Write<'_>) -> Written {
        let body = self.body(&write);
        let mut write = Write { body: &body, ..write };
        match self.flaw {
            Flaw::WritesBlind => write.condition = Precondition::None,
            Flaw::ExtendsLifetimes => write.time_to_live = self.policy.entry_ttl,
            _ => {}
        }
        let mut written = self.store.put(write);
        if self.flaw == Flaw::RetriesForEver {
            for _ in 0..5 {
                if matches!(written, Ok(WriteOutcome::Conflict(_))) {
                    written = self.store.put(write);
                }
            }
        }
        match (self.flaw, &written) {
            (Flaw::TrustsSilence, Err(KvError::UnknownOutcome)) => Ok(WriteOutcome::Stored),
            (Flaw::TakesRefusalsForWithdrawals, Ok(WriteOutcome::Conflict(_)))
            | (Flaw::TakesSilenceForWithdrawals, Err(KvError::UnknownOutcome)) => {
                Ok(WriteOutcome::Stored)
            }
            (Flaw::DistrustsSilence, Err(KvError::UnknownOutcome)) => Err(KvError::Unavailable),
            _ => written,
        }
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.store.delete(key)
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.store.count(prefix, limit)
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        match self.flaw {
            Flaw::SyncsOneByOne => keys.iter().map(|key| self.store.get(key)).collect(),
            _ => self.store.get_many(keys),
        }
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        match self.flaw {
            Flaw::SyncsOneByOne => writes.iter().map(|write| self.store.put(*write)).collect(),
            _ => self.store.put_many(writes),
        }
    }
}

const POLICIES: [fn() -> Policy; 2] = [Policy::default, Policy::trusted_server];

/// By which invariant the flaw is caught in pairs of operations and, if so, by the seeds.
fn caught(flaw: Flaw, policy: Policy) -> (Option<Invariant>, Option<Invariant>) {
    let in_pairs = explore(&Flawed(flaw), policy, &combinations(2), |_| ());
    let in_pairs = in_pairs.err().and_then(|failed| failed.history.broken);
    let in_seeds = (0..1_000).find_map(|seed| random::run(&Flawed(flaw), seed).err());
    let in_seeds = in_seeds.and_then(|history| history.broken);
    (in_pairs.map(|broken| broken.invariant), in_seeds.map(|broken| broken.invariant))
}

/// Checks that the flaw is caught, in pairs under either policy.
#[track_caller]
fn is_caught(flaw: Flaw, by: &[Invariant]) {
    for policy in POLICIES {
        is_caught_under(policy(), flaw, by);
    }
}

#[track_caller]
fn is_caught_under(policy: Policy, flaw: Flaw, by: &[Invariant]) {
    let (in_pairs, in_seeds) = caught(flaw, policy);
    for found in [in_pairs, in_seeds] {
        assert!(found.is_some_and(|found| by.contains(&found)), "{in_pairs:?} {in_seeds:?}");
    }
}

#[test]
fn the_same_worker_without_a_flaw_is_not_caught() {
    for policy in POLICIES {
        let explored = explore(&NativeRules, policy(), &combinations(2), |_| ());
        explored.expect("no schedule breaks an invariant");
    }
}

#[test]
fn a_blind_write_over_a_withdrawal_or_another_write() {
    // A withdrawal on a snapshot would make a row so, too.
    let by = [Invariant::Withdrawal, Invariant::Acknowledged, Invariant::Appearance];
    is_caught(Flaw::WritesBlind, &by);
}

#[test]
fn a_failed_withdrawal_that_is_called_done() {
    is_caught(Flaw::SwallowsFailedWithdrawals, &[Invariant::Withdrawal]);
}

#[test]
fn silence_taken_for_success() {
    is_caught(Flaw::TrustsSilence, &[Invariant::Withdrawal, Invariant::Acknowledged]);
}

#[test]
fn silence_taken_for_failure() {
    is_caught(Flaw::DistrustsSilence, &[Invariant::Outcome]);
}

#[test]
fn a_row_that_nobody_asked_for() {
    is_caught(Flaw::SyncsIntoNothing, &[Invariant::Appearance]);
}

#[test]
fn a_field_of_a_later_version_that_is_dropped() {
    // Its read-back does not know its own row again, which may show first.
    is_caught(Flaw::DropsUnknownFields, &[Invariant::Untouched, Invariant::Outcome]);
}

#[test]
fn a_removal_that_is_forgotten() {
    is_caught(Flaw::ForgetsRemovals, &[Invariant::Acknowledged]);
}

#[test]
fn a_withdrawal_that_a_revived_row_forgets() {
    is_caught(Flaw::ForgetsWithdrawals, &[Invariant::Acknowledged, Invariant::Untouched]);
}

#[test]
fn consent_that_is_not_what_the_browser_said_last() {
    is_caught(Flaw::IgnoresConsent, &[Invariant::Acknowledged]);
}

#[test]
fn a_uid_without_its_end() {
    is_caught(Flaw::KeepsUidsForEver, &[Invariant::Acknowledged, Invariant::Untouched]);
}

#[test]
fn a_partner_write_that_extends_a_lifetime() {
    is_caught(Flaw::ExtendsLifetimes, &[Invariant::Time, Invariant::Withdrawal]);
}

#[test]
fn a_last_visit_that_goes_back() {
    is_caught(Flaw::TurnsBackTime, &[Invariant::Time, Invariant::Acknowledged]);
}

#[test]
fn a_read_too_many() {
    is_caught(Flaw::ReadsTwice, &[Invariant::Bounds]);
}

#[test]
fn tries_that_cannot_succeed() {
    is_caught(Flaw::RetriesForEver, &[Invariant::Bounds]);
}

#[test]
fn outcomes_of_other_mappings() {
    is_caught(Flaw::MixesUpOutcomes, &[Invariant::Outcome, Invariant::Acknowledged]);
}

#[test]
fn a_visit_that_was_not_noted() {
    is_caught(Flaw::ClaimsVisits, &[Invariant::Acknowledged]);
}

#[test]
fn a_conflict_that_nothing_explains() {
    is_caught(Flaw::GivesUpAtOnce, &[Invariant::Outcome]);
}

#[test]
fn a_lost_race_that_is_called_an_outage() {
    is_caught(Flaw::CallsConflictsOutages, &[Invariant::Outcome]);
}

#[test]
fn a_row_that_the_first_readers_cannot_read() {
    is_caught(Flaw::LeavesTimesOut, &[Invariant::Untouched]);
}

#[test]
fn a_number_that_is_written_in_another_form() {
    is_caught(Flaw::RewritesNumbers, &[Invariant::Untouched, Invariant::Outcome]);
}

#[test]
fn a_batch_that_goes_row_by_row() {
    is_caught(Flaw::SyncsOneByOne, &[Invariant::Bounds]);
}

#[test]
fn a_message_with_a_key_in_it() {
    is_caught(Flaw::TellsTheKey, &[Invariant::Messages]);
}

#[test]
fn a_trap() {
    is_caught(Flaw::Panics, &[Invariant::Messages]);
}

#[test]
fn the_other_of_two_assertions() {
    // What is said of the one that should have been stored may show first.
    let by = [Invariant::Acknowledged, Invariant::Outcome, Invariant::Untouched];
    is_caught(Flaw::TakesTheOther, &by);
}

#[test]
fn the_first_of_several_items_where_the_last_counts() {
    let by = [Invariant::Acknowledged, Invariant::Outcome, Invariant::Untouched];
    is_caught_under(Policy::trusted_server(), Flaw::TakesTheFirst, &by);
}

#[test]
fn a_time_of_a_uid_that_goes_back() {
    let by = [Invariant::Acknowledged, Invariant::Time, Invariant::Untouched];
    is_caught(Flaw::TurnsBackAssertions, &by);
}

#[test]
fn an_age_that_the_policy_does_not_have() {
    let by = [Invariant::Acknowledged, Invariant::Appearance, Invariant::Outcome];
    is_caught(Flaw::AgesOtherwise, &by);
}

#[test]
fn a_cluster_that_is_counted_although_its_size_stands() {
    is_caught(Flaw::CountsAnew, &[Invariant::Untouched, Invariant::Outcome]);
}

#[test]
fn a_withdrawal_on_a_snapshot_that_may_make_a_row() {
    is_caught(Flaw::WithdrawsUnseen, &[Invariant::Appearance]);
}

#[test]
fn a_tombstone_that_does_not_keep_its_time() {
    is_caught(Flaw::RenewsTombstones, &[Invariant::Untouched]);
}

#[test]
fn a_refused_withdrawal_that_is_called_written() {
    let by = [Invariant::Withdrawal, Invariant::Acknowledged];
    is_caught(Flaw::TakesRefusalsForWithdrawals, &by);
}

#[test]
fn an_unanswered_withdrawal_that_is_called_written() {
    let by = [Invariant::Withdrawal, Invariant::Acknowledged];
    is_caught(Flaw::TakesSilenceForWithdrawals, &by);
}

#[test]
fn a_live_row_that_is_called_withdrawn() {
    is_caught(Flaw::TakesRowsForTombstones, &[Invariant::Outcome]);
}

#[test]
fn a_row_to_be_withdrawn_that_is_called_missing() {
    is_caught(Flaw::OverlooksRows, &[Invariant::Outcome]);
}
