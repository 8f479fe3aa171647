//! Conversions between the enumerations of the bindings (`wit`) and those of the rules, and what holds
//! them.

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
    VisitOutcome { Created, Revived, Written, Unchanged, Withdrawn }
    TouchOutcome { Written, Debounced, Stale, Withdrawn, NotFound }
    WithdrawOutcome { Written, Unchanged, NotFound }
    Order { Time, Arrival }
}

impl From<wit::IfMissing> for rules::IfMissing {
    fn from(missing: wit::IfMissing) -> Self {
        match missing {
            wit::IfMissing::Skip => Self::Skip,
            wit::IfMissing::CreateMinimal => Self::CreateMinimal,
        }
    }
}

impl From<wit::Order> for rules::Order {
    fn from(order: wit::Order) -> Self {
        match order {
            wit::Order::Time => Self::Time,
            wit::Order::Arrival => Self::Arrival,
        }
    }
}

/// Both ways: the fields are listed once.
macro_rules! policy {
    ($($field:ident),*) => {
        impl From<rules::Policy> for wit::Policy {
            fn from(policy: rules::Policy) -> Self {
                let rules::Policy { $($field,)* order } = policy;
                Self { $($field,)* order: order.into() }
            }
        }

        impl From<wit::Policy> for rules::Policy {
            fn from(policy: wit::Policy) -> Self {
                let wit::Policy { $($field,)* order } = policy;
                Self { $($field,)* order: order.into() }
            }
        }
    };
}

policy!(
    entry_ttl,
    max_age,
    tombstone_ttl,
    last_seen_debounce,
    max_cas_attempts,
    cluster_recheck,
    clock_skew,
    resync,
    max_partners
);

impl From<rules::MappingOutcome> for wit::MappingOutcome {
    fn from(outcome: rules::MappingOutcome) -> Self {
        match outcome {
            Ok(outcome) => Self::Done(outcome),
            Err(error) => Self::Failed(error.into()),
        }
    }
}

impl From<rules::Report<()>> for wit::Report {
    fn from(report: rules::Report<()>) -> Self {
        let rules::Report { outcome: (), ids, left_out } = report;
        Self { ids, left_out }
    }
}

/// Reports with an outcome.
macro_rules! reports {
    ($($outcome:ident => $report:ident;)*) => {$(
        impl From<rules::Report<rules::$outcome>> for wit::$report {
            fn from(report: rules::Report<rules::$outcome>) -> Self {
                let rules::Report { outcome, ids, left_out } = report;
                Self { outcome: outcome.into(), ids, left_out }
            }
        }
    )*};
}

reports! {
    CreateOutcome => CreateReport;
    VisitOutcome => VisitReport;
}
