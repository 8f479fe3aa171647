//! Sorting places of a list: few by inserting, many by a heap. The standard library's sorts are faster
//! for lists that are longer than a call's, and would be 5 KB of the component.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// An order of the places of a list that are equal in what they are sorted by first.
type Order<'a> = &'a dyn Fn(usize, usize) -> Ordering;

/// So many are inserted where they belong, one after the other: half the comparisons of a heap.
const FEW: usize = 64;

/// The places of a list of this length, sorted by a number of each, then in this order; equal ones as
/// they stand.
pub(crate) fn sorted(length: usize, number: &dyn Fn(usize) -> u64, order: Order<'_>) -> Vec<usize> {
    if length > FEW {
        let ranked = |place| Ranked { number: number(place), place, order };
        let heap: BinaryHeap<_> = (0..length).map(ranked).collect();
        return heap.into_sorted_vec().into_iter().map(|ranked| ranked.place).collect();
    }
    let mut ranked: Vec<(u64, usize)> = Vec::with_capacity(length);
    for place in 0..length {
        let number = number(place);
        let at = ranked.partition_point(|known| {
            known.0 < number || (known.0 == number && order(known.1, place).is_le())
        });
        ranked.insert(at, (number, place));
    }
    ranked.into_iter().map(|(_, place)| place).collect()
}

/// The order of texts as far as their first eight bytes tell it.
pub(crate) fn start(text: &str) -> u64 {
    if let Some(start) = text.as_bytes().first_chunk() {
        return u64::from_be_bytes(*start);
    }
    let mut start = [0; 8];
    for (to, from) in start.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    u64::from_be_bytes(start)
}

/// How two texts stand to one another, eight bytes at a time: EC IDs of one network begin alike.
#[inline(never)]
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let (Some((x, behind_a)), Some((y, behind_b))) =
        (a.split_first_chunk(), b.split_first_chunk())
    {
        if x != y {
            return u64::from_be_bytes(*x).cmp(&u64::from_be_bytes(*y));
        }
        (a, b) = (behind_a, behind_b);
    }
    a.cmp(b)
}

struct Ranked<'a> {
    number: u64,
    place: usize,
    order: Order<'a>,
}

impl Ord for Ranked<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let then = || (self.order)(self.place, other.place).then(self.place.cmp(&other.place));
        self.number.cmp(&other.number).then_with(then)
    }
}

impl PartialOrd for Ranked<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_compared_as_the_standard_library_does(a in "[ab]{0,20}", b in "[ab]{0,20}|é") {
            prop_assert_eq!(compare(&a, &b), a.cmp(&b));
            prop_assert_eq!(start(&a).cmp(&start(&b)).then_with(|| compare(&a, &b)), a.cmp(&b));
        }

        #[test]
        fn places_are_sorted_and_equal_ones_stay_as_they_stand(keys in proptest::collection::vec((0_u8..4, 0_u8..3), 0..100)) {
            let order = |a: usize, b: usize| keys[a].1.cmp(&keys[b].1);
            let mut expected: Vec<usize> = (0..keys.len()).collect();
            expected.sort_by_key(|place| keys[*place]);
            let number = |place: usize| u64::from(keys[place].0);
            prop_assert_eq!(sorted(keys.len(), &number, &order), expected);
        }
    }
}
