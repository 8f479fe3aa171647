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

/// A row as it is handed to the store.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedRow {
    /// JSON of the entry.
    pub body: Vec<u8>,
    /// JSON of its metadata.
    pub metadata: String,
}

impl EncodedRow {
    /// Checks the limits of a write.
    pub(crate) fn checked(self) -> Result<Self, GraphError> {
        if self.body.len() > MAX_BODY_BYTES || self.metadata.len() > MAX_METADATA_BYTES {
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
        let metadata = metadata::encode(&Metadata::from(self));
        let body = Json::object(USUAL_BYTES, |json| self.write(json));
        EncodedRow { body, metadata }.checked()
    }

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
        if !self.ids.is_empty() {
            json.nested(Section::Ids.name(), |ids| {
                for id in &self.ids {
                    let synced = id.synced.unwrap_or_default();
                    ids.member(&id.partner, Value::Partner { uid: &id.uid, synced });
                }
            });
        }
    }
}

fn section<P: Part>(json: &mut Json, section: Section, part: Option<&P>) {
    if let Some(part) = part {
        json.nested(section.name(), |members| part.write(members));
    }
}

/// Bytes that most rows stay below.
const USUAL_BYTES: usize = 2_048;
