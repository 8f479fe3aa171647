//! The graph as a plain map: what each operation should answer and leave behind when nobody else is
//! at work.

use std::collections::BTreeMap;

use identity_graph::{
    Consent, CreateOutcome, Entry, Failure, Geo, IfMissing, PartnerUid, Policy, TouchOutcome,
    UpsertOutcome,
};

/// Hash alone, two of the same network, and one of another.
pub(crate) const KEYS: [&str; 4] = [
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f",
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Seq111",
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.seq111",
    "4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e.Seq111",
];
pub(crate) const PARTNERS: [&str; 3] = ["a.example", "b.example", "c.example"];

/// A UID of a partner, as places in lists, with the time of its assertion.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    pub(crate) partner: usize,
    pub(crate) uid: u8,
    pub(crate) synced: Option<u64>,
}

/// One call. `key` is a place in [`KEYS`].
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Create { key: usize, ids: Vec<Said> },
    CreateOrRevive { key: usize, ids: Vec<Said> },
    Upsert { key: usize, ids: Vec<Said>, missing: IfMissing },
    UpsertOnSnapshot { key: usize, ids: Vec<Said> },
    Touch { key: usize },
    TouchOnSnapshot { key: usize },
    Withdraw { key: usize },
    Delete { key: usize },
    Sync { partner: usize, mappings: Vec<(usize, u8, u64)> },
    Cluster { key: usize },
    ClusterOnSnapshot { key: usize },
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Created(Result<(), Failure>),
    CreatedOrRevived(CreateOutcome),
    Upserted(Vec<UpsertOutcome>),
    Synced(Vec<Result<UpsertOutcome, Failure>>),
    Touched(TouchOutcome),
    Withdrawn,
    Deleted(bool),
    Cluster(Option<u32>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    live: bool,
    created: u64,
    last_seen: u64,
    cluster: Option<(u32, u64)>,
    ids: BTreeMap<usize, (u8, u64)>,
    pub(crate) expires_at: u64,
}

pub(crate) struct Model {
    pub(crate) rows: BTreeMap<usize, Row>,
    pub(crate) policy: Policy,
    /// The store's clock, which never goes back; a caller's may.
    pub(crate) clock: u64,
}

impl Model {
    pub(crate) fn set_clock(&mut self, now: u64) {
        self.clock = self.clock.max(now);
        self.rows.retain(|_, row| row.expires_at > self.clock);
    }

    pub(crate) fn call(&mut self, call: &Call, now: u64) -> Answer {
        match call {
            Call::Create { key, ids } => {
                if self.rows.contains_key(key) {
                    return Answer::Created(Err(Failure::AlreadyExists));
                }
                self.start(*key, ids, now);
                Answer::Created(Ok(()))
            }
            Call::CreateOrRevive { key, ids } => {
                let outcome = match self.rows.get(key) {
                    None => CreateOutcome::Created,
                    Some(row) if row.live && self.is_over(row, now) => CreateOutcome::Created,
                    // A row that is just what this visit writes counts as its own.
                    Some(row) if *row == Row::started(ids, now, row.expires_at) => {
                        return Answer::CreatedOrRevived(CreateOutcome::Created);
                    }
                    Some(row) if row.live => CreateOutcome::AlreadyLive,
                    Some(row) if now > row.created => CreateOutcome::Revived,
                    Some(_) => CreateOutcome::Withdrawn,
                };
                if matches!(outcome, CreateOutcome::Created | CreateOutcome::Revived) {
                    self.start(*key, ids, now);
                }
                Answer::CreatedOrRevived(outcome)
            }
            Call::Upsert { key, ids, missing } => {
                Answer::Upserted(self.upsert(*key, ids, *missing, now))
            }
            Call::UpsertOnSnapshot { key, ids } => {
                Answer::Upserted(self.upsert(*key, ids, IfMissing::Skip, now))
            }
            Call::Touch { key } | Call::TouchOnSnapshot { key } => {
                Answer::Touched(self.touch(*key, now))
            }
            Call::Withdraw { key } => {
                let expires_at = self.clock + u64::from(self.policy.tombstone_ttl);
                self.rows.insert(*key, Row { live: false, ..Row::new(now, expires_at) });
                Answer::Withdrawn
            }
            Call::Delete { key } => Answer::Deleted(self.rows.remove(key).is_some()),
            Call::Sync { partner, mappings } => Answer::Synced(self.sync(*partner, mappings, now)),
            Call::Cluster { key } | Call::ClusterOnSnapshot { key } => {
                Answer::Cluster(self.cluster(*key, now))
            }
        }
    }

