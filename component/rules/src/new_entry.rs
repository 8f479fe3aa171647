//! What a visit knows, and what of it can be stored.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::entry::{
    Consent, Device, Entry, Geo, PubProperties, UNKNOWN_COUNTRY, is_class, is_country, is_domain,
    is_region,
};
use crate::error::InvalidArgument;
use crate::ops::{Assertions, Items};
use crate::partner_uid::{Assertion, PartnerUid};
use crate::policy::Policy;
use crate::types::{Ext, Now};

/// What a visit knows. An empty text counts as not given. `Debug` does not show the consent strings.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NewEntry {
    /// Raw TCF v2 string.
    pub tcf: Option<String>,
    /// Raw GPP string.
    pub gpp: Option<String>,
    /// The IDs of the GPP sections that apply.
    pub gpp_sid: Option<String>,
    /// Where the browser was seen; without it the country is `ZZ`.
    pub geo: Option<Geo>,
    /// What the connection says of the browser.
    pub device: Option<Device>,
    /// The domain that was visited.
    pub domain: Option<String>,
    /// UIDs that arrive with the same request, so that a visit costs one write.
    pub ids: Vec<PartnerUid>,
    /// The time of the visit and of the consent, in Unix seconds.
    pub now: u64,
}

impl NewEntry {
    /// A visit at `now` of which nothing else is known.
    #[must_use]
    pub fn at(now: u64) -> Self {
        Self {
            tcf: None,
            gpp: None,
            gpp_sid: None,
            geo: None,
            device: None,
            domain: None,
            ids: Vec::new(),
            now,
        }
    }

    /// The same, under this TCF v2 string.
    ///
    /// ```
    /// use identity_graph::{Device, Geo, NewEntry, PartnerUid};
    ///
    /// let visit = NewEntry::at(1_790_000_000)
    ///     .tcf("CQ...")
    ///     .geo(Geo::from_lookup("FR", "IDF", 64_500, 0))
    ///     .device(Device::from_signals(2, "t13d1516h2", "", ""))
    ///     .domain("news.example")
    ///     .ids([PartnerUid::new("ids.acme.example", "A-1")]);
    /// assert_eq!(visit.ids.len(), 1);
    /// ```
    #[must_use]
    pub fn tcf(self, tcf: impl Into<String>) -> Self {
        Self { tcf: Some(tcf.into()), ..self }
    }

    /// The same, under this GPP string.
    #[must_use]
    pub fn gpp(self, gpp: impl Into<String>) -> Self {
        Self { gpp: Some(gpp.into()), ..self }
    }

    /// The same, with the IDs of the GPP sections that apply.
    #[must_use]
    pub fn gpp_sid(self, gpp_sid: impl Into<String>) -> Self {
        Self { gpp_sid: Some(gpp_sid.into()), ..self }
    }

    /// The same, from this place.
    #[must_use]
    pub fn geo(self, geo: Geo) -> Self {
        Self { geo: Some(geo), ..self }
    }

    /// The same, from this device.
    #[must_use]
    pub fn device(self, device: Device) -> Self {
        Self { device: Some(device), ..self }
    }

    /// The same, to this domain.
    #[must_use]
    pub fn domain(self, domain: impl Into<String>) -> Self {
        Self { domain: Some(domain.into()), ..self }
    }

    /// The same, with these UIDs beside those that it has.
    #[must_use]
    pub fn ids(mut self, ids: impl IntoIterator<Item = PartnerUid>) -> Self {
        self.ids.extend(ids);
        self
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

/// A part of a visit that was malformed and is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LeftOut {
    /// Which, e.g. `geo.region` or `ids.ext`.
    pub field: String,
    /// The rule that it breaks.
    pub why: String,
}

/// A visit that was checked.
pub(crate) struct Visit {
    pub(crate) now: Now,
    /// The consent that it gives.
    pub(crate) consent: Consent,
    pub(crate) geo: Option<Geo>,
    pub(crate) device: Option<Device>,
    pub(crate) domain: Option<String>,
    pub(crate) assertions: Assertions,
    pub(crate) left_out: Vec<LeftOut>,
}

impl Visit {
    /// Checks a visit: what is malformed in it is left out, other than its time.
    pub(crate) fn parse(entry: NewEntry, policy: &Policy) -> Result<Self, InvalidArgument> {
        let NewEntry { tcf, gpp, gpp_sid, geo, device, domain, ids, now } = entry;
        let now = Now::parse(now, policy)?;
        let mut left_out = Vec::new();
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let mut invalid = Vec::new();
        // What comes of a list in one step like this stays in the memory of the list.
        let valid = ids.into_iter().enumerate().filter_map(|(order, mut id)| {
            let ext = ext_of(&mut id, &mut left_out);
            match Assertion::with(id, Ok(ext), now, order) {
                Ok(assertion) => Some(assertion),
                Err(rule) => {
                    invalid.push((order, rule));
                    None
                }
            }
        });
        let parsed = Items { valid: valid.collect(), invalid };
        Ok(Self {
            now,
            consent: Consent {
                tcf: given(tcf),
                gpp: given(gpp),
                gpp_sid: given(gpp_sid),
                ..Consent::given_at(now.at.seconds())
            },
            geo: geo.map(|geo| checked_geo(geo, &mut left_out)),
            device: device.map(|device| checked_device(device, &mut left_out)),
            domain: given(domain).and_then(|domain| hostname(domain, &mut left_out)),
            assertions: Assertions::new(parsed, now),
            left_out,
        })
    }
}

impl Entry {
    /// The entry of a first visit, with what of it is well formed.
    ///
    /// # Errors
    /// [`InvalidArgument::Time`] when its time is in milliseconds.
    pub fn new(first: NewEntry) -> Result<Self, InvalidArgument> {
        let policy = Policy::default();
        let visit = Visit::parse(first, &policy)?;
        let ids = visit.assertions.winners.into_iter().take(policy.max_partners as usize);
        let ids = ids.filter_map(Assertion::into_id).collect();
        let pub_properties = visit.domain.map(|domain| PubProperties {
            seen_domains: vec![domain.clone()],
            origin_domain: domain,
        });
        Ok(Self {
            consent: visit.consent,
            geo: visit.geo.unwrap_or_else(Geo::unknown),
            device: visit.device,
            pub_properties,
            ids,
            ..Self::tombstone(visit.now.at.seconds())
        })
    }

