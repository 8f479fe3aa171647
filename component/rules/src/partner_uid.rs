//! What a partner or a browser says of a user ID.

use alloc::string::String;
use core::fmt;

use crate::error::InvalidArgument;
use crate::redact::Bytes;
use crate::types::{PartnerKey, Timestamp, Uid};

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

impl fmt::Debug for PartnerUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartnerUid")
            .field("partner", &self.partner)
            .field("uid", &Bytes(self.uid.len()))
            .field("synced", &self.synced)
            .finish()
    }
}

/// A UID that a call asserts, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assertion {
    pub(crate) partner: PartnerKey,
    pub(crate) uid: Uid,
    pub(crate) synced: Timestamp,
}

impl Assertion {
    /// Checks a UID of an argument, asserted `now` where it gives no time.
    pub(crate) fn parse(id: PartnerUid, now: Timestamp) -> Result<Self, InvalidArgument> {
        Ok(Self {
            partner: PartnerKey::parse(id.partner)?,
            uid: Uid::parse(id.uid)?,
            synced: id.synced.map_or(now, Timestamp::new),
        })
    }
}

impl From<Assertion> for PartnerUid {
    fn from(assertion: Assertion) -> Self {
        Self {
            partner: assertion.partner.into_string(),
            uid: assertion.uid.into_string(),
            synced: Some(assertion.synced.seconds()),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn debug_keeps_the_uid_to_itself() {
        let id = PartnerUid { partner: "p".into(), uid: "secret".into(), synced: None };
        assert!(!format!("{id:?}").contains("secret"));
    }
}
