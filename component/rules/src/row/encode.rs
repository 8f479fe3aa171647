//! How a new row is written: one shape, which every reader so far accepts.
//!
//! Readers of the first rows require `last_seen` and each `synced`, so both are always written.

use alloc::string::String;
use alloc::vec::Vec;
use core::slice;

use super::metadata;
use super::schema::{Field, Network, Part, Root, Section};
use super::write_json::{Json, Value};
use crate::entry::{Consent, Device, Entry, Geo, Metadata, PubProperties, VERSION};
use crate::error::GraphError;
use crate::limits::{MAX_BODY_BYTES, MAX_METADATA_BYTES};
use crate::new_entry::Visit;
use crate::partner_uid::{Assertion, Claim, PartnerUid};
use crate::types::{Ext, Timestamp};

/// A row as it is handed to the store.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedRow {
    /// JSON of the entry.
    pub body: Vec<u8>,
    /// JSON of its metadata.
    pub metadata: String,
}

impl EncodedRow {
    /// Checks the limits of a write over a body and metadata of this many bytes: what does not grow is
    /// not refused.
    pub(crate) fn checked(self, stored: (usize, usize)) -> Result<Self, GraphError> {
        let (body, metadata) = stored;
        let most_metadata = MAX_METADATA_BYTES.max(metadata);
        if self.body.len() > MAX_BODY_BYTES.max(body) || self.metadata.len() > most_metadata {
            return Err(GraphError::TooLarge);
        }
        Ok(self)
    }
}

/// What a new row says, but for its UIDs.
pub(crate) struct NewRow<'a> {
    v: u8,
    created: u64,
    last_seen: u64,
    consent: &'a Consent,
    /// When consent had been withdrawn before, where the consent does not say so itself.
    withdrawn: Option<Timestamp>,
    geo: &'a Geo,
    device: Option<&'a Device>,
    /// The domain of the first visit, and all that were seen.
    domains: Option<(&'a str, &'a [String])>,
    cluster_size: Option<u32>,
}

impl<'a> From<&'a Entry> for NewRow<'a> {
    fn from(entry: &'a Entry) -> Self {
        let domains = |seen: &'a PubProperties| (&*seen.origin_domain, &*seen.seen_domains);
        Self {
            v: entry.v,
            created: entry.created,
            last_seen: entry.last_seen.unwrap_or(entry.created),
            consent: &entry.consent,
            withdrawn: None,
            geo: &entry.geo,
            device: entry.device.as_ref(),
            domains: entry.pub_properties.as_ref().map(domains),
            cluster_size: entry.cluster_size,
        }
    }
}

impl Entry {
    /// The row of a new entry.
    ///
    /// # Errors
    /// [`GraphError::TooLarge`] when the body or the metadata outgrows its limit.
    pub fn encode(&self) -> Result<EncodedRow, GraphError> {
        NewRow::from(self).encoded(|json| {
            if !self.ids.is_empty() {
                json.nested(Section::Ids.name(), |ids| {
                    for id in &self.ids {
                        ids.member_key(&id.partner);
                        NewUid::from(id).write(ids);
                    }
                });
            }
        })
    }
}

impl<'a> NewRow<'a> {
    /// A row of which nothing else is known. It is as old as its consent.
    pub(crate) fn bare(consent: &'a Consent, geo: &'a Geo) -> Self {
        Self {
            v: VERSION,
            created: consent.updated,
            last_seen: consent.updated,
            consent,
            withdrawn: None,
            geo,
            device: None,
            domains: None,
            cluster_size: None,
        }
    }

    /// The row of a first visit, which may come after consent had been withdrawn.
    pub(crate) fn of(visit: &'a Visit, geo: &'a Geo, withdrawn: Option<Timestamp>) -> Self {
        Self {
            withdrawn,
            device: visit.device.as_ref(),
            domains: visit.domain.as_ref().map(|domain| (&**domain, slice::from_ref(domain))),
            ..Self::bare(&visit.consent, geo)
        }
    }

    /// The row with these UIDs.
    pub(crate) fn encode(
        &self,
        assertions: &mut dyn Iterator<Item = &Assertion>,
    ) -> Result<EncodedRow, GraphError> {
        let mut assertions = assertions.peekable();
        self.encoded(|json| {
            if assertions.peek().is_none() {
                return;
            }
            json.nested(Section::Ids.name(), |ids| {
                for Assertion { partner, claim, synced, .. } in assertions {
                    if let Some(Claim { uid, atype, expires, ext }) = claim {
                        let uid = NewUid {
                            uid: uid.as_str(),
                            synced: synced.seconds(),
                            atype: *atype,
                            expires: expires.map(Timestamp::seconds),
                            ext: ext.as_ref().map(Ext::as_str),
                        };
                        ids.name(partner.as_str());
                        uid.write(ids);
                    }
                }
            });
        })
    }

