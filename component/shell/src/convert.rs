//! Conversions between the types of the bindings (`wit`) and those of the rules.

use alloc::string::String;

use identity_graph as rules;

use crate::wit;

impl From<rules::GraphError> for wit::GraphError {
    // One copy for all exports keeps the component small.
    #[inline(never)]
    fn from(error: rules::GraphError) -> Self {
        match error {
            rules::GraphError::InvalidArgument(rule) => {
                Self::InvalidArgument(said(|out| rule.say(out)))
            }
            rules::GraphError::NoSuchStore => Self::NoSuchStore,
            rules::GraphError::AlreadyExists => Self::AlreadyExists,
            rules::GraphError::Corrupt(problem) => Self::Corrupt(said(|out| problem.say(out))),
            rules::GraphError::TooLarge => Self::TooLarge,
            rules::GraphError::Conflict => Self::Conflict,
            rules::GraphError::Throttled => Self::Throttled,
            rules::GraphError::Unavailable(outage) => {
                Self::Unavailable(said(|out| outage.say(out)))
            }
        }
    }
}

fn said(say: impl FnOnce(&mut dyn FnMut(&str))) -> String {
    let mut text = String::new();
    say(&mut |piece| text.push_str(piece));
    text
}

impl From<rules::InvalidArgument> for wit::GraphError {
    fn from(rule: rules::InvalidArgument) -> Self {
        rules::GraphError::from(rule).into()
    }
}

impl From<rules::KvError> for wit::GraphError {
    fn from(error: rules::KvError) -> Self {
        rules::GraphError::from(error).into()
    }
}

impl From<wit::IfMissing> for rules::IfMissing {
    fn from(missing: wit::IfMissing) -> Self {
        match missing {
            wit::IfMissing::Skip => Self::Skip,
            wit::IfMissing::CreateMinimal => Self::CreateMinimal,
        }
    }
}

impl From<rules::CreateOutcome> for wit::CreateOutcome {
    fn from(outcome: rules::CreateOutcome) -> Self {
        match outcome {
            rules::CreateOutcome::Created => Self::Created,
            rules::CreateOutcome::AlreadyLive => Self::AlreadyLive,
            rules::CreateOutcome::Revived => Self::Revived,
            rules::CreateOutcome::Withdrawn => Self::Withdrawn,
        }
    }
}

impl From<rules::UpsertOutcome> for wit::UpsertOutcome {
    fn from(outcome: rules::UpsertOutcome) -> Self {
        match outcome {
            rules::UpsertOutcome::Written => Self::Written,
            rules::UpsertOutcome::Unchanged => Self::Unchanged,
            rules::UpsertOutcome::Stale => Self::Stale,
            rules::UpsertOutcome::Withdrawn => Self::Withdrawn,
            rules::UpsertOutcome::NotFound => Self::NotFound,
        }
    }
}

impl From<rules::TouchOutcome> for wit::TouchOutcome {
    fn from(outcome: rules::TouchOutcome) -> Self {
        match outcome {
            rules::TouchOutcome::Written => Self::Written,
            rules::TouchOutcome::Debounced => Self::Debounced,
            rules::TouchOutcome::Stale => Self::Stale,
            rules::TouchOutcome::Withdrawn => Self::Withdrawn,
            rules::TouchOutcome::NotFound => Self::NotFound,
        }
    }
}

impl From<rules::MappingOutcome> for wit::MappingOutcome {
    fn from(outcome: rules::MappingOutcome) -> Self {
        match outcome {
            Ok(outcome) => Self::Done(outcome.into()),
            Err(error) => Self::Failed(error.into()),
        }
    }
}

impl From<rules::RawRow> for wit::RawRow {
    fn from(row: rules::RawRow) -> Self {
        Self {
            body: row.body,
            metadata: row.metadata,
            generation: row.generation,
            problem: row.problem.map(|problem| said(|out| problem.say(out))),
        }
    }
}
