//! What a stored row means, read in the plainest way: with a general JSON parser and no knowledge of
//! how the rules read or write.

use std::collections::{BTreeMap, BTreeSet};

use identity_graph::limits::MAX_BODY_BYTES;
use identity_graph::{self as rules, Order, Policy};
use serde_json::Value;
use serde_json::value::RawValue;

use super::assertions::AssertedUid;
use super::worker::Operation;

/// The time of a call, and how far ahead of it other clocks may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) now: u64,
    skew: u64,
    /// Whether of two assertions the one that arrives last stands.
    pub(super) by_arrival: bool,
}

impl Clock {
    pub(super) fn of(operation: &Operation, policy: &Policy) -> Self {
        Self {
            now: operation.now().unwrap_or_default(),
            skew: policy.clock_skew.into(),
            by_arrival: policy.order == Order::Arrival,
        }
    }

    /// A stored time, where it can be believed.
    pub(super) fn known(self, time: Option<u64>) -> Option<u64> {
        time.filter(|time| *time <= self.now + self.skew)
    }
}

/// What a key holds.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every key holds an entry")]
pub(super) enum Held {
    /// Nothing.
    Nothing,
    /// Something that is no entry.
    Corrupt,
    /// An entry.
    Entry(StoredEntry),
}

/// An entry, live or a tombstone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredEntry {
    /// Whether there is consent.
    pub(super) ok: bool,
    /// When consent was given, last changed, or withdrawn.
    pub(super) updated: u64,
    /// When consent had been withdrawn before it was given anew.
    pub(super) withdrawn: Option<u64>,
    /// TCF, GPP and the GPP section IDs.
    pub(super) strings: [Option<String>; 3],
    /// When the row was made.
    pub(super) created: u64,
    /// When the browser was last seen, if the row says so.
    pub(super) last_seen: Option<u64>,
    /// UIDs by partner.
    pub(super) ids: BTreeMap<String, StoredUid>,
    /// Partners in whose place something else stands.
    pub(super) occupied: BTreeSet<String>,
    /// When UIDs were removed, by partner.
    pub(super) removed: BTreeMap<String, u64>,
    /// The domains seen.
    pub(super) domains: BTreeSet<String>,
    /// All of it.
    pub(super) whole: Value,
    /// The members as they are written, to the byte.
    pub(super) written: BTreeMap<String, String>,
    /// Bytes of the whole body.
    bytes: usize,
}

/// A partner's UID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredUid {
    pub(super) uid: String,
    /// When it was asserted; 0 in rows written without it.
    pub(super) synced: u64,
    pub(super) expires: Option<u64>,
}

impl StoredUid {
    /// Whether it has ended.
    pub(super) fn is_over(&self, clock: Clock) -> bool {
        self.expires.is_some_and(|at| at <= clock.now)
    }
}

impl Held {
    /// What a stored body means.
    pub(super) fn of(body: Option<&[u8]>) -> Self {
        let Some(body) = body else { return Self::Nothing };
        StoredEntry::of(body).map_or(Self::Corrupt, Self::Entry)
    }

    /// The entry that is live and within its lifetime for a worker with this clock.
    pub(super) fn live(&self, policy: &Policy, clock: Clock) -> Option<&StoredEntry> {
        self.entry().filter(|entry| entry.ok && !entry.is_over(policy, clock))
    }

    /// The withdrawal.
    pub(super) fn tombstone(&self) -> Option<&StoredEntry> {
        self.entry().filter(|entry| !entry.ok)
    }

    /// True where a worker with this clock finds no entry: none is there, or its lifetime is over.
    pub(super) fn is_missing(&self, policy: &Policy, clock: Clock) -> bool {
        match self {
            Self::Nothing => true,
            Self::Corrupt => false,
            Self::Entry(entry) => entry.ok && entry.is_over(policy, clock),
        }
    }

    /// The entry, live or not.
    pub(super) fn entry(&self) -> Option<&StoredEntry> {
        if let Self::Entry(entry) = self { Some(entry) } else { None }
    }
}

