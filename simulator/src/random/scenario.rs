//! What a seed makes happen: rows at the start, operations with their times, places and clocks, and
//! what other programs write in between.
//!
//! All odds here are chosen so that every operation meets every row and every other operation in some
//! thousand seeds; no source gives them. Clocks are off by as much as machines kept by NTP are when
//! something is wrong with it: seconds.

use std::rc::Rc;

use identity_graph::limits::MAX_BODY_BYTES;
use identity_graph::{IfMissing, Mapping, NewEntry, PartnerUid, Policy};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::worker::Operation;

/// The second at which every scenario begins.
pub(super) const START: u64 = 1_790_000_000;
const HASH: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f";
/// What no message may show: the start of every key and UID, and the consent string.
pub(super) const SECRETS: [&str; 3] = ["3f3f3f3f3", "uid-", "CQinvented"];
const PARTNERS: [&str; 3] = ["ids.acme.example", "ids.other.example", "third_ssp"];

/// Lifetimes that a scenario of days lives through.
const SHORT: Policy = Policy {
    entry_ttl: 36_000,
    tombstone_ttl: 7_200,
    last_seen_debounce: 60,
    max_cas_attempts: 3,
    cluster_recheck: 600,
};

/// One scenario.
pub(super) struct Scenario {
    pub(super) policy: Policy,
    pub(super) jobs: Vec<Job>,
    /// What others write: the first at the very start.
    pub(super) foreign: Vec<Foreign>,
    pub(super) keys: Vec<Rc<str>>,
}

/// An operation to be started.
pub(super) struct Job {
    pub(super) at_ms: u64,
    pub(super) place: usize,
    pub(super) ahead_s: i64,
    pub(super) operation: Rc<Operation>,
}

/// A row that another program writes.
pub(super) struct Foreign {
    pub(super) at_ms: u64,
    pub(super) key: Rc<str>,
    pub(super) body: Vec<u8>,
}

/// How long a scenario lasts, in milliseconds: a page load, a few seconds, minutes, days.
const SPANS: [u64; 6] = [150, 400, 2_500, 8_000, 600_000, 86_400_000];

/// How long after a request the same may be sent again, in milliseconds.
const MOST_LATE_MS: u64 = 2_000;

/// How far a wrong clock is ahead, in seconds.
const CLOCKS: [i64; 6] = [-5, -3, -1, 1, 2, 5];

impl Scenario {
    pub(super) fn new(seed: u64, places: usize) -> Self {
        let mut dice = Dice::new(seed, 1);
        let span = *dice.pick(&SPANS);
        let policy = if span > 3_600_000 { SHORT } else { Policy::default() };
        let keys: Vec<Rc<str>> = (0..=dice.below(3)).map(|n| key(n).into()).collect();
        let mut maker = Maker { dice, keys: &keys, policy };
        let mut foreign: Vec<_> = keys.iter().filter_map(|key| maker.start(key)).collect();
        if maker.dice.happens(150) {
            foreign.push(maker.foreign(START * 1_000, span));
        }
        let workers = 2 + maker.dice.below(11);
        let mut jobs = Vec::new();
        for _ in 0..workers {
            let job = maker.job(span, places as u64, &jobs);
            jobs.push(job);
        }
        Self { policy, jobs, foreign, keys }
    }
}

fn key(number: u64) -> String {
    format!("{HASH}.Key{number:03}")
}

struct Maker<'a> {
    dice: Dice,
    keys: &'a [Rc<str>],
    policy: Policy,
}

