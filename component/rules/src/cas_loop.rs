//! The one way in which a row is changed: decide on what was read, write under its generation, and
//! go on from a refusal or from an answer that never came.
//!
//! What is acknowledged is the store's own word: an outcome that says that something is stored is given
//! only when a write of this call was answered `stored`. A text that equals what was written proves
//! nothing, since a stale read may show an older row with the same text.
//!
//! [`CasLoop`] is a state machine that asks for store calls and is told their answers. It calls no
//! store itself, so that one operation and a batch of a thousand run the same rules.

use crate::error::{GraphError, Outage};
use crate::row::{EncodedRow, Row};
use crate::store::{Item, KvError, Precondition, Read, Write, WriteOutcome, Written};

/// What an operation wants to do to a row.
pub(crate) trait Mutation {
    /// What the operation answers.
    type Outcome;

    /// Whether a write that was refused is decided on anew and tried again.
    const RETRIES: bool = true;

    /// The answer when others won.
    const LOST: GraphError = GraphError::Conflict;

    /// Decides on the row as it was read, `None` when the read found nothing.
    fn decide(&self, row: Option<&Row>) -> Result<Plan<Self::Outcome>, GraphError>;
}

/// What was decided.
pub(crate) enum Plan<O> {
    /// To make this write. The outcome holds once it is stored.
    Write(PlannedWrite, O),
    /// To write nothing.
    Keep(O),
}

/// A write that was decided on.
pub(crate) struct PlannedWrite {
    pub(crate) row: EncodedRow,
    pub(crate) time_to_live: u32,
    pub(crate) condition: Precondition,
}

/// What to do next.
pub(crate) enum Step<O> {
    /// Read the row and tell [`CasLoop::read`].
    Read,
    /// Put [`CasLoop::write`] and tell [`CasLoop::written`].
    Write,
    /// The operation is over.
    Done(Result<O, GraphError>),
}

/// How the write before a read ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Refused,
    InDoubt,
}

pub(crate) struct CasLoop<M: Mutation> {
    mutation: M,
    attempts_left: u8,
    pending: Option<(PlannedWrite, M::Outcome)>,
    last: Last,
    /// Some write of the operation may have been applied without our knowing.
    in_doubt: bool,
    /// Reads that found nothing although a refusal says that there is something.
    misses: u8,
    /// A write was applied, may have been, or was refused since the row is another one by now.
    has_moved_on: bool,
}

impl<M: Mutation> CasLoop<M> {
    pub(crate) fn new(mutation: M, attempts: u8) -> Self {
        Self {
            mutation,
            attempts_left: attempts,
            pending: None,
            last: Last::Refused,
            in_doubt: false,
            misses: 0,
            has_moved_on: false,
        }
    }

    /// Whether the row is no longer, or perhaps no longer, what the operation began with.
    pub(crate) fn has_moved_on(&self) -> bool {
        self.has_moved_on
    }

    /// Decides on a row that is at hand, or on its presumed absence.
    pub(crate) fn start(&mut self, row: Option<&Row>) -> Step<M::Outcome> {
        match self.mutation.decide(row) {
            // No error may claim that nothing was written where that is not known.
            Err(_) if self.in_doubt => Step::Done(Err(UNCONFIRMED)),
            Err(error) => Step::Done(Err(error)),
            Ok(Plan::Keep(outcome)) => Step::Done(Ok(outcome)),
            Ok(Plan::Write(write, outcome)) => {
                self.pending = Some((write, outcome));
                self.attempt()
            }
        }
    }

    /// The write to be put; `None` when none was decided on.
    pub(crate) fn write<'a>(&'a self, key: &'a str) -> Option<Write<'a>> {
        let (planned, _) = self.pending.as_ref()?;
        Some(Write {
            key,
            body: &planned.row.body,
            metadata: &planned.row.metadata,
            time_to_live: planned.time_to_live,
            condition: planned.condition,
        })
    }

    /// Takes the answer to [`Step::Read`].
    pub(crate) fn read(&mut self, answer: Read) -> Step<M::Outcome> {
        match answer {
            Ok(item) => self.judge(item),
            Err(error) => Step::Done(Err(self.failed(error))),
        }
    }

