//! An operation that changes one row: what an operation of the graph decides, and the loop that
//! carries it out.

use alloc::boxed::Box;

use crate::cas_loop::{CasLoop, Decided, Plan, Refused, Step, UNCONFIRMED};
use crate::error::GraphError;
use crate::operation::{Answer, Call, Calls, Change, Machine, Operation};
use crate::policy::Policy;
use crate::row::{EncodedRow, Row};
use crate::snapshot::Snapshot;
use crate::store::WriteOutcome;
use crate::types::EcId;

/// What an operation wants to do to a row.
pub(crate) trait Mutation {
    /// What becomes of the row.
    type Outcome;
    /// What the operation answers.
    type Answer;

    /// What it does when others won.
    const REFUSED: Refused = Refused::TryAgain;

    /// Decides on the row as it was read, `None` when the read found nothing.
    fn decide(&self, row: Option<&Row>) -> Result<Plan<Self::Outcome>, GraphError>;

    /// What is answered once that has become of the row.
    fn answer(self, outcome: Self::Outcome) -> Self::Answer;
}

/// Where an operation begins.
#[derive(Clone, Copy)]
pub(crate) enum Start<'a> {
    /// With a read.
    Read,
    /// On the presumption that there is no row.
    Absent,
    /// On this row.
    On(&'a Row),
}

impl<'a> Start<'a> {
    /// On a snapshot, or with a read where that is outdated.
    pub(crate) fn on(snapshot: &'a Snapshot) -> Self {
        snapshot.current().map_or(Self::Read, Self::On)
    }
}

/// What an operation decides, and the outcome of its last decision.
pub(crate) struct Decider<M: Mutation> {
    mutation: M,
    outcome: Option<M::Outcome>,
}

impl<M: Mutation> Decider<M> {
    pub(crate) fn new(mutation: M) -> Self {
        Self { mutation, outcome: None }
    }

    pub(crate) fn mutation(&self) -> &M {
        &self.mutation
    }

    /// Decides on a row.
    pub(crate) fn decide(&mut self, row: Option<&Row>) -> Decided {
        let (planned, outcome) = match self.mutation.decide(row)? {
            Plan::Write(planned, outcome) => (Some(planned), outcome),
            Plan::Keep(outcome) => (None, outcome),
        };
        self.outcome = Some(outcome);
        Ok(planned)
    }

    /// What is answered, once the loop has ended well: it has decided at least once then.
    pub(crate) fn answer(self) -> Result<M::Answer, GraphError> {
        Ok(self.mutation.answer(self.outcome.ok_or(UNCONFIRMED)?))
    }
}

/// The loop over one row, and where it stands.
pub(crate) struct RowLoop {
    id: EcId,
    cas: CasLoop,
    step: Step,
    written: Option<EncodedRow>,
    /// The row that was read and is left as it is.
    seen: Option<Box<Row>>,
}

impl RowLoop {
    pub(crate) fn new(
        id: EcId,
        start: Start<'_>,
        refused: Refused,
        policy: &Policy,
        decide: &mut dyn FnMut(Option<&Row>) -> Decided,
    ) -> Self {
        let mut cas = CasLoop::new(refused, policy.max_cas_attempts);
        let step = match start {
            Start::Read => Step::Read,
            Start::Absent => cas.decided(decide(None)),
            Start::On(row) => {
                cas = cas.on_a_row();
                cas.decided(decide(Some(row)))
            }
        };
        Self { id, cas, step, written: None, seen: None }
    }

    pub(crate) fn call(&self) -> Option<Call<'_>> {
        let key = self.id.as_str();
        match self.step {
            Step::Read => Some(Call::Get(key)),
            Step::Write => self.cas.write(key).map(Call::Put),
            Step::Decide(_) | Step::Done(_) => None,
        }
    }

    /// Goes on until the next store call, or to the end.
    pub(crate) fn answer(
        &mut self,
        answer: Answer,
        decide: &mut dyn FnMut(Option<&Row>) -> Decided,
    ) {
        let mut step = match self.step {
            Step::Read => self.cas.read(answer.into_read()),
            Step::Write => {
                let answer = answer.into_written();
                if answer == Ok(WriteOutcome::Stored) {
                    self.written = self.cas.take_row();
                }
                self.cas.written(answer)
            }
            Step::Decide(_) | Step::Done(_) => return,
        };
        while let Step::Decide(row) = step {
            step = self.cas.decided(decide(row.as_deref()));
            if let Step::Done(Ok(())) = step {
                self.seen = row;
            }
        }
        self.step = step;
    }

    pub(crate) fn is_about(&self, id: &EcId) -> bool {
        self.id == *id
    }

    pub(crate) fn change(&mut self) -> Change {
        // Given up while a write is under way, it may be applied.
        let has_moved_on = self.cas.has_moved_on() || matches!(self.step, Step::Write);
        Change { written: self.written.take(), seen: self.seen.take(), has_moved_on }
    }

    /// How the loop ended.
    pub(crate) fn result(self) -> Result<(), GraphError> {
        match self.step {
            Step::Done(result) => result,
            Step::Read | Step::Write | Step::Decide(_) => Err(UNCONFIRMED),
        }
    }
}

/// An operation that changes one row.
struct RowOperation<M: Mutation> {
    row: RowLoop,
    decider: Decider<M>,
}

impl<M: Mutation> Calls for RowOperation<M> {
    fn call(&self) -> Option<Call<'_>> {
        self.row.call()
    }

    fn answer(&mut self, answer: Answer) {
        let Self { row, decider } = self;
        row.answer(answer, &mut |row| decider.decide(row));
    }
}

impl<M: Mutation> Machine<M::Answer> for RowOperation<M> {
    fn finish(self: Box<Self>) -> Result<M::Answer, GraphError> {
        self.row.result()?;
        self.decider.answer()
    }

    fn is_about(&self, id: &EcId) -> bool {
        self.row.is_about(id)
    }

    fn change(&mut self) -> Change {
        self.row.change()
    }
}

/// Starts an operation that changes one row.
pub(crate) fn change<M>(
    id: EcId,
    start: Start<'_>,
    policy: &Policy,
    mutation: M,
) -> Operation<M::Answer>
where
    M: Mutation<Outcome: Send> + Send + 'static,
{
    let mut decider = Decider::new(mutation);
    let row = RowLoop::new(id, start, M::REFUSED, policy, &mut |row| decider.decide(row));
    Operation::new(RowOperation { row, decider })
}