impl Maker<'_> {
    /// Most operations are on the first key.
    fn key(&mut self) -> Rc<str> {
        let at = if self.dice.happens(750) { 0 } else { self.dice.below(self.keys.len() as u64) };
        Rc::clone(&self.keys[usize::try_from(at).unwrap_or_default()])
    }

    fn start(&mut self, key: &Rc<str>) -> Option<Foreign> {
        let age = *self.dice.pick(&[400, 5_000, u64::from(self.policy.entry_ttl) + 100]);
        let at = START - age;
        let body = match self.dice.below(8) {
            0 | 1 => return None,
            2 | 3 => self.live(at),
            4 => older(at),
            5 => newer(at),
            6 => json!({
                "v": 1, "created": START - 30, "last_seen": START - 30,
                "consent": { "ok": false, "updated": START - self.dice.below(60) },
                "geo": { "country": "ZZ" },
            }),
            _ => json!([]),
        };
        // A row that has been there for long is seen everywhere.
        let (at_ms, key) = (START * 1_000 - 1_000_000, Rc::clone(key));
        Some(Foreign { at_ms, key, body: written(&body) })
    }

    fn live(&mut self, at: u64) -> Value {
        let mut ids = json!({});
        for partner in PARTNERS {
            if self.dice.happens(500) {
                let uid = format!("uid-{}", self.dice.below(4));
                ids[partner] = json!({ "uid": uid, "synced": at - self.dice.below(1_000) });
            }
        }
        json!({
            "v": 1, "created": at - 50, "last_seen": at,
            "consent": { "tcf": "CQinvented", "ok": true, "updated": at - 50 },
            "geo": { "country": "FR", "region": "IDF" },
            "device": { "is_mobile": 1, "known_browser": true },
            "network": { "cluster_size": 2, "cluster_checked": at },
            "ids": ids,
        })
    }

    /// A row that another program writes in the middle of the scenario.
    fn foreign(&mut self, start_ms: u64, span: u64) -> Foreign {
        let at_ms = start_ms + self.dice.below(span);
        let at = at_ms / 1_000;
        let body = match self.dice.below(4) {
            0 => b"not JSON".to_vec(),
            1 => full(at),
            2 => written(&older(at)),
            _ => written(&newer(at)),
        };
        Foreign { at_ms, key: self.key(), body }
    }

    fn job(&mut self, span: u64, places: u64, others: &[Job]) -> Job {
        let place = usize::try_from(self.dice.below(places)).unwrap_or_default();
        if !others.is_empty() && self.dice.happens(250) {
            let again = self.dice.pick(others);
            // Nobody sends a request again before it was sent.
            let at_ms = again.at_ms + self.dice.below(span.min(MOST_LATE_MS));
            return Job { at_ms, place, operation: Rc::clone(&again.operation), ..*again };
        }
        let at_ms = START * 1_000 + self.dice.below(span);
        // Three of four clocks agree.
        let ahead_s = if self.dice.happens(750) { 0 } else { *self.dice.pick(&CLOCKS) };
        let now = (at_ms / 1_000).saturating_add_signed(ahead_s);
        Job { at_ms, place, ahead_s, operation: Rc::new(self.operation(now)) }
    }

    fn operation(&mut self, now: u64) -> Operation {
        let ec = self.key();
        match self.dice.below(24) {
            0 => Operation::Create { ec, entry: self.entry(now) },
            1..=4 => {
                // A consent may have been given a while before it arrives.
                let given = now - if self.dice.happens(600) { 0 } else { self.dice.below(30) };
                Operation::Visit { ec, entry: self.entry(given) }
            }
            5..=7 => Operation::View { ec, ids: self.ids(now, 0), now },
            8..=12 => {
                let minimal = self.dice.happens(300);
                let missing = if minimal { IfMissing::CreateMinimal } else { IfMissing::Skip };
                Operation::Upsert { ec, ids: self.ids(now, 1), missing, now }
            }
            13 | 14 => Operation::Touch { ec, now },
            15..=17 => Operation::Withdraw { ec, now },
            18 => Operation::Delete { ec },
            19..=21 => self.sync(now),
            22 => Operation::Peek { ec },
            _ => Operation::Cluster { ec, now },
        }
    }

    fn entry(&mut self, now: u64) -> NewEntry {
        let tcf = Some("CQinvented".to_owned());
        NewEntry { tcf, ids: self.ids(now, 0), ..NewEntry::at(now) }
    }

    fn ids(&mut self, now: u64, least: u64) -> Vec<PartnerUid> {
        let number = least + self.dice.below(3);
        let mut id = || PartnerUid {
            partner: (*self.dice.pick(&PARTNERS)).to_owned(),
            uid: format!("uid-{}", self.dice.below(6)),
            synced: self.dice.happens(600).then(|| now + 3 - self.dice.below(600)),
        };
        (0..number).map(|_| id()).collect()
    }

    fn sync(&mut self, now: u64) -> Operation {
        let mapping = |ec_id: String, dice: &mut Dice| Mapping {
            ec_id,
            uid: if dice.happens(50) { String::new() } else { format!("uid-{}", dice.below(6)) },
            synced: now + 3 - dice.below(600),
        };
        let mut mappings = Vec::new();
        for _ in 0..=self.dice.below(5) {
            let is_bad = self.dice.happens(50);
            let ec = if is_bad { "uid-no-ec".to_owned() } else { self.key().to_string() };
            mappings.push(mapping(ec, &mut self.dice));
        }
        let partner = (*self.dice.pick(&PARTNERS)).to_owned();
        Operation::Sync { partner, mappings, now }
    }
}

/// The row with its numbers in another notation, as another program may write them.
fn written(row: &Value) -> Vec<u8> {
    row.to_string().replace("2.5]", "2.50]").replace("1000.0]", "1e3]").into_bytes()
}

/// A row to which next to nothing can be added.
fn full(at: u64) -> Vec<u8> {
    let mut row = newer(at);
    row["pad"] = "".into();
    let left = MAX_BODY_BYTES - written(&row).len();
    row["pad"] = "x".repeat(left).into();
    written(&row)
}

/// A row as an earlier version wrote it.
fn older(at: u64) -> Value {
    json!({
        "v": 1, "created": at,
        "consent": { "ok": true, "updated": at },
        "geo": { "country": "US", "region": "CA", "dma": 807 },
        "pub_properties": {
            "origin_domain": "news.example",
            "seen_domains": { "news.example": { "visits": 3 } },
        },
        "network": { "cluster_size": 4 },
        "ids": { "third_ssp": { "uid": "uid-9" } },
    })
}

/// A row as a later version may write it.
fn newer(at: u64) -> Value {
    json!({
        "v": 1, "created": at,
        "consent": { "ok": true, "updated": at, "basis": { "kind": "optin", "at": [1, 2.5] } },
        "geo": { "country": "US", "tz": "America/Denver" },
        "hints": { "a": [true, null, 1e3] },
        "ids": { "ids.acme.example": { "uid": "uid-9", "atype": 3, "ext": { "x": "y" } } },
    })
}
