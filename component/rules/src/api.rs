//! The operations of the identity graph as one trait, whoever carries them out: the rules linked into
//! a program, the component in a host, or the component that an application is composed with.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;

use crate::entry::{Entry, Metadata};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::new_entry::NewEntry;
use crate::ops::{
    CreateOutcome, IfMissing, Mapping, Report, TouchOutcome, UpsertOutcome, VisitOutcome,
    WithdrawOutcome,
};
use crate::partner_uid::PartnerUid;
use crate::redact::Bytes;
use crate::snapshot::Snapshot;
use crate::store::Store;

/// Every operation of the identity graph. The WIT interface `identity-graph` says what each does and
/// costs; times are Unix seconds.
///
/// ```
/// use identity_graph::{Failure, IdentityGraph, NewEntry, PartnerUid, VisitOutcome};
///
/// fn page_view(graph: &dyn IdentityGraph, ec_id: &str, now: u64) -> Result<bool, Failure> {
///     let ids = vec![PartnerUid::new("ids.acme.example", "A-1")];
///     let report = graph.visit(ec_id, NewEntry { ids, ..NewEntry::at(now) })?;
///     Ok(report.outcome != VisitOutcome::Withdrawn)
/// }
/// ```
pub trait IdentityGraph {
    /// Reads an entry.
    fn get(&self, ec_id: &str, now: u64) -> Result<Option<Box<dyn EntrySnapshot + '_>>, Failure>;
    /// Reads what is stored beside an entry.
    fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure>;
    /// Notes a page view with all it brings, whatever is stored.
    fn visit(&self, ec_id: &str, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure>;
    /// Writes the entry of an ID just minted.
    fn create(&self, ec_id: &str, entry: NewEntry) -> Result<Report<()>, Failure>;
    /// Writes a new entry, or replaces a tombstone that is older than its consent.
    fn create_or_revive(
        &self,
        ec_id: &str,
        entry: NewEntry,
    ) -> Result<Report<CreateOutcome>, Failure>;
    /// Adds or replaces one partner's UID.
    fn upsert_partner_id(
        &self,
        ec_id: &str,
        id: PartnerUid,
        missing: IfMissing,
        now: u64,
    ) -> Result<UpsertOutcome, Failure>;
    /// Adds or replaces several partners' UIDs in one write.
    fn upsert_partner_ids(
        &self,
        ec_id: &str,
        ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure>;
    /// Removes several partners' UIDs in one write.
    fn remove_partner_ids(
        &self,
        ec_id: &str,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure>;
    /// Moves the time of the last visit on.
    fn update_last_seen(&self, ec_id: &str, now: u64) -> Result<TouchOutcome, Failure>;
    /// Withdraws consent.
    fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure>;
    /// Forgets an entry; true when there was one.
    fn delete(&self, ec_id: &str) -> Result<bool, Failure>;
    /// Adds one partner's UIDs to many entries.
    fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure>;
    /// How many EC IDs share this one's hash.
    fn evaluate_cluster(&self, ec_id: &str, now: u64) -> Result<Option<u32>, Failure>;
    /// The row as stored, readable or not.
    fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure>;
}

/// An entry as it was read, to look at and to write back on. After a write on it, it shows what was
/// written.
pub trait EntrySnapshot {
    /// The entry.
    fn entry(&self) -> Entry;
    /// The version it was read at.
    fn generation(&self) -> u64;
    /// Adds or replaces partners' UIDs without another read.
    fn upsert_partner_ids(
        &mut self,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure>;
    /// Removes partners' UIDs without another read.
    fn remove_partner_ids(
        &mut self,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure>;
    /// Notes a page view without another read.
    fn visit(&mut self, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure>;
    /// Moves the time of the last visit on without another read.
    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure>;
    /// Withdraws consent where there is an entry that is not withdrawn yet.
    fn withdraw(&mut self, now: u64) -> Result<WithdrawOutcome, Failure>;
    /// How many EC IDs share this one's hash.
    fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure>;
}

/// A row as it is stored, readable or not. `Debug` does not show its content.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RawRow {
    /// The stored value.
    pub body: Vec<u8>,
    /// What is stored beside it.
    pub metadata: Option<String>,
    /// Version of the value.
    pub generation: u64,
    /// Why the body is not an entry, when it is not.
    pub problem: Option<String>,
}

impl fmt::Debug for RawRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRow")
            .field("body", &Bytes(self.body.len()))
            .field("metadata", &self.metadata.as_ref().map(|metadata| Bytes(metadata.len())))
            .field("generation", &self.generation)
            .field("problem", &self.problem)
            .finish()
    }
}

/// Why an operation did not do what was asked: the WIT type `graph-error`, named for what the caller
/// should do next. The texts are for people and hold no EC ID, UID, consent string or stored text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Failure {
    /// An argument breaks a documented rule; nothing reached the store. Correct the argument.
    #[error("{0}")]
    InvalidArgument(String),
    /// No store has the name that was opened. Correct the configuration.
    #[error("{}", GraphError::NoSuchStore)]
    NoSuchStore,
    /// `create` only: the key holds an entry.
    #[error("{}", GraphError::AlreadyExists)]
    AlreadyExists,
    /// The stored row is not an entry.
    #[error("the stored row is not an entry: {0}; inspect shows it")]
    Corrupt(String),
    /// The row would outgrow its limit; it is unchanged.
    #[error("{}", GraphError::TooLarge)]
    TooLarge,
    /// Other writers won, or reads have not caught up with them. Nothing was written; call again
    /// later, not at once.
    #[error("{}", GraphError::Conflict)]
    Conflict,
    /// Refused for its rate. Nothing was written; keep what you have and call again later.
    #[error("{}", GraphError::Throttled { source: None })]
    Throttled,
    /// The store failed. Every operation is safe to call again.
    #[error("{0}; every operation is safe to call again")]
    Unavailable(String),
}

impl From<GraphError> for Failure {
    fn from(error: GraphError) -> Self {
        match error {
            GraphError::InvalidArgument(rule) => Self::InvalidArgument(rule.to_string()),
            GraphError::NoSuchStore => Self::NoSuchStore,
            GraphError::AlreadyExists => Self::AlreadyExists,
            GraphError::Corrupt(why) => Self::Corrupt(why.to_string()),
            GraphError::TooLarge => Self::TooLarge,
            GraphError::Conflict => Self::Conflict,
            GraphError::Throttled { .. } => Self::Throttled,
            GraphError::Unavailable { outage, .. } => Self::Unavailable(outage.to_string()),
        }
    }
}

/// The rules, linked into this program.
impl<S: Store> IdentityGraph for Graph<S> {
    fn get(&self, ec_id: &str, now: u64) -> Result<Option<Box<dyn EntrySnapshot + '_>>, Failure> {
        let snapshot = self.get(ec_id, now)?;
        Ok(snapshot.map(|snapshot| Box::new(Linked { graph: self, snapshot }) as _))
    }

    fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure> {
        Ok(self.get_metadata(ec_id)?)
    }

    fn visit(&self, ec_id: &str, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        Ok(self.visit(ec_id, entry)?)
    }

    fn create(&self, ec_id: &str, entry: NewEntry) -> Result<Report<()>, Failure> {
        Ok(self.create(ec_id, entry)?)
    }

    fn create_or_revive(
        &self,
        ec_id: &str,
        entry: NewEntry,
    ) -> Result<Report<CreateOutcome>, Failure> {
        Ok(self.create_or_revive(ec_id, entry)?)
    }

    fn upsert_partner_id(
        &self,
        ec_id: &str,
        id: PartnerUid,
        missing: IfMissing,
        now: u64,
    ) -> Result<UpsertOutcome, Failure> {
        Ok(self.upsert_partner_id(ec_id, id, missing, now)?)
    }

    fn upsert_partner_ids(
        &self,
        ec_id: &str,
        ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        Ok(self.upsert_partner_ids(ec_id, ids, missing, now)?)
    }

    fn remove_partner_ids(
        &self,
        ec_id: &str,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        Ok(self.remove_partner_ids(ec_id, partners, now)?)
    }

    fn update_last_seen(&self, ec_id: &str, now: u64) -> Result<TouchOutcome, Failure> {
        Ok(self.update_last_seen(ec_id, now)?)
    }

    fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure> {
        Ok(self.write_withdrawal_tombstone(ec_id, now)?)
    }

    fn delete(&self, ec_id: &str) -> Result<bool, Failure> {
        Ok(self.delete(ec_id)?)
    }

    fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure> {
        let outcomes = self.sync_partner_ids(partner, mappings, now)?;
        Ok(outcomes.into_iter().map(|outcome| outcome.map_err(Failure::from)).collect())
    }

    fn evaluate_cluster(&self, ec_id: &str, now: u64) -> Result<Option<u32>, Failure> {
        Ok(self.evaluate_cluster(ec_id, now)?)
    }

    fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure> {
        Ok(self.inspect(ec_id)?)
    }
}

/// A snapshot with the graph that it writes back to.
struct Linked<'a, S> {
    graph: &'a Graph<S>,
    snapshot: Snapshot,
}

impl<S: Store> EntrySnapshot for Linked<'_, S> {
    fn entry(&self) -> Entry {
        self.snapshot.entry()
    }

    fn generation(&self) -> u64 {
        self.snapshot.generation()
    }

    fn upsert_partner_ids(
        &mut self,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        Ok(self.snapshot.upsert_partner_ids(self.graph, ids, now)?)
    }

    fn remove_partner_ids(
        &mut self,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        Ok(self.snapshot.remove_partner_ids(self.graph, partners, now)?)
    }

    fn visit(&mut self, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        Ok(self.snapshot.visit(self.graph, entry)?)
    }

    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure> {
        Ok(self.snapshot.update_last_seen(self.graph, now)?)
    }

    fn withdraw(&mut self, now: u64) -> Result<WithdrawOutcome, Failure> {
        Ok(self.snapshot.withdraw(self.graph, now)?)
    }

    fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        Ok(self.snapshot.evaluate_cluster(self.graph, now)?)
    }
}
