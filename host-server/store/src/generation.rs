//! Versions of stored values.

use identity_graph::KvError;

/// A version that a key has never had: 63 random bits, so that it also fits a signed column. A counter
/// could repeat after a failover that lost its last steps.
///
/// # Errors
/// [`KvError::Unavailable`] when the system has no randomness to give.
pub fn new_generation() -> Result<u64, KvError> {
    getrandom::u64().map(|bits| bits >> 1).map_err(|_| KvError::Unavailable)
}
