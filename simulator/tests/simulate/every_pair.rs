//! Every schedule of two operations on one row.

use identity_graph_simulator::Component;
use identity_graph_simulator::exhaustive::{combinations, explore};

#[test]
fn every_invariant_holds_in_every_schedule_of_two_operations() {
    let pairs = combinations(2);
    match explore(&Component, &pairs, |_| ()) {
        Ok(report) => {
            println!("{report:?}");
            assert_eq!(report.combinations, 330, "55 pairs of 10 operations, from 6 rows");
            // Fewer would mean that something is no longer gone through.
            assert!(report.schedules > 1_500_000, "{report:?}");
        }
        Err(failed) => panic!("\n{}", failed.history.timeline("step")),
    }
}

#[test]
fn combinations_are_unordered_and_each_deed_meets_itself() {
    assert_eq!(combinations(1).len(), 10 * 6);
    assert_eq!(combinations(3).len(), 220 * 6);
    let pairs = combinations(2);
    assert!(pairs.iter().all(|(_, kinds)| kinds[0] <= kinds[1]));
    assert_eq!(pairs.iter().filter(|(_, kinds)| kinds[0] == kinds[1]).count(), 10 * 6);
}
