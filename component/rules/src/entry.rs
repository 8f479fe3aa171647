//! An entry as a caller sees it, and the three ways to make one.
//!
//! What an entry looks like in the store is the matter of `crate::row`.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::error::InvalidArgument;
use crate::limits::{MAX_CLASS_BYTES, MAX_DOMAIN_BYTES, MAX_REGION_BYTES};
use crate::ops::latest;
use crate::partner_uid::{Assertion, PartnerUid};
use crate::types::Timestamp;

/// The country of an entry about whose place nothing is known.
pub const UNKNOWN_COUNTRY: &str = "ZZ";
/// The version that rows are written with.
pub const VERSION: u8 = 1;

/// The consent that an entry was given under. `Debug` does not show the strings.
#[derive(Clone, PartialEq, Eq)]
pub struct Consent {
    /// Raw TCF v2 string.
    pub tcf: Option<String>,
    /// Raw GPP string.
    pub gpp: Option<String>,
    /// True for a live entry, false for a withdrawal tombstone.
    pub ok: bool,
    /// When it was given or withdrawn, in Unix seconds.
    pub updated: u64,
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = |text: &Option<String>| text.as_ref().map(String::len);
        f.debug_struct("Consent")
            .field("tcf_bytes", &len(&self.tcf))
            .field("gpp_bytes", &len(&self.gpp))
            .field("ok", &self.ok)
            .field("updated", &self.updated)
            .finish()
    }
}

/// Where the browser was seen, coarsely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Geo {
    /// ISO 3166-1 alpha-2; `ZZ` when unknown.
    pub country: String,
    /// ISO 3166-2 subdivision without the country, e.g. `CA`.
    pub region: Option<String>,
    /// Autonomous system number.
    pub asn: Option<u32>,
    /// Designated market area (metro) code.
    pub dma: Option<i64>,
}

impl Geo {
    /// Nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self { country: UNKNOWN_COUNTRY.to_owned(), region: None, asn: None, dma: None }
    }

    /// From what a geo lookup answers, which is often partly empty: a part that breaks its rule, and
    /// zero for a number, count as unknown.
    ///
    /// ```
    /// use identity_graph::Geo;
    ///
    /// let geo = Geo::from_lookup("us", "OR", 64_500, 0);
    /// assert_eq!((geo.country.as_str(), geo.region.as_deref()), ("US", Some("OR")));
    /// assert_eq!((geo.asn, geo.dma), (Some(64_500), None));
    /// assert_eq!(Geo::from_lookup("", "", 0, 0), Geo::unknown());
    /// ```
    #[must_use]
    pub fn from_lookup(country: &str, region: &str, asn: u32, dma: i64) -> Self {
        if !is_country(country) {
            return Self::unknown();
        }
        Self {
            country: country.to_ascii_uppercase(),
            region: Some(region.to_owned()).filter(|r| is_region(r)),
            asn: Some(asn).filter(|asn| *asn != 0),
            dma: Some(dma).filter(|dma| *dma > 0),
        }
    }

    /// Checks what an argument says; the country in upper case.
    fn checked(mut self) -> Result<Self, InvalidArgument> {
        if !is_country(&self.country) {
            return Err(InvalidArgument::Country(self.country.len()));
        }
        if let Some(region) = self.region.as_ref().filter(|r| !is_region(r)) {
            return Err(InvalidArgument::Region(region.len()));
        }
        self.country.make_ascii_uppercase();
        Ok(self)
    }
}

/// What the connection says of the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// 0 desktop, 1 mobile, 2 unknown.
    pub is_mobile: u8,
    /// Class of the TLS fingerprint.
    pub ja4_class: Option<String>,
    /// Class of the platform, e.g. `ios`.
    pub platform_class: Option<String>,
    /// Hash of the HTTP/2 fingerprint.
    pub h2_fp_hash: Option<String>,
    /// True when the fingerprints are those of a common browser.
    pub known_browser: Option<bool>,
}

