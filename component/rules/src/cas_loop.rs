//! The one way in which a row is changed: decide on what was read, write under its generation, and
//! go on from a refusal or from an answer that never came.
//!
//! What is acknowledged is the store's own word: an outcome that says that something is stored is given
//! only when a write of this call was answered `stored`. A text that equals what was written proves
//! nothing, since a stale read may show an older row with the same text.
//!
//! [`CasLoop`] is a state machine that asks for store calls and for decisions, and is told the answers.
//! It calls no store itself, so that one operation and a batch of a thousand run the same rules.

use alloc::boxed::Box;

use crate::error::{GraphError, Outage};
use crate::row::{EncodedRow, Row};
use crate::store::{
    Cause, Item, KvError, Precondition, Read, StoreError, Write, WriteOutcome, Written,
};

/// What an operation does about a write that is refused because others won.
#[derive(Clone)]
pub(crate) enum Refused {
    /// It decides anew on a fresh read, and ends in a conflict when its tries are used up.
    TryAgain,
    /// It ends with this error.
    GiveUp(GraphError),
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

/// A write that was decided on, or none.
pub(crate) type Decided = Result<Option<PlannedWrite>, GraphError>;

/// What to do next.
pub(crate) enum Step {
    /// Read the row and tell [`CasLoop::read`].
    Read,
    /// Put [`CasLoop::write`] and tell [`CasLoop::written`].
    Write,
    /// Decide on what was read and tell [`CasLoop::decided`].
    Decide(Option<Box<Row>>),
    /// The operation is over. Where it went well, the outcome of the last decision holds.
    Done(Result<(), GraphError>),
}

/// How the write before a read ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Refused,
    InDoubt,
}

pub(crate) struct CasLoop {
    refused: Refused,
    attempts_left: u8,
    pending: Option<PlannedWrite>,
    /// Whether a write was put, and how it ended.
    last: Option<Last>,
    /// Writes that were not answered: each may have been applied without our knowing.
    unanswered: u8,
    /// Reads of the row so far.
    reads: u8,
    /// Reads that found nothing although a refusal says that there is something.
    misses: u8,
    /// What the store said of the last write that was not answered.
    cause: Option<Cause>,
    /// A write was applied, may have been, or was refused since the row is another one by now.
    has_moved_on: bool,
}

impl CasLoop {
    pub(crate) fn new(refused: Refused, attempts: u8) -> Self {
        Self {
            refused,
            attempts_left: attempts,
            pending: None,
            last: None,
            unanswered: 0,
            reads: 0,
            misses: 0,
            cause: None,
            has_moved_on: false,
        }
    }

    /// Whether the row is no longer, or perhaps no longer, what the operation began with.
    pub(crate) fn has_moved_on(&self) -> bool {
        self.has_moved_on
    }

    /// The row that is decided on first was read by whoever handed it over.
    pub(crate) fn on_a_row(self) -> Self {
        Self { reads: 1, ..self }
    }

    /// Takes what was decided: a write, or none.
    pub(crate) fn decided(&mut self, decided: Decided) -> Step {
        self.pending = None;
        let step = self.act(decided);
        self.settled(step)
    }

