//! What an operation asks for, key by key.

use identity_graph::Uid;

use super::worker::Operation;

/// One UID that an operation wants to have stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AssertedUid<'a> {
    pub(super) partner: &'a str,
    pub(super) uid: &'a str,
    pub(super) synced: u64,
}

impl Operation {
    /// The clock of the worker that carries it out; none where it does not matter.
    #[must_use]
    pub fn now(&self) -> Option<u64> {
        match self {
            Self::Create { entry, .. } | Self::Visit { entry, .. } => Some(entry.now),
            Self::View { now, .. }
            | Self::Upsert { now, .. }
            | Self::Touch { now, .. }
            | Self::Withdraw { now, .. }
            | Self::Sync { now, .. }
            | Self::Cluster { now, .. } => Some(*now),
            Self::Delete { .. } | Self::Peek { .. } => None,
        }
    }

    /// The key, of operations on one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Create { ec, .. }
            | Self::Visit { ec, .. }
            | Self::Peek { ec }
            | Self::View { ec, .. }
            | Self::Upsert { ec, .. }
            | Self::Touch { ec, .. }
            | Self::Withdraw { ec, .. }
            | Self::Delete { ec }
            | Self::Cluster { ec, .. } => Some(ec),
            Self::Sync { .. } => None,
        }
    }

    /// Every UID that it wants stored under a key, in the order in which it names them.
    pub(super) fn assertions<'a>(&'a self, key: &str) -> Vec<AssertedUid<'a>> {
        let now = self.now().unwrap_or_default();
        if self.key().is_some_and(|of_row| of_row != key) {
            return Vec::new();
        }
        let ids = match self {
            Self::Create { entry, .. } | Self::Visit { entry, .. } => &entry.ids,
            Self::View { ids, .. } | Self::Upsert { ids, .. } => ids,
            Self::Sync { partner, mappings, .. } => {
                let of_key =
                    mappings.iter().filter(|m| m.ec_id == key && Uid::check(&m.uid).is_ok());
                let asserted = of_key.map(|mapping| AssertedUid {
                    partner,
                    uid: &mapping.uid,
                    synced: mapping.synced,
                });
                return asserted.collect();
            }
            Self::Touch { .. }
            | Self::Withdraw { .. }
            | Self::Peek { .. }
            | Self::Delete { .. }
            | Self::Cluster { .. } => return Vec::new(),
        };
        let asserted = ids.iter().map(|id| AssertedUid {
            partner: &id.partner,
            uid: &id.uid,
            synced: id.synced.unwrap_or(now),
        });
        asserted.collect()
    }
}

/// Of the assertions about a partner the one that counts: the latest, of equals the first.
pub(super) fn latest<'a>(assertions: &[AssertedUid<'a>], partner: &str) -> Option<AssertedUid<'a>> {
    let of_partner = assertions.iter().filter(|asserted| asserted.partner == partner);
    of_partner.copied().reduce(|best, next| if next.synced > best.synced { next } else { best })
}
