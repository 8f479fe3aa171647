//! Acknowledged means stored. Workers that take a row which reads as they wrote it for their own
//! write, or deny a write that went unanswered, are caught by name: in the schedule that shows the
//! harm, and by the seeds.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use identity_graph::{
    Failure, Graph, ItemHead, KvError, Outage, Policy, Precondition, Read, Store, Write,
    WriteOutcome, Written,
};
use identity_graph_simulator::exhaustive::OperationKind::{
    self, Cluster, Create, Delete, FirstVisit, Revive, UpsertNewer, UpsertOlder, Withdraw,
    WithdrawSeen,
};
use identity_graph_simulator::exhaustive::{Combination, Overwrite, Start, explore};
use identity_graph_simulator::{Invariant, Outcome, Runner, Script, Workers, random};

/// What a worker does wrong; all else it leaves to the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// It takes a tombstone that reads as its unanswered withdrawal for that.
    TrustsEqualTombstones,
    /// It takes a row that reads as its refused creation for that.
    TrustsEqualRows,
    /// It takes a row that reads as its unanswered change for that.
    TrustsEqualChanges,
    /// It takes a row that it is handed with the refusal of its creation for that, where both are
    /// equal.
    TrustsEqualHandedOver,
    /// It gives up on an unanswered withdrawal when it cannot read either.
    GivesUpWithdrawals,
    /// It says of a row that it reads after an unanswered write what it says of others.
    DeniesDoubt,
}

struct Flawed(Flaw);

impl Workers for Flawed {
    fn open(&self, store: Script, policy: Policy) -> Runner {
        let Self(flaw) = *self;
        let notes = Rc::new(Notes::default());
        let shim = Shim { store, flaw, notes: Rc::clone(&notes) };
        let graph = Graph::new(shim, policy).expect("the policy is in order");
        Box::new(move |operation| {
            notes.read_back.take();
            notes.is_in_doubt.take();
            notes.excuse.take();
            let outcome = operation.run(&graph);
            match notes.excuse.take() {
                Some(excuse) => excused(outcome, excuse),
                None => outcome,
            }
        })
    }
}

/// The outcome with another reason for what is not known to be written.
fn excused(outcome: Outcome, excuse: Failure) -> Outcome {
    match outcome {
        Outcome::Withdrawn(Err(Failure::Unavailable(_))) => Outcome::Withdrawn(Err(excuse)),
        Outcome::WithdrawnSeen(Err(Failure::Unavailable(_))) => Outcome::WithdrawnSeen(Err(excuse)),
        Outcome::Created(Err(Failure::Unavailable(_))) => Outcome::Created(Err(excuse)),
        Outcome::Started(Err(Failure::Unavailable(_))) => Outcome::Started(Err(excuse)),
        Outcome::Visited(Err(Failure::Unavailable(_))) => Outcome::Visited(Err(excuse)),
        Outcome::Upserted(Err(Failure::Unavailable(_))) => Outcome::Upserted(Err(excuse)),
        Outcome::Counted(Err(Failure::Unavailable(_))) => Outcome::Counted(Err(excuse)),
        outcome => outcome,
    }
}

/// What the shim has seen in this run of the operation.
#[derive(Default)]
struct Notes {
    /// A read that the rules have not asked for yet.
    read_back: RefCell<Option<Read>>,
    is_in_doubt: Cell<bool>,
    /// What can be said of the row that was read last, as if no write were in doubt.
    excuse: Cell<Option<Failure>>,
}

struct Shim {
    store: Script,
    flaw: Flaw,
    notes: Rc<Notes>,
}

impl Shim {
    fn reads_back(&self, condition: Precondition, written: &Written) -> bool {
        let is_unanswered = *written == Err(KvError::UnknownOutcome);
        let is_refused = *written == Ok(WriteOutcome::Conflict(None));
        match (self.flaw, condition) {
            (Flaw::TrustsEqualTombstones, Precondition::None)
            | (Flaw::TrustsEqualChanges, Precondition::Matches(_)) => is_unanswered,
            (Flaw::TrustsEqualRows, Precondition::Absent) => is_refused,
            _ => false,
        }
    }

