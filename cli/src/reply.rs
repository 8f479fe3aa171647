//! What the graph answered to an event, in words that hold no ID.

use identity_graph::{Failure, LeftOut, Name, Report, UpsertOutcome, VisitOutcome};
use serde::Serialize;

use crate::trace::Places;

/// The reply to one event. Of lists it knows which item of the line each outcome is of.
pub(crate) enum Reply {
    Visited(Report<VisitOutcome>, Places),
    Synced(Vec<Result<UpsertOutcome, Failure>>, Places),
    Removed(Vec<UpsertOutcome>, Places),
    Withdrawn,
    Deleted(bool),
    Counted(Option<u32>),
    Failed(Failure),
}

impl Reply {
    /// The reply in one word; of a sync and a removal the items have a word each.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Visited(report, _) => report.name(),
            Self::Withdrawn => "withdrawn",
            Self::Synced(..) => "synced",
            Self::Removed(..) => "removed",
            Self::Deleted(true) => "deleted",
            Self::Deleted(false) => "not-found",
            Self::Counted(Some(_)) => "counted",
            Self::Counted(None) => "no-entry",
            Self::Failed(failure) => failure.name(),
        }
    }

    /// The words of the items of a sync or a removal.
    pub(crate) fn words(&self) -> Option<Vec<&'static str>> {
        match self {
            Self::Synced(outcomes, _) => Some(outcomes.iter().map(Name::name).collect()),
            Self::Removed(outcomes, _) => Some(outcomes.iter().map(Name::name).collect()),
            _ => None,
        }
    }

    /// The rule that the event as a whole broke, which makes its line a bad one.
    pub(crate) fn broken_rule(&self) -> Option<&str> {
        match self {
            Self::Failed(Failure::InvalidArgument(rule)) => Some(rule),
            _ => None,
        }
    }

    /// What of the event the graph left out.
    pub(crate) fn left_out(&self) -> Vec<LeftOut> {
        let item = |list: &str, place: &usize, part: &str, why: &str| LeftOut {
            field: format!("{list}[{place}]{part}"),
            why: why.to_owned(),
        };
        let invalid = |list, outcomes: &[UpsertOutcome], places: &Places| -> Vec<_> {
            let items = outcomes.iter().zip(places);
            items
                .filter_map(|(outcome, place)| match outcome {
                    UpsertOutcome::Invalid(why) => Some(item(list, place, "", why)),
                    _ => None,
                })
                .collect()
        };
        match self {
            Self::Visited(report, places) => {
                let mut left_out = report.left_out.clone();
                left_out.extend(invalid("eids", &report.ids, places));
                left_out
            }
            Self::Removed(outcomes, places) => invalid("partners", outcomes, places),
            Self::Synced(outcomes, places) => {
                let items = outcomes.iter().zip(places);
                items
                    .filter_map(|(outcome, place)| match outcome {
                        Ok(UpsertOutcome::Invalid(why)) => Some(item("mappings", place, "", why)),
                        Err(Failure::InvalidArgument(why)) => {
                            Some(item("mappings", place, ".ec", why))
                        }
                        _ => None,
                    })
                    .collect()
            }
            _ => Vec::new(),
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<Part<'a>>,
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

/// A part of the event that was left out.
#[derive(Serialize)]
struct Part<'a> {
    field: &'a str,
    why: &'a str,
}

impl<'a> OutcomeLine<'a> {
    pub(crate) fn of(
        line: u64,
        event: &'static str,
        reply: &Reply,
        left_out: &'a [LeftOut],
        error: Option<&'a str>,
    ) -> Self {
        let outcome = Some(reply.words().map_or_else(|| Words::One(reply.word()), Words::Each));
        let ids = match reply {
            Reply::Visited(report, _) => report.ids.iter().map(Name::name).collect(),
            _ => Vec::new(),
        };
        let cluster_size = match reply {
            Reply::Counted(size) => *size,
            _ => None,
        };
        let left_out = left_out.iter().map(|LeftOut { field, why }| Part { field, why }).collect();
        Self { line, event: Some(event), outcome, ids, left_out, cluster_size, error }
    }

    /// The line is no event.
    pub(crate) fn bad(line: u64, error: &'a str) -> Self {
        Self {
            line,
            event: None,
            outcome: None,
            ids: Vec::new(),
            left_out: Vec::new(),
            cluster_size: None,
            error: Some(error),
        }
    }
}
