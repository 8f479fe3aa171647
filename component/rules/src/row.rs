//! A stored row that has been read: its text and where in it the known values stand.
//!
//! Reading is lenient: a row is an entry when its required fields are there, and a single odd value
//! elsewhere is passed over and kept. Writing is the matter of `crate::splice`.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::contest::Claim;
use crate::error::Corrupt;
use crate::json::{Object, Scanner, Span};
use crate::policy::{MAX_READ_BYTES, Policy};
use crate::store::Item;

/// The known values of a row, by where they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    V,
    Created,
    LastSeen,
    Tcf,
    Gpp,
    Ok,
    Updated,
    Country,
    Region,
    Asn,
    Dma,
    OriginDomain,
    SeenDomains,
    IsMobile,
    Ja4Class,
    PlatformClass,
    H2FpHash,
    KnownBrowser,
    ClusterSize,
    ClusterChecked,
}

const LEAVES: usize = Leaf::ClusterChecked as usize + 1;

/// The known objects of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Consent,
    Geo,
    PubProperties,
    Device,
    Network,
    Ids,
}

const SECTIONS: usize = Section::Ids as usize + 1;

impl Section {
    fn named(key: &str) -> Option<(Self, &'static str)> {
        Some(match key {
            "consent" => (Self::Consent, "consent"),
            "geo" => (Self::Geo, "geo"),
            "pub_properties" => (Self::PubProperties, "pub_properties"),
            "device" => (Self::Device, "device"),
            "network" => (Self::Network, "network"),
            "ids" => (Self::Ids, "ids"),
            _ => return None,
        })
    }

    fn leaf(self, key: &str) -> Option<(Leaf, &'static str)> {
        Some(match self {
            Self::Consent => match key {
                "tcf" => (Leaf::Tcf, "consent.tcf"),
                "gpp" => (Leaf::Gpp, "consent.gpp"),
                "ok" => (Leaf::Ok, "consent.ok"),
                "updated" => (Leaf::Updated, "consent.updated"),
                _ => return None,
            },
            Self::Geo => match key {
                "country" => (Leaf::Country, "geo.country"),
                "region" => (Leaf::Region, "geo.region"),
                "asn" => (Leaf::Asn, "geo.asn"),
                "dma" => (Leaf::Dma, "geo.dma"),
                _ => return None,
            },
            Self::PubProperties => match key {
                "origin_domain" => (Leaf::OriginDomain, "pub_properties.origin_domain"),
                "seen_domains" => (Leaf::SeenDomains, "pub_properties.seen_domains"),
                _ => return None,
            },
            Self::Device => match key {
                "is_mobile" => (Leaf::IsMobile, "device.is_mobile"),
                "ja4_class" => (Leaf::Ja4Class, "device.ja4_class"),
                "platform_class" => (Leaf::PlatformClass, "device.platform_class"),
                "h2_fp_hash" => (Leaf::H2FpHash, "device.h2_fp_hash"),
                "known_browser" => (Leaf::KnownBrowser, "device.known_browser"),
                _ => return None,
            },
            Self::Network => match key {
                "cluster_size" => (Leaf::ClusterSize, "network.cluster_size"),
                "cluster_checked" => (Leaf::ClusterChecked, "network.cluster_checked"),
                _ => return None,
            },
            Self::Ids => return None,
        })
    }
}

fn root_leaf(key: &str) -> Option<(Leaf, &'static str)> {
    Some(match key {
        "v" => (Leaf::V, "v"),
        "created" => (Leaf::Created, "created"),
        "last_seen" => (Leaf::LastSeen, "last_seen"),
        _ => return None,
    })
}

/// Where a known object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is written as `null`, which counts as absent.
    Null(Span),
    /// It has another type. It counts as absent and is never written to, since that would drop it.
    Odd,
    Object(Object),
}

/// Where one partner's UID stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) key: Span,
    pub(crate) value: Span,
    /// `None` when the value is no object.
    pub(crate) object: Option<Object>,
    pub(crate) uid: Option<Span>,
    pub(crate) synced: Option<Span>,
}

/// A row that is an entry.
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) metadata: Option<String>,
    pub(crate) generation: u64,
    pub(crate) root: Object,
    leaves: [Option<Span>; LEAVES],
    sections: [Option<Place>; SECTIONS],
    pub(crate) slots: Vec<Slot>,
    created: u64,
    updated: u64,
    is_live: bool,
}

