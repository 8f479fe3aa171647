//! The rules of each operation: what to do about a row as it was read.

use crate::cas::{Change, Planned};
use crate::contest::Claim;
use crate::encode::Encoded;
use crate::entry::Entry;
use crate::error::GraphError;
use crate::outcome::{CreateOutcome, TouchOutcome, UpsertOutcome};
use crate::partner::PartnerUid;
use crate::policy::{IfMissing, Policy};
use crate::row::{Leaf, Row, Slot};
use crate::splice::Edit;
use crate::store::Precondition;
use alloc::vec::Vec;

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
    fn plan(&mut self, row: Option<&Row>) -> Result<Option<Planned>, GraphError> {
        if row.is_some() {
            return Err(GraphError::AlreadyExists);
        }
        Ok(Some(Planned {
            row: self.row.clone(),
            time_to_live: self.policy.entry_ttl,
            condition: Precondition::Absent,
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
    pub(crate) outcome: CreateOutcome,
}

impl Change for CreateOrRevive {
    fn plan(&mut self, row: Option<&Row>) -> Result<Option<Planned>, GraphError> {
        let (outcome, condition) = match (state(row, &self.policy, self.now), row) {
            (State::Live(..), _) => (CreateOutcome::AlreadyLive, None),
            (State::Missing(condition), _) => (CreateOutcome::Created, Some(condition)),
            // Within one second the order is not known, and the withdrawal wins.
            (State::Tombstone, Some(tombstone)) if self.now > tombstone.consent_updated() => {
                (CreateOutcome::Revived, Some(matches(tombstone)))
            }
            (State::Tombstone, _) => (CreateOutcome::Withdrawn, None),
        };
        self.outcome = outcome;
        let time_to_live = self.policy.entry_ttl;
        Ok(condition.map(|condition| Planned { row: self.row.clone(), time_to_live, condition }))
    }
}

/// UIDs of distinct partners, sorted by them, for one row.
pub(crate) struct Upsert<'a> {
    pub(crate) assertions: Vec<Claim<'a>>,
    pub(crate) missing: IfMissing,
    pub(crate) policy: Policy,
    pub(crate) now: u64,
    pub(crate) outcomes: Vec<UpsertOutcome>,
}

impl Upsert<'_> {
    fn minimal(&self) -> Result<Encoded, GraphError> {
        let ids = self.assertions.iter().map(PartnerUid::from);
        Entry::minimal(ids.collect(), self.now)?.encode()
    }
}

impl Change for Upsert<'_> {
    fn plan(&mut self, row: Option<&Row>) -> Result<Option<Planned>, GraphError> {
        let state = state(row, &self.policy, self.now);
        self.outcomes.clear();
        let slots = row.map(|row| row.slots_of(&self.assertions)).unwrap_or_default();
        let mut slots = slots.into_iter();
        let mut to_write = Vec::new();
        for assertion in &self.assertions {
            let slot = slots.next().flatten();
            let outcome = match &state {
                State::Live(row, _) => {
                    upserted(row, slot.and_then(|at| row.slots.get(at)), assertion)
                }
                State::Tombstone => UpsertOutcome::Withdrawn,
                State::Missing(_) => match self.missing {
                    IfMissing::Skip => UpsertOutcome::NotFound,
                    IfMissing::CreateMinimal => UpsertOutcome::Written,
                },
            };
            self.outcomes.push(outcome);
            if outcome == UpsertOutcome::Written {
                to_write.push((*assertion, slot));
            }
        }
        if to_write.is_empty() {
            return Ok(None);
        }
        Ok(match state {
            State::Live(row, left) => Some(Planned {
                row: row.rewritten(Edit::Ids(&to_write))?,
                // Only a visit extends a lifetime; a partner keeps what is left of it.
                time_to_live: left,
                condition: matches(row),
            }),
            State::Missing(condition) => Some(Planned {
                row: self.minimal()?,
                time_to_live: self.policy.entry_ttl,
                condition,
            }),
            State::Tombstone => None,
        })
    }
}

/// What one assertion does to a live row, in which the partner has this slot.
fn upserted(row: &Row, slot: Option<&Slot>, new: &Claim<'_>) -> UpsertOutcome {
    let uid = |slot: &Slot| slot.uid.filter(|uid| uid.of(&row.text) != "null");
    let Some((slot, uid)) = slot.and_then(|slot| Some((*slot, uid(slot)?))) else {
        return UpsertOutcome::Written;
    };
    if uid.is_string(&row.text, new.uid) {
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
    pub(crate) outcome: TouchOutcome,
}

impl Touch {
    fn outcome(&self, state: &State<'_>) -> TouchOutcome {
        let row = match state {
            State::Missing(_) => return TouchOutcome::NotFound,
            State::Tombstone => return TouchOutcome::Withdrawn,
            State::Live(row, _) => row,
        };
        match self.now.checked_sub(row.last_visit()) {
            None => TouchOutcome::Stale,
            Some(age) if age < u64::from(self.policy.last_seen_debounce) => TouchOutcome::Debounced,
            Some(_) => TouchOutcome::Written,
        }
    }
}

impl Change for Touch {
    fn plan(&mut self, row: Option<&Row>) -> Result<Option<Planned>, GraphError> {
        let state = state(row, &self.policy, self.now);
        self.outcome = self.outcome(&state);
        match (self.outcome, state) {
            (TouchOutcome::Written, State::Live(row, _)) => Ok(Some(Planned {
                row: row.rewritten(Edit::LastSeen(self.now))?,
                time_to_live: self.policy.entry_ttl,
                condition: matches(row),
            })),
            _ => Ok(None),
        }
    }

    /// Never retried: whoever won has seen the browser more recently, or the next visit will tell.
    fn refused(&self) -> Option<GraphError> {
        Some(GraphError::Conflict)
    }
}

/// A cluster that was counted.
pub(crate) struct Cluster {
    pub(crate) counted: u32,
    pub(crate) policy: Policy,
    pub(crate) now: u64,
    pub(crate) size: Option<u32>,
}

impl Change for Cluster {
    fn plan(&mut self, row: Option<&Row>) -> Result<Option<Planned>, GraphError> {
        let (row, left) = match recount(row, &self.policy, self.now) {
            Recount::Keep(size) => {
                self.size = size;
                return Ok(None);
            }
            Recount::Due(row, left) => (row, left),
        };
        self.size = Some(self.counted);
        Ok(Some(Planned {
            row: row.rewritten(Edit::Cluster { size: self.counted, checked: self.now })?,
            time_to_live: left,
            condition: matches(row),
        }))
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
    // Clocks differ by seconds; a time far ahead is as good as none.
    let is_fresh = |checked| now.abs_diff(checked) < u64::from(policy.cluster_recheck);
    if size.is_some() && checked.is_some_and(is_fresh) {
        Recount::Keep(size)
    } else {
        Recount::Due(row, left)
    }
}
