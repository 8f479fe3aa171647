//! What a call brings, as places in lists.

use super::row::Stored;

/// A UID of a partner, with what is said of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    pub(crate) partner: usize,
    /// `None` removes it.
    pub(crate) uid: Option<u8>,
    pub(crate) synced: Option<u64>,
    pub(crate) atype: Option<u32>,
    pub(crate) expires: Option<u64>,
    pub(crate) ext: Option<&'static str>,
}

/// What a visit knows beside its UIDs, as places in lists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) tcf: Option<u8>,
    pub(crate) gpp_sid: Option<u8>,
    pub(crate) domain: Option<u8>,
    pub(crate) country: Option<u8>,
    pub(crate) is_mobile: Option<u8>,
}

impl Page {
    pub(super) fn default() -> Self {
        Self { tcf: None, gpp_sid: None, domain: None, country: None, is_mobile: None }
    }
}

impl Said {
    pub(super) fn removal(partner: usize, now: u64) -> Self {
        let synced = Some(now);
        Self { partner, uid: None, synced, atype: None, expires: None, ext: None }
    }

    /// A UID that has ended when it arrives is none.
    pub(super) fn is_over(&self, now: u64) -> bool {
        self.uid.is_some() && self.expires.is_some_and(|expires| expires <= now)
    }

    pub(super) fn says(&self, other: &Self) -> bool {
        let what = |said: &Self| (said.atype, said.expires, said.ext);
        self.uid == other.uid && (self.uid.is_none() || what(self) == what(other))
    }

    pub(super) fn adds_to(&self, stored: &Stored) -> bool {
        (self.atype.is_some() && self.atype != stored.atype)
            || (self.expires.is_some() && self.expires != stored.expires)
            || (self.ext.is_some() && self.ext != stored.ext)
    }
}
