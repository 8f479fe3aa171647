//! `upsert-partner-ids`: partners' UIDs for one row.

use alloc::vec;
use alloc::vec::Vec;

use super::assertions::Assertions;
use super::judge::{Judged, new_row};
use super::state::{State, matches};
use super::upsert_outcome::UpsertOutcome;
use crate::cas_loop::{Plan, PlannedWrite};
use crate::entry::{Consent, Geo};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::operation::Operation;
use crate::partner_uid::{Assertion, PartnerUid};
use crate::policy::Policy;
use crate::row::{Edit, NewRow, Row};
use crate::row_operation::{Mutation, Start, change};
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::types::{EcId, Now};

/// What an upsert does where there is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum IfMissing {
    /// Report [`UpsertOutcome::NotFound`].
    Skip,
    /// Create a minimal live entry: the recovery path for a first visit whose create failed.
    CreateMinimal,
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
        Ok(outcomes.into_iter().next().unwrap_or(UpsertOutcome::Unchanged))
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
        self.run(self.rules().upsert_partner_ids(ec_id, ids, missing, now)?)
    }
}

impl Rules {
    /// [`Graph::upsert_partner_ids`] without a store.
    pub fn upsert_partner_ids(
        &self,
        ec_id: &str,
        ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Operation<Vec<UpsertOutcome>>, GraphError> {
        self.upsert(EcId::parse(ec_id)?, Start::Read, ids, missing, now)
    }

    /// [`Snapshot::upsert_partner_ids`] without a store.
    pub fn upsert_partner_ids_on(
        &self,
        snapshot: &Snapshot,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Operation<Vec<UpsertOutcome>>, GraphError> {
        self.upsert(snapshot.id().clone(), Start::on(snapshot), ids, IfMissing::Skip, now)
    }

    fn upsert(
        &self,
        id: EcId,
        start: Start<'_>,
        ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Operation<Vec<UpsertOutcome>>, GraphError> {
        let now = Now::parse(now, self.policy())?;
        let parsed = ids.into_iter().enumerate();
        let parsed = parsed.map(|(order, id)| Assertion::parse(id, now, order));
        let assertions = Assertions::new(parsed.collect(), now);
        Ok(self.assert(id, start, assertions, missing, now))
    }

    /// Stores or removes what is asserted of one row.
    pub(super) fn assert(
        &self,
        id: EcId,
        start: Start<'_>,
        assertions: Assertions,
        missing: IfMissing,
        now: Now,
    ) -> Operation<Vec<UpsertOutcome>> {
        let policy = *self.policy();
        if assertions.winners.is_empty() {
            return Operation::over(Ok(assertions.heard(&[])));
        }
        change(id, start, &policy, Asserted { assertions, missing, policy, now })
    }
}

/// What a call asserts of one row.
struct Asserted {
    assertions: Assertions,
    missing: IfMissing,
    policy: Policy,
    now: Now,
}

impl Mutation for Asserted {
    type Outcome = Vec<UpsertOutcome>;
    type Answer = Vec<UpsertOutcome>;

    fn decide(&self, row: Option<&Row>) -> Result<Plan<Self::Outcome>, GraphError> {
        let Self { assertions, missing, policy, now } = self;
        let assertions = &assertions.winners;
        Upsert { assertions, missing: *missing, policy, now: *now }.decide(row)
    }

    fn answer(self, of_winners: Vec<UpsertOutcome>) -> Vec<UpsertOutcome> {
        self.assertions.heard(&of_winners)
    }
}

/// What is asserted of distinct partners, sorted by them, for one row.
pub(super) struct Upsert<'a> {
    pub(super) assertions: &'a [Assertion],
    pub(super) missing: IfMissing,
    pub(super) policy: &'a Policy,
    pub(super) now: Now,
}

impl Upsert<'_> {
    /// The same outcome for everything.
    fn all(&self, outcome: &UpsertOutcome) -> Vec<UpsertOutcome> {
        vec![outcome.clone(); self.assertions.len()]
    }

    pub(super) fn decide(&self, row: Option<&Row>) -> Result<Plan<Vec<UpsertOutcome>>, GraphError> {
        let Self { assertions, missing, policy, now } = self;
        let (row, left) = match (State::of(row, policy, *now), missing) {
            (State::Live(row, left), _) => (row, left),
            (State::Tombstone(_), _) => return Ok(Plan::Keep(self.all(&UpsertOutcome::Withdrawn))),
            (State::Missing(_), IfMissing::Skip) => {
                return Ok(Plan::Keep(self.all(&UpsertOutcome::NotFound)));
            }
            (State::Missing(condition), IfMissing::CreateMinimal) => {
                let (consent, geo) = (Consent::given_at(now.at.seconds()), Geo::unknown());
                let row = NewRow::bare(&consent, &geo);
                let (row, outcomes) = new_row(&row, assertions, None, policy)?;
                let time_to_live = policy.entry_ttl;
                return Ok(Plan::Write(PlannedWrite { row, time_to_live, condition }, outcomes));
            }
        };
        let mut judged = Judged::new(row, assertions, policy, *now);
        if !judged.writes() {
            return Ok(Plan::Keep(judged.outcomes));
        }
        let Some(encoded) = judged.rewritten(row, Edit::at(*now), false)? else {
            return Ok(Plan::Keep(judged.outcomes));
        };
        // Only a visit extends a lifetime; a partner keeps what is left of it.
        let write = PlannedWrite { row: encoded, time_to_live: left, condition: matches(row) };
        Ok(Plan::Write(write, judged.outcomes))
    }
}
