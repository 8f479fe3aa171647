//! Several items about one thing in a call: the latest counts, of equals the first. Where items count
//! as they arrive, the last does.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::sorted::{compare, sorted};
use crate::types::{Now, Timestamp};

/// The items of a call, and which of them count.
pub(crate) struct Latest<T, E> {
    /// The items that count, sorted by what they are about.
    pub(crate) winners: Vec<T>,
    /// What became of each item, in the order of the call.
    items: Vec<Item<E>>,
}

enum Item<E> {
    /// It breaks a rule.
    Invalid(E),
    /// It is about the same thing as this winner, and says the same or not.
    Judged { winner: usize, says_the_same: bool },
}

impl<T, E> Latest<T, E> {
    /// Of several items about one thing the one with the latest time counts, of equals the first; by
    /// arrival the last.
    pub(super) fn of(
        items: Vec<Result<T, E>>,
        now: Now,
        about: impl Fn(&T) -> &str,
        time: impl Fn(&T) -> Timestamp,
        says_the_same: impl Fn(&T, &T) -> bool,
    ) -> Self {
        let mut outcomes = Vec::with_capacity(items.len());
        // Where each valid item stands in the call.
        let mut valid: Vec<(usize, Option<T>)> = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            match item {
                Ok(item) => {
                    outcomes.push(Item::Judged { winner: 0, says_the_same: true });
                    valid.push((at, Some(item)));
                }
                Err(rule) => outcomes.push(Item::Invalid(rule)),
            }
        }
        // Of one thing the one that counts stands first: the latest, of equal times the first.
        let by_arrival = now.orders_by_arrival();
        let places = sorted(valid.len(), &|one, other| {
            let item = |at: usize| valid.get(at).and_then(|(_, item)| item.as_ref());
            match (item(one), item(other)) {
                (Some(a), Some(b)) => compare(about(a), about(b))
                    .then_with(|| if by_arrival { other.cmp(&one) } else { time(b).cmp(&time(a)) }),
                _ => Ordering::Equal,
            }
        });
        let mut winners: Vec<T> = Vec::with_capacity(valid.len());
        for place in places {
            let Some((at, item)) = valid.get_mut(place) else { continue };
            let Some(item) = item.take() else { continue };
            let known = winners.last().filter(|known| compare(about(known), about(&item)).is_eq());
            let is_same = known.map(|known| says_the_same(known, &item));
            if is_same.is_none() {
                winners.push(item);
            }
            if let Some(outcome) = outcomes.get_mut(*at) {
                let winner = winners.len().saturating_sub(1);
                *outcome = Item::Judged { winner, says_the_same: is_same.unwrap_or(true) };
            }
        }
        Self { winners, items: outcomes }
    }

    /// What each item of the call hears, from what became of the winners.
    pub(super) fn outcomes<O: Clone>(
        &self,
        of_winners: &[O],
        invalid: impl Fn(&E) -> O,
        beaten: impl Fn(O) -> O,
    ) -> Vec<O> {
        let outcome = |item: &Item<E>| match item {
            Item::Invalid(rule) => Some(invalid(rule)),
            Item::Judged { winner, says_the_same } => {
                let outcome = of_winners.get(*winner).cloned()?;
                Some(if *says_the_same { outcome } else { beaten(outcome) })
            }
        };
        // Every item has a winner, so that none is left out.
        self.items.iter().filter_map(outcome).collect()
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
        Latest::of(items.to_vec(), now, |one| one.0, time, |a, b| a.1 == b.1)
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
