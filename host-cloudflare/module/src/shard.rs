//! Which Durable Object holds the row of an EC ID.

use identity_graph::EcId;
use sha2::{Digest, Sha256};

/// The object of an EC ID, one of 256. IDs of one network share their hash and are in one object, so
/// that it can count them; a provider's ID has no network, and goes where its own hash says.
///
/// What is no EC ID has no row; the graph refuses it in whichever object it is asked.
pub(crate) fn object_of(ec_id: &str) -> u8 {
    let Ok(id) = EcId::parse(ec_id) else { return 0 };
    let digits = id.hash().and_then(|hash| hash.get(..2));
    let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
    byte.unwrap_or_else(|| Sha256::digest(id.as_str())[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_in_one_object() {
        let hash = "3f".repeat(32);
        assert_eq!(object_of(&hash), 0x3f);
        assert_eq!(object_of(&format!("{hash}.Ab12Cd")), 0x3f);
        // As the graph reads it.
        assert_eq!(object_of(&hash.to_ascii_uppercase()), 0x3f);
        assert_eq!(object_of(&format!("{}.Ab12Cd", "00".repeat(32))), 0);
        assert_eq!(object_of(&format!("{}.Ab12Cd", "ff".repeat(32))), 0xff);
    }

    #[test]
    fn providers_ids_are_spread_over_all_objects() {
        let objects: std::collections::BTreeSet<_> =
            (0..5_000).map(|n| object_of(&format!("provider~{n}"))).collect();
        assert_eq!(objects.len(), 256);
        assert_eq!(object_of("provider~a"), object_of("provider~a"));
    }

    #[test]
    fn what_is_no_id_goes_somewhere() {
        for bad in ["", "short", "€", "Provider~x"] {
            assert_eq!(object_of(bad), 0);
        }
    }
}
