//! A stored row as an [`Entry`]: what is odd or out of bounds is not shown, and stays in the row.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use super::domains;
use super::schema::{self, Field, Part, Root, Section, Values};
use super::shape::{MobileClass, Shape};
use super::span::Span;
use super::stored::{Place, Row, StoredUid};
use crate::entry::{Consent, Device, Entry, Geo, Metadata, PubProperties};
use crate::partner_uid::PartnerUid;
use crate::types::{Now, Timestamp};

impl Row {
    /// The entry at a time: UIDs that have ended by then are not shown.
    pub(crate) fn entry(&self, now: Now) -> Entry {
        let Root { v, created, last_seen } = Root::decode(self);
        let has_origin = self.string(Field::OriginDomain).is_some();
        Entry {
            v,
            created,
            last_seen,
            consent: self.consent(),
            geo: Geo::decode(self),
            device: self.object(Section::Device).map(|_| Device::decode(self)),
            pub_properties: has_origin.then(|| PubProperties::decode(self)),
            cluster_size: self.number(Field::ClusterSize),
            ids: self.ids(now),
        }
    }

    /// A tombstone shows no consent strings, whatever another writer left in it.
    pub(crate) fn consent(&self) -> Consent {
        let consent = Consent::decode(self);
        if consent.ok {
            return consent;
        }
        Consent { tcf: None, gpp: None, gpp_sid: None, ..consent }
    }

    /// Of consent strings those that are given and differ from the row's.
    pub(crate) fn changed_consent<'a>(
        &self,
        [tcf, gpp, gpp_sid]: [Option<&'a str>; 3],
    ) -> [Option<&'a str>; 3] {
        let changed = |field, new: Option<&'a str>| {
            new.filter(|new| self.string(field).is_none_or(|stored| stored != **new))
        };
        [changed(Field::Tcf, tcf), changed(Field::Gpp, gpp), changed(Field::GppSid, gpp_sid)]
    }

    /// Whether the row says another place.
    pub(crate) fn differs_in_geo(&self, geo: &Geo) -> bool {
        !self.says(geo)
    }

    /// Whether the row says another device, and can say this one.
    pub(crate) fn differs_in_device(&self, device: &Device) -> bool {
        match self.place(Section::Device) {
            Some(Place::Object(_)) => !self.says(device),
            Some(Place::Odd) => false,
            Some(Place::Null(_)) | None => true,
        }
    }

    /// Whether the row says just this.
    fn says<P: Part>(&self, part: &P) -> bool {
        let mut is_same = true;
        part.each(&mut |field, _, value| {
            let span = self.span(field).filter(|span| !span.is_null(&self.text));
            is_same &= match (span, value) {
                (Some(span), Some(value)) => value.stands_at(span, &self.text),
                (None, None) => true,
                _ => false,
            };
        });
        is_same
    }

    /// Whether a domain is news to the row, and there is room for it.
    pub(crate) fn misses_domain(&self, domain: &str) -> bool {
        self.place(Section::PubProperties) != Some(Place::Odd) && domains::is_news(self, domain)
    }

    /// Whether nothing else stands in the place of the partners' UIDs.
    pub(crate) fn has_room_for_ids(&self) -> bool {
        self.place(Section::Ids) != Some(Place::Odd)
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

    /// The UID of one partner of a live entry: of several the one asserted last.
    pub(crate) fn uid(&self, partner: &str, now: Now) -> Option<String> {
        let text = self.text.as_str();
        let is_partners = |stored: &&StoredUid| {
            let key = stored.key.string(text);
            key.is_some_and(|key| key.eq_ignore_ascii_case(partner))
                && !stored.has_expired(text, now.at)
                && stored.uid(text).is_some()
        };
        let of_partner = self.uids.iter().filter(|_| self.is_live()).filter(is_partners);
        let latest = of_partner.max_by_key(|stored| now.known(stored.synced(text)))?;
        Some(latest.uid(text)?.into_owned())
    }

    /// The UIDs of a live entry, each partner once: of several the one asserted last. A tombstone shows
    /// none, whatever another writer left in it.
    fn ids(&self, now: Now) -> Vec<PartnerUid> {
        if !self.is_live() {
            return Vec::new();
        }
        let text = self.text.as_str();
        let mut ids: Vec<PartnerUid> = Vec::with_capacity(self.uids.len());
        // Sorted by partner, to find those that stand twice.
        let mut places: Vec<usize> = Vec::with_capacity(self.uids.len());
        for stored in self.uids.iter().filter(|stored| !stored.has_expired(text, now.at)) {
            let Some(id) = stored.shown(text) else { continue };
            let is_after = |place: &usize| {
                ids.get(*place).map_or(Ordering::Less, |known| known.partner.cmp(&id.partner))
            };
            match places.binary_search_by(is_after) {
                Err(at) => {
                    places.insert(at, ids.len());
                    ids.push(id);
                }
                Ok(at) => {
                    let known = places.get(at).and_then(|place| ids.get_mut(*place));
                    let time = |id: &PartnerUid| now.known(id.synced.map(Timestamp::stored));
                    if let Some(known) = known.filter(|known| time(&id) >= time(known)) {
                        *known = id;
                    }
                }
            }
        }
        ids
    }
}

impl StoredUid {
    fn shown(&self, text: &str) -> Option<PartnerUid> {
        let number = |span: Option<Span>| span.and_then(|span| span.number(text));
        let ext = self.ext.map(|ext| ext.of(text)).filter(|ext| ext.starts_with('{'));
        Some(PartnerUid {
            partner: self.partner(text)?.into_owned(),
            uid: self.uid(text)?.into_owned(),
            synced: number(self.synced),
            atype: self.atype.and_then(|atype| atype.number(text)),
            expires: number(self.expires),
            ext: ext.map(String::from),
        })
    }
}