    fn excuse(&self, read: &Read) -> Option<Failure> {
        let Ok(Some(item)) = read else { return None };
        if self.flaw != Flaw::DeniesDoubt || !self.notes.is_in_doubt.get() {
            return None;
        }
        let is_full = item.body.len() > identity_graph::limits::MAX_BODY_BYTES - 100;
        let is_corrupt = serde_json::from_slice::<serde_json::Value>(&item.body).is_err();
        let corrupt = || Failure::Corrupt("it is not JSON".to_owned());
        is_full.then_some(Failure::TooLarge).or_else(|| is_corrupt.then(corrupt))
    }
}

impl Store for Shim {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        let read = self.notes.read_back.take().unwrap_or_else(|| self.store.get(key));
        self.notes.excuse.set(self.excuse(&read));
        read
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        self.store.head(key)
    }

    fn put(&self, write: Write<'_>) -> Written {
        self.notes.read_back.take();
        let written = self.store.put(write);
        if written == Err(KvError::UnknownOutcome) {
            self.notes.is_in_doubt.set(true);
        }
        let is_withdrawal = write.condition == Precondition::None;
        if self.flaw == Flaw::GivesUpWithdrawals
            && is_withdrawal
            && written == Err(KvError::UnknownOutcome)
            && self.store.get(write.key).is_err()
        {
            let unconfirmed = Failure::Unavailable(Outage::Unconfirmed.to_string());
            self.notes.excuse.set(Some(unconfirmed));
            return Err(KvError::Unavailable);
        }
        let is_own = |read: &Read| {
            read.as_ref().is_ok_and(|item| item.as_ref().is_some_and(|i| i.body == write.body))
        };
        if self.reads_back(write.condition, &written) {
            let read = self.store.get(write.key);
            if is_own(&read) {
                return Ok(WriteOutcome::Stored);
            }
            *self.notes.read_back.borrow_mut() = Some(read);
        }
        match (self.flaw, written) {
            (Flaw::TrustsEqualHandedOver, Ok(WriteOutcome::Conflict(Some(item))))
                if item.body == write.body =>
            {
                Ok(WriteOutcome::Stored)
            }
            (_, written) => written,
        }
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.store.delete(key)
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.store.count(prefix, limit)
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        self.store.get_many(keys)
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        self.store.put_many(writes)
    }
}

/// The flaw is caught where these meet, by this invariant and for this reason.
#[track_caller]
fn is_caught(
    flaw: Flaw,
    (start, operations, overwrite): (Start, &[OperationKind], Option<Overwrite>),
    (invariant, reason): (Invariant, &str),
) {
    let operations = operations.iter().map(|kind| (*kind, 0)).collect();
    let combination = Combination { start, operations, overwrite };
    let failed = explore(&Flawed(flaw), Policy::default(), &[combination], |_| ())
        .expect_err("it is not caught");
    let story = failed.history.timeline("step");
    println!("{story}");
    let broken = failed.history.broken.expect("a story that fails says why");
    assert!(broken.invariant == invariant && broken.how.ends_with(reason), "\n{story}");
}

/// The flaw is caught by the seeds.
#[track_caller]
fn is_caught_by_seeds(flaw: Flaw) {
    let caught = (0..2_000).find_map(|seed| random::run(&Flawed(flaw), seed).err());
    let broken = caught.and_then(|history| history.broken).map(|broken| broken.invariant);
    let invariants = [Invariant::Withdrawal, Invariant::Acknowledged, Invariant::Outcome];
    assert!(broken.is_some_and(|broken| invariants.contains(&broken)), "{broken:?}");
}

const NO_TOMBSTONE: (Invariant, &str) =
    (Invariant::Withdrawal, "a withdrawal was acknowledged and no tombstone written");

