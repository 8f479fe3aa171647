//! How a new row is written: one shape, which every reader so far accepts.
//!
//! Readers of the first rows require `last_seen` and each `synced`, so both are always written.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::entry::{Entry, Metadata};
use crate::error::GraphError;
use crate::json::is_plain;
use crate::metadata;
use crate::policy::{MAX_BODY_BYTES, MAX_METADATA_BYTES};

/// A row as it is handed to the store.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded {
    /// JSON of the entry.
    pub body: Vec<u8>,
    /// JSON of its metadata.
    pub metadata: String,
}

impl Encoded {
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
    pub fn encode(&self) -> Result<Encoded, GraphError> {
        let metadata = metadata::new(&Metadata::from(self));
        Encoded { body: Json::object(|row| self.members(row)), metadata }.checked()
    }

    fn members(&self, row: &mut Json) {
        row.number("v", Some(u64::from(self.v)));
        row.number("created", Some(self.created));
        row.number("last_seen", Some(self.last_visit()));
        row.nested("consent", |consent| {
            consent.string("tcf", self.consent.tcf.as_deref());
            consent.string("gpp", self.consent.gpp.as_deref());
            consent.flag("ok", Some(self.consent.ok));
            consent.number("updated", Some(self.consent.updated));
        });
        row.nested("geo", |geo| {
            geo.string("country", Some(&self.geo.country));
            geo.string("region", self.geo.region.as_deref());
            geo.number("asn", self.geo.asn.map(u64::from));
            geo.number("dma", self.geo.dma);
        });
        if let Some(properties) = &self.pub_properties {
            row.nested("pub_properties", |members| {
                members.string("origin_domain", Some(&properties.origin_domain));
                members.value("seen_domains", &strings(&properties.seen_domains));
            });
        }
        if let Some(device) = &self.device {
            row.nested("device", |members| {
                members.number("is_mobile", Some(u64::from(device.is_mobile)));
                members.string("ja4_class", device.ja4_class.as_deref());
                members.string("platform_class", device.platform_class.as_deref());
                members.string("h2_fp_hash", device.h2_fp_hash.as_deref());
                members.flag("known_browser", device.known_browser);
            });
        }
        if let Some(size) = self.cluster_size {
            row.nested("network", |network| network.number("cluster_size", Some(u64::from(size))));
        }
        if !self.ids.is_empty() {
            row.nested("ids", |ids| {
                for id in &self.ids {
                    ids.value(&id.partner, &partner(&id.uid, id.synced.unwrap_or_default()));
                }
            });
        }
    }
}

/// Bytes that most objects stay below: a row grows a few times, a partner never.
const USUAL_BYTES: usize = 128;

/// Members of a JSON object, written one after the other.
#[derive(Default)]
pub(crate) struct Json(Vec<u8>);

impl Json {
    /// A whole object.
    pub(crate) fn object(members: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut json = Self(Vec::with_capacity(USUAL_BYTES));
        json.braced(members);
        json.0
    }

    /// The members alone.
    pub(crate) fn into_members(self) -> Vec<u8> {
        self.0
    }

    /// Appends a member whose value is JSON already.
    pub(crate) fn value(&mut self, key: &str, value: &[u8]) {
        self.key(key);
        self.0.extend_from_slice(value);
    }

    /// Appends a text, if there is one.
    pub(crate) fn string(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.key(key);
            self.text(value);
        }
    }

    /// Appends a number, if there is one.
    pub(crate) fn number(&mut self, key: &str, value: Option<impl itoa::Integer>) {
        if let Some(value) = value {
            self.value(key, itoa::Buffer::new().format(value).as_bytes());
        }
    }

    /// Appends a flag, if there is one.
    pub(crate) fn flag(&mut self, key: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.value(key, &flag(value));
        }
    }

    fn nested(&mut self, key: &str, members: impl FnOnce(&mut Self)) {
        self.key(key);
        self.braced(members);
    }

    fn braced(&mut self, members: impl FnOnce(&mut Self)) {
        self.0.push(b'{');
        members(self);
        self.0.push(b'}');
    }

    fn key(&mut self, key: &str) {
        self.comma();
        self.text(key);
        self.0.push(b':');
    }

    fn comma(&mut self) {
        if !matches!(self.0.last(), None | Some(b'{' | b'[')) {
            self.0.push(b',');
        }
    }

    fn text(&mut self, text: &str) {
        if is_plain(text) {
            self.0.push(b'"');
            self.0.extend_from_slice(text.as_bytes());
            self.0.push(b'"');
        } else {
            // Text always has a JSON form; the default is never taken.
            self.0.extend_from_slice(&serde_json::to_vec(text).unwrap_or_default());
        }
    }
}

/// What a row says of one partner.
pub(crate) fn partner(uid: &str, synced: u64) -> Vec<u8> {
    Json::object(|partner| {
        partner.string("uid", Some(uid));
        partner.number("synced", Some(synced));
    })
}

/// Texts as a JSON array.
pub(crate) fn strings(texts: &[String]) -> Vec<u8> {
    let mut json = Json(b"[".to_vec());
    for text in texts {
        json.comma();
        json.text(text);
    }
    json.0.push(b']');
    json.0
}

/// Text as a JSON string.
pub(crate) fn string(text: &str) -> Vec<u8> {
    let mut json = Json::default();
    json.text(text);
    json.0
}

/// A number as JSON.
pub(crate) fn number(number: u64) -> Vec<u8> {
    itoa::Buffer::new().format(number).as_bytes().to_owned()
}

/// A flag as JSON.
pub(crate) fn flag(flag: bool) -> Vec<u8> {
    if flag { b"true".to_vec() } else { b"false".to_vec() }
}