    fn encoded(&self, write_ids: impl FnOnce(&mut Json)) -> Result<EncodedRow, GraphError> {
        let metadata = metadata::encode(&Metadata {
            ok: self.consent.ok,
            country: self.geo.country.clone(),
            v: self.v,
            cluster_size: self.cluster_size,
            is_mobile: self.device.map(|device| device.is_mobile),
            known_browser: self.device.and_then(|device| device.known_browser),
        });
        let body = Json::object(USUAL_BYTES, |json| {
            self.write(json);
            write_ids(json);
        });
        EncodedRow { body, metadata }.checked((0, 0))
    }

    #[inline(never)]
    fn write(&self, json: &mut Json) {
        Root { v: self.v, created: self.created, last_seen: Some(self.last_seen) }.write(json);
        json.nested(Section::Consent.name(), |members| {
            self.consent.write(members);
            if let Some(at) = self.withdrawn {
                members.member(Field::Withdrawn.name(), Value::Number(at.seconds()));
            }
        });
        section(json, Section::Geo, Some(self.geo));
        if let Some((origin, seen)) = self.domains {
            json.nested(Section::PubProperties.name(), |members| {
                members.member(Field::OriginDomain.name(), Value::Text(origin));
                members.member(Field::SeenDomains.name(), Value::Texts(seen));
            });
        }
        section(json, Section::Device, self.device);
        let network = Network { cluster_size: self.cluster_size, cluster_checked: None };
        section(json, Section::Network, self.cluster_size.map(|_| &network));
    }
}

fn section<P: Part>(json: &mut Json, section: Section, part: Option<&P>) {
    if let Some(part) = part {
        json.nested(section.name(), |members| part.write(members));
    }
}

/// What a new row says of a partner.
struct NewUid<'a> {
    uid: &'a str,
    synced: u64,
    atype: Option<u32>,
    expires: Option<u64>,
    ext: Option<&'a str>,
}

impl<'a> From<&'a PartnerUid> for NewUid<'a> {
    fn from(id: &'a PartnerUid) -> Self {
        let PartnerUid { partner: _, uid, synced, atype, expires, ext } = id;
        let (synced, ext) = (synced.unwrap_or_default(), ext.as_deref());
        Self { uid, synced, atype: *atype, expires: *expires, ext }
    }
}

impl NewUid<'_> {
    #[inline(never)]
    fn write(self, json: &mut Json) {
        // Nearly every byte of a new row is written here.
        json.raw(b"{\"uid\":");
        json.string(self.uid);
        json.raw(b",\"synced\":");
        json.number(self.synced);
        if let Some(atype) = self.atype {
            json.member("atype", Value::Number(u64::from(atype)));
        }
        if let Some(expires) = self.expires {
            json.member("expires", Value::Number(expires));
        }
        if let Some(ext) = self.ext {
            json.member("ext", Value::Raw(ext));
        }
        json.raw(b"}");
    }
}

/// Bytes that most rows stay below.
const USUAL_BYTES: usize = 2_048;

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use crate::entry::Geo;
    use crate::new_entry::NewEntry;

    use super::*;

    /// A new row of 12 partners, as text.
    fn row() -> String {
        let id = |at: u32| PartnerUid::new(alloc::format!("{at:02}.example"), "u");
        let first = NewEntry {
            tcf: Some("CQ".into()),
            geo: Some(Geo::from_lookup("US", "", 0, 0)),
            domain: Some("news.example".into()),
            ids: (0..12).map(id).collect(),
            ..NewEntry::at(1_790_000_000)
        };
        String::from_utf8(Entry::new(first).unwrap().encode().unwrap().body).unwrap()
    }

    #[test]
    fn a_new_row_has_nothing_but_what_was_said_and_its_times() {
        let start = concat!(
            r#"{"v":1,"created":1790000000,"last_seen":1790000000,"#,
            r#""consent":{"tcf":"CQ","ok":true,"updated":1790000000},"geo":{"country":"US"},"#,
            r#""pub_properties":{"origin_domain":"news.example","seen_domains":["news.example"]},"#,
            r#""ids":{"00.example":{"uid":"u","synced":1790000000},"01.example":{"uid":"u","#,
        );
        assert!(row().starts_with(start), "{}", row());
    }

    #[test]
    fn the_times_that_first_readers_require_are_263_bytes_of_a_row_with_12_partners() {
        let bare = row().replacen(r#""last_seen":1790000000,"#, "", 1);
        assert_eq!(row().len() - bare.len(), 23);
        let bare = bare.replace(r#","synced":1790000000"#, "");
        assert_eq!(row().len() - bare.len(), 23 + 12 * 20);
    }

    #[test]
    fn partners_of_an_entry_are_escaped_whatever_they_are() {
        let ids = [PartnerUid::new("a\"b", "c\\d").synced(1)].into();
        let entry = Entry { ids, ..Entry::tombstone(1) };
        let body = String::from_utf8(entry.encode().unwrap().body).unwrap();
        assert!(body.ends_with(r#""ids":{"a\"b":{"uid":"c\\d","synced":1}}}"#), "{body}");
    }
}