impl Device {
    /// Checks what an argument says.
    fn checked(self) -> Result<Self, InvalidArgument> {
        if self.is_mobile > 2 {
            return Err(InvalidArgument::IsMobile(self.is_mobile));
        }
        for (name, class) in [
            ("ja4-class", &self.ja4_class),
            ("platform-class", &self.platform_class),
            ("h2-fp-hash", &self.h2_fp_hash),
        ] {
            if let Some(class) = class.as_ref().filter(|c| !is_class(c)) {
                return Err(InvalidArgument::Class(name, class.len()));
            }
        }
        Ok(self)
    }
}

/// Where on the publisher's sites the browser was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PubProperties {
    /// The domain of the first visit.
    pub origin_domain: String,
    /// Domains seen, sorted; at most [`MAX_SEEN_DOMAINS`](crate::limits::MAX_SEEN_DOMAINS).
    pub seen_domains: Vec<String>,
}

/// What the graph keeps of one EC ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Version of the row; 1 in every row written so far.
    pub v: u8,
    /// When the entry was made, in Unix seconds.
    pub created: u64,
    /// When the browser was last seen, in Unix seconds; without it `created` counts.
    pub last_seen: Option<u64>,
    /// The consent it was given under.
    pub consent: Consent,
    /// Where the browser was seen.
    pub geo: Geo,
    /// What the connection said of the browser.
    pub device: Option<Device>,
    /// Where on the publisher's sites it was seen.
    pub pub_properties: Option<PubProperties>,
    /// How many EC IDs shared its hash when they were last counted.
    pub cluster_size: Option<u32>,
    /// The partners' UIDs; none in a tombstone.
    pub ids: Vec<PartnerUid>,
}

/// What a first visit knows; [`Entry::new`] makes the entry from it. `Debug` does not show the
/// consent strings.
#[derive(Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Raw TCF v2 string.
    pub tcf: Option<String>,
    /// Raw GPP string.
    pub gpp: Option<String>,
    /// Where the browser was seen; without it the country is `ZZ`.
    pub geo: Option<Geo>,
    /// What the connection says of the browser.
    pub device: Option<Device>,
    /// The domain that was visited.
    pub domain: Option<String>,
    /// UIDs that arrive with the same request, so that a first visit costs one write.
    pub ids: Vec<PartnerUid>,
    /// The time of the visit and of the consent, in Unix seconds.
    pub now: u64,
}

impl NewEntry {
    /// A visit at `now` of which nothing else is known.
    #[must_use]
    pub fn at(now: u64) -> Self {
        Self { tcf: None, gpp: None, geo: None, device: None, domain: None, ids: Vec::new(), now }
    }
}

impl fmt::Debug for NewEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEntry")
            .field("geo", &self.geo)
            .field("device", &self.device)
            .field("domain", &self.domain)
            .field("ids", &self.ids)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl Entry {
    /// The entry of a first visit.
    ///
    /// # Errors
    /// [`InvalidArgument`] names the rule that an argument breaks.
    pub fn new(first: NewEntry) -> Result<Self, InvalidArgument> {
        let NewEntry { tcf, gpp, geo, device, domain, ids, now } = first;
        if let Some(domain) = domain.as_ref().filter(|d| !is_domain(d)) {
            return Err(InvalidArgument::Domain(domain.len()));
        }
        let geo = geo.unwrap_or_else(Geo::unknown).checked()?;
        let device = device.map(Device::checked).transpose()?;
        Ok(Self {
            consent: Consent { tcf, gpp, ok: true, updated: now },
            geo,
            device,
            pub_properties: domain.map(|domain| PubProperties {
                seen_domains: vec![domain.clone()],
                origin_domain: domain,
            }),
            ..Self::live(asserted(ids, Timestamp::new(now))?, now)
        })
    }

    /// A live entry of which nothing but its UIDs is known.
    pub(crate) fn live(ids: Vec<PartnerUid>, now: u64) -> Self {
        Self {
            consent: Consent { tcf: None, gpp: None, ok: true, updated: now },
            ids,
            ..Self::tombstone(now)
        }
    }

    /// The entry of an upsert that found none: the recovery path for a first visit whose create
    /// failed.
    ///
    /// # Errors
    /// [`InvalidArgument`] names the rule that a UID or a partner key breaks.
    pub fn minimal(ids: Vec<PartnerUid>, now: u64) -> Result<Self, InvalidArgument> {
        Self::new(NewEntry { ids, ..NewEntry::at(now) })
    }

    /// The entry of a withdrawal: no consent, no UIDs, no place.
    #[must_use]
    pub fn tombstone(now: u64) -> Self {
        Self {
            v: VERSION,
            created: now,
            last_seen: Some(now),
            consent: Consent { tcf: None, gpp: None, ok: false, updated: now },
            geo: Geo::unknown(),
            device: None,
            pub_properties: None,
            cluster_size: None,
            ids: Vec::new(),
        }
    }

    /// When the browser was last seen: `last_seen`, else `created`.
    #[must_use]
    pub fn last_visit(&self) -> u64 {
        self.last_seen.unwrap_or(self.created)
    }
}

