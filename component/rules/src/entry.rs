//! An entry as a caller sees it, and the three ways to make one.
//!
//! What an entry looks like in the store is the matter of `crate::row`.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::limits::{MAX_CLASS_BYTES, MAX_DOMAIN_BYTES, MAX_REGION_BYTES};
use crate::partner_uid::PartnerUid;

/// The country of an entry about whose place nothing is known.
pub const UNKNOWN_COUNTRY: &str = "ZZ";
/// The version that rows are written with.
pub const VERSION: u8 = 1;

/// The consent that an entry was given under. `Debug` does not show the strings.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Consent {
    /// Raw TCF v2 string.
    pub tcf: Option<String>,
    /// Raw GPP string.
    pub gpp: Option<String>,
    /// The IDs of the GPP sections that apply.
    pub gpp_sid: Option<String>,
    /// True for a live entry, false for a withdrawal tombstone.
    pub ok: bool,
    /// When it was given, last changed, or withdrawn, in Unix seconds.
    pub updated: u64,
    /// When it had been withdrawn before it was given anew, in Unix seconds.
    pub withdrawn: Option<u64>,
}

impl Consent {
    /// The consent of a live entry.
    pub(crate) fn given_at(now: u64) -> Self {
        Self { ok: true, ..Self::withdrawn_at(now) }
    }

    /// The consent of a tombstone.
    pub(crate) fn withdrawn_at(now: u64) -> Self {
        Self { tcf: None, gpp: None, gpp_sid: None, ok: false, updated: now, withdrawn: None }
    }
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = |text: &Option<String>| text.as_ref().map(String::len);
        f.debug_struct("Consent")
            .field("tcf_bytes", &len(&self.tcf))
            .field("gpp_bytes", &len(&self.gpp))
            .field("ok", &self.ok)
            .field("updated", &self.updated)
            .field("gpp_sid_bytes", &len(&self.gpp_sid))
            .field("withdrawn", &self.withdrawn)
            .finish()
    }
}

/// Where the browser was seen, coarsely.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
}

/// What the connection says of the browser; by default nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
    /// From what a connection says, which is often partly empty or odd: a part that breaks its rule
    /// counts as unknown. Whether the browser is a known one, the caller says afterwards.
    ///
    /// ```
    /// use identity_graph::Device;
    ///
    /// let device = Device::from_signals(1, "t13d1516h2_8daaf6152771_02713d6af862", "ios", "");
    /// assert_eq!((device.is_mobile, device.platform_class.as_deref()), (1, Some("ios")));
    /// assert_eq!(Device::from_signals(9, "\u{0}", "", ""), Device::default());
    /// let known = Device { known_browser: Some(true), ..device };
    /// # assert!(known.h2_fp_hash.is_none());
    /// ```
    #[must_use]
    pub fn from_signals(
        is_mobile: u8,
        ja4_class: &str,
        platform_class: &str,
        h2_fp_hash: &str,
    ) -> Self {
        let class = |text: &str| Some(text.to_owned()).filter(|text| is_class(text));
        let unknown = Self::default();
        Self {
            is_mobile: if is_mobile > 2 { unknown.is_mobile } else { is_mobile },
            ja4_class: class(ja4_class),
            platform_class: class(platform_class),
            h2_fp_hash: class(h2_fp_hash),
            ..unknown
        }
    }
}

impl Default for Device {
    fn default() -> Self {
        Self {
            is_mobile: 2,
            ja4_class: None,
            platform_class: None,
            h2_fp_hash: None,
            known_browser: None,
        }
    }
}

/// Where on the publisher's sites the browser was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PubProperties {
    /// The domain of the first visit.
    pub origin_domain: String,
    /// Domains seen, sorted; at most [`MAX_SEEN_DOMAINS`](crate::limits::MAX_SEEN_DOMAINS).
    pub seen_domains: Vec<String>,
}

/// What the graph keeps of one EC ID.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
    /// Version of the row; 1 in every row written so far.
    pub v: u8,
    /// When the entry was made, in Unix seconds.
    pub created: u64,
    /// When the browser was last seen, in Unix seconds; `None` in rows written without it.
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

impl Entry {
    /// The entry of a withdrawal: no consent, no UIDs, no place.
    #[must_use]
    pub fn tombstone(now: u64) -> Self {
        Self {
            v: VERSION,
            created: now,
            last_seen: Some(now),
            consent: Consent::withdrawn_at(now),
            geo: Geo::unknown(),
            device: None,
            pub_properties: None,
            cluster_size: None,
            ids: Vec::new(),
        }
    }
}

/// What is stored beside the body and can be read without it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
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
    use super::*;

    #[test]
    fn a_tombstone_holds_nothing_but_its_time() {
        let entry = Entry::tombstone(7);
        assert!(!entry.consent.ok && entry.ids.is_empty() && entry.device.is_none());
        assert_eq!((entry.created, entry.last_seen, entry.consent.updated), (7, Some(7), 7));
        assert_eq!(entry.geo.country, "ZZ");
    }

    #[test]
    fn domains_are_lower_case_hostnames() {
        let label = "a".repeat(63);
        for good in
            ["localhost", "news.example", "xn--mgba.example", &label, "1.2-3.example", "a_b"]
        {
            assert!(is_domain(good), "{good}");
        }
        let long = [label.as_str(); 4].join(".") + ".a";
        for bad in ["", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "A.b", "a b", "a/b", &long] {
            assert!(!is_domain(bad), "{bad}");
        }
        assert!(!is_domain(&"a".repeat(64)));
    }
}
