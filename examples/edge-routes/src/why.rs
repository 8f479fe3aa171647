//! Why one item of a request is not stored.

use std::borrow::Cow;

use identity_graph::{Failure, UpsertOutcome};
use serde::Serialize;

use crate::answer::{Problem, code};

/// The reason is stable, the rule is for people. No rule quotes what it judges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Why {
    /// Which field of the item breaks the rule; none where the row decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<&'static str>,
    pub(crate) reason: &'static str,
    pub(crate) rule: Cow<'static, str>,
}

impl Why {
    /// A field breaks a rule.
    pub(crate) fn new(
        field: &'static str,
        reason: &'static str,
        rule: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: Some(field), reason, rule: rule.into() }
    }

    /// Why a UID is not what is stored now, when it is not.
    pub(crate) fn of_outcome(outcome: UpsertOutcome) -> Option<Self> {
        let (reason, rule) = match outcome {
            UpsertOutcome::Written | UpsertOutcome::Unchanged => return None,
            UpsertOutcome::Stale => (
                "stale",
                "asserted later than what is stored, and than a removal or a withdrawal".into(),
            ),
            UpsertOutcome::Withdrawn => {
                ("withdrawn", "a visitor who has not withdrawn; forget the mapping".into())
            }
            UpsertOutcome::NotFound => (
                "not_found",
                "an ID with a row; one that is fresh may still come: try later".into(),
            ),
            UpsertOutcome::Full => ("full", "a row that has room for one more partner".into()),
            // What a request can break was judged before.
            UpsertOutcome::Invalid(rule) => ("invalid", rule.into()),
        };
        Some(Self { field: None, reason, rule })
    }
}

/// Of an item that the store failed for.
impl From<Failure> for Why {
    fn from(failure: Failure) -> Self {
        let reason = code(&failure);
        Self { field: None, reason, rule: Problem::from(failure).message.into() }
    }
}