    fn act(&mut self, decided: Decided) -> Step {
        match decided {
            Err(error) => self.failed(error),
            Ok(None) => Step::Done(Ok(())),
            // What is refused once is lost where nothing is tried again.
            Ok(Some(_)) if self.last == Some(Last::Refused) && self.gives_up() => self.lost(),
            Ok(planned) => {
                self.pending = planned;
                self.attempt()
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

    /// Takes the row that was put, which the store says is stored.
    pub(crate) fn take_row(&mut self) -> Option<EncodedRow> {
        Some(self.pending.take()?.row)
    }

    /// Takes the answer to [`Step::Read`].
    pub(crate) fn read(&mut self, answer: Read<StoreError>) -> Step {
        self.reads = self.reads.saturating_add(1);
        let step = match answer {
            Ok(item) => self.judge(item),
            Err(error) => self.failed(error.into()),
        };
        self.settled(step)
    }

    /// Takes the answer to [`Step::Write`].
    pub(crate) fn written(&mut self, answer: Written<StoreError>) -> Step {
        let step = match answer {
            Ok(WriteOutcome::Stored) => {
                self.has_moved_on = true;
                // A batch holds a thousand operations to its end, and each row may be large.
                self.pending = None;
                Step::Done(Ok(()))
            }
            Ok(WriteOutcome::Conflict(handed_over)) => self.refused(handed_over),
            Err(error) if error.kind() == KvError::UnknownOutcome => self.unanswered(error),
            Err(error) => self.failed(error.into()),
        };
        self.settled(step)
    }

    /// Whether some write of the operation may have been applied without our knowing.
    fn in_doubt(&self) -> bool {
        self.unanswered > 0
    }

    /// The pending write was not answered.
    fn unanswered(&mut self, error: StoreError) -> Step {
        self.last = Some(Last::InDoubt);
        self.unanswered = self.unanswered.saturating_add(1);
        self.has_moved_on = true;
        self.cause = error.into_cause();
        // A store that leaves one write unanswered is asked what became of it. One that goes on like
        // this fails, or refuses and cannot say so, and asking costs it more than the caller gains.
        if self.unanswered < MAX_UNANSWERED || self.reads < MAX_READS {
            Step::Read
        } else {
            self.lost()
        }
    }

    /// Lets go of the row that was written once the operation is over: a batch goes on for long.
    fn settled(&mut self, step: Step) -> Step {
        if matches!(step, Step::Done(_)) {
            self.pending = None;
        }
        step
    }

    /// The pending write was refused: its condition did not hold.
    fn refused(&mut self, handed_over: Option<Item>) -> Step {
        self.last = Some(Last::Refused);
        self.has_moved_on = true;
        // Writing on presumed absence asks whether there is a row. The refusal is the answer and no
        // lost race, so that there is always a try left to act on it.
        if self.condition() == Some(Precondition::Absent) {
            self.attempts_left = self.attempts_left.max(1);
        }
        // What a write in doubt has come to, only a read can tell.
        if self.gives_up() && !self.in_doubt() {
            return self.lost();
        }
        match handed_over {
            Some(item) => self.judge(Some(item)),
            None if self.attempts_left == 0 && !self.in_doubt() => self.lost(),
            None => Step::Read,
        }
    }

    fn condition(&self) -> Option<Precondition> {
        self.pending.as_ref().map(|planned| planned.condition)
    }

    fn judge(&mut self, item: Option<Item>) -> Step {
        let Some(condition) = self.condition() else { return self.decide(item) };
        let generation = item.as_ref().map(|item| item.generation);
        let shows_what_we_wrote_on = match condition {
            Precondition::Matches(expected) => generation == Some(expected),
            Precondition::Absent | Precondition::None => false,
        };
        match self.last {
            // Nothing of the write is to be seen. It is judged where writes are, so that sending
            // the same again is safe: it cannot be applied twice.
            Some(Last::InDoubt) if shows_what_we_wrote_on || item.is_none() => self.attempt(),
            // Reads have not caught up with the writes that won: more tries would be wasted.
            Some(Last::Refused) if shows_what_we_wrote_on => self.lost(),
            // The key was taken, or the row was there a moment ago, so that a read which finds nothing
            // is more likely stale than true: it is made once more, and then nobody can tell.
            Some(Last::Refused) if item.is_none() => {
                self.misses = self.misses.saturating_add(1);
                if self.misses > 1 { self.lost() } else { Step::Read }
            }
            _ => self.decide(item),
        }
    }

    fn decide(&mut self, item: Option<Item>) -> Step {
        match item.map(Row::boxed).transpose() {
            Ok(row) => Step::Decide(row),
            Err(corrupt) => self.failed(corrupt.into()),
        }
    }

    fn attempt(&mut self) -> Step {
        match self.attempts_left.checked_sub(1) {
            Some(left) if self.unanswered < MAX_UNANSWERED => {
                self.attempts_left = left;
                Step::Write
            }
            _ => self.lost(),
        }
    }

    fn gives_up(&self) -> bool {
        matches!(self.refused, Refused::GiveUp(_))
    }

    fn lost(&mut self) -> Step {
        let error = match &self.refused {
            Refused::TryAgain => GraphError::Conflict,
            Refused::GiveUp(error) => error.clone(),
        };
        self.failed(error)
    }

    /// No error may claim that nothing was written where that is not known.
    fn failed(&mut self, error: GraphError) -> Step {
        self.pending = None;
        if self.in_doubt() {
            let cause = self.cause.take().or(error.into_cause());
            return Step::Done(Err(unconfirmed(cause)));
        }
        Step::Done(Err(error))
    }
}

/// Writes that may stay without an answer until the operation ends.
pub(crate) const MAX_UNANSWERED: u8 = 2;

/// Reads after which a second write that was not answered is not looked for.
const MAX_READS: u8 = 2;

/// A write was not answered, and what became of it is not known.
pub(crate) fn unconfirmed(source: Option<Cause>) -> GraphError {
    GraphError::Unavailable { outage: Outage::Unconfirmed, source }
}

pub(crate) const UNCONFIRMED: GraphError = GraphError::outage(Outage::Unconfirmed);

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;

    use super::*;

    fn planned() -> PlannedWrite {
        let row = EncodedRow { body: vec![0; 9], metadata: String::new() };
        PlannedWrite { row, time_to_live: 1, condition: Precondition::Absent }
    }

    #[test]
    fn an_operation_that_is_over_holds_no_row() {
        for answer in [Ok(WriteOutcome::Stored), Err(KvError::Throttled.into())] {
            let mut cas = CasLoop::new(Refused::TryAgain, 1);
            assert!(matches!(cas.decided(Ok(Some(planned()))), Step::Write));
            assert!(cas.write("key").is_some());
            assert!(matches!(cas.written(answer), Step::Done(_)));
            assert!(cas.write("key").is_none());
        }
    }
}
