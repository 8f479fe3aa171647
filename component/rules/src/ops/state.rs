//! What a row is at a given time.

use crate::policy::Policy;
use crate::row::Row;
use crate::store::Precondition;
use crate::types::Timestamp;

/// What a row is at a given time.
pub(super) enum State<'a> {
    /// There is none, or its lifetime is over; with what must be true of the key to write a new one.
    Missing(Precondition),
    /// A withdrawal.
    Tombstone(&'a Row),
    /// An entry, and the seconds that are left of its lifetime.
    Live(&'a Row, u32),
}

impl<'a> State<'a> {
    pub(super) fn of(row: Option<&'a Row>, policy: &Policy, now: Timestamp) -> Self {
        match row {
            None => Self::Missing(Precondition::Absent),
            // A tombstone that the store has not removed yet is still a withdrawal.
            Some(row) if !row.is_live() => Self::Tombstone(row),
            Some(row) => match policy.remaining(row.last_visit(), now) {
                Some(left) => Self::Live(row, left),
                None => Self::Missing(matches(row)),
            },
        }
    }
}

/// The row is still what was read.
pub(super) fn matches(row: &Row) -> Precondition {
    Precondition::Matches(row.generation.number())
}
