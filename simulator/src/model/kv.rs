//! The store itself: one origin, where writes are judged, and places, where reads are answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use identity_graph::{ItemHead, KvError, Read, Write, WriteOutcome, Written};

use super::knobs::Knobs;
use crate::dice::Dice;
use host_test::contract::{check_key, check_write, holds, scatter};
use host_test::{Row, StoreCall};

/// The modelled store. Whoever drives it moves its clock; nothing happens by itself.
#[derive(Debug)]
pub struct Kv {
    knobs: Knobs,
    dice: Dice,
    now_ms: u64,
    writes: u64,
    keys: BTreeMap<Arc<str>, Vec<Version>>,
}

/// What a key held from some moment on.
#[derive(Debug)]
struct Version {
    /// `None` after a delete.
    row: Option<Row>,
    written_ms: u64,
    /// When each place's reads show it.
    shown_ms: Vec<u64>,
    /// When the value is removed, its time to live being over.
    gone_ms: Option<u64>,
}

/// How one call goes: how long it is under way and what befalls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// Milliseconds until the call takes effect.
    pub there_ms: u64,
    /// Milliseconds from there until it is answered.
    pub back_ms: u64,
    /// What goes wrong.
    pub fault: Option<NetworkFault>,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkFault {
    /// It fails before anything is applied, and says so.
    Fails,
    /// A write that is applied and not confirmed.
    LosesAnswer,
    /// A write that is neither applied nor answered.
    LosesRequest,
    /// A write that is applied so many milliseconds after the client gave up.
    LandsLate(u64),
}

impl Kv {
    /// An empty store at this time, in milliseconds since 1970.
    #[must_use]
    pub fn new(seed: u64, knobs: Knobs, now_ms: u64) -> Self {
        let dice = Dice::new(seed, 0);
        Self { knobs, dice, now_ms, writes: 0, keys: BTreeMap::new() }
    }

    /// The clock, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Sets the clock, which does not go back.
    pub fn set_now_ms(&mut self, now_ms: u64) {
        self.now_ms = self.now_ms.max(now_ms);
    }

    /// Draws how a call of this kind goes.
    pub fn fate(&mut self, kind: StoreCall) -> Fate {
        let Knobs { travel_ms, slow, slow_ms, .. } = self.knobs;
        let mut there_ms = self.dice.between(travel_ms);
        let mut back_ms = self.dice.between(travel_ms);
        if self.dice.happens(slow) {
            let extra = self.dice.between(slow_ms);
            *(if self.dice.happens(500) { &mut there_ms } else { &mut back_ms }) += extra;
        }
        Fate { there_ms, back_ms, fault: self.fault(kind) }
    }

    fn fault(&mut self, kind: StoreCall) -> Option<NetworkFault> {
        let knobs = &self.knobs;
        let mut drawn = u32::try_from(self.dice.below(1_000)).unwrap_or_default();
        let mut is = |of_a_thousand: u32| {
            let is = drawn < of_a_thousand;
            drawn = drawn.wrapping_sub(of_a_thousand);
            is
        };
        if is(knobs.failing) {
            return Some(NetworkFault::Fails);
        }
        if !matches!(kind, StoreCall::Put | StoreCall::Delete) {
            return None;
        }
        if is(knobs.losing_answers) {
            Some(NetworkFault::LosesAnswer)
        } else if is(knobs.losing_requests) {
            Some(NetworkFault::LosesRequest)
        } else if is(knobs.landing_late) {
            Some(NetworkFault::LandsLate(self.dice.between(self.knobs.slow_ms)))
        } else {
            None
        }
    }

    /// What a place's reads show.
    pub fn get(&self, place: usize, key: &str) -> Read {
        check_key(key)?;
        Ok(self.shown(place, key).map(Row::item))
    }

    /// What a place's reads show, without the body.
    pub fn head(&self, place: usize, key: &str) -> Result<Option<ItemHead>, KvError> {
        check_key(key)?;
        Ok(self.shown(place, key).map(Row::head))
    }

    /// How many keys with the prefix a place's reads show, up to a limit.
    #[must_use]
    pub fn count(&self, place: usize, prefix: &str, limit: u32) -> u32 {
        let from = (std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded);
        let keys = self.keys.range::<str, _>(from).map(|(key, _)| key);
        let with_prefix = keys.take_while(|key| key.starts_with(prefix));
        let shown = with_prefix.filter(|key| self.shown(place, key).is_some());
        u32::try_from(shown.zip(0..limit).count()).unwrap_or(limit)
    }

    /// A write, judged against the newest value.
    pub fn put(&mut self, write: &Write<'_>) -> Written {
        check_write(write)?;
        self.check_rate(write.key)?;
        let newest = self.newest(write.key);
        if !holds(write.condition, newest.map(|row| row.generation)) {
            let handed_over = newest.filter(|_| self.knobs.hands_over).map(Row::item);
            return Ok(WriteOutcome::Conflict(handed_over));
        }
        let time_to_live = Some(write.time_to_live);
        self.seed(write.key, write.body.to_vec(), Some(write.metadata.to_owned()), time_to_live);
        Ok(WriteOutcome::Stored)
    }

