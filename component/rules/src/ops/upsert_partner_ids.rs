//! `upsert-partner-ids`: partners' UIDs for one row.

use alloc::vec;
use alloc::vec::Vec;

use super::latest::{latest, outcomes};
use super::state::{State, matches};
use crate::cas_loop::{Mutation, Plan, PlannedWrite};
use crate::entry::Entry;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::partner_uid::{Assertion, PartnerUid};
use crate::policy::Policy;
use crate::row::{Edit, EncodedRow, Row, StoredUid};
use crate::snapshot::CachedRow;
use crate::store::Store;
use crate::types::{EcId, Timestamp};

/// What an upsert does where there is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMissing {
    /// Report [`UpsertOutcome::NotFound`].
    Skip,
    /// Create a minimal live entry: the recovery path for a first visit whose create failed.
    CreateMinimal,
}

/// What an upsert did with one UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpsertOutcome {
    /// The UID is stored.
    Written,
    /// The stored UID is the same; no write.
    Unchanged,
    /// The stored UID was asserted at the same time or later; no write.
    Stale,
    /// The entry is a tombstone; no write.
    Withdrawn,
    /// There is no entry; no write.
    NotFound,
}

impl<S: Store> Graph<S> {
    /// [`upsert_partner_ids`](Self::upsert_partner_ids) for one partner.
    pub fn upsert_partner_id(
        &self,
        ec_id: &str,
        id: PartnerUid,
        missing: IfMissing,
        now: u64,
    ) -> Result<UpsertOutcome, GraphError> {
        let outcomes = self.upsert_partner_ids(ec_id, vec![id], missing, now)?;
        Ok(outcomes.first().copied().unwrap_or(UpsertOutcome::Unchanged))
    }

    /// Stores partners' UIDs: 1 read and 1 write for all of them, or 1 read when nothing changes.
    /// One outcome for each UID, in order.
    ///
    /// A UID is replaced only by one asserted later. Lifetimes stay: only a visit extends them.
    pub fn upsert_partner_ids(
        &self,
        ec_id: &str,
        ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, GraphError> {
        let id = EcId::parse(ec_id)?;
        self.upsert(&id, None, ids, missing, now)
    }

    pub(crate) fn upsert(
        &self,
        id: &EcId,
        cached: Option<CachedRow<'_>>,
        ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, GraphError> {
        let now = Timestamp::new(now);
        let ids: Result<Vec<_>, _> = ids.into_iter().map(|id| Assertion::parse(id, now)).collect();
        let ids = ids?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let assertions = latest(ids.iter(), |id| id.partner.as_str(), |id| id.synced);
        let winners: Vec<_> =
            assertions.iter().map(|id| (id.partner.as_str(), id.uid.as_str())).collect();
        let assertions = assertions.into_iter().cloned().collect();
        let mutation = Upsert { assertions, missing, policy: self.policy(), now };
        let of_winners: Vec<_> = self.change(id, cached, mutation)?;
        let asserted = ids.iter().map(|id| (id.partner.as_str(), id.uid.as_str()));
        let of_winners: Vec<_> = of_winners.into_iter().map(Ok).collect();
        outcomes(asserted, &winners, &of_winners).into_iter().collect()
    }
}

/// UIDs of distinct partners, sorted by them, for one row.
pub(super) struct Upsert {
    pub(super) assertions: Vec<Assertion>,
    pub(super) missing: IfMissing,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
}

impl Upsert {
    fn minimal(&self) -> Result<EncodedRow, GraphError> {
        let ids = self.assertions.iter().cloned().map(PartnerUid::from);
        Entry::live(ids.collect(), self.now.seconds()).encode()
    }

    /// The same outcome for every UID.
    fn all(&self, outcome: UpsertOutcome) -> Vec<UpsertOutcome> {
        vec![outcome; self.assertions.len()]
    }
}

impl Mutation for Upsert {
    type Outcome = Vec<UpsertOutcome>;

    fn decide(&self, row: Option<&Row>) -> Result<Plan<Self::Outcome>, GraphError> {
        let (row, left) = match State::of(row, &self.policy, self.now) {
            State::Tombstone(_) => return Ok(Plan::Keep(self.all(UpsertOutcome::Withdrawn))),
            State::Missing(condition) => {
                return Ok(match self.missing {
                    IfMissing::Skip => Plan::Keep(self.all(UpsertOutcome::NotFound)),
                    IfMissing::CreateMinimal => {
                        let (row, time_to_live) = (self.minimal()?, self.policy.entry_ttl);
                        let write = PlannedWrite { row, time_to_live, condition };
                        Plan::Write(write, self.all(UpsertOutcome::Written))
                    }
                });
            }
            State::Live(row, left) => (row, left),
        };
        let mut to_write = Vec::new();
        let mut outcomes = Vec::with_capacity(self.assertions.len());
        for (assertion, place) in self.assertions.iter().zip(row.places_of(&self.assertions)) {
            let stored = place.and_then(|at| row.uids.get(at));
            let outcome = compared(row, stored, assertion);
            if outcome == UpsertOutcome::Written {
                to_write.push((assertion, place));
            }
            outcomes.push(outcome);
        }
        if to_write.is_empty() {
            return Ok(Plan::Keep(outcomes));
        }
        let write = PlannedWrite {
            row: row.rewritten(Edit::Ids(&to_write))?,
            // Only a visit extends a lifetime; a partner keeps what is left of it.
            time_to_live: left,
            condition: matches(row),
        };
        Ok(Plan::Write(write, outcomes))
    }
}

/// What one assertion does to a live row that has this UID of the partner.
fn compared(row: &Row, stored: Option<&StoredUid>, new: &Assertion) -> UpsertOutcome {
    let uid = |stored: &StoredUid| stored.uid.filter(|uid| uid.of(&row.text) != "null");
    let Some((stored, uid)) = stored.and_then(|stored| Some((stored, uid(stored)?))) else {
        return UpsertOutcome::Written;
    };
    if uid.is_string(&row.text, new.uid.as_str()) {
        UpsertOutcome::Unchanged
    } else if new.synced > stored.synced(&row.text).unwrap_or_default() {
        UpsertOutcome::Written
    } else {
        UpsertOutcome::Stale
    }
}
