//! `remove-partner-ids`: partners' UIDs are taken out of one row.

use alloc::string::String;
use alloc::vec::Vec;

use super::assertions::Assertions;
use super::upsert_outcome::UpsertOutcome;
use super::upsert_partner_ids::IfMissing;
use crate::error::{GraphError, InvalidArgument};
use crate::graph::Graph;
use crate::operation::Operation;
use crate::partner_uid::Assertion;
use crate::row_operation::Start;
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::types::{EcId, Now, PartnerKey};

impl<S: Store> Graph<S> {
    /// Removes partners' UIDs: 1 read and 1 write for all of them, or 1 read when nothing changes. One
    /// outcome for each partner, in order.
    ///
    /// A removal is an assertion like others: a UID that was asserted at the same time or later stays
    /// ([`UpsertOutcome::Stale`]), and a UID asserted before it does not come back.
    pub fn remove_partner_ids(
        &self,
        ec_id: &str,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, GraphError> {
        self.run(self.rules().remove_partner_ids(ec_id, partners, now)?)
    }
}

impl Rules {
    /// [`Graph::remove_partner_ids`] without a store.
    pub fn remove_partner_ids(
        &self,
        ec_id: &str,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Operation<Vec<UpsertOutcome>>, GraphError> {
        self.remove(EcId::parse(ec_id)?, Start::Read, partners, now)
    }

    /// [`Snapshot::remove_partner_ids`] without a store.
    pub fn remove_partner_ids_on(
        &self,
        snapshot: &Snapshot,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Operation<Vec<UpsertOutcome>>, GraphError> {
        self.remove(snapshot.id().clone(), Start::on(snapshot), partners, now)
    }

    fn remove(
        &self,
        id: EcId,
        start: Start<'_>,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Operation<Vec<UpsertOutcome>>, GraphError> {
        let now = Now::parse(now, self.policy())?;
        let removal = |(order, partner): (usize, String)| -> Result<Assertion, InvalidArgument> {
            let partner = PartnerKey::parse(partner)?;
            Ok(Assertion { partner, claim: None, synced: now.at, order })
        };
        let parsed = partners.into_iter().enumerate().map(removal);
        let assertions = Assertions::new(parsed.collect(), now);
        Ok(self.assert(id, start, assertions, IfMissing::Skip, now))
    }
}
