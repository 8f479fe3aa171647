//! Lines for the operator.

/// Writes a line of the service's log. It names an EC ID by its first characters only.
pub(crate) fn log(line: &str) {
    // In one piece, as the platform makes a line of each.
    let line = format!("{line}\n");
    eprint!("{line}");
}
