//! Chance that a seed decides, the same on every machine: integers only.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What is drawn from one seed for one purpose. What one purpose draws does not depend on what others
/// drew.
#[derive(Debug, Clone)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(purpose);
        Self(rng)
    }

    /// A number from 0 to `limit - 1`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0.random_range(0..limit)
    }

    /// A number from `least` to `most`.
    pub(crate) fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        self.0.random_range(least..=most)
    }

    /// True so many times of a thousand.
    pub(crate) fn happens(&mut self, of_a_thousand: u32) -> bool {
        self.below(1_000) < u64::from(of_a_thousand)
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.0.random_range(0..from.len())]
    }
}
