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
    use alloc::string::String;

    use super::*;

    /// The cases of the WIT interface, one a line.
    fn is_a_case(name: &str) -> bool {
        include_str!("../../../wit/identity-graph.wit").lines().any(|line| {
            let case = line.trim().trim_end_matches(',');
            case == name || case.split('(').next() == Some(name)
        })
    }

    #[test]
    fn every_outcome_and_failure_has_the_name_it_has_in_the_interface() {
        let create = [
            (CreateOutcome::Created, "created"),
            (CreateOutcome::AlreadyLive, "already-live"),
            (CreateOutcome::Revived, "revived"),
            (CreateOutcome::Withdrawn, "withdrawn"),
        ];
        let visit = [
            (VisitOutcome::Created, "created"),
            (VisitOutcome::Revived, "revived"),
            (VisitOutcome::Written, "written"),
            (VisitOutcome::Unchanged, "unchanged"),
            (VisitOutcome::Withdrawn, "withdrawn"),
        ];
        let touch = [
            (TouchOutcome::Written, "written"),
            (TouchOutcome::Debounced, "debounced"),
            (TouchOutcome::Stale, "stale"),
            (TouchOutcome::Withdrawn, "withdrawn"),
            (TouchOutcome::NotFound, "not-found"),
        ];
        let withdraw = [
            (WithdrawOutcome::Written, "written"),
            (WithdrawOutcome::Unchanged, "unchanged"),
            (WithdrawOutcome::NotFound, "not-found"),
        ];
        let upsert = [
            (UpsertOutcome::Written, "written"),
            (UpsertOutcome::Unchanged, "unchanged"),
            (UpsertOutcome::Stale, "stale"),
            (UpsertOutcome::Withdrawn, "withdrawn"),
            (UpsertOutcome::NotFound, "not-found"),
            (UpsertOutcome::Invalid(String::new()), "invalid"),
            (UpsertOutcome::Full, "full"),
        ];
        let failures = [
            (Failure::InvalidArgument(String::new()), "invalid-argument"),
            (Failure::NoSuchStore, "no-such-store"),
            (Failure::AlreadyExists, "already-exists"),
            (Failure::Corrupt(String::new()), "corrupt"),
            (Failure::TooLarge, "too-large"),
            (Failure::Conflict, "conflict"),
            (Failure::Throttled, "throttled"),
            (Failure::Unavailable(String::new()), "unavailable"),
        ];
        let names = (create.iter().map(|(outcome, name)| (outcome.name(), *name)))
            .chain(visit.iter().map(|(outcome, name)| (outcome.name(), *name)))
            .chain(withdraw.iter().map(|(outcome, name)| (outcome.name(), *name)))
            .chain(touch.iter().map(|(outcome, name)| (outcome.name(), *name)))
            .chain(upsert.iter().map(|(outcome, name)| (outcome.name(), *name)))
            .chain(failures.iter().map(|(failure, name)| (failure.name(), *name)));
        for (said, name) in names {
            assert_eq!(said, name);
            assert!(is_a_case(name), "{name} is no case of the interface");
        }
    }

    #[test]
    fn a_report_and_a_result_have_the_name_of_what_is_in_them() {
        let report = Report { outcome: VisitOutcome::Revived, ids: [].into(), left_out: [].into() };
        assert_eq!(report.name(), "revived");
        assert_eq!(Ok::<_, Failure>(report).name(), "revived");
        assert_eq!(Err::<CreateOutcome, _>(Failure::Conflict).name(), "conflict");
    }
}
