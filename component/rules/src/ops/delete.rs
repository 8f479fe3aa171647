//! `delete`: a row is forgotten.

use crate::cas_loop::UNCONFIRMED;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::store::{KvError, Store};
use crate::types::EcId;

impl<S: Store> Graph<S> {
    /// Removes a row: 1 delete. True when there was one, or when a lost answer leaves that open.
    ///
    /// For data-deletion requests only: a delete forgets everything, a withdrawal included, so that
    /// a sync that creates missing rows can bring the ID back. To end consent use
    /// [`write_withdrawal_tombstone`](Self::write_withdrawal_tombstone).
    pub fn delete(&self, ec_id: &str) -> Result<bool, GraphError> {
        let id = EcId::parse(ec_id)?;
        let mut in_doubt = false;
        for _ in 0..self.policy().max_cas_attempts {
            match self.store().delete(id.as_str()) {
                // Of a delete in doubt that finds nothing, the one before removed it.
                Ok(removed) => return Ok(removed || in_doubt),
                Err(KvError::UnknownOutcome) => in_doubt = true,
                Err(_) if in_doubt => return Err(UNCONFIRMED),
                Err(error) => return Err(error.into()),
            }
        }
        Err(UNCONFIRMED)
    }
}
