//! Partners and the user IDs they know a browser by.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use crate::contest::Claim;
use crate::error::InvalidArgument;
use crate::policy::{MAX_PARTNER_BYTES, MAX_UID_BYTES};
use crate::redact::Bytes;

/// A user ID that a partner knows the browser by. `Debug` does not show the UID.
#[derive(Clone, PartialEq, Eq)]
pub struct PartnerUid {
    /// The partner's key, usually its source domain.
    pub partner: String,
    /// The partner's ID for the browser.
    pub uid: String,
    /// When the partner or the browser asserted it, in Unix seconds; `None` in rows written without
    /// it, where it counts as 0. An upsert that gives none asserts the UID now.
    pub synced: Option<u64>,
}

impl PartnerUid {
    /// Checks the UID, and checks and lower-cases the partner key.
    ///
    /// # Errors
    /// [`InvalidArgument`] names the rule that the partner key or the UID breaks.
    pub fn validate(&mut self) -> Result<(), InvalidArgument> {
        check_partner(&self.partner)?;
        self.partner.make_ascii_lowercase();
        check_uid(&self.uid)
    }

    /// What it says, as of now where it gives no time.
    pub(crate) fn claim(&self, now: u64) -> Claim<'_> {
        Claim { about: &self.partner, uid: &self.uid, synced: self.synced.unwrap_or(now) }
    }
}

impl From<&Claim<'_>> for PartnerUid {
    fn from(claim: &Claim<'_>) -> Self {
        Self {
            partner: claim.about.to_owned(),
            uid: claim.uid.to_owned(),
            synced: Some(claim.synced),
        }
    }
}

impl fmt::Debug for PartnerUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartnerUid")
            .field("partner", &self.partner)
            .field("uid", &Bytes(self.uid.len()))
            .field("synced", &self.synced)
            .finish()
    }
}

/// Checks and lower-cases a partner key: 1 to 255 bytes of `a-z 0-9 . _ -`.
///
/// # Errors
/// [`InvalidArgument::Partner`] when the key has another form.
pub fn partner_key(key: &str) -> Result<String, InvalidArgument> {
    check_partner(key)?;
    Ok(key.to_ascii_lowercase())
}

fn check_partner(key: &str) -> Result<(), InvalidArgument> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if key.is_empty() || key.len() > MAX_PARTNER_BYTES || !key.bytes().all(allowed) {
        return Err(InvalidArgument::Partner(key.len()));
    }
    Ok(())
}

/// Checks a UID: 1 to 512 bytes, not blank, no control characters.
///
/// # Errors
/// [`InvalidArgument::UidBlank`], [`InvalidArgument::UidTooLong`] or [`InvalidArgument::UidControl`].
pub fn check_uid(uid: &str) -> Result<(), InvalidArgument> {
    if uid.len() > MAX_UID_BYTES {
        return Err(InvalidArgument::UidTooLong(uid.len()));
    }
    // Nearly every UID is of visible ASCII characters.
    if !uid.is_empty() && uid.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let mut is_blank = true;
    for (at, c) in uid.char_indices() {
        if c.is_control() {
            return Err(InvalidArgument::UidControl(at));
        }
        is_blank &= c.is_whitespace();
    }
    if is_blank { Err(InvalidArgument::UidBlank) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn partner_keys_are_lowered_and_bounded() {
        assert_eq!(partner_key("IDs.Acme_1-x.Example").unwrap(), "ids.acme_1-x.example");
        assert!(partner_key(&"a".repeat(255)).is_ok());
        for bad in ["", " ", "a b", "acme/ssp", "ämne", "a\n", &"a".repeat(256)] {
            assert_eq!(partner_key(bad), Err(InvalidArgument::Partner(bad.len())));
        }
    }

    #[test]
    fn uids_are_bounded_not_blank_and_free_of_controls() {
        assert_eq!(check_uid("ü-1 2"), Ok(()));
        assert_eq!(check_uid(&"u".repeat(512)), Ok(()));
        assert_eq!(check_uid(&"u".repeat(513)), Err(InvalidArgument::UidTooLong(513)));
        assert_eq!(check_uid(""), Err(InvalidArgument::UidBlank));
        assert_eq!(check_uid(" \u{2003}"), Err(InvalidArgument::UidBlank));
        for control in ["\t", "a\0", "a\u{7f}", "a\u{85}"] {
            assert!(matches!(check_uid(control), Err(InvalidArgument::UidControl(_))));
        }
    }

    #[test]
    fn debug_keeps_the_uid_to_itself() {
        let id = PartnerUid { partner: "p".into(), uid: "secret".into(), synced: None };
        assert!(!format!("{id:?}").contains("secret"));
    }
}
