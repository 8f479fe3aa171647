//! The graph's operations.

use crate::api::RawRow;
use crate::cas::{Cas, Change, Step, UNCONFIRMED};
use crate::change::{Cluster, Create, CreateOrRevive, Recount, Touch, Upsert, recount};
use crate::contest::Contest;
use crate::ec_id::EcId;
use crate::entry::{Entry, Metadata, NewEntry};
use crate::error::{GraphError, InvalidArgument};
use crate::metadata;
use crate::outcome::{CreateOutcome, TouchOutcome, UpsertOutcome};
use crate::partner::PartnerUid;
use crate::policy::{IfMissing, MAX_CLUSTER, Policy};
use crate::row::Row;
use crate::snapshot::{AtHand, Snapshot};
use crate::store::{Item, KvError, Precondition, Store, Write, WriteOutcome};
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

/// The identity graph over one store.
///
/// Times are Unix seconds and come from the caller. Every operation is idempotent: calling again
/// after an error is safe.
///
/// ```
/// use identity_graph::{CreateOutcome, Graph, NewEntry, Policy, Store};
///
/// fn first_visit(store: impl Store) -> Result<(), identity_graph::GraphError> {
///     let graph = Graph::new(store, Policy::default())?;
///     let ec_id = format!("{}.Ab12Cd", "3f".repeat(32));
///     let outcome = graph.create_or_revive(&ec_id, NewEntry::at(1_790_000_000))?;
///     assert_eq!(outcome, CreateOutcome::Created);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Graph<S> {
    store: S,
    policy: Policy,
}

impl<S: Store> Graph<S> {
    /// The graph over a store.
    ///
    /// # Errors
    /// [`InvalidArgument::Policy`] when a value of the policy is out of its range.
    pub fn new(store: S, policy: Policy) -> Result<Self, InvalidArgument> {
        policy.validate()?;
        Ok(Self { store, policy })
    }

    /// The store below.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Reads an entry: 1 read. What is then done on the snapshot costs no second read unless it
    /// meets a conflict.
    ///
    /// It knows no time, so a row past its lifetime that the store has not removed yet is shown as
    /// it is stored; the operations that take the time count it as absent.
    pub fn get(&self, ec_id: &str) -> Result<Option<Snapshot>, GraphError> {
        let id = EcId::parse(ec_id)?;
        let Some(item) = self.store.get(id.as_str())? else { return Ok(None) };
        Ok(Some(Snapshot::new(id, Row::parse(item)?)))
    }

    /// Reads what is stored beside the entry, without its body: 1 head. `None` for a row without
    /// metadata too.
    pub fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, GraphError> {
        let id = EcId::parse(ec_id)?;
        let head = self.store.head(id.as_str())?;
        let Some(text) = head.and_then(|head| head.metadata) else { return Ok(None) };
        Ok(Some(metadata::parse(&text)?))
    }

    /// Writes the entry of a first visit: 1 write.
    ///
    /// # Errors
    /// [`GraphError::AlreadyExists`] when the key holds something, be it of this very call where a
    /// layer below the store sent the write twice; after a write without an answer
    /// [`GraphError::Unavailable`] instead.
    pub fn create(&self, ec_id: &str, entry: NewEntry) -> Result<(), GraphError> {
        let id = EcId::parse(ec_id)?;
        let row = Entry::new(entry)?.encode()?;
        self.start(&id, &mut Create { row, policy: self.policy })
    }

    /// Makes sure that a visit with consent has a live entry: 1 write when there is none; where the
    /// key holds a row, 1 read more, and 1 write more when that is a tombstone older than this
    /// consent.
    ///
    /// A refused creation whose row cannot be read is a [`GraphError::Conflict`]: reads lag.
    pub fn create_or_revive(
        &self,
        ec_id: &str,
        entry: NewEntry,
    ) -> Result<CreateOutcome, GraphError> {
        let id = EcId::parse(ec_id)?;
        let now = entry.now;
        let row = Entry::new(entry)?.encode()?;
        let outcome = CreateOutcome::Created;
        let mut change = CreateOrRevive { row, policy: self.policy, now, outcome };
        self.start(&id, &mut change)?;
        Ok(change.outcome)
    }

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
        at_hand: Option<AtHand<'_>>,
        mut ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, GraphError> {
        ids.iter_mut().try_for_each(PartnerUid::validate)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let claims: Vec<_> = ids.iter().map(|id| id.claim(now)).collect();
        let contest = Contest::new(&claims);
        let assertions = contest.winners.iter().copied().copied().collect();
        let mut change =
            Upsert { assertions, missing, policy: self.policy, now, outcomes: Vec::new() };
        self.change(id, at_hand, &mut change)?;
        let of_winners: Vec<_> = change.outcomes.into_iter().map(Ok).collect();
        contest.outcomes(&claims, &of_winners).into_iter().collect()
    }

    /// Moves `last_seen` and the lifetime on: 1 read and 1 write, or 1 read when nothing changes.
    /// Debounced, and never retried.
    pub fn update_last_seen(&self, ec_id: &str, now: u64) -> Result<TouchOutcome, GraphError> {
        let id = EcId::parse(ec_id)?;
        self.touch(&id, None, now)
    }

