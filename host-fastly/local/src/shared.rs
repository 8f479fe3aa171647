//! One service for many tests.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::Viceroy;

/// A service that the tests of one program share.
///
/// It runs while some test holds it: a static value would never be dropped, and Viceroy would go on
/// after the tests. Tests that run one after the other may each start it anew.
#[derive(Debug)]
pub struct Shared {
    start: fn() -> Viceroy,
    running: Mutex<Weak<Viceroy>>,
}

impl Shared {
    /// A service that is started by the first test that asks for it.
    #[must_use]
    pub const fn new(start: fn() -> Viceroy) -> Self {
        Self { start, running: Mutex::new(Weak::new()) }
    }

    /// The service, running.
    ///
    /// # Panics
    /// As [`Viceroy::serve`] does.
    #[must_use]
    pub fn get(&self) -> Arc<Viceroy> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let started = Arc::new((self.start)());
            *running = Arc::downgrade(&started);
            started
        })
    }
}
