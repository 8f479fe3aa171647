//! What the fuzz targets check, as functions of bytes, so that seeds run as plain tests, too.
//!
//! - [`row`]: any bytes as a stored row, through every operation
//! - [`operations`]: any sequence of operations over a store that answers anything
//! - [`consent`]: any text as a consent string of any kind
//!
//! `just fuzz` runs them under libFuzzer and keeps what it learns in `fuzz/corpus`; inputs that once
//! failed, or reach far, stand in `fuzz/seeds` and are run by `cargo test`.

mod arguments;
mod consent;
mod kept;
mod operations;
mod row;
mod script;

pub use consent::consent;
pub use operations::operations;
pub use row::row;