impl Row {
    /// Reads a stored value.
    pub(crate) fn parse(item: Item) -> Result<Self, Corrupt> {
        if item.body.len() > MAX_READ_BYTES {
            return Err(Corrupt::TooLong);
        }
        let text = String::from_utf8(item.body)
            .map_err(|error| Corrupt::NotUtf8(error.utf8_error().valid_up_to()))?;
        let mut index = Index::default();
        let mut scanner = Scanner::new(&text);
        let mut root = scanner.document();
        while let Some(key) = scanner.key(&mut root) {
            index.member(&mut scanner, key);
        }
        scanner.end()?;
        let mut row = Self {
            text,
            metadata: item.metadata,
            generation: item.generation,
            root,
            leaves: index.leaves,
            sections: index.sections,
            slots: index.slots,
            created: 0,
            updated: 0,
            is_live: false,
        };
        row.require()?;
        Ok(row)
    }

    fn require(&mut self) -> Result<(), Corrupt> {
        for (section, name) in [(Section::Consent, "consent"), (Section::Geo, "geo")] {
            match self.place(section) {
                Some(Place::Object(_)) => {}
                Some(Place::Odd) => return Err(Corrupt::WrongType(name)),
                Some(Place::Null(_)) | None => return Err(Corrupt::Missing(name)),
            }
        }
        for (leaf, name) in [
            (Leaf::V, "v"),
            (Leaf::Created, "created"),
            (Leaf::Ok, "consent.ok"),
            (Leaf::Updated, "consent.updated"),
            (Leaf::Country, "geo.country"),
        ] {
            if self.span(leaf).is_none() {
                return Err(Corrupt::Missing(name));
            }
        }
        self.number::<u8>(Leaf::V).ok_or(Corrupt::WrongType("v"))?;
        self.created = self.number(Leaf::Created).ok_or(Corrupt::WrongType("created"))?;
        self.is_live = self.flag(Leaf::Ok).ok_or(Corrupt::WrongType("consent.ok"))?;
        self.updated = self.number(Leaf::Updated).ok_or(Corrupt::WrongType("consent.updated"))?;
        self.string(Leaf::Country).ok_or(Corrupt::WrongType("geo.country"))?;
        Ok(())
    }

