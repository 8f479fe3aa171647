//! Every schedule of two operations on one row.

use identity_graph::Policy;
use identity_graph_simulator::Component;
use identity_graph_simulator::exhaustive::{Start, combinations, explore};

#[test]
fn every_invariant_holds_in_every_schedule_of_two_operations() {
    holds_in_every_schedule_of_two(Policy::default());
}

#[test]
fn every_invariant_holds_in_every_schedule_of_two_operations_by_the_policy_of_trusted_server() {
    holds_in_every_schedule_of_two(Policy::trusted_server());
}

fn holds_in_every_schedule_of_two(policy: Policy) {
    let pairs = combinations(2);
    match explore(&Component, policy, &pairs, |_| ()) {
        Ok(report) => {
            println!("{report:?}");
            assert_eq!(report.combinations, 1_310, "105 pairs and 26 overwrites, on 10 rows");
            // Fewer would mean that something is no longer gone through.
            assert!(report.schedules > 700_000_000, "{report:?}");
        }
        Err(failed) => panic!("\n{}", failed.history.timeline("step")),
    }
}

#[test]
fn combinations_are_unordered_and_each_operation_meets_itself() {
    let starts = Start::ALL.len();
    assert_eq!(combinations(1).len(), 13 * starts);
    // Two of the thirteen are always the same, the others meet themselves in two ways, and the three
    // that write the same row meet each other so.
    let pairs = 91 + 11 + 3;
    assert_eq!(combinations(2).len(), (pairs + 13 * 2) * starts);
    assert_eq!(combinations(3).len(), (669 + pairs) * starts);
    assert!(combinations(2).iter().all(|of| of.operations.is_sorted()));
}
