//! Readers of other versions, as strict as those are: a row that is written has to satisfy both.

use std::collections::BTreeMap;

use identity_graph::Entry;
use serde::Deserialize;

#[derive(Deserialize)]
struct FirstReader {
    v: u8,
    created: u64,
    last_seen: u64,
    consent: Consent,
    geo: Geo,
    #[serde(default)]
    ids: BTreeMap<String, FirstPartner>,
}

#[derive(Deserialize)]
struct FirstPartner {
    uid: String,
    synced: u64,
}

#[derive(Deserialize)]
struct TodayReader {
    v: u8,
    created: u64,
    consent: Consent,
    geo: Geo,
    pub_properties: Option<PubProperties>,
    device: Option<Device>,
    network: Option<Network>,
    #[serde(default)]
    ids: BTreeMap<String, TodayPartner>,
}

#[derive(Deserialize)]
struct TodayPartner {
    uid: String,
}

#[derive(Deserialize)]
struct Consent {
    tcf: Option<String>,
    gpp: Option<String>,
    ok: bool,
    updated: u64,
}

#[derive(Deserialize)]
struct Geo {
    country: String,
    region: Option<String>,
}

#[derive(Deserialize)]
struct PubProperties {
    origin_domain: String,
    seen_domains: Vec<String>,
}

#[derive(Deserialize)]
struct Device {
    is_mobile: u8,
    known_browser: Option<bool>,
}

#[derive(Deserialize)]
struct Network {
    cluster_size: Option<u32>,
}

/// Checks that readers of the first version and of today's read what `get` shows.
pub(crate) fn assert_all_read(body: &str, entry: &Entry) {
    let first: FirstReader = serde_json::from_str(body).expect("the first version reads it");
    assert_eq!((first.v, first.created), (entry.v, entry.created));
    assert_eq!(Some(first.last_seen), entry.last_seen);
    assert_base(&first.consent, &first.geo, entry);
    let ids: Vec<_> = first.ids.iter().map(|(p, id)| (p.as_str(), id.uid.as_str())).collect();
    assert!(ids == sorted(entry), "the first version sees other UIDs");
    let synced: BTreeMap<_, _> = entry.ids.iter().map(|id| (&id.partner, id.synced)).collect();
    assert_eq!(
        first.ids.iter().map(|(p, id)| (p, Some(id.synced))).collect::<BTreeMap<_, _>>(),
        synced
    );

    let today: TodayReader = serde_json::from_str(body).expect("today's version reads it");
    assert_eq!((today.v, today.created), (entry.v, entry.created));
    assert_base(&today.consent, &today.geo, entry);
    let ids: Vec<_> = today.ids.iter().map(|(p, id)| (p.as_str(), id.uid.as_str())).collect();
    assert!(ids == sorted(entry), "today's version sees other UIDs");
    let domains = today.pub_properties.map(|p| (p.origin_domain, p.seen_domains));
    let shown = entry.pub_properties.clone().map(|p| (p.origin_domain, p.seen_domains));
    assert_eq!(domains, shown);
    let device = today.device.map(|d| (d.is_mobile, d.known_browser));
    assert_eq!(device, entry.device.as_ref().map(|d| (d.is_mobile, d.known_browser)));
    assert_eq!(today.network.and_then(|n| n.cluster_size), entry.cluster_size);
}

fn assert_base(consent: &Consent, geo: &Geo, entry: &Entry) {
    assert_eq!((consent.ok, consent.updated), (entry.consent.ok, entry.consent.updated));
    let strings = (&consent.tcf, &consent.gpp) == (&entry.consent.tcf, &entry.consent.gpp);
    assert!(strings, "the consent strings are others");
    assert_eq!((&geo.country, &geo.region), (&entry.geo.country, &entry.geo.region));
}

fn sorted(entry: &Entry) -> Vec<(&str, &str)> {
    let mut ids: Vec<_> =
        entry.ids.iter().map(|id| (id.partner.as_str(), id.uid.as_str())).collect();
    ids.sort_unstable();
    ids
}