    /// False for a withdrawal tombstone.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live
    }

    pub(crate) fn created(&self) -> u64 {
        self.created
    }

    /// When consent was given or withdrawn.
    pub(crate) fn consent_updated(&self) -> u64 {
        self.updated
    }

    pub(crate) fn last_seen(&self) -> Option<u64> {
        self.number(Leaf::LastSeen)
    }

    /// `last_seen`, else `created`.
    pub(crate) fn last_visit(&self) -> u64 {
        self.last_seen().unwrap_or(self.created)
    }

    /// Seconds left of a live entry's lifetime; `None` when it is over.
    pub(crate) fn remaining(&self, policy: &Policy, now: u64) -> Option<u32> {
        policy.remaining(self.last_visit(), now)
    }

    pub(crate) fn place(&self, section: Section) -> Option<Place> {
        self.sections.get(section as usize).copied().flatten()
    }

    pub(crate) fn object(&self, section: Section) -> Option<Object> {
        match self.place(section) {
            Some(Place::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// Where a value stands, `null` included.
    pub(crate) fn span(&self, leaf: Leaf) -> Option<Span> {
        self.leaves.get(leaf as usize).copied().flatten()
    }

    pub(crate) fn string(&self, leaf: Leaf) -> Option<Cow<'_, str>> {
        self.span(leaf)?.string(&self.text)
    }

    pub(crate) fn number<N: TryFrom<u64>>(&self, leaf: Leaf) -> Option<N> {
        self.span(leaf)?.number(&self.text)
    }

    pub(crate) fn flag(&self, leaf: Leaf) -> Option<bool> {
        self.span(leaf)?.flag(&self.text)
    }

    /// For each claim, the slot of the partner it is about. Where a key stands more than once, the
    /// UID asserted last counts. The claims are sorted by partner, so that one pass finds all.
    pub(crate) fn slots_of(&self, claims: &[Claim<'_>]) -> Vec<Option<usize>> {
        let mut slots: Vec<Option<usize>> = vec![None; claims.len()];
        for (at, slot) in self.slots.iter().enumerate() {
            let Some(key) = slot.key.string(&self.text) else { continue };
            let place = match claims {
                [only] => (only.about == key).then_some(0),
                claims => claims.binary_search_by(|claim| claim.about.cmp(&key)).ok(),
            };
            let Some(known) = place.and_then(|place| slots.get_mut(place)) else { continue };
            let before = known.and_then(|known| self.slots.get(known));
            if before.is_none_or(|known| slot.synced(&self.text) >= known.synced(&self.text)) {
                *known = Some(at);
            }
        }
        slots
    }
}

impl Slot {
    /// The stored UID, when the slot holds one.
    pub(crate) fn uid<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        self.uid?.string(text)
    }

    /// Whether it is a partner's UID without the time that the first readers require.
    pub(crate) fn lacks_time(&self, text: &str) -> bool {
        self.synced.is_none_or(|synced| synced.is_null(text)) && self.uid(text).is_some()
    }

    /// When the UID was asserted; `None` in rows written without it.
    pub(crate) fn synced(&self, text: &str) -> Option<u64> {
        self.synced?.number(text)
    }
}

#[derive(Default)]
struct Index {
    leaves: [Option<Span>; LEAVES],
    sections: [Option<Place>; SECTIONS],
    slots: Vec<Slot>,
}

impl Index {
    /// Reads one member of the root object.
    fn member(&mut self, scanner: &mut Scanner<'_>, key: Span) {
        let name = key.string(scanner.text()).unwrap_or_default();
        let Some((section, name)) = Section::named(&name) else {
            let value = scanner.value();
            return self.note(scanner, root_leaf(&name), value);
        };
        let place = if scanner.peek() == b'{' {
            let mut object = scanner.object();
            while let Some(key) = scanner.key(&mut object) {
                if section == Section::Ids {
                    self.slot(scanner, key);
                } else {
                    let value = scanner.value();
                    let leaf = key.string(scanner.text()).and_then(|key| section.leaf(&key));
                    self.note(scanner, leaf, value);
                }
            }
            Place::Object(object)
        } else {
            let value = scanner.value();
            if value.is_null(scanner.text()) { Place::Null(value) } else { Place::Odd }
        };
        match self.sections.get_mut(section as usize) {
            Some(slot @ None) => *slot = Some(place),
            _ => scanner.stop(Corrupt::Twice(name)),
        }
    }

    fn note(&mut self, scanner: &mut Scanner<'_>, leaf: Option<(Leaf, &'static str)>, value: Span) {
        let Some((leaf, name)) = leaf else { return };
        match self.leaves.get_mut(leaf as usize) {
            Some(slot @ None) => *slot = Some(value),
            _ => scanner.stop(Corrupt::Twice(name)),
        }
    }

    /// Reads one partner.
    fn slot(&mut self, scanner: &mut Scanner<'_>, key: Span) {
        if self.slots.is_empty() {
            self.slots.reserve(USUAL_PARTNERS);
        }
        let start = scanner.at();
        if let Some((uid, synced)) = scanner.partner() {
            let (open, close) = (start.wrapping_add(1), synced.end());
            let value = Span::new(start, close.wrapping_add(1));
            let object = Some(Object { open, close, is_empty: false });
            return self.slots.push(Slot {
                key,
                value,
                object,
                uid: Some(uid),
                synced: Some(synced),
            });
        }
        let (mut uid, mut synced) = (None, None);
        if scanner.peek() != b'{' {
            let value = scanner.value();
            return self.slots.push(Slot { key, value, object: None, uid, synced });
        }
        let mut object = scanner.object();
        while let Some(key) = scanner.key(&mut object) {
            let value = scanner.value();
            match key.string(scanner.text()).as_deref() {
                Some("uid") => uid = Some(value),
                Some("synced") => synced = Some(value),
                _ => {}
            }
        }
        let value = Span::new(object.open.wrapping_sub(1), object.close.wrapping_add(1));
        self.slots.push(Slot { key, value, object: Some(object), uid, synced });
    }
}

/// Partners that most rows have at most.
const USUAL_PARTNERS: usize = 16;

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;
    use alloc::format;

    use super::*;

    #[test]
    fn a_slot_is_the_same_however_it_is_written() {
        for slot in [
            r#"{"uid":"u","synced":5}"#,
            r#"{ "uid" : "u" , "synced" : 5 }"#,
            r#"{"synced":5,"uid":"u"}"#,
            r#"{"uid":"\u0075","synced":5,"atype":3}"#,
        ] {
            let text = format!(
                r#"{{"v":1,"created":1,"consent":{{"ok":true,"updated":1}},"geo":{{"country":"FR"}},"ids":{{"a":{slot}}}}}"#
            );
            let item = Item { body: text.into_bytes(), metadata: None, generation: 1 };
            let row = Row::parse(item).unwrap();
            let [found] = row.slots.as_slice() else { panic!("one slot") };
            assert_eq!(found.value.of(&row.text), slot);
            assert_eq!(found.uid(&row.text).as_deref(), Some("u"));
            assert_eq!(found.synced(&row.text), Some(5));
            let object = found.object.unwrap();
            let inner = row.text.get(object.open..object.close).map(ToOwned::to_owned);
            assert_eq!(inner.as_deref(), slot.strip_prefix('{').and_then(|s| s.strip_suffix('}')));
            assert!(!object.is_empty);
        }
    }
}
