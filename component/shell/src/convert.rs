//! Conversions between the enumerations of the bindings (`wit`) and those of the rules.

use identity_graph as rules;

use crate::wit;

/// Each way exhaustive: a case that one side gains does not compile until the other has it.
macro_rules! outcomes {
    ($($name:ident { $($case:ident),* })*) => {$(
        impl From<rules::$name> for wit::$name {
            fn from(outcome: rules::$name) -> Self {
                match outcome {
                    $(rules::$name::$case => Self::$case,)*
                }
            }
        }
    )*};
}

outcomes! {
    CreateOutcome { Created, AlreadyLive, Revived, Withdrawn }
    UpsertOutcome { Written, Unchanged, Stale, Withdrawn, NotFound }
    TouchOutcome { Written, Debounced, Stale, Withdrawn, NotFound }
}

impl From<wit::IfMissing> for rules::IfMissing {
    fn from(missing: wit::IfMissing) -> Self {
        match missing {
            wit::IfMissing::Skip => Self::Skip,
            wit::IfMissing::CreateMinimal => Self::CreateMinimal,
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
