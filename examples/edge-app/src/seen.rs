//! What of a browser has been stored, kept by the browser itself.
//!
//! Without it every view would have to read the row to learn that there is nothing to write. And the
//! browser's user IDs have no time of their own: they count as asserted when they are first seen, so
//! that one which the browser merely still carries does not come back over what a partner's server
//! has synced since.
//!
//! A browser that forges it harms nobody: it is written less, or more, itself.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity_graph::PartnerUid;
use sha2::{Digest, Sha256};

/// Bytes of a digest. Of 2^32 changes of a UID one goes unnoticed.
const DIGEST_BYTES: usize = 4;

/// The value of the cookie: when the visit was last stored, and a digest of each UID that was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    pub(crate) at: u64,
    digests: Vec<String>,
}

impl Seen {
    pub(crate) fn new(at: u64, ids: &[PartnerUid]) -> Self {
        Self { at, digests: ids.iter().map(digest).collect() }
    }

    /// Reads a cookie. Of what is malformed nothing has been stored.
    pub(crate) fn parse(cookie: &str) -> Self {
        let mut parts = cookie.split('.');
        let at = parts.next().and_then(|at| at.parse().ok()).unwrap_or_default();
        Self { at, digests: parts.map(str::to_owned).collect() }
    }

    /// Whether this UID has been stored before.
    pub(crate) fn has(&self, id: &PartnerUid) -> bool {
        self.digests.contains(&digest(id))
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)?;
        self.digests.iter().try_for_each(|digest| write!(f, ".{digest}"))
    }
}

fn digest(id: &PartnerUid) -> String {
    let hash = Sha256::new().chain_update(&id.partner).chain_update([0]).chain_update(&id.uid);
    BASE64_URL_SAFE_NO_PAD.encode(&hash.finalize()[..DIGEST_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(partner: &str, uid: &str) -> PartnerUid {
        PartnerUid { partner: partner.to_owned(), uid: uid.to_owned(), synced: None }
    }

    #[test]
    fn it_is_read_back_as_it_was_written() {
        let seen = Seen::new(1_790_000_000, &[id("a", "1"), id("b", "2")]);
        assert_eq!(Seen::parse(&seen.to_string()), seen);
        assert_eq!(seen.to_string().len(), "1790000000".len() + 2 * ".abcdef".len());
        assert!(seen.has(&id("a", "1")) && seen.has(&id("b", "2")));
        assert!(!seen.has(&id("a", "2")) && !seen.has(&id("c", "1")));
    }

    #[test]
    fn of_nonsense_nothing_has_been_stored() {
        for cookie in ["", "x", "-1", ".."] {
            let seen = Seen::parse(cookie);
            assert_eq!(seen.at, 0);
            assert!(!seen.has(&id("a", "1")));
        }
    }
}
