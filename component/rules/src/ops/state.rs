//! What a row is at a given time.

use crate::policy::Policy;
use crate::row::Row;
use crate::store::Precondition;
use crate::types::Now;

/// What a row is at a given time.
#[derive(Clone, Copy)]
pub(super) enum State<'a> {
    /// There is none, or it is too old to count; with what must be true of the key to write a new one.
    Missing(Precondition),
    /// A withdrawal.
    Tombstone(&'a Row),
    /// An entry, and the seconds for which the store is to keep it on.
    Live(&'a Row, u32),
}

impl<'a> State<'a> {
    pub(super) fn of(row: Option<&'a Row>, policy: &Policy, now: Now) -> Self {
        let Some(row) = row else { return Self::Missing(Precondition::Absent) };
        // A tombstone that the store has not removed yet is still a withdrawal.
        if !row.is_live() {
            return Self::Tombstone(row);
        }
        // A row that does not say when it was seen lives as long as the store keeps it.
        let Some(last_seen) = row.last_seen(now) else { return Self::Live(row, policy.entry_ttl) };
        let age = now.at.since(last_seen).unwrap_or_default();
        if policy.max_age.is_some_and(|most| age >= u64::from(most)) {
            return Self::Missing(matches(row));
        }
        // Of a row that has outlived what it was given nobody knows how long the store keeps it.
        let left = u32::try_from(age).ok().and_then(|age| policy.entry_ttl.checked_sub(age));
        Self::Live(row, left.filter(|left| *left > 0).unwrap_or(policy.entry_ttl))
    }
}

/// The row is still what was read.
pub(super) fn matches(row: &Row) -> Precondition {
    Precondition::Matches(row.generation.number())
}
