//! `write-withdrawal-tombstone`: the end of consent.

use crate::cas_loop::UNCONFIRMED;
use crate::entry::Entry;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::store::{KvError, Precondition, Store, Write, WriteOutcome};
use crate::types::EcId;

impl<S: Store> Graph<S> {
    /// Replaces whatever the key holds by a withdrawal: 1 write, no read.
    ///
    /// After [`GraphError::Throttled`] or [`GraphError::Unavailable`] the withdrawal is not known to
    /// be stored: keep the ID and call again, with the time of that call. The newest call stands,
    /// whatever its time, so that an earlier time would let in consent from between the two.
    pub fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), GraphError> {
        let id = EcId::parse(ec_id)?;
        let row = Entry::tombstone(now).encode()?;
        let mut in_doubt = false;
        for _ in 0..self.policy().max_cas_attempts {
            let answer = self.store().put(Write {
                key: id.as_str(),
                body: &row.body,
                metadata: &row.metadata,
                time_to_live: self.policy().tombstone_ttl,
                condition: Precondition::None,
            });
            match answer {
                Ok(WriteOutcome::Stored) => return Ok(()),
                Err(KvError::UnknownOutcome) => {
                    in_doubt = true;
                    let found = self.store().get(id.as_str()).map_err(|_| UNCONFIRMED)?;
                    if found.is_some_and(|item| item.body == row.body) {
                        return Ok(());
                    }
                }
                Ok(WriteOutcome::Conflict(_)) if !in_doubt => return Err(GraphError::Conflict),
                Err(error) if !in_doubt => return Err(error.into()),
                Ok(WriteOutcome::Conflict(_)) | Err(_) => return Err(UNCONFIRMED),
            }
        }
        Err(UNCONFIRMED)
    }
}