    pub(crate) fn touch(
        &self,
        id: &EcId,
        at_hand: Option<AtHand<'_>>,
        now: u64,
    ) -> Result<TouchOutcome, GraphError> {
        let mut change = Touch { policy: self.policy, now, outcome: TouchOutcome::Debounced };
        self.change(id, at_hand, &mut change)?;
        Ok(change.outcome)
    }

    /// Replaces whatever the key holds by a withdrawal: 1 write, no read.
    ///
    /// After [`GraphError::Throttled`] or [`GraphError::Unavailable`] the withdrawal is not known to
    /// be stored: keep the ID and call again, with the time of that call. The newest call stands,
    /// whatever its time, so that an earlier time would let in consent from between the two.
    pub fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), GraphError> {
        let id = EcId::parse(ec_id)?;
        let row = Entry::tombstone(now).encode()?;
        let mut in_doubt = false;
        for _ in 0..self.policy.max_cas_attempts {
            let answer = self.store.put(Write {
                key: id.as_str(),
                body: &row.body,
                metadata: &row.metadata,
                time_to_live: self.policy.tombstone_ttl,
                condition: Precondition::None,
            });
            match answer {
                Ok(WriteOutcome::Stored) => return Ok(()),
                Err(KvError::UnknownOutcome) => {
                    in_doubt = true;
                    let found = self.store.get(id.as_str()).map_err(|_| UNCONFIRMED)?;
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

    /// Removes a row: 1 delete. True when there was one, or when a lost answer leaves that open.
    ///
    /// For data-deletion requests only: a delete forgets everything, a withdrawal included, so that
    /// a sync that creates missing rows can bring the ID back. To end consent use
    /// [`write_withdrawal_tombstone`](Self::write_withdrawal_tombstone).
    pub fn delete(&self, ec_id: &str) -> Result<bool, GraphError> {
        let id = EcId::parse(ec_id)?;
        let mut in_doubt = false;
        for _ in 0..self.policy.max_cas_attempts {
            match self.store.delete(id.as_str()) {
                // Of a delete in doubt that finds nothing, the one before removed it.
                Ok(removed) => return Ok(removed || in_doubt),
                Err(KvError::UnknownOutcome) => in_doubt = true,
                Err(_) if in_doubt => return Err(UNCONFIRMED),
                Err(error) => return Err(error.into()),
            }
        }
        Err(UNCONFIRMED)
    }

    /// How many EC IDs share this one's hash, which means its network, counted up to 100; `None` for
    /// a tombstone or no entry: 1 read, and 1 count and 1 write when the stored size is older than
    /// the recheck interval.
    pub fn evaluate_cluster(&self, ec_id: &str, now: u64) -> Result<Option<u32>, GraphError> {
        match self.get(ec_id)? {
            Some(snapshot) => snapshot.evaluate_cluster(self, now),
            None => Ok(None),
        }
    }

    pub(crate) fn cluster(
        &self,
        id: &EcId,
        at_hand: AtHand<'_>,
        now: u64,
    ) -> Result<Option<u32>, GraphError> {
        if let Recount::Keep(size) = recount(Some(at_hand.row), &self.policy, now) {
            return Ok(size);
        }
        // The row itself counts, even where the count lags behind its creation.
        let counted = self.store.count(id.hash(), MAX_CLUSTER)?.clamp(1, MAX_CLUSTER);
        let mut change = Cluster { counted, policy: self.policy, now, size: None };
        self.change(id, Some(at_hand), &mut change)?;
        Ok(change.size)
    }

    /// The row as it is stored, readable or not: 1 read.
    pub fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, GraphError> {
        let id = EcId::parse(ec_id)?;
        let Some(item) = self.store.get(id.as_str())? else { return Ok(None) };
        let problem = Row::parse(item.clone()).err().map(|problem| problem.to_string());
        let Item { body, metadata, generation } = item;
        Ok(Some(RawRow { body, metadata, generation, problem }))
    }

    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    /// Changes a row that is presumed absent.
    fn start(&self, id: &EcId, change: &mut dyn Change) -> Result<(), GraphError> {
        let mut cas = Cas::new(self.policy.max_cas_attempts);
        let step = cas.start(change, None);
        self.run(id, change, cas, step)
    }

    /// Changes a row, from one that is at hand or else from a read.
    fn change(
        &self,
        id: &EcId,
        at_hand: Option<AtHand<'_>>,
        change: &mut dyn Change,
    ) -> Result<(), GraphError> {
        let mut cas = Cas::new(self.policy.max_cas_attempts);
        let step = match at_hand {
            Some(AtHand { row, is_outdated }) => {
                let step = cas.start(change, Some(row));
                is_outdated.set(matches!(step, Step::Write));
                step
            }
            None => Step::Read,
        };
        self.run(id, change, cas, step)
    }

    fn run(
        &self,
        id: &EcId,
        change: &mut dyn Change,
        mut cas: Cas,
        mut step: Step,
    ) -> Result<(), GraphError> {
        loop {
            step = match step {
                Step::Read => cas.read(change, self.store.get(id.as_str())),
                Step::Write => {
                    let write = cas.write(id.as_str()).ok_or(GraphError::Conflict)?;
                    let answer = self.store.put(write);
                    cas.written(change, answer)
                }
                Step::Done(result) => return result,
            }
        }
    }
}