    /// The entry of an upsert that found none: the recovery path for a first visit whose create
    /// failed.
    ///
    /// # Errors
    /// [`InvalidArgument::Time`] when its time is in milliseconds.
    pub fn minimal(ids: Vec<PartnerUid>, now: u64) -> Result<Self, InvalidArgument> {
        Self::new(NewEntry { ids, ..NewEntry::at(now) })
    }
}

fn leave_out(left_out: &mut Vec<LeftOut>, field: &str, rule: InvalidArgument) {
    left_out.push(LeftOut { field: field.to_owned(), why: rule.to_string() });
}

/// The `ext` of a UID, which is worth keeping without it where that is odd.
fn ext_of(id: &mut PartnerUid, left_out: &mut Vec<LeftOut>) -> Option<Ext> {
    Ext::given(id.ext.take()).unwrap_or_else(|rule| {
        leave_out(left_out, "ids.ext", rule);
        None
    })
}

fn checked_geo(geo: Geo, left_out: &mut Vec<LeftOut>) -> Geo {
    let Geo { mut country, mut region, asn, dma } = geo;
    let is_known = is_country(&country);
    if is_known {
        country.make_ascii_uppercase();
    } else {
        if !country.is_empty() {
            leave_out(left_out, "geo.country", InvalidArgument::Country(country.len()));
        }
        UNKNOWN_COUNTRY.clone_into(&mut country);
    }
    if let Some(text) = region.take().filter(|text| !text.is_empty()) {
        // A region is one of its country.
        if is_known && is_region(&text) {
            region = Some(text);
        } else {
            leave_out(left_out, "geo.region", InvalidArgument::Region(text.len()));
        }
    }
    Geo { country, region, asn, dma }
}

fn checked_device(mut device: Device, left_out: &mut Vec<LeftOut>) -> Device {
    if device.is_mobile > 2 {
        leave_out(left_out, "device.is-mobile", InvalidArgument::IsMobile(device.is_mobile));
        device.is_mobile = Device::default().is_mobile;
    }
    for (name, class) in [
        ("ja4-class", &mut device.ja4_class),
        ("platform-class", &mut device.platform_class),
        ("h2-fp-hash", &mut device.h2_fp_hash),
    ] {
        let given = class.take().filter(|class| !class.is_empty());
        match given {
            Some(text) if !is_class(&text) => {
                let field = ["device.", name].concat();
                leave_out(left_out, &field, InvalidArgument::Class(name, text.len()));
            }
            given => *class = given,
        }
    }
    device
}

fn hostname(mut domain: String, left_out: &mut Vec<LeftOut>) -> Option<String> {
    domain.make_ascii_lowercase();
    if domain.ends_with('.') {
        domain.pop();
    }
    if is_domain(&domain) {
        return Some(domain);
    }
    leave_out(left_out, "domain", InvalidArgument::Domain(domain.len()));
    None
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::entry::Metadata;

    fn visit(change: impl FnOnce(&mut NewEntry)) -> Visit {
        let mut entry = NewEntry::at(1_000);
        change(&mut entry);
        Visit::parse(entry, &Policy::default()).unwrap()
    }

    fn left_out(visit: &Visit) -> Vec<&str> {
        visit.left_out.iter().map(|left_out| left_out.field.as_str()).collect()
    }

    #[test]
    fn an_odd_country_or_region_costs_itself() {
        for country in ["T1", "A1", "USA", "é"] {
            let geo = Geo { country: country.into(), asn: Some(7), ..Geo::unknown() };
            let visit = visit(|entry| entry.geo = Some(geo));
            assert_eq!(visit.geo, Some(Geo { asn: Some(7), ..Geo::unknown() }));
            assert_eq!(left_out(&visit), ["geo.country"]);
        }
        for region in ["NO REGION", "?", "toolong99"] {
            let geo = Geo { country: "sg".into(), region: Some(region.into()), ..Geo::unknown() };
            let visit = visit(|entry| entry.geo = Some(geo));
            assert_eq!(visit.geo, Some(Geo { country: "SG".into(), ..Geo::unknown() }));
            assert_eq!(left_out(&visit), ["geo.region"]);
        }
    }

    #[test]
    fn an_odd_device_costs_its_odd_parts() {
        let device = Device {
            is_mobile: 3,
            ja4_class: Some("x".repeat(65)),
            platform_class: Some("ios".into()),
            h2_fp_hash: Some("é".into()),
            known_browser: Some(true),
        };
        let visit = visit(|entry| entry.device = Some(device));
        assert_eq!(left_out(&visit), ["device.is-mobile", "device.ja4-class", "device.h2-fp-hash"]);
        let expected = Device {
            platform_class: Some("ios".into()),
            known_browser: Some(true),
            ..Device::default()
        };
        assert_eq!(visit.device, Some(expected));
    }

    #[test]
    fn a_host_name_is_taken_as_browsers_write_it() {
        for host in ["News.Example", "news.example.", "a_b.example"] {
            let visit = visit(|entry| entry.domain = Some(host.into()));
            assert!(visit.domain.is_some() && visit.left_out.is_empty(), "{host}");
        }
        let visit = visit(|entry| entry.domain = Some("news example".into()));
        assert_eq!((visit.domain.as_deref(), left_out(&visit)), (None, vec!["domain"]));
    }

    #[test]
    fn what_is_empty_was_not_given_and_is_not_named() {
        let visit = visit(|entry| {
            entry.tcf = Some(String::new());
            entry.domain = Some(String::new());
            entry.geo =
                Some(Geo { country: String::new(), region: Some(String::new()), ..Geo::unknown() });
            entry.device = Some(Device { ja4_class: Some(String::new()), ..Device::default() });
        });
        assert!(visit.left_out.is_empty());
        assert_eq!((visit.consent.tcf, visit.geo), (None, Some(Geo::unknown())));
    }

    #[test]
    fn an_odd_ext_costs_itself_and_not_the_uid() {
        let id = PartnerUid { ext: Some("[1]".into()), ..PartnerUid::new("p", "u") };
        let visit = visit(|entry| entry.ids = vec![id]);
        assert_eq!(left_out(&visit), ["ids.ext"]);
        assert_eq!(visit.assertions.winners.len(), 1);
    }

    #[test]
    fn a_time_in_milliseconds_fails_the_visit() {
        let parsed = Visit::parse(NewEntry::at(1_790_000_000_000), &Policy::default());
        assert_eq!(parsed.err(), Some(InvalidArgument::Time("now")));
    }

    #[test]
    fn a_first_visit_without_geo_is_in_zz_and_carries_its_uids_with_their_times() {
        let entry = Entry::new(NewEntry {
            ids: [
                PartnerUid::new("B", "b"),
                PartnerUid::new("a", "old").synced(1),
                PartnerUid::new("A", "new").synced(2),
            ]
            .into(),
            domain: Some("news.example".into()),
            ..NewEntry::at(100)
        })
        .unwrap();
        assert_eq!(entry.geo, Geo::unknown());
        assert_eq!((entry.created, entry.last_seen, entry.consent.updated), (100, Some(100), 100));
        assert!(entry.consent.ok);
        let expected =
            [PartnerUid::new("a", "new").synced(2), PartnerUid::new("b", "b").synced(100)];
        assert_eq!(entry.ids, expected);
        assert_eq!(entry.pub_properties.unwrap().seen_domains, ["news.example"]);
    }

    #[test]
    fn of_equal_times_the_first_uid_is_kept() {
        let ids = [PartnerUid::new("a", "1").synced(5), PartnerUid::new("a", "2").synced(5)];
        let entry = Entry::minimal(ids.into(), 9).unwrap();
        assert_eq!(entry.ids, [PartnerUid::new("a", "1").synced(5)]);
    }

    #[test]
    fn metadata_mirrors_the_entry() {
        let device = Device { is_mobile: 1, known_browser: Some(true), ..Device::default() };
        let geo = Geo::from_lookup("fr", "IDF", 0, 0);
        assert_eq!((geo.asn, geo.dma), (None, None), "0 stands for unknown");
        let first = NewEntry { geo: Some(geo), device: Some(device), ..NewEntry::at(1) };
        let metadata = Metadata::from(&Entry::new(first).unwrap());
        assert!(metadata.ok);
        assert_eq!(metadata.country, "FR");
        assert_eq!((metadata.is_mobile, metadata.known_browser), (Some(1), Some(true)));
    }

    #[test]
    fn debug_shows_no_consent_string_and_no_uid() {
        let first = NewEntry {
            tcf: Some("CQsecret".into()),
            gpp: Some("DBsecret".into()),
            ids: [PartnerUid::new("p", "secret")].into(),
            ..NewEntry::at(1)
        };
        let shown = format!("{first:?} {:?}", Entry::new(first.clone()).unwrap());
        assert!(!shown.contains("secret"), "{shown}");
    }
}
