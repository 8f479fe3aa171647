//! A stored row as an [`Entry`]: what is odd or out of bounds is not shown, and stays in the row.

use alloc::vec::Vec;

use super::schema::{self, Field, Network, Part, Root, Section};
use super::shape::{MobileClass, Shape};
use super::stored::{Row, StoredUid};
use crate::entry::{Consent, Device, Entry, Geo, Metadata, PubProperties};
use crate::partner_uid::PartnerUid;

impl Row {
    pub(crate) fn entry(&self) -> Entry {
        let Root { v, created, last_seen } = Root::decode(self);
        let has_origin = self.string(Field::OriginDomain).is_some();
        Entry {
            v,
            created,
            last_seen,
            consent: Consent::decode(self),
            geo: Geo::decode(self),
            device: self.object(Section::Device).map(|_| Device::decode(self)),
            pub_properties: has_origin.then(|| PubProperties::decode(self)),
            cluster_size: Network::decode(self).cluster_size,
            ids: self.ids(),
        }
    }

    /// What the row's metadata should say.
    pub(crate) fn mirror(&self) -> Metadata {
        let mut mirror = schema::mirror(self);
        // A device is of some class, known or not.
        if self.object(Section::Device).is_some() {
            mirror.is_mobile.get_or_insert_with(MobileClass::absent);
        }
        mirror
    }

    /// The UIDs of a live entry. A tombstone shows none, whatever another writer left in it.
    fn ids(&self) -> Vec<PartnerUid> {
        if !self.is_live() {
            return Vec::new();
        }
        let shown = |stored: &StoredUid| {
            Some(PartnerUid {
                partner: stored.key.string(&self.text)?.into_owned(),
                uid: stored.uid(&self.text)?.into_owned(),
                synced: stored.synced.and_then(|synced| synced.number(&self.text)),
            })
        };
        let mut ids = Vec::with_capacity(self.uids.len());
        ids.extend(self.uids.iter().filter_map(shown));
        ids
    }
}