#[test]
fn an_older_tombstone_of_the_same_second_is_no_withdrawal() {
    is_caught(Flaw::TrustsEqualTombstones, (Start::JustRevived, &[Withdraw], None), NO_TOMBSTONE);
    let sent_twice = [Withdraw, Withdraw, Revive];
    is_caught(Flaw::TrustsEqualTombstones, (Start::Absent, &sent_twice, None), NO_TOMBSTONE);
    is_caught_by_seeds(Flaw::TrustsEqualTombstones);
}

#[test]
fn a_tombstone_of_another_withdrawal_is_none_on_a_snapshot() {
    let never_stored = "a withdrawal was acknowledged that the store never called stored";
    is_caught(
        Flaw::TrustsEqualChanges,
        (Start::Live, &[Withdraw, WithdrawSeen], None),
        (Invariant::Acknowledged, never_stored),
    );
}

#[test]
fn a_tombstone_that_was_deleted_is_no_withdrawal() {
    is_caught(Flaw::TrustsEqualTombstones, (Start::JustDeleted, &[Withdraw], None), NO_TOMBSTONE);
    let sent_twice = [Withdraw, Withdraw, Delete];
    is_caught(Flaw::TrustsEqualTombstones, (Start::Live, &sent_twice, None), NO_TOMBSTONE);
}

#[test]
fn a_withdrawal_that_can_be_sent_again_is_not_given_up() {
    let given_up = (Invariant::Outcome, "a withdrawal was given up that could be sent again");
    is_caught(Flaw::GivesUpWithdrawals, (Start::Live, &[Withdraw], None), given_up);
    is_caught_by_seeds(Flaw::GivesUpWithdrawals);
}

#[test]
fn a_row_that_was_withdrawn_is_no_creation() {
    let not_written = (Invariant::Acknowledged, "a visit was not written");
    is_caught(Flaw::TrustsEqualRows, (Start::JustWithdrawn, &[FirstVisit], None), not_written);
    let sent_twice = [FirstVisit, FirstVisit, Withdraw];
    is_caught(Flaw::TrustsEqualRows, (Start::Absent, &sent_twice, None), not_written);
    is_caught_by_seeds(Flaw::TrustsEqualRows);
}

#[test]
fn a_uid_that_was_withdrawn_is_not_written() {
    let not_written = (Invariant::Acknowledged, "a UID was acknowledged and not written");
    let sent_twice = [UpsertNewer, UpsertNewer, Withdraw];
    is_caught(Flaw::TrustsEqualChanges, (Start::Live, &sent_twice, None), not_written);
    is_caught_by_seeds(Flaw::TrustsEqualChanges);
}

#[test]
fn of_two_equal_visits_one_creates_the_row() {
    let never_stored = "a visit was acknowledged that the store never called stored";
    let sent_twice = [FirstVisit, FirstVisit];
    is_caught(
        Flaw::TrustsEqualRows,
        (Start::Absent, &sent_twice, None),
        (Invariant::Acknowledged, never_stored),
    );
}

#[test]
fn a_creation_that_is_handed_an_equal_row_did_not_make_it() {
    let never_stored = "a creation was acknowledged that the store never called stored";
    let (sent_twice, on) = ([Create, Create], Start::Absent);
    is_caught(
        Flaw::TrustsEqualHandedOver,
        (on, &sent_twice, None),
        (Invariant::Acknowledged, never_stored),
    );
    is_caught_by_seeds(Flaw::TrustsEqualHandedOver);
}

#[test]
fn an_unanswered_write_is_not_denied_because_of_what_replaced_it() {
    let wrote = (Invariant::Outcome, "said that nothing was written, and wrote");
    let corrupt = (Start::Live, &[UpsertOlder][..], Some(Overwrite::Corrupt));
    is_caught(Flaw::DeniesDoubt, corrupt, wrote);
    let full = (Start::Live, &[Cluster][..], Some(Overwrite::Full));
    is_caught(Flaw::DeniesDoubt, full, wrote);
    is_caught_by_seeds(Flaw::DeniesDoubt);
}
