//! One Worker for many tests.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What the tests of one program share.
///
/// It is there while some test holds it: a static value would never be dropped, and workerd would go on
/// after the tests. Tests that run one after the other may each start it anew.
#[derive(Debug)]
pub struct Shared<T> {
    start: fn() -> T,
    running: Mutex<Weak<T>>,
}

impl<T> Shared<T> {
    /// What the first test that asks for it starts.
    #[must_use]
    pub const fn new(start: fn() -> T) -> Self {
        Self { start, running: Mutex::new(Weak::new()) }
    }

    /// It, running.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let started = Arc::new((self.start)());
            *running = Arc::downgrade(&started);
            started
        })
    }
}
