//! Every schedule of two operations on one row.

use identity_graph_simulator::Component;
use identity_graph_simulator::exhaustive::{Start, combinations, explore};

#[test]
fn every_invariant_holds_in_every_schedule_of_two_operations() {
    let pairs = combinations(2);
    match explore(&Component, &pairs, |_| ()) {
        Ok(report) => {
            println!("{report:?}");
            assert_eq!(report.combinations, 840, "64 pairs and 20 overwrites, on 10 rows");
            // Fewer would mean that something is no longer gone through.
            assert!(report.schedules > 700_000_000, "{report:?}");
        }
        Err(failed) => panic!("\n{}", failed.history.timeline("step")),
    }
}

#[test]
fn combinations_are_unordered_and_each_operation_meets_itself() {
    let starts = Start::ALL.len();
    assert_eq!(combinations(1).len(), 10 * starts);
    // Two of the ten are always the same; the others meet themselves in two ways, and a creation meets
    // a first visit so.
    let pairs = 55 + 8 + 1;
    assert_eq!(combinations(2).len(), (pairs + 10 * 2) * starts);
    assert_eq!(combinations(3).len(), (329 + pairs) * starts);
    assert!(combinations(2).iter().all(|of| of.operations.is_sorted()));
}
