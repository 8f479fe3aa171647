//! How a new row is written: one shape, which every reader so far accepts.
//!
//! Readers of the first rows require `last_seen` and each `synced`, so both are always written.

use alloc::string::String;
use alloc::vec::Vec;

use super::metadata;
use super::schema::{Network, Part, Root, Section};
use super::write_json::{Json, Value};
use crate::entry::{Entry, Metadata};
use crate::error::GraphError;
use crate::limits::{MAX_BODY_BYTES, MAX_METADATA_BYTES};
use crate::partner_uid::{Assertion, PartnerUid};

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

impl Entry {
    /// The row of a new entry.
    ///
    /// # Errors
    /// [`GraphError::TooLarge`] when the body or the metadata outgrows its limit.
    pub fn encode(&self) -> Result<EncodedRow, GraphError> {
        self.encoded(|json| {
            if !self.ids.is_empty() {
                json.nested(Section::Ids.name(), |ids| {
                    for id in &self.ids {
                        ids.nested(&id.partner, |members| write_uid(id, members));
                    }
                });
            }
        })
    }

    /// The row of a new entry with these UIDs.
    pub(crate) fn encode_with(
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
                    if let Some(claim) = claim {
                        let members = |members: &mut Json| {
                            claim.each(*synced, |name, value| members.member(name, value));
                        };
                        ids.nested(partner.as_str(), members);
                    }
                }
            });
        })
    }

    fn encoded(&self, write_ids: impl FnOnce(&mut Json)) -> Result<EncodedRow, GraphError> {
        let metadata = metadata::encode(&Metadata::from(self));
        let body = Json::object(USUAL_BYTES, |json| {
            self.write(json);
            write_ids(json);
        });
        EncodedRow { body, metadata }.checked((0, 0))
    }

    #[inline(never)]
    fn write(&self, json: &mut Json) {
        let root = Root {
            v: self.v,
            created: self.created,
            last_seen: Some(self.last_seen.unwrap_or(self.created)),
        };
        root.write(json);
        section(json, Section::Consent, Some(&self.consent));
        section(json, Section::Geo, Some(&self.geo));
        section(json, Section::PubProperties, self.pub_properties.as_ref());
        section(json, Section::Device, self.device.as_ref());
        let network = Network { cluster_size: self.cluster_size, cluster_checked: None };
        section(json, Section::Network, self.cluster_size.map(|_| &network));
    }
}

fn section<P: Part>(json: &mut Json, section: Section, part: Option<&P>) {
    if let Some(part) = part {
        json.nested(section.name(), |members| part.write(members));
    }
}

fn write_uid(id: &PartnerUid, json: &mut Json) {
    json.member("uid", Value::Text(&id.uid));
    json.member("synced", Value::Number(id.synced.unwrap_or_default()));
    if let Some(atype) = id.atype {
        json.member("atype", Value::Number(u64::from(atype)));
    }
    if let Some(expires) = id.expires {
        json.member("expires", Value::Number(expires));
    }
    if let Some(ext) = &id.ext {
        json.member("ext", Value::Raw(ext));
    }
}

/// Bytes that most rows stay below.
const USUAL_BYTES: usize = 2_048;
