//! Every schedule of two operations on one row.

use identity_graph::Policy;
use identity_graph_simulator::Component;
use identity_graph_simulator::exhaustive::{Start, combinations, explore};

#[test]
fn every_invariant_holds_in_every_schedule_of_two_operations() {
    holds_in_every_schedule_of_two(Policy::default(), 1_100_000_000);
}

#[test]
fn every_invariant_holds_in_every_schedule_of_two_operations_by_the_policy_of_trusted_server() {
    holds_in_every_schedule_of_two(Policy::trusted_server(), 1_700_000_000);
}

fn holds_in_every_schedule_of_two(policy: Policy, least_schedules: u128) {
    let pairs = combinations(2);
    match explore(&Component, policy, &pairs, |_| ()) {
        Ok(report) => {
            println!("{report:?}");
            assert_eq!(report.combinations, 1_490, "121 pairs and 28 overwrites, on 10 rows");
            // Fewer would mean that something is no longer gone through.
            assert!(report.schedules > least_schedules, "{report:?}");
        }
        Err(failed) => panic!("\n{}", failed.history.timeline("step")),
    }
}

#[test]
fn combinations_are_unordered_and_each_operation_meets_itself() {
    let starts = Start::ALL.len();
    assert_eq!(combinations(1).len(), 14 * starts);
    // Two of the fourteen are always the same, the others meet themselves in two ways; so do the three
    // that write the same row and the two that write the same tombstone meet each other.
    let pairs = 105 + 12 + 4;
    assert_eq!(combinations(2).len(), (pairs + 14 * 2) * starts);
    assert_eq!(combinations(3).len(), (819 + pairs) * starts);
    assert!(combinations(2).iter().all(|of| of.operations.is_sorted()));
}
