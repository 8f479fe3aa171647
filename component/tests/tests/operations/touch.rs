//! `update_last_seen`.

use host_test::{TestGraph, for_both, for_both_with};
use identity_graph::{
    Failure, Policy,
    TouchOutcome::{self, Debounced, NotFound, Stale, Withdrawn, Written},
};
use serde_json::{Value, json};

use crate::support::*;

fn visit(test: &TestGraph) -> Result<TouchOutcome, Failure> {
    test.graph.update_last_seen(EC, NOW)
}

/// Checks that a visit now meets this end on the row.
fn meets(policy: Policy, seed: &Seed, expected: TouchOutcome) {
    for_both_with(policy, |test| {
        seed.seed(test);
        if expected == Written {
            let mut wanted: Value = serde_json::from_str(&seed.body()).unwrap();
            wanted["last_seen"] = json!(NOW);
            assert_eq!(writes(test, calls(1, 1), Ok(Written), visit), wanted);
            assert_eq!(row(test).expires_at, Some(NOW + u64::from(policy.entry_ttl)));
        } else {
            leaves(test, calls(1, 0), Ok(expected), visit);
        }
    });
}

#[test]
fn a_visit_moves_last_seen_and_starts_the_lifetime_anew() {
    meets(Policy::default(), &live(BEFORE).uid(PARTNER, "u", 5), Written);
}

#[test]
fn visits_less_than_the_debounce_apart_are_one_write() {
    for (age, expected) in [(0, Debounced), (299, Debounced), (300, Written), (301, Written)] {
        meets(Policy::default(), &live(NOW - age), expected);
    }
}

#[test]
fn the_debounce_is_the_one_of_the_policy() {
    let of = |last_seen_debounce| Policy { last_seen_debounce, ..Policy::default() };
    meets(of(10), &live(NOW - 9), Debounced);
    meets(of(10), &live(NOW - 10), Written);
    meets(of(0), &live(NOW), Written);
    let longest = Policy { entry_ttl: u32::MAX, max_age: None, ..of(u32::MAX / 2) };
    meets(longest, &live(BEFORE), Debounced);
}

#[test]
fn last_seen_does_not_go_back_within_the_skew_of_clocks() {
    meets(Policy::default(), &live(NOW + 1), Stale);
    meets(Policy::default(), &live(NOW + 300), Stale);
}

#[test]
fn a_row_without_last_seen_has_had_no_visit_that_is_known() {
    for made in [NOW - YEAR, NOW - 1, NOW, NOW + 1] {
        meets(Policy::default(), &live(made).without("last_seen"), Written);
    }
}

#[test]
fn a_tombstone_is_not_visited_however_old_it_is() {
    for at in [BEFORE, NOW - 2 * DAY, NOW - 2 * YEAR, NOW + 1] {
        meets(Policy::default(), &tombstone(at), Withdrawn);
    }
}

#[test]
fn a_missing_row_and_one_past_its_lifetime_are_not_found() {
    meets(Policy::default(), &expired(), NotFound);
    meets(Policy::default(), &live(NOW - YEAR + 1), Written);
    for_both(|test| leaves(test, calls(1, 0), Ok(NotFound), visit));
}

#[test]
fn a_corrupt_row_is_named_and_left() {
    for_both(|test| {
        seed_corrupt(test);
        leaves(test, calls(1, 0), Err(CORRUPT), visit);
    });
}
