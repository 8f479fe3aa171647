//! What outcomes and failures are called in the WIT interface, for people and for output.

use crate::ops::{
    CreateOutcome, Report, TouchOutcome, UpsertOutcome, VisitOutcome, WithdrawOutcome,
};

use crate::api::Failure;

/// The name of a case in the WIT interface.
pub trait Name {
    /// The name, e.g. `already-live`.
    fn name(&self) -> &'static str;
}

impl Name for CreateOutcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::AlreadyLive => "already-live",
            Self::Revived => "revived",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl Name for VisitOutcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Revived => "revived",
            Self::Written => "written",
            Self::Unchanged => "unchanged",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl Name for UpsertOutcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Unchanged => "unchanged",
            Self::Stale => "stale",
            Self::Withdrawn => "withdrawn",
            Self::NotFound => "not-found",
            Self::Invalid(_) => "invalid",
            Self::Full => "full",
        }
    }
}

impl Name for TouchOutcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Debounced => "debounced",
            Self::Stale => "stale",
            Self::Withdrawn => "withdrawn",
            Self::NotFound => "not-found",
        }
    }
}

impl Name for WithdrawOutcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Unchanged => "unchanged",
            Self::NotFound => "not-found",
        }
    }
}

impl Name for Failure {
    fn name(&self) -> &'static str {
        match self {
            Self::InvalidArgument(_) => "invalid-argument",
            Self::NoSuchStore => "no-such-store",
            Self::AlreadyExists => "already-exists",
            Self::Corrupt(_) => "corrupt",
            Self::TooLarge => "too-large",
            Self::Conflict => "conflict",
            Self::Throttled => "throttled",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

impl<O: Name> Name for Report<O> {
    fn name(&self) -> &'static str {
        self.outcome.name()
    }
}

impl<T: Name> Name for Result<T, Failure> {
    fn name(&self) -> &'static str {
        self.as_ref().map_or_else(Failure::name, T::name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_and_a_result_have_the_name_of_what_is_in_them() {
        let report = Report { outcome: VisitOutcome::Revived, ids: [].into(), left_out: [].into() };
        assert_eq!(report.name(), "revived");
        assert_eq!(Ok::<_, Failure>(report).name(), "revived");
        assert_eq!(Err::<CreateOutcome, _>(Failure::Conflict).name(), "conflict");
    }
}
