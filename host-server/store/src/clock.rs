//! The time, for stores that keep lifetimes themselves.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time in Unix seconds.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The clock of this machine.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

/// The second from which a value written now is gone. Both ends fall somewhere within their second, so
/// that a lifetime gets one more, to be a true minimum.
#[must_use]
pub fn expires_at(clock: &Clock, time_to_live: u32) -> u64 {
    clock().saturating_add(u64::from(time_to_live)).saturating_add(1)
}
