//! The rules of each operation: what to do about a row as it was read.

use crate::cas::{Change, Plan, Planned};
use crate::encode::Encoded;
use crate::entry::Entry;
use crate::error::GraphError;
use crate::outcome::{CreateOutcome, TouchOutcome, UpsertOutcome};
use crate::partner::PartnerUid;
use crate::policy::{IfMissing, Policy};
use crate::row::{Leaf, Row};
use crate::splice::{Assertion, Edit};
use crate::store::Precondition;

/// What a row is at a given time.
enum State<'a> {
    /// There is none, or its lifetime is over; with what must be true of the key to write a new one.
    Missing(Precondition),
    Tombstone,
    Live(&'a Row, Remaining),
}

/// Seconds left of a lifetime.
type Remaining = u32;

fn state<'a>(row: Option<&'a Row>, policy: &Policy, now: u64) -> State<'a> {
    match row {
        None => State::Missing(Precondition::Absent),
        // A tombstone that the store has not removed yet is still a withdrawal.
        Some(row) if !row.is_live() => State::Tombstone,
        Some(row) => match row.remaining(policy, now) {
            Some(left) => State::Live(row, left),
            None => State::Missing(matches(row)),
        },
    }
}

fn matches(row: &Row) -> Precondition {
    Precondition::Matches(row.generation)
}

/// A first visit that must be the first.
pub(crate) struct Create {
    pub(crate) row: Encoded,
    pub(crate) policy: Policy,
}

impl Change for Create {
    type Outcome = ();

    fn plan(&self, row: Option<&Row>) -> Result<Plan<()>, GraphError> {
        if row.is_some() {
            return Err(GraphError::AlreadyExists);
        }
        Ok(Plan::Write(Planned {
            row: self.row.clone(),
            time_to_live: self.policy.entry_ttl,
            condition: Precondition::Absent,
            outcome: (),
        }))
    }

    fn refused(&self) -> Option<GraphError> {
        Some(GraphError::AlreadyExists)
    }
}

/// A visit with consent, whatever is stored.
pub(crate) struct CreateOrRevive {
    pub(crate) row: Encoded,
    pub(crate) policy: Policy,
    pub(crate) now: u64,
}

impl Change for CreateOrRevive {
    type Outcome = CreateOutcome;

    fn plan(&self, row: Option<&Row>) -> Result<Plan<CreateOutcome>, GraphError> {
        let (condition, outcome) = match (state(row, &self.policy, self.now), row) {
            (State::Live(..), _) => return Ok(Plan::Keep(CreateOutcome::AlreadyLive)),
            (State::Missing(condition), _) => (condition, CreateOutcome::Created),
            // Within one second the order is not known, and the withdrawal wins.
            (State::Tombstone, Some(tombstone)) if self.now > tombstone.consent_updated() => {
                (matches(tombstone), CreateOutcome::Revived)
            }
            (State::Tombstone, _) => return Ok(Plan::Keep(CreateOutcome::Withdrawn)),
        };
        let time_to_live = self.policy.entry_ttl;
        Ok(Plan::Write(Planned { row: self.row.clone(), time_to_live, condition, outcome }))
    }
}

/// UIDs of distinct partners for one row.
pub(crate) struct Upsert<'a> {
    pub(crate) assertions: Vec<Assertion<'a>>,
    pub(crate) missing: IfMissing,
    pub(crate) policy: Policy,
    pub(crate) now: u64,
}

impl Upsert<'_> {
    fn all(&self, outcome: UpsertOutcome) -> Plan<Vec<UpsertOutcome>> {
        Plan::Keep(vec![outcome; self.assertions.len()])
    }

    fn minimal(&self) -> Result<Encoded, GraphError> {
        let ids = self.assertions.iter().map(|assertion| PartnerUid {
            partner: assertion.partner.to_owned(),
            uid: assertion.uid.to_owned(),
            synced: Some(assertion.synced),
        });
        Entry::minimal(ids.collect(), self.now)?.encode()
    }
}

