//! What a seed makes happen: rows at the start, operations with their times, places and clocks, and
//! what other programs write in between.
//!
//! All odds here are chosen so that every operation meets every row and every other operation in some
//! thousand seeds; no source gives them. Clocks are off by as much as machines kept by NTP are when
//! something is wrong with it: seconds.

use std::rc::Rc;

use identity_graph::{Device, Geo, IfMissing, Mapping, NewEntry, Order, PartnerUid, Policy};

use super::rows;
use crate::dice::Dice;
use crate::worker::Operation;

/// The second at which every scenario begins.
pub(super) const START: u64 = 1_790_000_000;
const HASH: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f";
/// What no message may show: the start of every key and UID, and the consent string.
pub(super) const SECRETS: [&str; 3] = ["3f3f3f3f3", "uid-", "invented"];
pub(super) const PARTNERS: [&str; 3] = ["ids.acme.example", "ids.other.example", "third_ssp"];

/// Lifetimes that a scenario of days lives through.
const SHORT: Policy = Policy {
    entry_ttl: 36_000,
    max_age: Some(36_000),
    tombstone_ttl: 7_200,
    last_seen_debounce: 60,
    max_cas_attempts: 3,
    cluster_recheck: Some(600),
    clock_skew: 300,
    resync: 3_600,
    max_partners: 2,
    order: Order::Time,
};
/// The same of trusted-server's policy.
const SHORT_TRUSTED_SERVER: Policy = Policy {
    max_age: None,
    max_cas_attempts: 5,
    cluster_recheck: None,
    order: Order::Arrival,
    ..SHORT
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

/// How far a wrong clock is ahead, in seconds. One that is off by more than clocks differ is rare.
const CLOCKS: [i64; 6] = [-5, -3, -1, 1, 2, 5];
const FAR_AHEAD: i64 = 1_000;

impl Scenario {
    pub(super) fn new(seed: u64, places: usize) -> Self {
        let mut dice = Dice::new(seed, 1);
        let span = *dice.pick(&SPANS);
        let policy = match (span > 3_600_000, Dice::new(seed, 4).happens(500)) {
            (false, true) => Policy::default(),
            (false, false) => Policy::trusted_server(),
            (true, true) => SHORT,
            (true, false) => SHORT_TRUSTED_SERVER,
        };
        let keys: Vec<Rc<str>> = (0..=dice.below(3)).map(|n| key(n).into()).collect();
        let mut maker = Maker { dice, of_withdrawals: Dice::new(seed, 5), keys: &keys };
        // A row that has been there for long is seen everywhere.
        let start = |key: &Rc<str>, dice: &mut Dice| {
            let body = rows::at_start(dice, &policy)?;
            Some(Foreign { at_ms: START * 1_000 - 1_000_000, key: Rc::clone(key), body })
        };
        let mut foreign: Vec<_> =
            keys.iter().filter_map(|key| start(key, &mut maker.dice)).collect();
        if maker.dice.happens(150) {
            let at_ms = START * 1_000 + maker.dice.below(span);
            let body = rows::in_between(&mut maker.dice, at_ms / 1_000);
            foreign.push(Foreign { at_ms, key: maker.key(), body });
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
    /// Which withdrawals are on a snapshot.
    of_withdrawals: Dice,
    keys: &'a [Rc<str>],
}

impl Maker<'_> {
    /// Most operations are on the first key.
    fn key(&mut self) -> Rc<str> {
        let at = if self.dice.happens(750) { 0 } else { self.dice.below(self.keys.len() as u64) };
        Rc::clone(&self.keys[usize::try_from(at).unwrap_or_default()])
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
        let ahead_s = if self.dice.happens(20) { FAR_AHEAD } else { ahead_s };
        let now = (at_ms / 1_000).saturating_add_signed(ahead_s);
        // Some callers take milliseconds for seconds.
        let now = if self.dice.happens(5) { at_ms } else { now };
        Job { at_ms, place, ahead_s, operation: Rc::new(self.operation(now)) }
    }

    fn operation(&mut self, now: u64) -> Operation {
        let ec = self.key();
        match self.dice.below(30) {
            0 => Operation::Create { ec, entry: self.entry(now) },
            1..=3 => Operation::CreateOrRevive { ec, entry: self.given(now) },
            4..=8 => {
                let reads_first = self.dice.happens(500);
                Operation::Visit { ec, entry: self.given(now), reads_first }
            }
            9 | 10 => Operation::View { ec, ids: self.ids(now, 0), now },
            11..=15 => {
                let minimal = self.dice.happens(300);
                let missing = if minimal { IfMissing::CreateMinimal } else { IfMissing::Skip };
                Operation::Upsert { ec, ids: self.ids(now, 1), missing, now }
            }
            16..=18 => {
                let number = 1 + self.dice.below(2);
                let mut partner = |_| (*self.dice.pick(&PARTNERS)).to_owned();
                Operation::Remove { ec, partners: (0..number).map(&mut partner).collect(), now }
            }
            19 | 20 => Operation::Touch { ec, now },
            21..=23 if self.of_withdrawals.happens(333) => Operation::WithdrawSeen { ec, now },
            21..=23 => Operation::Withdraw { ec, now },
            24 => Operation::Delete { ec },
            25..=27 => self.sync(now),
            28 => Operation::Peek { ec },
            _ => Operation::Cluster { ec, now },
        }
    }

    /// A visit whose consent may have been given a while before it arrives.
    fn given(&mut self, now: u64) -> NewEntry {
        let given = now - if self.dice.happens(600) { 0 } else { self.dice.below(30) };
        self.entry(given)
    }

    fn entry(&mut self, now: u64) -> NewEntry {
        let number = self.dice.below(3);
        let device = || Device { is_mobile: 1, ..Device::default() };
        NewEntry {
            tcf: Some(format!("CQinvented-{number}")),
            gpp: self.dice.happens(300).then(|| "DBinvented".to_owned()),
            gpp_sid: self.dice.happens(300).then(|| "7".to_owned()),
            geo: self.dice.happens(300).then(|| Geo::from_lookup("de", "BE", 64_500, 0)),
            device: self.dice.happens(300).then(device),
            domain: self.dice.happens(300).then(|| format!("site-{number}.example")),
            ids: self.ids(now, 0),
            ..NewEntry::at(now)
        }
    }

    fn ids(&mut self, now: u64, least: u64) -> Vec<PartnerUid> {
        let number = least + self.dice.below(3);
        (0..number).map(|_| self.id(now)).collect()
    }

    fn id(&mut self, now: u64) -> PartnerUid {
        let dice = &mut self.dice;
        let uid = if dice.happens(30) { "0".to_owned() } else { uid(dice) };
        PartnerUid {
            synced: dice.happens(600).then(|| asserted(dice, now)),
            expires: dice.happens(150).then(|| now + dice.below(900)),
            atype: dice.happens(200).then_some(3),
            ext: dice.happens(100).then(|| "{\"rtiPartner\":\"x\"}".to_owned()),
            ..PartnerUid::new(*dice.pick(&PARTNERS), uid)
        }
    }

    fn sync(&mut self, now: u64) -> Operation {
        let mut mappings = Vec::new();
        for _ in 0..=self.dice.below(5) {
            let is_bad = self.dice.happens(50);
            let ec = if is_bad { "uid-no-ec".to_owned() } else { self.key().to_string() };
            let dice = &mut self.dice;
            let synced = asserted(dice, now);
            let uid = if dice.happens(50) { String::new() } else { uid(dice) };
            mappings.push(match dice.below(5) {
                0 => Mapping::removal(ec, synced),
                1 => {
                    let expires = Some(now + dice.below(900));
                    Mapping { expires, ..Mapping::new(ec, uid, synced) }
                }
                _ => Mapping::new(ec, uid, synced),
            });
        }
        let partner = (*self.dice.pick(&PARTNERS)).to_owned();
        Operation::Sync { partner, mappings, now }
    }
}

fn uid(dice: &mut Dice) -> String {
    format!("uid-{}", dice.below(6))
}

/// When a UID was asserted: mostly before, sometimes by a clock that is ahead, and far ahead.
fn asserted(dice: &mut Dice, now: u64) -> u64 {
    if dice.happens(20) { now + 5_000 } else { now + 3 - dice.below(600) }
}
