//! The UIDs that a call asserts.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::latest::{Items, Latest};
use super::upsert_outcome::UpsertOutcome;
use crate::error::InvalidArgument;
use crate::partner_uid::Assertion;
use crate::types::Now;

/// The UIDs that a call asserts, of each partner the one that counts.
pub(crate) type Assertions = Latest<Assertion, InvalidArgument>;

impl Assertions {
    pub(crate) fn new(parsed: Items<Assertion, InvalidArgument>, now: Now) -> Self {
        Self::of(
            parsed,
            now,
            |assertion| assertion.partner.as_str(),
            |assertion| assertion.synced,
            |a, b| a.claim == b.claim,
        )
    }

    /// One outcome for each UID of the call, in order.
    pub(super) fn heard(&self, of_winners: &[UpsertOutcome]) -> Vec<UpsertOutcome> {
        self.outcomes(of_winners, invalid, beaten)
    }
}

pub(super) fn invalid(rule: &InvalidArgument) -> UpsertOutcome {
    UpsertOutcome::Invalid(rule.to_string())
}

/// What became of a UID other than the one that counts.
pub(super) fn beaten(winner: UpsertOutcome) -> UpsertOutcome {
    match winner {
        UpsertOutcome::Written | UpsertOutcome::Unchanged | UpsertOutcome::Stale => {
            UpsertOutcome::Stale
        }
        UpsertOutcome::Withdrawn
        | UpsertOutcome::NotFound
        | UpsertOutcome::Invalid(_)
        | UpsertOutcome::Full => winner,
    }
}
