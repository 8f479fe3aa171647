//! What a stored row means, read in the plainest way: with a general JSON parser and no knowledge of
//! how the rules read or write.

use std::collections::BTreeMap;

use identity_graph::Policy;
use serde_json::Value;

/// What a key holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Held {
    /// Nothing.
    Nothing,
    /// Something that is no entry.
    Corrupt,
    /// An entry.
    Entry(Entry),
}

/// An entry, live or a tombstone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
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
}

impl Held {
    /// What a stored body means.
    pub(super) fn of(body: Option<&[u8]>) -> Self {
        let Some(body) = body else { return Self::Nothing };
        let parsed = serde_json::from_slice(body).ok();
        parsed.and_then(Entry::of).map_or(Self::Corrupt, Self::Entry)
    }

    /// The entry that is live and within its lifetime for a worker whose clock says this.
    pub(super) fn live(&self, policy: &Policy, now: u64) -> Option<&Entry> {
        self.entry().filter(|entry| entry.ok && !entry.is_over(policy, now))
    }

    /// The withdrawal.
    pub(super) fn tombstone(&self) -> Option<&Entry> {
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
    pub(super) fn entry(&self) -> Option<&Entry> {
        if let Self::Entry(entry) = self { Some(entry) } else { None }
    }
}

impl Entry {
    fn of(whole: Value) -> Option<Self> {
        let created = whole["created"].as_u64()?;
        let uid = |(partner, slot): (&String, &Value)| {
            let synced = slot["synced"].as_u64().unwrap_or_default();
            Some((partner.clone(), (slot["uid"].as_str()?.to_owned(), synced)))
        };
        let ids = whole["ids"].as_object().into_iter().flatten().filter_map(uid).collect();
        Some(Self {
            ok: whole["consent"]["ok"].as_bool()?,
            updated: whole["consent"]["updated"].as_u64()?,
            last_visit: whole["last_seen"].as_u64().unwrap_or(created),
            ids,
            whole,
        })
    }

    fn is_over(&self, policy: &Policy, now: u64) -> bool {
        now >= self.last_visit + u64::from(policy.entry_ttl)
    }
}
