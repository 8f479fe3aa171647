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

/// Characters that tell partners apart, 3 bytes. Where two of one browser share them it costs writes:
/// the UID of one is forgotten for that of the other.
const TAG: usize = 4;
/// Characters that tell UIDs apart, 4.5 bytes. Of 2^36 changes of a UID one goes unnoticed.
const DIGEST: usize = 6;
/// UIDs that are remembered, twice as many as a view may bring.
const MAX_UIDS: usize = 40;

/// The value of the cookie: when the visit was last stored, and of each partner a digest of the UID
/// that was stored last, those that the browser had most recently first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    pub(crate) at: u64,
    uids: Vec<String>,
}

impl Seen {
    pub(crate) fn new(at: u64, ids: &[PartnerUid]) -> Self {
        Self::default().and(at, ids)
    }

    /// Reads a cookie. Of what is malformed nothing has been stored.
    pub(crate) fn parse(cookie: &str) -> Self {
        let mut parts = cookie.split('.');
        let at = parts.next().and_then(|at| at.parse().ok()).unwrap_or_default();
        let is_char = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let uids = parts.filter(|uid| uid.len() == TAG + DIGEST && uid.bytes().all(is_char));
        Self { at, uids: uids.take(MAX_UIDS).map(str::to_owned).collect() }
    }

    /// Whether this UID has been stored before, and no other of its partner since.
    pub(crate) fn has(&self, id: &PartnerUid) -> bool {
        self.uids.contains(&digest(id))
    }

    /// What has been stored after this as well. A UID that a view does not bring stays: it may come
    /// back, and what its partner has synced meanwhile is to stand.
    pub(crate) fn and(&self, at: u64, ids: &[PartnerUid]) -> Self {
        let mut uids: Vec<_> = ids.iter().map(digest).collect();
        for earlier in &self.uids {
            if !uids.iter().any(|uid| uid[..TAG] == earlier[..TAG]) {
                uids.push(earlier.clone());
            }
        }
        uids.truncate(MAX_UIDS);
        Self { at, uids }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)?;
        self.uids.iter().try_for_each(|uid| write!(f, ".{uid}"))
    }
}

/// The tag of the partner and the digest of the UID.
fn digest(id: &PartnerUid) -> String {
    let hash = |text: &str, length| {
        let mut hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text));
        hash.truncate(length);
        hash
    };
    hash(&id.partner, TAG) + &hash(&format!("{}\0{}", id.partner, id.uid), DIGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(partner: &str, uid: &str) -> PartnerUid {
        PartnerUid::new(partner, uid)
    }

    #[test]
    fn it_is_read_back_as_it_was_written() {
        let seen = Seen::new(1_790_000_000, &[id("a", "1"), id("b", "2")]);
        assert_eq!(Seen::parse(&seen.to_string()), seen);
        assert_eq!(seen.to_string().len(), "1790000000".len() + 2 * ".abcdefghij".len());
        assert!(seen.has(&id("a", "1")) && seen.has(&id("b", "2")));
        assert!(!seen.has(&id("a", "2")) && !seen.has(&id("c", "1")));
    }

    #[test]
    fn of_nonsense_nothing_has_been_stored() {
        for cookie in ["", "x", "-1", "..", "x.abcdefghi;", "x.abcdefghü"] {
            let seen = Seen::parse(cookie);
            assert_eq!(seen, Seen::default());
        }
    }

    #[test]
    fn of_each_partner_the_last_uid_is_remembered() {
        let seen = Seen::new(1, &[id("a", "1"), id("b", "2")]).and(2, &[id("c", "3")]);
        assert!(seen.has(&id("a", "1")) && seen.has(&id("b", "2")) && seen.has(&id("c", "3")));
        let seen = seen.and(3, &[id("a", "4")]);
        assert!(seen.has(&id("a", "4")) && seen.has(&id("b", "2")));
        assert!(!seen.has(&id("a", "1")), "a UID that comes back is a change");
    }

    #[test]
    fn what_a_browser_brought_long_ago_is_forgotten_first() {
        let ids: Vec<_> = (0..50).map(|n| id(&format!("p{n}"), "u")).collect();
        let seen =
            ids.iter().fold(Seen::default(), |seen, id| seen.and(1, std::slice::from_ref(id)));
        assert!(ids[10..].iter().all(|id| seen.has(id)));
        assert!(!ids[..10].iter().any(|id| seen.has(id)));
        assert_eq!(Seen::parse(&seen.to_string()), seen);
    }
}
