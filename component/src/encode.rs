//! How a new row is written: one shape, which every reader so far accepts.
//!
//! Readers of the first rows require `last_seen` and each `synced`, so both are always written.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::entry::{Entry, Metadata};
use crate::error::GraphError;
use crate::partner::PartnerUid;
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
        let body = to_json(&Body::from(self))?;
        let metadata = metadata(&Metadata::from(self))?;
        Encoded { body, metadata }.checked()
    }
}

/// The JSON of new metadata.
pub(crate) fn metadata(metadata: &Metadata) -> Result<String, GraphError> {
    let json = to_json(&MetadataJson {
        ok: metadata.ok,
        country: &metadata.country,
        v: metadata.v,
        cluster_size: metadata.cluster_size,
        is_mobile: metadata.is_mobile,
        known_browser: metadata.known_browser,
    })?;
    String::from_utf8(json).map_err(|_| GraphError::TooLarge)
}

/// Text as a JSON string.
pub(crate) fn string(text: &str) -> String {
    // Text always has a JSON form; the default is never taken.
    serde_json::to_string(text).unwrap_or_default()
}

/// A number as JSON.
pub(crate) fn number(number: u64) -> String {
    itoa::Buffer::new().format(number).to_owned()
}

/// A flag as JSON.
pub(crate) fn flag(flag: bool) -> String {
    if flag { "true" } else { "false" }.to_owned()
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, GraphError> {
    // These shapes always have a JSON form; the error is never taken.
    serde_json::to_vec(value).map_err(|_| GraphError::TooLarge)
}

#[derive(Serialize)]
struct Body<'a> {
    v: u8,
    created: u64,
    last_seen: u64,
    consent: ConsentJson<'a>,
    geo: GeoJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub_properties: Option<PubPropertiesJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<DeviceJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<NetworkJson>,
    #[serde(skip_serializing_if = "Ids::is_empty")]
    ids: Ids<'a>,
}

#[derive(Serialize)]
struct ConsentJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    tcf: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpp: Option<&'a str>,
    ok: bool,
    updated: u64,
}

#[derive(Serialize)]
struct GeoJson<'a> {
    country: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asn: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dma: Option<i64>,
}

#[derive(Serialize)]
struct PubPropertiesJson<'a> {
    origin_domain: &'a str,
    seen_domains: &'a [String],
}

#[derive(Serialize)]
struct DeviceJson<'a> {
    is_mobile: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    ja4_class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform_class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h2_fp_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_browser: Option<bool>,
}

#[derive(Serialize)]
struct NetworkJson {
    cluster_size: u32,
}

#[derive(Serialize)]
struct MetadataJson<'a> {
    ok: bool,
    country: &'a str,
    v: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_mobile: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_browser: Option<bool>,
}

#[derive(Serialize)]
struct PartnerJson<'a> {
    uid: &'a str,
    synced: u64,
}

struct Ids<'a>(&'a [PartnerUid]);

impl Ids<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Ids<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for id in self.0 {
            let value = PartnerJson { uid: &id.uid, synced: id.synced.unwrap_or_default() };
            map.serialize_entry(&id.partner, &value)?;
        }
        map.end()
    }
}

impl<'a> From<&'a Entry> for Body<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            v: entry.v,
            created: entry.created,
            last_seen: entry.last_visit(),
            consent: ConsentJson {
                tcf: entry.consent.tcf.as_deref(),
                gpp: entry.consent.gpp.as_deref(),
                ok: entry.consent.ok,
                updated: entry.consent.updated,
            },
            geo: GeoJson {
                country: &entry.geo.country,
                region: entry.geo.region.as_deref(),
                asn: entry.geo.asn,
                dma: entry.geo.dma,
            },
            pub_properties: entry.pub_properties.as_ref().map(|p| PubPropertiesJson {
                origin_domain: &p.origin_domain,
                seen_domains: &p.seen_domains,
            }),
            device: entry.device.as_ref().map(|d| DeviceJson {
                is_mobile: d.is_mobile,
                ja4_class: d.ja4_class.as_deref(),
                platform_class: d.platform_class.as_deref(),
                h2_fp_hash: d.h2_fp_hash.as_deref(),
                known_browser: d.known_browser,
            }),
            network: entry.cluster_size.map(|cluster_size| NetworkJson { cluster_size }),
            ids: Ids(&entry.ids),
        }
    }
}
