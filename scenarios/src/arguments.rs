//! The records that operations are given, as they stand in the files.

use identity_graph::{Device, Geo, IfMissing, Mapping, NewEntry, PartnerUid};
use serde::Deserialize;

use crate::ec_id::EcId;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct NewEntryText {
    tcf: Option<String>,
    gpp: Option<String>,
    gpp_sid: Option<String>,
    geo: Option<GeoText>,
    device: Option<DeviceText>,
    domain: Option<String>,
    #[serde(default)]
    ids: Vec<PartnerUidText>,
    now: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct GeoText {
    country: String,
    region: Option<String>,
    asn: Option<u32>,
    dma: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct DeviceText {
    is_mobile: u8,
    ja4_class: Option<String>,
    platform_class: Option<String>,
    h2_fp_hash: Option<String>,
    known_browser: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PartnerUidText {
    partner: String,
    uid: String,
    synced: Option<u64>,
    atype: Option<u32>,
    expires: Option<u64>,
    ext: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct MappingText {
    pub(crate) ec_id: EcId,
    uid: Option<String>,
    synced: u64,
    atype: Option<u32>,
    expires: Option<u64>,
    ext: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IfMissingText {
    Skip,
    CreateMinimal,
}

impl NewEntryText {
    pub(crate) fn given(&self) -> NewEntry {
        let Self { tcf, gpp, gpp_sid, geo, device, domain, ids, now } = self.clone();
        NewEntry {
            tcf,
            gpp,
            gpp_sid,
            geo: geo.map(|GeoText { country, region, asn, dma }| Geo { country, region, asn, dma }),
            device: device.map(|device| Device {
                is_mobile: device.is_mobile,
                ja4_class: device.ja4_class,
                platform_class: device.platform_class,
                h2_fp_hash: device.h2_fp_hash,
                known_browser: device.known_browser,
            }),
            domain,
            ids: PartnerUidText::all(&ids),
            now,
        }
    }
}

impl PartnerUidText {
    pub(crate) fn given(&self) -> PartnerUid {
        let Self { partner, uid, synced, atype, expires, ext } = self.clone();
        PartnerUid { partner, uid, synced, atype, expires, ext }
    }

    pub(crate) fn all(ids: &[Self]) -> Vec<PartnerUid> {
        ids.iter().map(Self::given).collect()
    }
}

impl MappingText {
    pub(crate) fn given(&self) -> Mapping {
        let Self { ec_id, uid, synced, atype, expires, ext } = self.clone();
        Mapping { ec_id: ec_id.as_str().to_owned(), uid, synced, atype, expires, ext }
    }
}

impl IfMissingText {
    pub(crate) fn given(self) -> IfMissing {
        match self {
            Self::Skip => IfMissing::Skip,
            Self::CreateMinimal => IfMissing::CreateMinimal,
        }
    }
}
