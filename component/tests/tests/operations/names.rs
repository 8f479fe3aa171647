//! Outcomes and failures are called what they are called in the interface.

use identity_graph::{
    CreateOutcome, Failure, Name, TouchOutcome, UpsertOutcome, VisitOutcome, WithdrawOutcome,
};

/// The cases of the WIT interface, one a line.
fn is_a_case(name: &str) -> bool {
    include_str!("../../../../wit/identity-graph.wit").lines().any(|line| {
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
