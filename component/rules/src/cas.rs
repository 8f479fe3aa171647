//! The one way in which a row is changed: decide on what was read, write under its generation, and
//! go on from a refusal or from an answer that never came.
//!
//! [`Cas`] is a state machine that asks for store calls and is told their answers. It calls no store
//! itself, so that one operation and a batch of a thousand run the same rules.

use crate::encode::Encoded;
use crate::error::{GraphError, Outage};
use crate::row::Row;
use crate::store::{Item, KvError, Precondition, Read, Write, WriteOutcome, Written};

/// What an operation wants to do to a row. It keeps its own answer: the one of its last decision
/// holds once that is carried out.
pub(crate) trait Change {
    /// Decides on the row as it was read, `None` when the read found nothing: the write to make, or
    /// nothing.
    fn plan(&mut self, row: Option<&Row>) -> Result<Option<Planned>, GraphError>;

    /// The answer when a write is refused and not tried again, for operations that never retry.
    fn refused(&self) -> Option<GraphError> {
        None
    }
}

/// A write that was decided on.
pub(crate) struct Planned {
    pub(crate) row: Encoded,
    pub(crate) time_to_live: u32,
    pub(crate) condition: Precondition,
}

/// What to do next.
pub(crate) enum Step {
    /// Read the row and tell [`Cas::read`].
    Read,
    /// Put [`Cas::write`] and tell [`Cas::written`].
    Write,
    /// The operation is over; where it went well the change has the answer.
    Done(Result<(), GraphError>),
}

/// How the write before a read ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Refused,
    InDoubt,
}

pub(crate) struct Cas {
    attempts_left: u8,
    pending: Option<Planned>,
    last: Last,
    /// Some write of the operation may have been applied without our knowing.
    in_doubt: bool,
    /// Reads that found nothing although a refusal says that there is something.
    misses: u8,
}

impl Cas {
    pub(crate) fn new(attempts: u8) -> Self {
        Self {
            attempts_left: attempts,
            pending: None,
            last: Last::Refused,
            in_doubt: false,
            misses: 0,
        }
    }

    /// Decides on a row that is at hand, or on its presumed absence.
    pub(crate) fn start(&mut self, change: &mut dyn Change, row: Option<&Row>) -> Step {
        match change.plan(row) {
            // It may be our own write, onto which others have built since.
            Err(GraphError::AlreadyExists) if self.in_doubt => Step::Done(Err(UNCONFIRMED)),
            Err(error) => Step::Done(Err(error)),
            Ok(None) => Step::Done(Ok(())),
            Ok(planned) => {
                self.pending = planned;
                self.attempt(change)
            }
        }
    }

    /// The write to be put; `None` when none was decided on.
    pub(crate) fn write<'a>(&'a self, key: &'a str) -> Option<Write<'a>> {
        let planned = self.pending.as_ref()?;
        Some(Write {
            key,
            body: &planned.row.body,
            metadata: &planned.row.metadata,
            time_to_live: planned.time_to_live,
            condition: planned.condition,
        })
    }

    /// Takes the answer to [`Step::Read`].
    pub(crate) fn read(&mut self, change: &mut dyn Change, answer: Read) -> Step {
        match answer {
            Ok(item) => self.judge(change, item),
            Err(error) => Step::Done(Err(self.failed(error))),
        }
    }

    /// Takes the answer to [`Step::Write`].
    pub(crate) fn written(&mut self, change: &mut dyn Change, answer: Written) -> Step {
        match answer {
            Ok(WriteOutcome::Stored) => Step::Done(Ok(())),
            Ok(WriteOutcome::Conflict(handed_over)) => {
                self.last = Last::Refused;
                // Writing on presumed absence asks whether there is a row. The refusal is the answer
                // and no lost race, so that there is always a try left to act on it.
                if self.pending.as_ref().is_some_and(|p| p.condition == Precondition::Absent) {
                    self.attempts_left = self.attempts_left.max(1);
                }
                let is_last = self.attempts_left == 0 || change.refused().is_some();
                match handed_over {
                    Some(item) => self.judge(change, Some(item)),
                    // The write in doubt may be what it is refused for: only a read can tell.
                    None if is_last && !self.in_doubt => self.lost(change),
                    None => Step::Read,
                }
            }
            Err(KvError::UnknownOutcome) => {
                self.last = Last::InDoubt;
                self.in_doubt = true;
                Step::Read
            }
            Err(error) => Step::Done(Err(self.failed(error))),
        }
    }

    fn judge(&mut self, change: &mut dyn Change, item: Option<Item>) -> Step {
        let Some((condition, is_ours)) = self.pending.as_ref().map(|pending| {
            let is_ours = item.as_ref().is_some_and(|item| item.body == pending.row.body);
            (pending.condition, is_ours)
        }) else {
            return self.decide(change, item);
        };
        // A refused `absent` can be our own write too: a layer below may have sent it twice.
        if is_ours && (self.in_doubt || condition == Precondition::Absent) {
            return Step::Done(Ok(()));
        }
        let generation = item.as_ref().map(|item| item.generation);
        let shows_what_we_wrote_on = match condition {
            Precondition::Matches(expected) => generation == Some(expected),
            Precondition::Absent | Precondition::None => false,
        };
        match self.last {
            // Nothing of the write is to be seen. It is judged where writes are, so that sending
            // the same again is safe: it cannot be applied twice.
            Last::InDoubt if shows_what_we_wrote_on || item.is_none() => self.attempt(change),
            // Reads have not caught up with the writes that won: more tries would be wasted.
            Last::Refused if shows_what_we_wrote_on => self.lost(change),
            // The key was taken, or the row was there a moment ago, so that a read which finds nothing
            // is more likely stale than true: it is made once more, and then nobody can tell.
            Last::Refused if item.is_none() => {
                self.misses = self.misses.saturating_add(1);
                if self.misses > 1 { self.lost(change) } else { Step::Read }
            }
            Last::InDoubt | Last::Refused => self.decide(change, item),
        }
    }

    fn decide(&mut self, change: &mut dyn Change, item: Option<Item>) -> Step {
        let had_written = self.pending.take().is_some();
        let row = match item.map(Row::parse).transpose() {
            Ok(row) => row,
            Err(corrupt) => return Step::Done(Err(corrupt.into())),
        };
        match self.start(change, row.as_ref()) {
            Step::Write if had_written && change.refused().is_some() => self.lost(change),
            step => step,
        }
    }

    fn attempt(&mut self, change: &dyn Change) -> Step {
        match self.attempts_left.checked_sub(1) {
            Some(left) => {
                self.attempts_left = left;
                Step::Write
            }
            None => self.lost(change),
        }
    }

    fn lost(&self, change: &dyn Change) -> Step {
        let refused = || change.refused().unwrap_or(GraphError::Conflict);
        Step::Done(Err(if self.in_doubt { UNCONFIRMED } else { refused() }))
    }

    fn failed(&self, error: KvError) -> GraphError {
        if self.in_doubt { UNCONFIRMED } else { error.into() }
    }
}

pub(crate) const UNCONFIRMED: GraphError = GraphError::Unavailable(Outage::Unconfirmed);