    /// What `get` shows, UIDs by partner.
    pub(crate) fn entry(&self, key: usize) -> Option<Entry> {
        let row = self.rows.get(&key)?;
        let ids = row.ids.iter().map(|(partner, (uid, synced))| PartnerUid {
            partner: PARTNERS[*partner].to_owned(),
            uid: uid_text(*uid),
            synced: Some(*synced),
        });
        Some(Entry {
            v: 1,
            created: row.created,
            last_seen: Some(row.last_seen),
            consent: Consent { tcf: None, gpp: None, ok: row.live, updated: row.created },
            geo: Geo { country: "ZZ".to_owned(), region: None, asn: None, dma: None },
            device: None,
            pub_properties: None,
            cluster_size: row.cluster.map(|(size, _)| size),
            ids: ids.collect(),
        })
    }

    fn is_over(&self, row: &Row, now: u64) -> bool {
        now >= row.last_seen + u64::from(self.policy.entry_ttl)
    }

    /// What is left of the lifetime after `now`, from the store's clock on.
    fn keeps_until(&self, row: &Row, now: u64) -> u64 {
        let ttl = u64::from(self.policy.entry_ttl);
        self.clock + ttl - now.saturating_sub(row.last_seen)
    }

    fn start(&mut self, key: usize, ids: &[Said], now: u64) {
        let expires_at = self.clock + u64::from(self.policy.entry_ttl);
        self.rows.insert(key, Row::started(ids, now, expires_at));
    }

    fn upsert(
        &mut self,
        key: usize,
        ids: &[Said],
        missing: IfMissing,
        now: u64,
    ) -> Vec<UpsertOutcome> {
        if ids.is_empty() {
            return Vec::new();
        }
        let of_winner: BTreeMap<usize, UpsertOutcome> = match self.rows.get(&key).cloned() {
            Some(row) if !row.live => return vec![UpsertOutcome::Withdrawn; ids.len()],
            Some(row) if !self.is_over(&row, now) => self.upsert_live(key, row, ids, now),
            _ if missing == IfMissing::Skip => return vec![UpsertOutcome::NotFound; ids.len()],
            _ => {
                self.start(key, ids, now);
                ids.iter().map(|said| (said.partner, UpsertOutcome::Written)).collect()
            }
        };
        let outcome = |said: &Said| {
            let winner = latest(ids, said.partner, now).expect("one of them is the latest");
            if said.uid == winner.uid { of_winner[&said.partner] } else { UpsertOutcome::Stale }
        };
        ids.iter().map(outcome).collect()
    }

    fn upsert_live(
        &mut self,
        key: usize,
        mut row: Row,
        ids: &[Said],
        now: u64,
    ) -> BTreeMap<usize, UpsertOutcome> {
        let mut outcomes = BTreeMap::new();
        for partner in 0..PARTNERS.len() {
            let Some(said) = latest(ids, partner, now) else { continue };
            let synced = said.synced.unwrap_or(now);
            let outcome = match row.ids.get(&partner) {
                Some((uid, _)) if *uid == said.uid => UpsertOutcome::Unchanged,
                Some((_, stored)) if synced <= *stored => UpsertOutcome::Stale,
                _ => {
                    row.ids.insert(partner, (said.uid, synced));
                    UpsertOutcome::Written
                }
            };
            outcomes.insert(partner, outcome);
        }
        if outcomes.values().any(|outcome| *outcome == UpsertOutcome::Written) {
            row.expires_at = self.keeps_until(&row, now);
            self.rows.insert(key, row);
        }
        outcomes
    }