/// What is stored beside the body and can be read without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// False for a withdrawal tombstone.
    pub ok: bool,
    /// The entry's country.
    pub country: String,
    /// Version of the row.
    pub v: u8,
    /// How many EC IDs share the hash.
    pub cluster_size: Option<u32>,
    /// 0 desktop, 1 mobile, 2 unknown.
    pub is_mobile: Option<u8>,
    /// True when the fingerprints are those of a common browser.
    pub known_browser: Option<bool>,
}

impl From<&Entry> for Metadata {
    fn from(entry: &Entry) -> Self {
        Self {
            ok: entry.consent.ok,
            country: entry.geo.country.clone(),
            v: entry.v,
            cluster_size: entry.cluster_size,
            is_mobile: entry.device.as_ref().map(|d| d.is_mobile),
            known_browser: entry.device.as_ref().and_then(|d| d.known_browser),
        }
    }
}

/// Checks UIDs and keeps for each partner the one asserted last (of equals the first), sorted by
/// partner, each with its time.
fn asserted(ids: Vec<PartnerUid>, now: Timestamp) -> Result<Vec<PartnerUid>, InvalidArgument> {
    let ids: Result<Vec<_>, _> = ids.into_iter().map(|id| Assertion::parse(id, now)).collect();
    let ids = latest(ids?, |id| id.partner.as_str(), |id| id.synced);
    Ok(ids.into_iter().map(PartnerUid::from).collect())
}

pub(crate) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic())
}