impl Change for Upsert<'_> {
    type Outcome = Vec<UpsertOutcome>;

    fn plan(&self, row: Option<&Row>) -> Result<Plan<Self::Outcome>, GraphError> {
        let (row, left) = match state(row, &self.policy, self.now) {
            State::Tombstone => return Ok(self.all(UpsertOutcome::Withdrawn)),
            State::Missing(condition) => match self.missing {
                IfMissing::Skip => return Ok(self.all(UpsertOutcome::NotFound)),
                IfMissing::CreateMinimal => {
                    return Ok(Plan::Write(Planned {
                        row: self.minimal()?,
                        time_to_live: self.policy.entry_ttl,
                        condition,
                        outcome: vec![UpsertOutcome::Written; self.assertions.len()],
                    }));
                }
            },
            State::Live(row, left) => (row, left),
        };
        let outcome: Vec<_> = self.assertions.iter().map(|new| upserted(row, new)).collect();
        let paired = self.assertions.iter().zip(&outcome);
        let is_written = |(_, outcome): &(_, &UpsertOutcome)| **outcome == UpsertOutcome::Written;
        let to_write: Vec<_> = paired.filter(is_written).map(|(new, _)| *new).collect();
        if to_write.is_empty() {
            return Ok(Plan::Keep(outcome));
        }
        Ok(Plan::Write(Planned {
            row: row.rewritten(Edit::Ids(&to_write))?,
            // Only a visit extends a lifetime; a partner keeps what is left of it.
            time_to_live: left,
            condition: matches(row),
            outcome,
        }))
    }
}

/// What one assertion does to a live row.
fn upserted(row: &Row, new: &Assertion<'_>) -> UpsertOutcome {
    let Some(slot) = row.slot(new.partner).and_then(|at| row.slots.get(at)) else {
        return UpsertOutcome::Written;
    };
    let Some(stored) = slot.uid(&row.text) else { return UpsertOutcome::Written };
    if stored == new.uid {
        UpsertOutcome::Unchanged
    } else if new.synced > slot.synced(&row.text).unwrap_or_default() {
        UpsertOutcome::Written
    } else {
        UpsertOutcome::Stale
    }
}

/// A visit to a row that exists.
pub(crate) struct Touch {
    pub(crate) policy: Policy,
    pub(crate) now: u64,
}

impl Change for Touch {
    type Outcome = TouchOutcome;

    fn plan(&self, row: Option<&Row>) -> Result<Plan<TouchOutcome>, GraphError> {
        let row = match state(row, &self.policy, self.now) {
            State::Missing(_) => return Ok(Plan::Keep(TouchOutcome::NotFound)),
            State::Tombstone => return Ok(Plan::Keep(TouchOutcome::Withdrawn)),
            State::Live(row, _) => row,
        };
        let Some(age) = self.now.checked_sub(row.last_visit()) else {
            return Ok(Plan::Keep(TouchOutcome::Stale));
        };
        if age < u64::from(self.policy.last_seen_debounce) {
            return Ok(Plan::Keep(TouchOutcome::Debounced));
        }
        Ok(Plan::Write(Planned {
            row: row.rewritten(Edit::LastSeen(self.now))?,
            time_to_live: self.policy.entry_ttl,
            condition: matches(row),
            outcome: TouchOutcome::Written,
        }))
    }

    /// Never retried: whoever won has seen the browser more recently, or the next visit will tell.
    fn refused(&self) -> Option<GraphError> {
        Some(GraphError::Conflict)
    }
}

/// A cluster that was counted.
pub(crate) struct Cluster {
    pub(crate) size: u32,
    pub(crate) policy: Policy,
    pub(crate) now: u64,
}

impl Change for Cluster {
    type Outcome = Option<u32>;

    fn plan(&self, row: Option<&Row>) -> Result<Plan<Self::Outcome>, GraphError> {
        match recount(row, &self.policy, self.now) {
            Recount::Keep(size) => Ok(Plan::Keep(size)),
            Recount::Due(row, left) => Ok(Plan::Write(Planned {
                row: row.rewritten(Edit::Cluster { size: self.size, checked: self.now })?,
                time_to_live: left,
                condition: matches(row),
                outcome: Some(self.size),
            })),
        }
    }
}

/// Whether a cluster is to be counted.
pub(crate) enum Recount<'a> {
    /// No: this is the answer.
    Keep(Option<u32>),
    /// Yes, and the size is to be stored here.
    Due(&'a Row, Remaining),
}

/// A stored size stands until the recheck interval has passed; one stored without its time was
/// counted nobody knows when.
pub(crate) fn recount<'a>(row: Option<&'a Row>, policy: &Policy, now: u64) -> Recount<'a> {
    let State::Live(row, left) = state(row, policy, now) else { return Recount::Keep(None) };
    let size = row.number(Leaf::ClusterSize);
    let checked: Option<u64> = row.number(Leaf::ClusterChecked);
    let is_fresh = |checked| now.saturating_sub(checked) < u64::from(policy.cluster_recheck);
    if size.is_some() && checked.is_some_and(is_fresh) {
        Recount::Keep(size)
    } else {
        Recount::Due(row, left)
    }
}
