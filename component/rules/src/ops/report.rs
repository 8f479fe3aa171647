//! What became of a visit and its parts.

use alloc::vec::Vec;

use super::upsert_outcome::UpsertOutcome;
use crate::new_entry::{LeftOut, Visit};

/// What became of a visit and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Report<O> {
    /// What was done.
    pub outcome: O,
    /// One outcome for each UID, in the order of the call; none where an entry stays as it is.
    pub ids: Vec<UpsertOutcome>,
    /// What was malformed and is left out.
    pub left_out: Vec<LeftOut>,
}

impl Visit {
    /// The report of the visit, from what became of each partner.
    pub(super) fn report<O>(self, outcome: O, of_winners: &[UpsertOutcome]) -> Report<O> {
        Report { outcome, ids: self.assertions.heard(of_winners), left_out: self.left_out }
    }
}
