//! What the graph answered to an event, in words that hold no ID.

use identity_graph::{CreateOutcome, Failure, Name, TouchOutcome, UpsertOutcome};
use serde::Serialize;

/// The reply to one event.
pub(crate) enum Reply {
    Created(CreateOutcome),
    /// A page view of an entry: the outcome of each of the browser's UIDs, and that of noting the
    /// visit, which is left out when a UID was written.
    Viewed(Vec<UpsertOutcome>, Option<TouchOutcome>),
    Synced(Vec<Result<UpsertOutcome, Failure>>),
    Withdrawn,
    Deleted(bool),
    Counted(Option<u32>),
    Failed(Failure),
}

impl Reply {
    /// The reply in one word; of a sync the mappings have a word each.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Created(created) => created.name(),
            Self::Withdrawn => "withdrawn",
            Self::Viewed(_, None) => "ids-written",
            Self::Viewed(_, Some(TouchOutcome::Written)) => "last-seen-written",
            Self::Viewed(_, Some(touch)) => touch.name(),
            Self::Synced(_) => "synced",
            Self::Deleted(true) => "deleted",
            Self::Deleted(false) => "not-found",
            Self::Counted(Some(_)) => "counted",
            Self::Counted(None) => "no-entry",
            Self::Failed(failure) => failure.name(),
        }
    }

    /// The rule that the event broke, which makes its line a bad one. Of several mappings the first
    /// that broke one is named.
    pub(crate) fn broken_rule(&self) -> Option<String> {
        match self {
            Self::Failed(Failure::InvalidArgument(rule)) => Some(rule.clone()),
            Self::Synced(outcomes) => {
                let broken = outcomes.iter().enumerate().find_map(|(at, outcome)| match outcome {
                    Err(Failure::InvalidArgument(rule)) => Some((at, rule)),
                    _ => None,
                });
                broken.map(|(at, rule)| {
                    let of = outcomes.len();
                    format!("mapping {} of {of}: {rule}; the others were handled", at + 1)
                })
            }
            _ => None,
        }
    }
}

/// One line of `--outcomes`.
#[derive(Serialize)]
pub(crate) struct OutcomeLine<'a> {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Words>,
    /// What became of each of the browser's UIDs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ids: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Words {
    One(&'static str),
    Each(Vec<&'static str>),
}

impl<'a> OutcomeLine<'a> {
    pub(crate) fn of(
        line: u64,
        event: &'static str,
        reply: &Reply,
        error: Option<&'a str>,
    ) -> Self {
        let outcome = Some(match reply {
            Reply::Synced(outcomes) => Words::Each(outcomes.iter().map(Name::name).collect()),
            other => Words::One(other.word()),
        });
        let ids = match reply {
            Reply::Viewed(ids, _) => ids.iter().map(Name::name).collect(),
            _ => Vec::new(),
        };
        let cluster_size = match reply {
            Reply::Counted(size) => *size,
            _ => None,
        };
        Self { line, event: Some(event), outcome, ids, cluster_size, error }
    }

    /// The line is no event.
    pub(crate) fn bad(line: u64, error: &'a str) -> Self {
        let (event, outcome, ids, cluster_size) = (None, None, Vec::new(), None);
        Self { line, event, outcome, ids, cluster_size, error: Some(error) }
    }
}
