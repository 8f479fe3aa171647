//! `delete`: a row is forgotten.

use alloc::boxed::Box;

use crate::cas_loop::{MAX_UNANSWERED, UNCONFIRMED, unconfirmed};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::operation::{Answer, Call, Calls, Machine, Operation};
use crate::rules::Rules;
use crate::store::{KvError, Store};
use crate::types::EcId;

impl<S: Store> Graph<S> {
    /// Removes a row: 1 delete, and another one where the first is not answered. True when there was one, or when a lost answer leaves that open.
    ///
    /// For data-deletion requests only: a delete forgets everything, a withdrawal included, so that
    /// a sync that creates missing rows can bring the ID back. To end consent use
    /// [`write_withdrawal_tombstone`](Self::write_withdrawal_tombstone).
    pub fn delete(&self, ec_id: &str) -> Result<bool, GraphError> {
        self.run(self.rules().delete(ec_id)?)
    }
}

impl Rules {
    /// [`Graph::delete`] without a store.
    pub fn delete(&self, ec_id: &str) -> Result<Operation<bool>, GraphError> {
        let tries_left = self.policy().max_cas_attempts.min(MAX_UNANSWERED);
        let id = EcId::parse(ec_id)?;
        Ok(Operation::new(Delete { id, tries_left, in_doubt: false, result: None }))
    }
}

struct Delete {
    id: EcId,
    tries_left: u8,
    in_doubt: bool,
    result: Option<Result<bool, GraphError>>,
}

impl Calls for Delete {
    fn call(&self) -> Option<Call<'_>> {
        self.result.is_none().then(|| Call::Delete(self.id.as_str()))
    }

    fn answer(&mut self, answer: Answer) {
        self.tries_left = self.tries_left.saturating_sub(1);
        self.result = match answer.into_deleted() {
            // Of a delete in doubt that finds nothing, the one before removed it.
            Ok(removed) => Some(Ok(removed || self.in_doubt)),
            Err(error) if error.kind() == KvError::UnknownOutcome => {
                self.in_doubt = true;
                (self.tries_left == 0).then(|| Err(unconfirmed(error.into_cause())))
            }
            Err(error) if self.in_doubt => Some(Err(unconfirmed(error.into_cause()))),
            Err(error) => Some(Err(error.into())),
        };
    }
}

impl Machine<bool> for Delete {
    fn finish(self: Box<Self>) -> Result<bool, GraphError> {
        self.result.unwrap_or(Err(UNCONFIRMED))
    }
}
