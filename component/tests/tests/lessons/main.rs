//! How identity graphs lose IDs and undo withdrawals in the field: one test for each failure, under
//! its own id, with the interleaving that shows it, over the component and over the native rules.

#[path = "../operations/support.rs"]
#[expect(dead_code, reason = "shared with the tests of operations, which use more of it")]
mod support;

mod batches;
mod conflicts;
mod lost_answers;
mod rates;
mod rows;
mod time;
mod withdrawals;
