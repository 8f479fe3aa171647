//! A day of edge traffic, made from a seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};

use super::draws::{Draws, Source};
use super::eids::{BOTH_WAYS, FROM_SERVERS, PARTNERS};
use super::event::{Kind, VERSION};
use super::fields::{Fields, MappingFields};
use super::profile::{Action, DAY, Visitor};

/// 2026-09-21 00:00:00 UTC.
const START: u64 = 1_789_948_800;
const BATCHES: u64 = 1 << 61;

/// The visitors of one day and the partners that sync with them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day {
    pub(crate) visitors: u32,
    pub(crate) seed: u64,
}

impl Day {
    /// The version and then all events in the order of time.
    pub(crate) fn events(self) -> Events {
        let source = Source::new(self.seed);
        let mut next = BinaryHeap::with_capacity(self.visitors as usize);
        for number in 0..self.visitors {
            if let Some((at, _)) = Visitor::new(&source, number).actions().first() {
                next.push(Reverse((*at, Upcoming::Action { visitor: number, index: 0 })));
            }
        }
        let mut events = Events { day: self, source, next };
        if self.visitors > 0 {
            events.schedule_batch(0);
        }
        events
    }

    fn batches(self) -> u32 {
        (self.visitors / 60).max(8)
    }
}

/// What comes next of one visitor, or of the partners' servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Upcoming {
    Action { visitor: u32, index: u32 },
    Batch(u32),
}

/// A day's events one after the other. Holds one number for each visitor.
pub(crate) struct Events {
    day: Day,
    source: Source,
    next: BinaryHeap<Reverse<(u32, Upcoming)>>,
}

impl Events {
    /// Writes the line of the version.
    pub(crate) fn write_version(out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{{\"trace\":{VERSION}}}")
    }

    /// Writes the next event; the second of the day in which it takes place, `None` at the end.
    pub(crate) fn write_next(&mut self, out: &mut impl Write) -> io::Result<Option<u32>> {
        let Some(Reverse((second, next))) = self.next.pop() else { return Ok(None) };
        let at = START + u64::from(second);
        let (kind, fields) = match next {
            Upcoming::Action { visitor: number, index } => {
                let visitor = Visitor::new(&self.source, number);
                let actions = visitor.actions();
                let index = index as usize;
                if let Some((at, _)) = actions.get(index + 1) {
                    let index = u32::try_from(index + 1).unwrap_or(u32::MAX);
                    self.next.push(Reverse((*at, Upcoming::Action { visitor: number, index })));
                }
                event(&visitor, actions[index].1, at)
            }
            Upcoming::Batch(number) => {
                self.schedule_batch(number + 1);
                (Kind::Sync, self.batch(number, second))
            }
        };
        let event = Some(kind.name().into());
        serde_json::to_writer(&mut *out, &Fields { at: Some(at), event, ..fields })?;
        out.write_all(b"\n")?;
        Ok(Some(second))
    }

    fn schedule_batch(&mut self, number: u32) {
        let batches = self.day.batches();
        if number < batches {
            // Batches are spread over the day from its second hour on.
            let span = u64::from(DAY - 3_600);
            let share = span * (u64::from(number) + 1) / u64::from(batches);
            let second = 3_599 + u32::try_from(share).unwrap_or(DAY);
            self.next.push(Reverse((second, Upcoming::Batch(number))));
        }
    }

    /// What one partner's servers send for many visitors, some of whom have withdrawn meanwhile.
    fn batch(&self, number: u32, second: u32) -> Fields<'static> {
        let mut draws = self.source.draws(BATCHES + u64::from(number));
        let partner = match draws.below(5) {
            0 => BOTH_WAYS,
            other => FROM_SERVERS + other as usize - 1,
        };
        let at = START + u64::from(second);
        let mut mappings: Vec<MappingFields<'static>> = Vec::new();
        for _ in 0..20 + draws.below(60) {
            mappings.push(self.mapping(partner, second, &mut draws));
            if draws.happens(30) {
                // The same browser once more, from an older file of the partner's.
                let mut mapping = self.mapping(partner, second, &mut draws);
                if let Some(last) = mappings.last() {
                    mapping.ec.clone_from(&last.ec);
                    mapping.synced = last.synced.saturating_sub(u64::from(draws.below(600)));
                }
                mappings.push(mapping);
            }
        }
        let partner = Some(PARTNERS[partner].source.into());
        Fields { partner, mappings: Some(mappings), at: Some(at), ..Fields::default() }
    }

    fn mapping(&self, partner: usize, second: u32, draws: &mut Draws) -> MappingFields<'static> {
        let at = START + u64::from(second);
        // A batch tells what the partner learnt in the hour before, and at times much earlier.
        let age = if draws.happens(900) { draws.below(3_600) } else { draws.below(36_000) };
        let synced = at - u64::from(age);
        let known = if draws.happens(970) { 16 } else { 0 };
        for _ in 0..known {
            let visitor = Visitor::new(&self.source, draws.below(self.day.visitors));
            if visitor.actions().first().is_some_and(|(first, _)| *first < second) {
                let uid = visitor.uid_from_servers(partner, at);
                return MappingFields { ec: visitor.ec_id().into(), uid: uid.into(), synced };
            }
        }
        let ec = format!("{}.{}", draws.hex(64), draws.alphanumeric(6));
        let uid = PARTNERS[partner].uid(draws);
        MappingFields { ec: ec.into(), uid: uid.into(), synced }
    }
}

fn event(visitor: &Visitor<'_>, action: Action, at: u64) -> (Kind, Fields<'static>) {
    let ec_id = visitor.ec_id();
    let (kind, fields) = match action {
        Action::First => (Kind::FirstVisit, visitor.visit(at, false)),
        Action::Again => (Kind::View, visitor.visit(at, false)),
        Action::Consent => (Kind::Consent, visitor.visit(at, true)),
        Action::View { with_eids } => {
            let eids = with_eids.then(|| visitor.eids(at)).filter(|eids| !eids.is_empty());
            (Kind::View, Fields { eids, ..Fields::default() })
        }
        Action::Cluster => (Kind::Cluster, Fields::default()),
        Action::Withdraw => (Kind::Withdraw, Fields::default()),
        Action::Delete => (Kind::Delete, Fields::default()),
        Action::Pull { partner } => {
            let uid = visitor.uid(partner, at).into();
            let mapping = MappingFields { ec: ec_id.into(), uid, synced: at };
            let partner = Some(PARTNERS[partner].source.into());
            let mappings = Some(vec![mapping]);
            return (Kind::Sync, Fields { partner, mappings, ..Fields::default() });
        }
    };
    (kind, Fields { ec: Some(ec_id.into()), ..fields })
}
