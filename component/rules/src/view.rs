//! A stored row as an [`Entry`]: what is odd or out of bounds is not shown, and stays in the row.

use crate::entry::{
    Consent, Device, Entry, Geo, Metadata, PubProperties, UNKNOWN_COUNTRY, VERSION, is_class,
    is_country, is_region,
};
use crate::json::{Scanner, Span};
use crate::partner::PartnerUid;
use crate::policy::{MAX_DOMAIN_BYTES, MAX_SEEN_DOMAINS};
use crate::row::{Leaf, Row, Section};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

impl Row {
    pub(crate) fn entry(&self) -> Entry {
        Entry {
            v: self.v(),
            created: self.created(),
            last_seen: self.last_seen(),
            consent: Consent {
                tcf: self.owned(Leaf::Tcf),
                gpp: self.owned(Leaf::Gpp),
                ok: self.is_live(),
                updated: self.consent_updated(),
            },
            geo: Geo {
                country: self.country(),
                region: self.owned(Leaf::Region).filter(|region| is_region(region)),
                asn: self.number(Leaf::Asn),
                dma: self.span(Leaf::Dma).and_then(|dma| dma.of(&self.text).parse().ok()),
            },
            device: self.object(Section::Device).map(|_| Device {
                is_mobile: self.is_mobile(),
                ja4_class: self.class(Leaf::Ja4Class),
                platform_class: self.class(Leaf::PlatformClass),
                h2_fp_hash: self.class(Leaf::H2FpHash),
                known_browser: self.flag(Leaf::KnownBrowser),
            }),
            pub_properties: self.owned(Leaf::OriginDomain).map(|origin_domain| PubProperties {
                origin_domain,
                seen_domains: self.seen_domains(),
            }),
            cluster_size: self.number(Leaf::ClusterSize),
            ids: self.ids(),
        }
    }

    /// What the row's metadata should say.
    pub(crate) fn mirror(&self) -> Metadata {
        let has_device = self.object(Section::Device).is_some();
        Metadata {
            ok: self.is_live(),
            country: self.country(),
            v: self.v(),
            cluster_size: self.number(Leaf::ClusterSize),
            is_mobile: has_device.then(|| self.is_mobile()),
            known_browser: self.flag(Leaf::KnownBrowser),
        }
    }

    /// The domains seen, sorted, from any of the shapes that rows have had: a list, or an object with
    /// a member per domain.
    pub(crate) fn seen_domains(&self) -> Vec<String> {
        let Some(span) = self.span(Leaf::SeenDomains) else { return Vec::new() };
        let text = span.of(&self.text);
        let mut domains: Vec<String> = Vec::new();
        let mut add = |domain: Span| {
            let Some(domain) = domain.string(text) else { return };
            let place = domains.binary_search_by(|known| known.as_str().cmp(&domain));
            if let (Err(at), 1..=MAX_DOMAIN_BYTES) = (place, domain.len()) {
                domains.insert(at, domain.into_owned());
                // At once, since a row may hold a hundred thousand.
                domains.truncate(MAX_SEEN_DOMAINS);
            }
        };
        let mut scanner = Scanner::new(text);
        each(&mut scanner, &mut add);
        domains
    }

    /// The UIDs of a live entry. A tombstone shows none, whatever another writer left in it.
    fn ids(&self) -> Vec<PartnerUid> {
        if !self.is_live() {
            return Vec::new();
        }
        let shown = |slot: &crate::row::Slot| {
            Some(PartnerUid {
                partner: slot.key.string(&self.text)?.into_owned(),
                uid: slot.uid(&self.text)?.into_owned(),
                synced: slot.synced(&self.text),
            })
        };
        self.slots.iter().filter_map(shown).collect()
    }

    fn v(&self) -> u8 {
        self.number(Leaf::V).unwrap_or(VERSION)
    }

    fn country(&self) -> String {
        let country = self.owned(Leaf::Country).filter(|country| is_country(country));
        country.unwrap_or_else(|| UNKNOWN_COUNTRY.to_owned())
    }

    fn is_mobile(&self) -> u8 {
        self.number(Leaf::IsMobile).filter(|class| *class <= 2).unwrap_or(2)
    }

    fn class(&self, leaf: Leaf) -> Option<String> {
        self.owned(leaf).filter(|class| is_class(class))
    }

    fn owned(&self, leaf: Leaf) -> Option<String> {
        self.string(leaf).map(String::from)
    }
}

/// Every item of a list, or every key of an object. The text has been scanned before.
fn each(scanner: &mut Scanner<'_>, add: &mut dyn FnMut(Span)) {
    match scanner.peek() {
        b'[' => {
            scanner.array();
            let mut is_first = true;
            while scanner.item(&mut is_first) {
                add(scanner.value());
            }
        }
        b'{' => {
            let mut object = scanner.object();
            while let Some(key) = scanner.key(&mut object) {
                add(key);
                scanner.value();
            }
        }
        _ => {}
    }
}