    /// Takes the answer to [`Step::Write`].
    pub(crate) fn written(&mut self, answer: Written) -> Step<M::Outcome> {
        match answer {
            Ok(WriteOutcome::Stored) => self.stored(),
            Ok(WriteOutcome::Conflict(handed_over)) => self.refused(handed_over),
            Err(KvError::UnknownOutcome) => {
                self.last = Last::InDoubt;
                self.in_doubt = true;
                self.has_moved_on = true;
                Step::Read
            }
            Err(error) => Step::Done(Err(self.failed(error))),
        }
    }

    /// The pending write was refused: its condition did not hold.
    fn refused(&mut self, handed_over: Option<Item>) -> Step<M::Outcome> {
        self.last = Last::Refused;
        self.has_moved_on = true;
        // Writing on presumed absence asks whether there is a row. The refusal is the answer and no
        // lost race, so that there is always a try left to act on it.
        if self.condition() == Some(Precondition::Absent) {
            self.attempts_left = self.attempts_left.max(1);
        }
        // What a write in doubt has come to, only a read can tell.
        if !M::RETRIES && !self.in_doubt {
            return self.lost();
        }
        match handed_over {
            Some(item) => self.judge(Some(item)),
            None if self.attempts_left == 0 && !self.in_doubt => self.lost(),
            None => Step::Read,
        }
    }

    fn condition(&self) -> Option<Precondition> {
        self.pending.as_ref().map(|(planned, _)| planned.condition)
    }

    /// The pending write took place.
    fn stored(&mut self) -> Step<M::Outcome> {
        self.has_moved_on = true;
        let outcome = self.pending.take().map(|(_, outcome)| outcome);
        // There is always one: only a pending write is put.
        Step::Done(outcome.ok_or(GraphError::Conflict))
    }

    fn judge(&mut self, item: Option<Item>) -> Step<M::Outcome> {
        let Some(condition) = self.condition() else { return self.decide(item) };
        let generation = item.as_ref().map(|item| item.generation);
        let shows_what_we_wrote_on = match condition {
            Precondition::Matches(expected) => generation == Some(expected),
            Precondition::Absent | Precondition::None => false,
        };
        match self.last {
            // Nothing of the write is to be seen. It is judged where writes are, so that sending
            // the same again is safe: it cannot be applied twice.
            Last::InDoubt if shows_what_we_wrote_on || item.is_none() => self.attempt(),
            // Reads have not caught up with the writes that won: more tries would be wasted.
            Last::Refused if shows_what_we_wrote_on => self.lost(),
            // The key was taken, or the row was there a moment ago, so that a read which finds nothing
            // is more likely stale than true: it is made once more, and then nobody can tell.
            Last::Refused if item.is_none() => {
                self.misses = self.misses.saturating_add(1);
                if self.misses > 1 { self.lost() } else { Step::Read }
            }
            Last::InDoubt | Last::Refused => self.decide(item),
        }
    }

    fn decide(&mut self, item: Option<Item>) -> Step<M::Outcome> {
        let had_written = self.pending.take().is_some();
        let row = match item.map(Row::parse).transpose() {
            Ok(row) => row,
            Err(_) if self.in_doubt => return Step::Done(Err(UNCONFIRMED)),
            Err(corrupt) => return Step::Done(Err(corrupt.into())),
        };
        let was_refused = had_written && self.last == Last::Refused;
        match self.start(row.as_ref()) {
            Step::Write if was_refused && !M::RETRIES => self.lost(),
            step => step,
        }
    }

    fn attempt(&mut self) -> Step<M::Outcome> {
        match self.attempts_left.checked_sub(1) {
            Some(left) => {
                self.attempts_left = left;
                Step::Write
            }
            None => self.lost(),
        }
    }

    fn lost(&self) -> Step<M::Outcome> {
        Step::Done(Err(if self.in_doubt { UNCONFIRMED } else { M::LOST }))
    }

    fn failed(&self, error: KvError) -> GraphError {
        if self.in_doubt { UNCONFIRMED } else { error.into() }
    }
}

pub(crate) const UNCONFIRMED: GraphError = GraphError::Unavailable(Outage::Unconfirmed);
