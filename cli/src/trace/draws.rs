//! Chance that a seed decides, the same on every machine: integers only.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Makes [`Draws`] for as many purposes as there are numbers. What one purpose draws does not depend
/// on what others drew, so that anything about a visitor can be made again when it is needed.
#[derive(Clone)]
pub(crate) struct Source(ChaCha8Rng);

impl Source {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(crate) fn draws(&self, purpose: u64) -> Draws {
        let mut rng = self.0.clone();
        rng.set_stream(purpose);
        Draws(rng)
    }
}

pub(crate) struct Draws(ChaCha8Rng);

impl Draws {
    /// A number from 0 to `limit - 1`.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.0.random_range(0..limit)
    }

    /// True so many times of a thousand.
    pub(crate) fn happens(&mut self, of_a_thousand: u32) -> bool {
        self.below(1_000) < of_a_thousand
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let limit = u32::try_from(from.len()).unwrap_or(u32::MAX);
        &from[self.below(limit) as usize]
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(*self.pick(alphabet))).collect()
    }

    pub(crate) fn base64url(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(BASE64URL[(self.0.next_u32() >> 26) as usize])).collect()
    }

    pub(crate) fn hex(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(HEX[(self.0.next_u32() >> 28) as usize])).collect()
    }

    pub(crate) fn alphanumeric(&mut self, length: usize) -> String {
        self.text(ALPHANUMERIC, length)
    }

    /// A UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let variant = *self.pick(b"89ab") as char;
        format!(
            "{}-{}-4{}-{variant}{}-{}",
            self.hex(8),
            self.hex(4),
            self.hex(3),
            self.hex(3),
            self.hex(12)
        )
    }
}

/// Bits in the order in which consent strings have them.
#[derive(Default)]
pub(crate) struct Bits(Vec<bool>);

impl Bits {
    pub(crate) fn push(&mut self, value: u64, width: u32) -> &mut Self {
        self.0.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    /// Base64url without padding characters, of whole bytes as both consent formats want.
    pub(crate) fn encode(mut self) -> String {
        self.0.resize(self.0.len().next_multiple_of(8), false);
        let digit = |bits: &[bool]| {
            let value = (0..6).fold(0, |value, at| {
                value << 1 | usize::from(bits.get(at).copied().unwrap_or_default())
            });
            char::from(BASE64URL[value])
        };
        self.0.chunks(6).map(digit).collect()
    }
}
