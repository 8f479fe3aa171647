//! What a partner or a browser says of a user ID.

use alloc::string::String;
use core::fmt;

use crate::error::InvalidArgument;
use crate::redact::Bytes;
use crate::types::{Ext, Now, PartnerKey, Timestamp, Uid};

/// A user ID that a partner knows the browser by. `Debug` shows neither the UID nor `ext`.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PartnerUid {
    /// The partner's key, usually its source domain.
    pub partner: String,
    /// The partner's ID for the browser.
    pub uid: String,
    /// When the partner or the browser asserted it, in Unix seconds; `None` in rows written without
    /// it, where it counts as 0. An upsert that gives none asserts the UID now.
    pub synced: Option<u64>,
    /// Agent type of `OpenRTB`; vendors' own numbers above 500 included.
    pub atype: Option<u32>,
    /// When the UID ends, in Unix seconds.
    pub expires: Option<u64>,
    /// What the partner sends with it: a JSON object of at most
    /// [`MAX_EXT_BYTES`](crate::limits::MAX_EXT_BYTES) bytes.
    pub ext: Option<String>,
}

impl PartnerUid {
    /// A UID asserted now, of which nothing else is known.
    ///
    /// ```
    /// let id = identity_graph::PartnerUid::new("ids.acme.example", "A-1");
    /// assert_eq!((id.partner.as_str(), id.synced), ("ids.acme.example", None));
    /// ```
    #[must_use]
    pub fn new(partner: impl Into<String>, uid: impl Into<String>) -> Self {
        let (partner, uid) = (partner.into(), uid.into());
        Self { partner, uid, synced: None, atype: None, expires: None, ext: None }
    }

    /// The same, asserted at this time.
    #[must_use]
    pub fn synced(self, synced: u64) -> Self {
        Self { synced: Some(synced), ..self }
    }
}

impl fmt::Debug for PartnerUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartnerUid")
            .field("partner", &self.partner)
            .field("uid", &Bytes(self.uid.len()))
            .field("synced", &self.synced)
            .field("atype", &self.atype)
            .field("expires", &self.expires)
            .field("ext", &self.ext.as_ref().map(|ext| Bytes(ext.len())))
            .finish()
    }
}

/// What a call asserts of one partner, checked.
#[derive(Clone)]
pub(crate) struct Assertion {
    pub(crate) partner: PartnerKey,
    /// `None` removes the partner's UID.
    pub(crate) claim: Option<Claim>,
    pub(crate) synced: Timestamp,
    /// Which of the call's items it is.
    pub(crate) order: usize,
}

/// A UID with what is said of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) uid: Uid,
    pub(crate) atype: Option<u32>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) ext: Option<Ext>,
}

impl Claim {
    /// Checks a UID and what is said of it.
    pub(crate) fn parse(
        uid: String,
        atype: Option<u32>,
        expires: Option<u64>,
        ext: Option<String>,
        now: Now,
    ) -> Result<Self, InvalidArgument> {
        let uid = Uid::parse(uid)?;
        let expires = end(expires, now)?;
        Ok(Self { uid, atype, expires, ext: Ext::given(ext)? })
    }
}

impl Assertion {
    /// Checks a UID of an argument.
    pub(crate) fn parse(
        mut id: PartnerUid,
        now: Now,
        order: usize,
    ) -> Result<Self, InvalidArgument> {
        let ext = Ext::given(id.ext.take());
        Self::with(id, ext, now, order)
    }

    /// Checks a UID, apart from its `ext`, which was checked.
    #[inline]
    pub(crate) fn with(
        id: PartnerUid,
        ext: Result<Option<Ext>, InvalidArgument>,
        now: Now,
        order: usize,
    ) -> Result<Self, InvalidArgument> {
        let PartnerUid { partner, uid, synced, atype, expires, ext: _ } = id;
        // Put together at the end, since there are many and each has more than a hundred bytes.
        let partner = PartnerKey::parse(partner)?;
        let uid = Uid::parse(uid)?;
        let expires = end(expires, now)?;
        let ext = ext?;
        let synced = now.asserted("synced", synced)?;
        Ok(Self { partner, claim: Some(Claim { uid, atype, expires, ext }), synced, order })
    }

    /// What a new row says of it; nothing of a removal.
    pub(crate) fn into_id(self) -> Option<PartnerUid> {
        let Claim { uid, atype, expires, ext } = self.claim?;
        Some(PartnerUid {
            partner: self.partner.into_string(),
            uid: uid.into_string(),
            synced: Some(self.synced.seconds()),
            atype,
            expires: expires.map(Timestamp::seconds),
            ext: ext.map(Ext::into_string),
        })
    }
}

/// Checks when a UID ends.
fn end(expires: Option<u64>, now: Now) -> Result<Option<Timestamp>, InvalidArgument> {
    let expires = expires.map(|at| Timestamp::parse("expires", at)).transpose()?;
    if expires.is_some_and(|expires| expires <= now.at) {
        return Err(InvalidArgument::UidExpired);
    }
    Ok(expires)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn debug_keeps_the_uid_and_what_comes_with_it_to_itself() {
        let id =
            PartnerUid { ext: Some("{\"a\":\"secret\"}".into()), ..PartnerUid::new("p", "secret") };
        assert!(!format!("{id:?}").contains("secret"));
    }
}
