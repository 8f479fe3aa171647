//! New EC IDs: an HMAC of the network, and six random characters.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const SUFFIX_LEN: usize = 6;
const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE: u64 = ALPHANUMERIC.len() as u64;

/// A new EC ID for a browser at this address, from a number that nobody can foresee.
///
/// Its hash is the same for all browsers of a network, and says nothing of the address without the
/// passphrase; the suffix tells the browsers apart.
pub(crate) fn mint(passphrase: &str, ip: IpAddr, random: u64) -> String {
    format!("{}.{}", hash(passphrase, ip), suffix(random))
}

/// Of 2^64 numbers each of the 62^6 suffixes has as good as the same share.
fn suffix(random: u64) -> String {
    let digits = std::iter::successors(Some(random), |rest| Some(rest / BASE)).take(SUFFIX_LEN);
    digits.map(|rest| char::from(ALPHANUMERIC[(rest % BASE) as usize])).collect()
}

fn hash(passphrase: &str, ip: IpAddr) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(passphrase.as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(network(ip).as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// An IPv4 address in dotted decimals; of an IPv6 address the first 64 bits in hex, since a browser
/// changes the others as it likes. The form is a contract: hashes of stored rows depend on it.
fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("{:016x}", ip.to_bits() >> 64),
    }
}

#[cfg(test)]
mod tests {
    use identity_graph::EcId;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_hash_is_an_hmac_sha256_of_the_network() {
        // RFC 4231 has no such key; this is `printf %s 192.0.2.1 | openssl dgst -sha256 -hmac key`.
        let expected = "0d01cd1f8c54f86cc05c8f0c75925c3a9692a6c6667092c922f2b1a6c15e4769";
        assert_eq!(hash("key", ip("192.0.2.1")), expected);
        assert_eq!(hash("key", ip("::ffff:192.0.2.1")), expected);
        assert_ne!(hash("other", ip("192.0.2.1")), expected);
    }

    #[test]
    fn an_ipv6_network_is_its_first_64_bits() {
        assert_eq!(network(ip("2001:db8:0:1:aaaa:bbbb:cccc:dddd")), "20010db800000001");
        assert_eq!(network(ip("2001:db8:0:1::")), "20010db800000001");
        assert_ne!(network(ip("2001:db8:0:2::")), "20010db800000001");
    }

    #[test]
    fn a_suffix_is_six_digits_of_its_number() {
        assert_eq!(suffix(0), "000000");
        assert_eq!(suffix(61), "z00000");
        assert_eq!(suffix(62), "010000");
        assert_eq!(suffix(62_u64.pow(6) - 1), "zzzzzz");
    }

    #[test]
    fn ids_of_one_network_share_the_hash_and_not_the_suffix() {
        let id = |random| EcId::parse(&mint("passphrase", ip("192.0.2.1"), random)).unwrap();
        let (one, two) = (id(u64::MAX), id(u64::MAX - 1));
        assert_eq!(one.hash(), two.hash());
        assert_ne!(one, two);
    }
}
