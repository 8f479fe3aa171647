//! What a stored row means, read in the plainest way: with a general JSON parser and no knowledge of
//! how the rules read or write.

use std::collections::BTreeMap;

use identity_graph::{self as rules, Policy};
use serde_json::Value;
use serde_json::value::RawValue;

/// What a key holds.
#[derive(Debug, Clone, PartialEq)]
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
    /// When consent was given or withdrawn.
    pub(super) updated: u64,
    /// When the browser was last seen.
    pub(super) last_visit: u64,
    /// UID and time by partner.
    pub(super) ids: BTreeMap<String, (String, u64)>,
    /// All of it.
    pub(super) whole: Value,
    /// The members as they are written, to the byte.
    pub(super) written: BTreeMap<String, String>,
}

impl Held {
    /// What a stored body means.
    pub(super) fn of(body: Option<&[u8]>) -> Self {
        let Some(body) = body else { return Self::Nothing };
        StoredEntry::of(body).map_or(Self::Corrupt, Self::Entry)
    }

    /// The entry that is live and within its lifetime for a worker whose clock says this.
    pub(super) fn live(&self, policy: &Policy, now: u64) -> Option<&StoredEntry> {
        self.entry().filter(|entry| entry.ok && !entry.is_over(policy, now))
    }

    /// The withdrawal.
    pub(super) fn tombstone(&self) -> Option<&StoredEntry> {
        self.entry().filter(|entry| !entry.ok)
    }

    /// True where a worker with this clock finds no entry: none is there, or its lifetime is over.
    pub(super) fn is_missing(&self, policy: &Policy, now: u64) -> bool {
        match self {
            Self::Nothing => true,
            Self::Corrupt => false,
            Self::Entry(entry) => entry.ok && entry.is_over(policy, now),
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
        let created = whole["created"].as_u64()?;
        let uid = |(partner, stored): (&String, &Value)| {
            let synced = stored["synced"].as_u64().unwrap_or_default();
            Some((partner.clone(), (stored["uid"].as_str()?.to_owned(), synced)))
        };
        let ids = whole["ids"].as_object().into_iter().flatten().filter_map(uid).collect();
        Some(Self {
            ok: whole["consent"]["ok"].as_bool()?,
            updated: whole["consent"]["updated"].as_u64()?,
            last_visit: whole["last_seen"].as_u64().unwrap_or(created),
            ids,
            written: written.collect(),
            whole,
        })
    }

    /// Whether this is what a reader is to see of the row.
    pub(super) fn is_shown_as(&self, shown: &rules::Entry) -> bool {
        let synced = |id: &rules::PartnerUid| (id.uid.clone(), id.synced.unwrap_or_default());
        let ids: BTreeMap<_, _> =
            shown.ids.iter().map(|id| (id.partner.clone(), synced(id))).collect();
        let expected = if self.ok { self.ids.clone() } else { BTreeMap::new() };
        (shown.consent.ok, shown.consent.updated, shown.last_visit(), ids)
            == (self.ok, self.updated, self.last_visit, expected)
    }

    /// Whether every reader so far can read it: the first ones want all times to be there.
    pub(super) fn is_readable(&self) -> bool {
        let has_time = |uid: &Value| uid["uid"].is_null() || uid["synced"].is_u64();
        let mut uids = self.whole["ids"].as_object().into_iter().flatten();
        self.whole["last_seen"].is_u64() && uids.all(|(_, uid)| has_time(uid))
    }

    fn is_over(&self, policy: &Policy, now: u64) -> bool {
        now >= self.last_visit + u64::from(policy.entry_ttl)
    }
}