pub(crate) fn is_region(text: &str) -> bool {
    (1..=MAX_REGION_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

pub(crate) fn is_class(text: &str) -> bool {
    (1..=MAX_CLASS_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}

pub(crate) fn is_domain(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(letter)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= MAX_DOMAIN_BYTES && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    fn uid(partner: &str, uid: &str, synced: Option<u64>) -> PartnerUid {
        PartnerUid { partner: partner.into(), uid: uid.into(), synced }
    }

    #[test]
    fn a_first_visit_without_geo_is_in_zz_and_carries_its_uids_with_their_times() {
        let entry = Entry::new(NewEntry {
            ids: vec![uid("B", "b", None), uid("a", "old", Some(1)), uid("A", "new", Some(2))],
            domain: Some("news.example".into()),
            ..NewEntry::at(100)
        })
        .unwrap();
        assert_eq!(entry.geo, Geo::unknown());
        assert_eq!((entry.created, entry.last_seen, entry.consent.updated), (100, Some(100), 100));
        assert!(entry.consent.ok);
        assert_eq!(entry.ids, [uid("a", "new", Some(2)), uid("b", "b", Some(100))]);
        assert_eq!(entry.pub_properties.unwrap().seen_domains, ["news.example"]);
    }

    #[test]
    fn an_unknown_class_of_device_is_accepted_and_none_beyond() {
        let device = |is_mobile| Device {
            is_mobile,
            ja4_class: None,
            platform_class: None,
            h2_fp_hash: None,
            known_browser: None,
        };
        assert_eq!(device(2).checked(), Ok(device(2)));
        assert_eq!(device(3).checked(), Err(InvalidArgument::IsMobile(3)));
    }

    #[test]
    fn debug_output_of_consent_shows_lengths_and_no_strings() {
        let consent = Consent { tcf: Some("CQtcf".into()), gpp: None, ok: true, updated: 7 };
        let expected = "Consent { tcf_bytes: Some(5), gpp_bytes: None, ok: true, updated: 7 }";
        assert_eq!(format!("{consent:?}"), expected);
    }

    #[test]
    fn of_equal_times_the_first_uid_is_kept() {
        let entry =
            Entry::minimal(vec![uid("a", "1", Some(5)), uid("a", "2", Some(5))], 9).unwrap();
        assert_eq!(entry.ids, [uid("a", "1", Some(5))]);
    }

    #[test]
    fn a_tombstone_holds_nothing_but_its_time() {
        let entry = Entry::tombstone(7);
        assert!(!entry.consent.ok && entry.ids.is_empty() && entry.device.is_none());
        assert_eq!((entry.created, entry.last_seen, entry.consent.updated), (7, Some(7), 7));
        assert_eq!(entry.geo.country, "ZZ");
    }

    #[test]
    fn metadata_mirrors_the_entry() {
        let device = Device {
            is_mobile: 1,
            ja4_class: None,
            platform_class: None,
            h2_fp_hash: None,
            known_browser: Some(true),
        };
        let geo = Geo::from_lookup("fr", "IDF", 0, 0);
        assert_eq!((geo.asn, geo.dma), (None, None), "0 stands for unknown");
        let first = NewEntry { geo: Some(geo), device: Some(device), ..NewEntry::at(1) };
        let metadata = Metadata::from(&Entry::new(first).unwrap());
        assert!(metadata.ok);
        assert_eq!(metadata.country, "FR");
        assert_eq!((metadata.is_mobile, metadata.known_browser), (Some(1), Some(true)));
    }

    #[test]
    fn each_bad_argument_is_named() {
        let bad = |change: fn(&mut NewEntry)| {
            let mut first = NewEntry::at(1);
            change(&mut first);
            Entry::new(first).unwrap_err()
        };
        let device = |d: fn(&mut Device)| {
            let mut device = Device {
                is_mobile: 0,
                ja4_class: None,
                platform_class: None,
                h2_fp_hash: None,
                known_browser: None,
            };
            d(&mut device);
            let first = NewEntry { device: Some(device), ..NewEntry::at(1) };
            Entry::new(first).unwrap_err()
        };
        assert_eq!(
            bad(|f| f.geo = Some(Geo { country: "USA".into(), ..Geo::unknown() })),
            InvalidArgument::Country(3)
        );
        assert_eq!(
            bad(|f| f.geo = Some(Geo { region: Some("toolong99".into()), ..Geo::unknown() })),
            InvalidArgument::Region(9)
        );
        assert_eq!(bad(|f| f.domain = Some("News.example".into())), InvalidArgument::Domain(12));
        assert_eq!(bad(|f| f.ids = vec![uid("p", "", None)]), InvalidArgument::UidBlank);
        assert_eq!(bad(|f| f.ids = vec![uid("p q", "u", None)]), InvalidArgument::Partner(3));
        assert_eq!(device(|d| d.is_mobile = 3), InvalidArgument::IsMobile(3));
        assert_eq!(
            device(|d| d.ja4_class = Some("x".repeat(65))),
            InvalidArgument::Class("ja4-class", 65)
        );
        assert_eq!(
            device(|d| d.platform_class = Some(String::new())),
            InvalidArgument::Class("platform-class", 0)
        );
        assert_eq!(
            device(|d| d.h2_fp_hash = Some("é".into())),
            InvalidArgument::Class("h2-fp-hash", 2)
        );
    }

    #[test]
    fn domains_are_lower_case_hostnames() {
        let label = "a".repeat(63);
        for good in ["localhost", "news.example", "xn--mgba.example", &label, "1.2-3.example"] {
            assert!(is_domain(good), "{good}");
        }
        let long = [label.as_str(); 4].join(".") + ".a";
        for bad in ["", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "a_b", "A.b", "a b", "a/b", &long]
        {
            assert!(!is_domain(bad), "{bad}");
        }
        assert!(!is_domain(&"a".repeat(64)));
    }

    #[test]
    fn debug_shows_no_consent_string_and_no_uid() {
        let first = NewEntry {
            tcf: Some("CQsecret".into()),
            gpp: Some("DBsecret".into()),
            ids: vec![uid("p", "secret", None)],
            ..NewEntry::at(1)
        };
        let shown = format!("{first:?} {:?}", Entry::new(first.clone()).unwrap());
        assert!(!shown.contains("secret"), "{shown}");
    }
}
