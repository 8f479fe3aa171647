//! The fields of an event as they are written.

use std::borrow::Cow;

use serde::Serialize;

pub(super) type Text<'a> = Cow<'a, str>;

/// The fields of all events.
#[derive(Default, Serialize)]
pub(super) struct Fields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ec: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) domain: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tcf: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gpp: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) geo: Option<GeoFields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device: Option<DeviceFields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) eids: Option<Vec<Eid<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) partner: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mappings: Option<Vec<MappingFields<'a>>>,
}

#[derive(Serialize)]
pub(super) struct GeoFields<'a> {
    pub(super) country: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) asn: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dma: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct DeviceFields<'a> {
    pub(super) is_mobile: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ja4_class: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) platform_class: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) h2_fp_hash: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) known_browser: Option<bool>,
}

/// An extended ID of `OpenRTB`, as Prebid.js gives it.
#[derive(Serialize)]
pub(super) struct Eid<'a> {
    pub(super) source: Text<'a>,
    pub(super) uids: Vec<Uid<'a>>,
}

#[derive(Serialize)]
pub(super) struct Uid<'a> {
    pub(super) id: Text<'a>,
    pub(super) atype: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ext: Option<UidExt<'a>>,
}

#[derive(Serialize)]
pub(super) struct UidExt<'a> {
    #[serde(rename = "rtiPartner")]
    pub(super) rti_partner: Text<'a>,
}

#[derive(Serialize)]
pub(super) struct MappingFields<'a> {
    pub(super) ec: Text<'a>,
    pub(super) uid: Text<'a>,
    pub(super) synced: u64,
}