    fn sync(
        &mut self,
        partner: usize,
        mappings: &[(usize, u8, u64)],
        now: u64,
    ) -> Vec<Result<UpsertOutcome, Failure>> {
        let mut outcomes = BTreeMap::new();
        for key in 0..KEYS.len() {
            let of_key: Vec<_> = mappings.iter().enumerate().filter(|(_, m)| m.0 == key).collect();
            let said = |&(_, &(_, uid, synced)): &(usize, &(usize, u8, u64))| Said {
                partner,
                uid,
                synced: Some(synced),
            };
            let ids: Vec<_> = of_key.iter().map(said).collect();
            let answers = self.upsert(key, &ids, IfMissing::Skip, now);
            outcomes.extend(of_key.iter().map(|(at, _)| *at).zip(answers));
        }
        outcomes.into_values().map(Ok).collect()
    }

    fn touch(&mut self, key: usize, now: u64) -> TouchOutcome {
        let (clock, policy) = (self.clock, self.policy);
        let Some(mut row) = self.rows.get(&key).cloned() else { return TouchOutcome::NotFound };
        if !row.live {
            return TouchOutcome::Withdrawn;
        }
        if self.is_over(&row, now) {
            return TouchOutcome::NotFound;
        }
        if now < row.last_seen {
            return TouchOutcome::Stale;
        }
        if now < row.last_seen + u64::from(policy.last_seen_debounce) {
            return TouchOutcome::Debounced;
        }
        row.last_seen = now;
        row.expires_at = clock + u64::from(policy.entry_ttl);
        self.rows.insert(key, row);
        TouchOutcome::Written
    }

    fn cluster(&mut self, key: usize, now: u64) -> Option<u32> {
        let mut row = self.rows.get(&key).cloned()?;
        if !row.live || self.is_over(&row, now) {
            return None;
        }
        if let Some((size, checked)) = row.cluster
            && now.abs_diff(checked) < u64::from(self.policy.cluster_recheck)
        {
            return Some(size);
        }
        let same_hash = |other: &&usize| KEYS[**other][..64] == KEYS[key][..64];
        let size = u32::try_from(self.rows.keys().filter(same_hash).count()).unwrap();
        row.cluster = Some((size, now));
        row.expires_at = self.keeps_until(&row, now);
        self.rows.insert(key, row);
        Some(size)
    }
}

impl Row {
    /// The row of a first visit.
    fn started(ids: &[Said], now: u64, expires_at: u64) -> Self {
        let mut row = Row::new(now, expires_at);
        for partner in 0..PARTNERS.len() {
            if let Some(said) = latest(ids, partner, now) {
                row.ids.insert(partner, (said.uid, said.synced.unwrap_or(now)));
            }
        }
        row
    }

    fn new(now: u64, expires_at: u64) -> Self {
        let ids = BTreeMap::new();
        Self { live: true, created: now, last_seen: now, cluster: None, ids, expires_at }
    }
}

/// What was said of a partner last; of several at the same time, what was said first.
fn latest(ids: &[Said], partner: usize, now: u64) -> Option<Said> {
    let mut latest: Option<Said> = None;
    for said in ids.iter().filter(|said| said.partner == partner) {
        let time = |said: &Said| said.synced.unwrap_or(now);
        if latest.is_none_or(|latest| time(said) > time(&latest)) {
            latest = Some(*said);
        }
    }
    latest
}

pub(crate) fn uid_text(uid: u8) -> String {
    format!("uid-{uid}")
}