    /// A delete; true when there was a value.
    pub fn delete(&mut self, key: &str) -> Result<bool, KvError> {
        check_key(key)?;
        self.check_rate(key)?;
        let had = self.newest(key).is_some();
        if had {
            self.append(key, None);
        }
        Ok(had)
    }

    /// The newest value, whoever can see it.
    #[must_use]
    pub fn newest(&self, key: &str) -> Option<&Row> {
        self.keys.get(key)?.last()?.standing(self.now_ms)
    }

    /// What a place's reads show now.
    #[must_use]
    pub fn shown(&self, place: usize, key: &str) -> Option<&Row> {
        let shown = |version: &&Version| version.shown_ms[place] <= self.now_ms;
        self.keys.get(key)?.iter().rev().find(shown)?.standing(self.now_ms)
    }

    /// Writes a row as somebody else would, whatever is there: without a limit of any kind.
    pub fn seed(
        &mut self,
        key: &str,
        body: impl Into<Vec<u8>>,
        metadata: Option<String>,
        time_to_live: Option<u32>,
    ) {
        let generation = scatter(self.writes + 1);
        let expires_at = time_to_live.map(|ttl| self.now_ms / 1_000 + u64::from(ttl));
        self.append(key, Some(Row { body: body.into(), metadata, generation, expires_at }));
    }

    /// Lets a place see every write of a key so far: it has handed over the newest.
    pub fn catch_up(&mut self, place: usize, key: &str) {
        let now_ms = self.now_ms;
        for version in self.keys.get_mut(key).into_iter().flatten() {
            version.shown_ms[place] = version.shown_ms[place].min(now_ms);
        }
    }

    /// Lets every place see every write so far.
    pub fn settle(&mut self) {
        self.now_ms += self.knobs.lag_ms;
    }

    fn append(&mut self, key: &str, row: Option<Row>) {
        self.writes += 1;
        let knobs = &self.knobs;
        let now = self.now_ms;
        let shown_ms = (0..knobs.places).map(|_| {
            let lags = self.dice.happens(knobs.lagging);
            now + if lags { self.dice.between((0, knobs.lag_ms)) } else { 0 }
        });
        let shown_ms = shown_ms.collect();
        let expires_ms = row.as_ref().and_then(|row| row.expires_at).map(|at| at * 1_000);
        let gone_ms = expires_ms.map(|at| at + self.dice.between((0, knobs.overstay_s * 1_000)));
        let version = Version { row, written_ms: now, shown_ms, gone_ms };
        if let Some(versions) = self.keys.get_mut(key) {
            versions.push(version);
        } else {
            self.keys.insert(Arc::from(key), vec![version]);
        }
    }

    /// One write per interval and key, refused writes not counted.
    fn check_rate(&self, key: &str) -> Result<(), KvError> {
        let last = self.keys.get(key).and_then(|versions| versions.last());
        let is_early =
            |version: &Version| self.now_ms < version.written_ms + self.knobs.write_interval_ms;
        if last.is_some_and(is_early) { Err(KvError::Throttled) } else { Ok(()) }
    }
}

impl Version {
    fn standing(&self, now_ms: u64) -> Option<&Row> {
        let is_gone = self.gone_ms.is_some_and(|at| at <= now_ms);
        self.row.as_ref().filter(|_| !is_gone)
    }
}

#[cfg(test)]
mod tests {
    use identity_graph::Precondition;

    use super::*;

    const START: u64 = 1_790_000_000_000;

    fn kv(seed: u64) -> Kv {
        Kv::new(seed, Knobs::fair(), START)
    }

