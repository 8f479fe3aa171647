//! `write-withdrawal-tombstone`: the end of consent.

use core::iter;

use crate::cas_loop::UNCONFIRMED;
use crate::entry::{Consent, Geo};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::row::NewRow;
use crate::store::{KvError, Precondition, Store, Write, WriteOutcome};
use crate::types::{EcId, Timestamp};

impl<S: Store> Graph<S> {
    /// Replaces whatever the key holds by a withdrawal: 1 write, no read. A write without an answer is
    /// sent again until one is answered or the tries are used up.
    ///
    /// After [`GraphError::Throttled`] or [`GraphError::Unavailable`] the withdrawal is not known to
    /// be stored: keep the ID and call again, with the time of that call. The newest call stands,
    /// whatever its time, so that an earlier time would let in consent from between the two.
    pub fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), GraphError> {
        let id = EcId::parse(ec_id)?;
        let now = Timestamp::parse("now", now)?;
        let (consent, geo) = (Consent::withdrawn_at(now.seconds()), Geo::unknown());
        let row = NewRow::bare(&consent, &geo).encode(&mut iter::empty())?;
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
                Err(KvError::UnknownOutcome) => in_doubt = true,
                // Sending it again is safe, and nothing else can tell what became of it.
                Ok(WriteOutcome::Conflict(_)) | Err(_) if in_doubt => {}
                Ok(WriteOutcome::Conflict(_)) => return Err(GraphError::Conflict),
                Err(error) => return Err(error.into()),
            }
        }
        Err(UNCONFIRMED)
    }
}
