//! Lines for the operator.

use std::io::{Write, stderr};

/// Writes a line of the service's log. It names an EC ID by its first characters only.
pub(crate) fn log(line: &str) {
    // In one call, as the platform makes a line of each. A line that is lost costs no request.
    let _ = stderr().write_all(format!("{line}\n").as_bytes());
}
