//! What any store judges the same way by the contract of `kv-cas`, and what a test's store adds.

pub use identity_graph::contract::{
    MAX_BODY_BYTES, MAX_KEY_BYTES, MAX_METADATA_BYTES, bounded, check_key, check_write, holds,
    within_one_answer,
};

/// Spreads serial numbers over all of `u64`, each to one of its own (every step can be undone), so
/// that nobody comes to rely on the order of generations. The constants are those of `SplitMix64`.
#[must_use]
pub fn scatter(serial: u64) -> u64 {
    let mut mixed = serial.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
