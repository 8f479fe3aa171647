//! `write-withdrawal-tombstone` and `snapshot.withdraw`: the end of consent.

use alloc::boxed::Box;
use core::iter;

use super::state::matches;
use crate::cas_loop::{Plan, PlannedWrite, UNCONFIRMED, unconfirmed};
use crate::entry::{Consent, Geo};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::operation::{Answer, Call, Calls, Machine, Operation};
use crate::policy::Policy;
use crate::row::{EncodedRow, NewRow, Row};
use crate::row_operation::{Mutation, Start, change};
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::store::{KvError, Precondition, Store, Write, WriteOutcome};
use crate::types::{EcId, Timestamp};

/// What a withdrawal on a snapshot did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WithdrawOutcome {
    /// The withdrawal is stored.
    Written,
    /// The entry is a tombstone already, and keeps its time; no write.
    Unchanged,
    /// There is no entry; no write.
    NotFound,
}

impl<S: Store> Graph<S> {
    /// Replaces whatever the key holds by a withdrawal: 1 write, no read. A write without an answer is
    /// sent again until one is answered or the tries are used up.
    ///
    /// This is what a visitor's own word asks for: no stale read can hide a row from it, and it makes
    /// one where there was none. [`Snapshot::withdraw`] is for requests that may not make rows.
    ///
    /// After [`GraphError::Throttled`] or [`GraphError::Unavailable`] the withdrawal is not known to
    /// be stored: keep the ID and call again, with the time of that call. The newest call stands,
    /// whatever its time, so that an earlier time would let in consent from between the two.
    pub fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), GraphError> {
        self.run(self.rules().write_withdrawal_tombstone(ec_id, now)?)
    }
}

impl Rules {
    /// [`Graph::write_withdrawal_tombstone`] without a store.
    pub fn write_withdrawal_tombstone(
        &self,
        ec_id: &str,
        now: u64,
    ) -> Result<Operation<()>, GraphError> {
        let (id, policy) = (EcId::parse(ec_id)?, self.policy());
        let row = tombstone(Timestamp::parse("now", now)?)?;
        let (time_to_live, tries_left) = (policy.tombstone_ttl, policy.max_cas_attempts);
        let in_doubt = false;
        Ok(Operation::new(Withdrawal { id, row, time_to_live, tries_left, in_doubt, result: None }))
    }

    /// [`Snapshot::withdraw`] without a store.
    pub fn withdraw_on(
        &self,
        snapshot: &Snapshot,
        now: u64,
    ) -> Result<Operation<WithdrawOutcome>, GraphError> {
        let (policy, now) = (*self.policy(), Timestamp::parse("now", now)?);
        let id = snapshot.id().clone();
        Ok(change(id, Start::on(snapshot), &policy, Withdraw { policy, now }))
    }
}

fn tombstone(now: Timestamp) -> Result<EncodedRow, GraphError> {
    let (consent, geo) = (Consent::withdrawn_at(now.seconds()), Geo::unknown());
    NewRow::bare(&consent, &geo).encode(&mut iter::empty())
}

/// A withdrawal that asks nobody.
struct Withdrawal {
    id: EcId,
    row: EncodedRow,
    time_to_live: u32,
    tries_left: u8,
    in_doubt: bool,
    result: Option<Result<(), GraphError>>,
}

impl Calls for Withdrawal {
    fn call(&self) -> Option<Call<'_>> {
        let write = || Write {
            key: self.id.as_str(),
            body: &self.row.body,
            metadata: &self.row.metadata,
            time_to_live: self.time_to_live,
            condition: Precondition::None,
        };
        self.result.is_none().then(|| Call::Put(write()))
    }

    fn answer(&mut self, answer: Answer) {
        self.tries_left = self.tries_left.saturating_sub(1);
        let error = match answer.into_written() {
            Ok(WriteOutcome::Stored) => {
                self.result = Some(Ok(()));
                return;
            }
            Ok(WriteOutcome::Conflict(_)) if !self.in_doubt => {
                self.result = Some(Err(GraphError::Conflict));
                return;
            }
            Ok(WriteOutcome::Conflict(_)) => None,
            Err(error) => Some(error),
        };
        let is_unknown =
            error.as_ref().is_some_and(|error| error.kind() == KvError::UnknownOutcome);
        self.in_doubt |= is_unknown;
        self.result = match error {
            Some(error) if !self.in_doubt => Some(Err(error.into())),
            // Sending it again is safe, and nothing else can tell what became of it.
            error if self.tries_left == 0 => {
                Some(Err(unconfirmed(error.and_then(crate::store::StoreError::into_cause))))
            }
            _ => None,
        };
    }
}

impl Machine<()> for Withdrawal {
    fn finish(self: Box<Self>) -> Result<(), GraphError> {
        self.result.unwrap_or(Err(UNCONFIRMED))
    }
}

/// A withdrawal of a row that is known.
struct Withdraw {
    policy: Policy,
    now: Timestamp,
}

impl Mutation for Withdraw {
    type Outcome = WithdrawOutcome;
    type Answer = WithdrawOutcome;

    fn decide(&self, row: Option<&Row>) -> Result<Plan<WithdrawOutcome>, GraphError> {
        let row = match row {
            None => return Ok(Plan::Keep(WithdrawOutcome::NotFound)),
            Some(row) if !row.is_live() => return Ok(Plan::Keep(WithdrawOutcome::Unchanged)),
            // One past its lifetime is withdrawn, too: it holds what is to go.
            Some(row) => row,
        };
        let write = PlannedWrite {
            row: tombstone(self.now)?,
            time_to_live: self.policy.tombstone_ttl,
            condition: matches(row),
        };
        Ok(Plan::Write(write, WithdrawOutcome::Written))
    }

    fn answer(self, outcome: WithdrawOutcome) -> WithdrawOutcome {
        outcome
    }
}
