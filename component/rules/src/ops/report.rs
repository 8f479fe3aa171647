//! What became of a visit and its parts.

use alloc::vec::Vec;

use super::assertions::Assertions;
use super::upsert_outcome::UpsertOutcome;
use crate::new_entry::LeftOut;

/// What became of a visit and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report<O> {
    /// What was done.
    pub outcome: O,
    /// One outcome for each UID, in the order of the call; none where an entry stays as it is.
    pub ids: Vec<UpsertOutcome>,
    /// What was malformed and is left out.
    pub left_out: Vec<LeftOut>,
}

impl<O> Report<O> {
    pub(super) fn new(
        (outcome, of_winners): (O, Vec<UpsertOutcome>),
        assertions: &Assertions,
        left_out: Vec<LeftOut>,
    ) -> Self {
        Self { outcome, ids: assertions.heard(&of_winners), left_out }
    }
}
