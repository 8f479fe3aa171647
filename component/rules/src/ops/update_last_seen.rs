//! `update-last-seen`: a visit to a row that exists.

use super::state::{State, matches};
use crate::cached_row::CachedRow;
use crate::cas_loop::{Mutation, Plan, PlannedWrite, Refused};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::policy::Policy;
use crate::row::{Edit, Row};
use crate::store::Store;
use crate::types::{EcId, Now};

/// What `update_last_seen` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TouchOutcome {
    /// `last_seen` and the lifetime moved on.
    Written,
    /// The last write is less than the debounce ago; no write.
    Debounced,
    /// The entry has been seen later than this; no write.
    Stale,
    /// The entry is a tombstone; no write.
    Withdrawn,
    /// There is no entry; no write.
    NotFound,
}

impl<S: Store> Graph<S> {
    /// Moves `last_seen` and the lifetime on: 1 read and 1 write, or 1 read when nothing changes.
    /// Debounced, and never retried.
    pub fn update_last_seen(&self, ec_id: &str, now: u64) -> Result<TouchOutcome, GraphError> {
        let id = EcId::parse(ec_id)?;
        self.touch(&id, None, now)
    }

    pub(crate) fn touch(
        &self,
        id: &EcId,
        cached: Option<CachedRow<'_>>,
        now: u64,
    ) -> Result<TouchOutcome, GraphError> {
        let now = Now::parse(now, &self.policy())?;
        self.change(id, cached, Touch { policy: self.policy(), now })
    }
}

struct Touch {
    policy: Policy,
    now: Now,
}

impl Mutation for Touch {
    type Outcome = TouchOutcome;
    /// Whoever won has seen the browser more recently, or the next visit will tell.
    const REFUSED: Refused = Refused::GiveUp(GraphError::Conflict);

    fn decide(&self, row: Option<&Row>) -> Result<Plan<TouchOutcome>, GraphError> {
        let row = match State::of(row, &self.policy, self.now) {
            State::Missing(_) => return Ok(Plan::Keep(TouchOutcome::NotFound)),
            State::Tombstone(_) => return Ok(Plan::Keep(TouchOutcome::Withdrawn)),
            State::Live(row, _) => row,
        };
        if let Some(last_seen) = row.last_seen(self.now) {
            match self.now.at.since(last_seen) {
                None => return Ok(Plan::Keep(TouchOutcome::Stale)),
                Some(age) if age < u64::from(self.policy.last_seen_debounce) => {
                    return Ok(Plan::Keep(TouchOutcome::Debounced));
                }
                Some(_) => {}
            }
        }
        let edit = Edit { last_seen: Some(self.now.at), ..Edit::at(self.now) };
        let write = PlannedWrite {
            row: row.rewritten(&edit)?,
            time_to_live: self.policy.entry_ttl,
            condition: matches(row),
        };
        Ok(Plan::Write(write, TouchOutcome::Written))
    }
}
