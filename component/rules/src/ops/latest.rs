//! Several items about one thing in a call: the latest counts, of equals the first. Where items count
//! as they arrive, the last does.

use alloc::vec::Vec;
use core::mem;

use crate::sorted::{compare, sorted, start};
use crate::types::{Now, Timestamp};

/// The items of a call, and which of them count.
pub(crate) struct Latest<T, E> {
    /// The items that count, sorted by what they are about.
    pub(crate) winners: Vec<T>,
    /// What became of each item that keeps the rules, in the order of the call.
    verdicts: Vec<Verdict>,
    /// The items that break a rule, and where in the call they stand.
    invalid: Vec<(usize, E)>,
}

/// An item is about the same thing as this winner, and says the same or not.
#[derive(Clone, Copy)]
struct Verdict {
    winner: usize,
    says_the_same: bool,
}

impl<T, E> Latest<T, E> {
    /// Of several items about one thing the one with the latest time counts, of equals the first; by
    /// arrival the last.
    pub(super) fn of(
        items: Items<T, E>,
        now: Now,
        about: impl Fn(&T) -> &str,
        time: impl Fn(&T) -> Timestamp,
        says_the_same: impl Fn(&T, &T) -> bool,
    ) -> Self {
        let Items { valid: mut items, invalid } = items;
        let item = |at: usize| items.get(at);
        let (mut places, winners, verdicts) = judge(
            items.len(),
            now.orders_by_arrival(),
            &|at| item(at).map(|item| (about(item), time(item))).unwrap_or_default(),
            &|a, b| item(a).zip(item(b)).is_some_and(|(a, b)| says_the_same(a, b)),
        );
        put_in_order(&mut items, &mut places);
        items.truncate(winners);
        Self { winners: items, verdicts, invalid }
    }

    /// What each item of the call hears, from what became of the winners.
    pub(super) fn outcomes<O: Clone>(
        &self,
        of_winners: &[O],
        invalid: impl Fn(&E) -> O,
        beaten: impl Fn(O) -> O,
    ) -> Vec<O> {
        let mut verdicts = self.verdicts.iter();
        let mut invalid_items = self.invalid.as_slice();
        let items = self.verdicts.len() + self.invalid.len();
        let mut outcomes = Vec::with_capacity(items);
        for at in 0..items {
            if let [(place, rule), rest @ ..] = invalid_items
                && *place == at
            {
                invalid_items = rest;
                outcomes.push(invalid(rule));
            } else if let Some(Verdict { winner, says_the_same }) = verdicts.next()
                // Every item has a winner, so that none is left out.
                && let Some(outcome) = of_winners.get(*winner).cloned()
            {
                outcomes.push(if *says_the_same { outcome } else { beaten(outcome) });
            }
        }
        outcomes
    }
}

/// The items of a call, as far as they are read.
pub(crate) struct Items<T, E> {
    /// Those that keep the rules, in the order of the call.
    pub(crate) valid: Vec<T>,
    /// Those that break a rule, and where in the call they stand.
    pub(crate) invalid: Vec<(usize, E)>,
}

impl<T, E> Items<T, E> {
    #[inline(never)]
    fn push(&mut self, item: Result<T, E>) {
        match item {
            Ok(item) => self.valid.push(item),
            Err(rule) => self.invalid.push((self.valid.len() + self.invalid.len(), rule)),
        }
    }
}

impl<T, E> FromIterator<Result<T, E>> for Items<T, E> {
    fn from_iter<I: IntoIterator<Item = Result<T, E>>>(items: I) -> Self {
        let items = items.into_iter();
        let valid = Vec::with_capacity(items.size_hint().0);
        let mut sorted_out = Self { valid, invalid: Vec::new() };
        items.for_each(|item| sorted_out.push(item));
        sorted_out
    }
}

/// Where the items are to stand, how many of them count, and what becomes of each.
#[inline(never)]
fn judge<'a>(
    items: usize,
    by_arrival: bool,
    item: &dyn Fn(usize) -> (&'a str, Timestamp),
    says_the_same: &dyn Fn(usize, usize) -> bool,
) -> (Vec<usize>, usize, Vec<Verdict>) {
    // Of one thing the one that counts stands first: the latest, of equal times the first.
    let sorted = sorted(items, &|at| start(item(at).0), &|a, b| {
        let ((text_of_a, time_of_a), (text_of_b, time_of_b)) = (item(a), item(b));
        let latest = if by_arrival { b.cmp(&a) } else { time_of_b.cmp(&time_of_a) };
        compare(text_of_a, text_of_b).then(latest)
    });
    let nothing = Verdict { winner: 0, says_the_same: true };
    let mut verdicts: Vec<Verdict> = (0..items).map(|_| nothing).collect();
    let mut places = Vec::with_capacity(items);
    let mut losers = Vec::new();
    let mut last = None;
    for place in sorted {
        let (text, _) = item(place);
        let says_the_same = match last {
            Some((winner, known)) if known == text => {
                losers.push(place);
                says_the_same(winner, place)
            }
            _ => {
                last = Some((place, text));
                places.push(place);
                true
            }
        };
        if let Some(verdict) = verdicts.get_mut(place) {
            *verdict = Verdict { winner: places.len() - 1, says_the_same };
        }
    }
    let winners = places.len();
    places.append(&mut losers);
    (places, winners, verdicts)
}

/// Moves each item to its place: the first place is of the item that is to be first.
fn put_in_order<T>(items: &mut [T], places: &mut [usize]) {
    for first in 0..places.len() {
        let mut at = first;
        // What stood at the first place goes round until it comes to its own.
        while let Some(from) = places.get_mut(at).map(|place| mem::replace(place, at)) {
            if from == at || from == first {
                break;
            }
            items.swap(at, from);
            at = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    type One = (&'static str, &'static str, u64);

    fn latest_by(policy: &Policy, items: &[Result<One, u8>]) -> Latest<One, u8> {
        let now = Now::parse(100, policy).unwrap();
        let time = |one: &One| Timestamp::stored(one.2);
        Latest::of(items.iter().copied().collect(), now, |one| one.0, time, |a, b| a.1 == b.1)
    }

    fn latest(items: &[Result<One, u8>]) -> Latest<One, u8> {
        latest_by(&Policy::default(), items)
    }

    #[test]
    fn the_latest_counts_and_of_equals_the_first() {
        let latest =
            latest(&[Ok(("b", "1", 5)), Ok(("a", "2", 1)), Ok(("b", "3", 9)), Ok(("b", "4", 9))]);
        assert_eq!(latest.winners, [("a", "2", 1), ("b", "3", 9)]);
    }

    #[test]
    fn by_arrival_the_last_counts_whatever_the_times() {
        let items = [Ok(("b", "1", 9)), Ok(("a", "2", 1)), Ok(("b", "3", 5)), Ok(("b", "4", 5))];
        let latest = latest_by(&Policy::trusted_server(), &items);
        assert_eq!(latest.winners, [("a", "2", 1), ("b", "4", 5)]);
    }

    #[test]
    fn every_item_hears_what_became_of_it() {
        let latest = latest(&[
            Ok(("a", "old", 1)),
            Ok(("a", "new", 2)),
            Err(7),
            Ok(("a", "new", 0)),
            Ok(("b", "x", 1)),
        ]);
        let hear =
            |a, b| latest.outcomes(&[a, b], |rule| u32::from(*rule), |outcome| outcome + 100);
        assert_eq!(hear(1, 2), [101, 1, 7, 1, 2]);
    }
}