    fn write(body: &[u8], condition: Precondition) -> Write<'_> {
        Write { key: "k", body, metadata: "", time_to_live: 10, condition }
    }

    fn shown(kv: &Kv, place: usize) -> Option<Vec<u8>> {
        kv.get(place, "k").unwrap().map(|item| item.body)
    }

    #[test]
    fn a_second_write_of_a_key_within_a_second_is_refused_and_others_are_not() {
        let mut kv = kv(1);
        assert_eq!(kv.put(&write(b"1", Precondition::Absent)), Ok(WriteOutcome::Stored));
        kv.set_now_ms(START + 999);
        assert_eq!(kv.put(&write(b"2", Precondition::None)), Err(KvError::Throttled));
        assert_eq!(kv.delete("k"), Err(KvError::Throttled));
        let other = Write { key: "other", ..write(b"2", Precondition::None) };
        assert_eq!(kv.put(&other), Ok(WriteOutcome::Stored));
        kv.set_now_ms(START + 1_000);
        assert_eq!(kv.put(&write(b"3", Precondition::None)), Ok(WriteOutcome::Stored));
    }

    #[test]
    fn a_fresh_key_looks_missing_here_and_not_there_and_is_seen_everywhere_in_300_ms() {
        let mut disagreed = 0;
        for seed in 0..50 {
            let mut kv = kv(seed);
            kv.put(&write(b"1", Precondition::Absent)).unwrap();
            let views: Vec<_> = (0..3).map(|place| shown(&kv, place)).collect();
            disagreed += u32::from(views.iter().any(|view| *view != views[0]));
            kv.set_now_ms(START + 300);
            assert!((0..3).all(|place| shown(&kv, place).is_some()));
        }
        assert!(disagreed > 10, "places disagreed about {disagreed} of 50 fresh keys");
    }

    #[test]
    fn the_view_of_a_place_never_goes_back() {
        for seed in 0..50 {
            let mut kv = kv(seed);
            let mut latest = [0; 3];
            for step in 0..40_u8 {
                if step % 10 == 0 {
                    kv.seed("k", [step], None, None);
                }
                kv.set_now_ms(kv.now_ms() + 25);
                for (place, latest) in latest.iter_mut().enumerate() {
                    let now = shown(&kv, place).map_or(0, |body| body[0]);
                    assert!(now >= *latest);
                    *latest = now;
                }
            }
        }
    }

    #[test]
    fn a_row_that_is_handed_over_is_seen_at_that_place() {
        for seed in 0..50 {
            let mut kv = Kv::new(seed, Knobs { hands_over: true, ..Knobs::fair() }, START);
            kv.put(&write(b"1", Precondition::Absent)).unwrap();
            kv.set_now_ms(START + 1_000);
            kv.seed("k", "2", None, None);
            kv.set_now_ms(START + 2_010);
            let refused = kv.put(&write(b"3", Precondition::Absent));
            let Ok(WriteOutcome::Conflict(Some(item))) = refused else { panic!("{refused:?}") };
            assert_eq!(item.body, b"2");
            kv.catch_up(1, "k");
            assert_eq!(shown(&kv, 1), Some(b"2".to_vec()));
        }
    }

    #[test]
    fn writes_are_judged_at_the_origin_whatever_a_place_sees() {
        for seed in 0..50 {
            let mut kv = kv(seed);
            kv.put(&write(b"1", Precondition::Absent)).unwrap();
            let first = kv.newest("k").unwrap().generation;
            kv.set_now_ms(START + 1_000);
            kv.put(&write(b"2", Precondition::Matches(first))).unwrap();
            kv.set_now_ms(START + 2_000);
            let refused = kv.put(&write(b"3", Precondition::Matches(first)));
            assert_eq!(refused, Ok(WriteOutcome::Conflict(None)));
        }
    }

    #[test]
    fn a_value_is_kept_for_its_lifetime_and_gone_a_day_after() {
        let mut outlived = 0;
        for seed in 0..50 {
            let mut kv = kv(seed);
            kv.put(&write(b"1", Precondition::Absent)).unwrap();
            kv.set_now_ms(START + 10_000 - 1);
            assert!(kv.newest("k").is_some());
            kv.set_now_ms(START + 10_000 + 3_600_000);
            outlived += u32::from(kv.newest("k").is_some());
            kv.set_now_ms(START + 10_000 + 86_400_000);
            assert!(kv.newest("k").is_none());
            let update = write(b"2", Precondition::Matches(scatter(1)));
            assert_eq!(kv.put(&update), Ok(WriteOutcome::Conflict(None)));
        }
        assert!(outlived > 30, "{outlived} of 50 values outlived their lifetime by an hour");
    }

    #[test]
    fn every_fault_of_a_bad_day_happens_and_none_of_a_good_one() {
        let fates = |knobs: Knobs| {
            let mut kv = Kv::new(3, knobs, START);
            (0..5_000).map(|_| kv.fate(StoreCall::Put)).collect::<Vec<_>>()
        };
        let faults: Vec<_> = fates(Knobs::fastly()).iter().filter_map(|f| f.fault).collect();
        for fault in [NetworkFault::Fails, NetworkFault::LosesAnswer, NetworkFault::LosesRequest] {
            assert!(faults.contains(&fault), "{fault:?}");
        }
        assert!(faults.iter().any(|fault| matches!(fault, NetworkFault::LandsLate(_))));
        assert!(fates(Knobs::fair()).iter().all(|fate| fate.fault.is_none()));
    }

    #[test]
    fn the_same_seed_is_the_same_store() {
        let run = |seed| {
            let mut kv = kv(seed);
            kv.seed("k", "1", None, Some(5));
            (kv.fate(StoreCall::Get), format!("{:?}", kv.keys))
        };
        assert_eq!(run(5), run(5));
        assert_ne!(run(5), run(6));
    }
}