impl StoredEntry {
    fn of(body: &[u8]) -> Option<Self> {
        let whole: Value = serde_json::from_slice(body).ok()?;
        let written: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).ok()?;
        let written = written.into_iter().map(|(name, value)| (name, value.get().to_owned()));
        if whole["v"] != 1 {
            return None;
        }
        let members = |section: &str| whole[section].as_object().into_iter().flatten();
        let uid = |(partner, stored): (&String, &Value)| {
            let uid = stored["uid"].as_str()?.to_owned();
            let synced = stored["synced"].as_u64().unwrap_or_default();
            let expires = stored["expires"].as_u64();
            Some((partner.clone(), StoredUid { uid, synced, expires }))
        };
        let is_other = |(_, stored): &(&String, &Value)| !stored.is_object() && !stored.is_null();
        let consent = &whole["consent"];
        let string = |name: &str| consent[name].as_str().map(str::to_owned);
        Some(Self {
            ok: consent["ok"].as_bool()?,
            updated: consent["updated"].as_u64()?,
            withdrawn: consent["withdrawn"].as_u64(),
            strings: ["tcf", "gpp", "gpp_sid"].map(string),
            created: whole["created"].as_u64()?,
            last_seen: whole["last_seen"].as_u64(),
            ids: members("ids").filter_map(uid).collect(),
            occupied: members("ids").filter(is_other).map(|(name, _)| name.clone()).collect(),
            removed: members("removed")
                .filter_map(|(partner, at)| Some((partner.clone(), at.as_u64()?)))
                .collect(),
            domains: domains(&whole["pub_properties"]["seen_domains"]),
            written: written.collect(),
            bytes: body.len(),
            whole,
        })
    }

    /// Whether this is what a reader is to see of the row.
    pub(super) fn is_shown_as(&self, shown: &rules::Entry, clock: Clock) -> bool {
        let shown_ids = shown.ids.iter().map(|id| {
            let (uid, synced) = (id.uid.clone(), id.synced.unwrap_or_default());
            (id.partner.clone(), StoredUid { uid, synced, expires: id.expires })
        });
        let expected = self.ids.iter().filter(|(_, stored)| self.ok && !stored.is_over(clock));
        let expected = expected.map(|(partner, stored)| (partner.clone(), stored.clone()));
        let consent = &shown.consent;
        let strings = [&consent.tcf, &consent.gpp, &consent.gpp_sid];
        let are_shown = |(stored, shown): (&Option<String>, &Option<String>)| {
            if self.ok { stored == shown } else { shown.is_none() }
        };
        (consent.ok, consent.updated, consent.withdrawn, shown.last_seen)
            == (self.ok, self.updated, self.withdrawn, self.last_seen)
            && self.strings.iter().zip(strings).all(are_shown)
            && shown_ids.collect::<BTreeMap<_, _>>() == expected.collect()
    }

    /// Whether every reader so far can read it: the first ones want all times to be there.
    pub(super) fn is_readable(&self) -> bool {
        let has_time = |uid: &Value| uid["uid"].is_null() || uid["synced"].is_u64();
        let mut uids = self.whole["ids"].as_object().into_iter().flatten();
        self.whole["last_seen"].is_u64() && uids.all(|(_, uid)| has_time(uid))
    }

    /// Whether it is so large that what an operation adds may be too much.
    pub(super) fn is_full(&self) -> bool {
        const MOST_ADDED: usize = 2_048;
        self.bytes + MOST_ADDED > MAX_BODY_BYTES
    }

    /// Partners that it has, in whatever form.
    pub(super) fn partners(&self) -> usize {
        self.whole["ids"].as_object().map_or(0, serde_json::Map::len)
    }

    /// Whether what is asserted of a partner is from before a withdrawal or a removal. By arrival a
    /// removal keeps no UID out.
    pub(super) fn voids(&self, asserted: &AssertedUid<'_>, clock: Clock) -> bool {
        let removed = clock.known(self.removed.get(asserted.partner).copied());
        let removed = removed.filter(|_| asserted.uid.is_none() || !clock.by_arrival);
        removed.is_some_and(|at| asserted.synced <= at)
            || self.is_withdrawn_since(asserted.synced, clock)
    }

    /// Whether consent was withdrawn, and given anew, at this time or later.
    pub(super) fn is_withdrawn_since(&self, time: u64, clock: Clock) -> bool {
        // Consent is given after it, so that a clock that is behind believes it, too.
        let is_believed = |at: &u64| *at <= self.updated || clock.known(Some(*at)).is_some();
        self.withdrawn.filter(is_believed).is_some_and(|at| time <= at)
    }

    /// The cluster size that is not to be counted anew.
    pub(super) fn standing_size(&self, policy: &Policy, clock: Clock) -> Option<u64> {
        let network = &self.whole["network"];
        let checked = clock.known(network["cluster_checked"].as_u64());
        let stands = policy.cluster_recheck.is_none_or(|recheck| {
            checked.is_some_and(|at| clock.now.saturating_sub(at) < u64::from(recheck))
        });
        network["cluster_size"].as_u64().filter(|_| stands)
    }

    /// A row that does not say when it was seen lives as long as the store keeps it, and so does every
    /// row where there is no age.
    fn is_over(&self, policy: &Policy, clock: Clock) -> bool {
        let ends = clock.known(self.last_seen).zip(policy.max_age);
        ends.is_some_and(|(at, age)| clock.now >= at + u64::from(age))
    }
}

/// A list, or a map of an earlier version.
fn domains(seen: &Value) -> BTreeSet<String> {
    let listed = seen.as_array().into_iter().flatten().filter_map(Value::as_str);
    let mapped = seen.as_object().into_iter().flatten().map(|(domain, _)| domain.as_str());
    listed.chain(mapped).map(str::to_owned).collect()
}
