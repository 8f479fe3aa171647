//! The typed way: decode the row into structs, change them, encode them again. It keeps no field that
//! it does not know, and has no rule for conflicts, lost answers or limits: less than the graph does.

use std::collections::BTreeMap;

use identity_graph::{KvError, Mapping, NewEntry, PartnerUid, Precondition, Store, Write};
use serde::{Deserialize, Serialize};

/// Seconds of a new row's lifetime.
const ENTRY_TTL: u32 = 31_536_000;
const TOMBSTONE_TTL: u32 = 86_400;
const DEBOUNCE: u64 = 300;

#[derive(Serialize, Deserialize)]
struct Row {
    v: u8,
    created: u64,
    last_seen: u64,
    consent: Consent,
    geo: Geo,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub_properties: Option<PubProperties>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<Device>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network: Option<Network>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    ids: BTreeMap<String, Partner>,
}

#[derive(Serialize, Deserialize)]
struct Consent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tcf: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gpp: Option<String>,
    ok: bool,
    updated: u64,
}

#[derive(Serialize, Deserialize)]
struct Geo {
    country: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asn: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dma: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct PubProperties {
    origin_domain: String,
    #[serde(default)]
    seen_domains: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Device {
    is_mobile: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ja4_class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    platform_class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    h2_fp_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known_browser: Option<bool>,
}

impl From<identity_graph::Device> for Device {
    fn from(device: identity_graph::Device) -> Self {
        Self {
            is_mobile: device.is_mobile,
            ja4_class: device.ja4_class,
            platform_class: device.platform_class,
            h2_fp_hash: device.h2_fp_hash,
            known_browser: device.known_browser,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Network {
    cluster_size: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct Partner {
    uid: String,
    synced: u64,
}

/// What is stored beside the row.
#[derive(Serialize, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) ok: bool,
    pub(crate) country: String,
    pub(crate) v: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster_size: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_mobile: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known_browser: Option<bool>,
}

/// The typed way over a store. Rows and arguments are taken to be in order.
pub(crate) struct Typed<S>(pub(crate) S);

impl<S: Store<Error = KvError>> Typed<S> {
    pub(crate) fn metadata(&self, ec: &str) -> Option<Metadata> {
        let text = self.0.head(ec).ok()??.metadata?;
        serde_json::from_str(&text).ok()
    }

    pub(crate) fn upsert(&self, ec: &str, id: PartnerUid, now: u64) -> Option<bool> {
        let item = self.0.get(ec).ok()??;
        let mut row: Row = serde_json::from_slice(&item.body).ok()?;
        if !row.consent.ok {
            return Some(false);
        }
        let is_new = row.add(id.partner, id.uid, id.synced.unwrap_or(now));
        if is_new {
            self.put(ec, &row, Precondition::Matches(item.generation), ENTRY_TTL)?;
        }
        Some(is_new)
    }

    pub(crate) fn touch(&self, ec: &str, now: u64) -> Option<bool> {
        let item = self.0.get(ec).ok()??;
        let mut row: Row = serde_json::from_slice(&item.body).ok()?;
        if !row.consent.ok || now < row.last_seen + DEBOUNCE {
            return Some(false);
        }
        row.last_seen = now;
        self.put(ec, &row, Precondition::Matches(item.generation), ENTRY_TTL)?;
        Some(true)
    }

    /// Notes a page view on a row that exists; true when something was written.
    pub(crate) fn visit(&self, ec: &str, entry: NewEntry) -> Option<bool> {
        let now = entry.now;
        let item = self.0.get(ec).ok()??;
        let mut row: Row = serde_json::from_slice(&item.body).ok()?;
        if !row.consent.ok {
            return Some(false);
        }
        let mut has_news = now >= row.last_seen + DEBOUNCE;
        for (stored, given) in
            [(&mut row.consent.tcf, entry.tcf), (&mut row.consent.gpp, entry.gpp)]
        {
            if given.is_some() && *stored != given {
                *stored = given;
                row.consent.updated = now;
                has_news = true;
            }
        }
        if let (Some(domain), Some(properties)) = (entry.domain, &mut row.pub_properties)
            && let Err(at) = properties.seen_domains.binary_search(&domain)
        {
            properties.seen_domains.insert(at, domain);
            has_news = true;
        }
        for id in entry.ids {
            has_news |= row.add(id.partner, id.uid, id.synced.unwrap_or(now));
        }
        if !has_news {
            return Some(false);
        }
        row.last_seen = now;
        if let Some(geo) = entry.geo {
            let identity_graph::Geo { country, region, asn, dma } = geo;
            row.geo = Geo { country, region, asn, dma };
        }
        row.device = entry.device.map(Device::from).or(row.device);
        self.put(ec, &row, Precondition::Matches(item.generation), ENTRY_TTL)?;
        Some(true)
    }

    pub(crate) fn withdraw(&self, ec: &str, now: u64) -> Option<()> {
        let consent = Consent { tcf: None, gpp: None, ok: false, updated: now };
        let geo = Geo { country: "ZZ".to_owned(), region: None, asn: None, dma: None };
        let (pub_properties, device, network) = (None, None, None);
        let (created, last_seen, ids) = (now, now, BTreeMap::new());
        let row =
            Row { v: 1, created, last_seen, consent, geo, pub_properties, device, network, ids };
        self.put(ec, &row, Precondition::None, TOMBSTONE_TTL)
    }

    pub(crate) fn create(&self, ec: &str, entry: NewEntry) -> Option<()> {
        let now = entry.now;
        let ids = entry.ids.into_iter();
        let row = Row {
            v: 1,
            created: now,
            last_seen: now,
            consent: Consent { tcf: entry.tcf, gpp: entry.gpp, ok: true, updated: now },
            geo: entry.geo.map_or_else(
                || Geo { country: "ZZ".to_owned(), region: None, asn: None, dma: None },
                |geo| Geo { country: geo.country, region: geo.region, asn: geo.asn, dma: geo.dma },
            ),
            pub_properties: entry.domain.map(|domain| PubProperties {
                seen_domains: vec![domain.clone()],
                origin_domain: domain,
            }),
            device: entry.device.map(Device::from),
            network: None,
            ids: ids
                .map(|id| (id.partner, Partner { uid: id.uid, synced: id.synced.unwrap_or(now) }))
                .collect(),
        };
        self.put(ec, &row, Precondition::Absent, ENTRY_TTL)
    }

    pub(crate) fn delete(&self, ec: &str) -> Option<bool> {
        self.0.delete(ec).ok()
    }

    /// Reads all rows at once, and writes at once those that change.
    pub(crate) fn sync(&self, partner: &str, mappings: &[Mapping]) -> Option<usize> {
        let keys: Vec<&str> = mappings.iter().map(|mapping| mapping.ec_id.as_str()).collect();
        let mut bodies = Vec::with_capacity(mappings.len());
        for (mapping, read) in mappings.iter().zip(self.0.get_many(&keys)) {
            let item = read.ok()??;
            let mut row: Row = serde_json::from_slice(&item.body).ok()?;
            let uid = mapping.uid.clone()?;
            if row.add(partner.to_owned(), uid, mapping.synced) {
                let condition = Precondition::Matches(item.generation);
                bodies.push((&mapping.ec_id, row.body()?, row.metadata()?, condition));
            }
        }
        let writes = bodies.iter().map(|(key, body, metadata, condition)| Write {
            key,
            body,
            metadata,
            time_to_live: ENTRY_TTL,
            condition: *condition,
        });
        Some(self.0.put_many(&writes.collect::<Vec<_>>()).len())
    }

    fn put(&self, key: &str, row: &Row, condition: Precondition, time_to_live: u32) -> Option<()> {
        let (body, metadata) = (row.body()?, row.metadata()?);
        let write = Write { key, body: &body, metadata: &metadata, time_to_live, condition };
        self.0.put(write).ok().map(drop)
    }
}

impl Row {
    fn add(&mut self, partner: String, uid: String, synced: u64) -> bool {
        match self.ids.get(&partner) {
            Some(known) if known.uid == uid || known.synced >= synced => false,
            _ => {
                self.ids.insert(partner, Partner { uid, synced });
                true
            }
        }
    }

    fn body(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }

    fn metadata(&self) -> Option<String> {
        let device = self.device.as_ref();
        let metadata = Metadata {
            ok: self.consent.ok,
            country: self.geo.country.clone(),
            v: self.v,
            cluster_size: self.network.as_ref().and_then(|network| network.cluster_size),
            is_mobile: device.map(|device| device.is_mobile),
            known_browser: device.and_then(|device| device.known_browser),
        };
        serde_json::to_string(&metadata).ok()
    }
}
