//! An application's rows, its store and its older workers, with the rules handed over.

mod conformance;
mod costs;
mod failures;
mod fleets;
mod old_worker;
mod rows;
mod support;
mod withdrawals;
