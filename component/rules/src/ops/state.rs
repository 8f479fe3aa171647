//! What a row is at a given time.

use crate::policy::Policy;
use crate::row::Row;
use crate::store::Precondition;
use crate::types::Now;

/// What a row is at a given time.
#[derive(Clone, Copy)]
pub(super) enum State<'a> {
    /// There is none, or its lifetime is over; with what must be true of the key to write a new one.
    Missing(Precondition),
    /// A withdrawal.
    Tombstone(&'a Row),
    /// An entry, and the seconds that are left of its lifetime.
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
        let age = u32::try_from(now.at.since(last_seen).unwrap_or_default());
        let left = age.ok().and_then(|age| policy.entry_ttl.checked_sub(age));
        match left.filter(|left| *left > 0) {
            Some(left) => Self::Live(row, left),
            None => Self::Missing(matches(row)),
        }
    }
}

/// The row is still what was read.
pub(super) fn matches(row: &Row) -> Precondition {
    Precondition::Matches(row.generation.number())
}
