//! What the application asks of the identity graph, linked or composed.

use identity_graph::{
    CreateOutcome, Entry, Graph, GraphError, Mapping, NewEntry, PartnerUid, Snapshot, Store,
    TouchOutcome, UpsertOutcome,
};

/// The operations of the identity graph that the application uses; the WIT interface
/// `identity-graph` says what each does.
pub trait IdentityGraph {
    /// Reads an entry.
    fn get(&self, ec_id: &str) -> Result<Option<Box<dyn EntrySnapshot + '_>>, Failure>;
    /// Writes a new entry.
    fn create(&self, ec_id: &str, entry: NewEntry) -> Result<(), Failure>;
    /// Writes a new entry, or replaces a tombstone that is older than its consent.
    fn create_or_revive(&self, ec_id: &str, entry: NewEntry) -> Result<CreateOutcome, Failure>;
    /// Withdraws consent.
    fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure>;
    /// Adds one partner's UIDs to many entries.
    fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure>;
    /// The row as stored, readable or not.
    fn inspect(&self, ec_id: &str) -> Result<Option<StoredRow>, Failure>;
}

/// An entry as it was read, to look at and to write back on.
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
    /// Notes a visit without another read.
    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure>;
    /// How many EC IDs share this one's hash.
    fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure>;
}

/// A stored row that may not be an entry. No `Debug`: it holds what is never logged.
pub struct StoredRow {
    /// The value.
    pub body: Vec<u8>,
    /// What is stored beside it.
    pub metadata: Option<String>,
    /// Version of the value.
    pub generation: u64,
    /// Why the body is not an entry, when it is not.
    pub problem: Option<String>,
}

/// Why an operation of the graph failed, without the details that only a person can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// An argument breaks a rule.
    InvalidArgument,
    /// No store has the configured name.
    NoSuchStore,
    /// The key holds an entry.
    AlreadyExists,
    /// The stored row is not an entry.
    Corrupt,
    /// The row would outgrow its limit.
    TooLarge,
    /// Other writers won; nothing was written.
    Conflict,
    /// Refused for its rate; nothing was written.
    Throttled,
    /// The store failed.
    Unavailable,
}

impl Failure {
    /// The stable name that answers and log lines have for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::NoSuchStore => "no_such_store",
            Self::AlreadyExists => "already_exists",
            Self::Corrupt => "corrupt",
            Self::TooLarge => "too_large",
            Self::Conflict => "conflict",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<GraphError> for Failure {
    fn from(error: GraphError) -> Self {
        match error {
            GraphError::InvalidArgument(_) => Self::InvalidArgument,
            GraphError::NoSuchStore => Self::NoSuchStore,
            GraphError::AlreadyExists => Self::AlreadyExists,
            GraphError::Corrupt(_) => Self::Corrupt,
            GraphError::TooLarge => Self::TooLarge,
            GraphError::Conflict => Self::Conflict,
            GraphError::Throttled => Self::Throttled,
            GraphError::Unavailable(_) => Self::Unavailable,
        }
    }
}

/// The rules, linked.
impl<S: Store> IdentityGraph for Graph<S> {
    fn get(&self, ec_id: &str) -> Result<Option<Box<dyn EntrySnapshot + '_>>, Failure> {
        let snapshot = self.get(ec_id)?;
        Ok(snapshot.map(|snapshot| Box::new(Linked { graph: self, snapshot }) as _))
    }

    fn create(&self, ec_id: &str, entry: NewEntry) -> Result<(), Failure> {
        Ok(self.create(ec_id, entry)?)
    }

    fn create_or_revive(&self, ec_id: &str, entry: NewEntry) -> Result<CreateOutcome, Failure> {
        Ok(self.create_or_revive(ec_id, entry)?)
    }

    fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure> {
        Ok(self.write_withdrawal_tombstone(ec_id, now)?)
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

    fn inspect(&self, ec_id: &str) -> Result<Option<StoredRow>, Failure> {
        let row = self.inspect(ec_id)?;
        Ok(row.map(|row| StoredRow {
            body: row.body,
            metadata: row.metadata,
            generation: row.generation,
            problem: row.problem.map(|problem| problem.to_string()),
        }))
    }
}

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

    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure> {
        Ok(self.snapshot.update_last_seen(self.graph, now)?)
    }

    fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        Ok(self.snapshot.evaluate_cluster(self.graph, now)?)
    }
}
