//! Sorting places of a list, by a heap: the standard library's sorts are faster for lists that are
//! longer than a call's, and would be 5 KB of the component.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// An order of the places of a list.
type Order<'a> = &'a dyn Fn(usize, usize) -> Ordering;

/// So many are inserted where they belong, one after the other: half the comparisons of a heap.
const FEW: usize = 64;

/// The places of a list of this length, in this order; equal ones as they stand.
pub(crate) fn sorted(length: usize, order: Order<'_>) -> Vec<usize> {
    if length <= FEW {
        let mut places = Vec::with_capacity(length);
        for place in 0..length {
            let at = places.partition_point(|known| order(*known, place).is_le());
            places.insert(at, place);
        }
        return places;
    }
    let heap: BinaryHeap<_> = (0..length).map(|place| Ranked { place, order }).collect();
    heap.into_sorted_vec().into_iter().map(|ranked| ranked.place).collect()
}

/// How two texts stand to one another, eight bytes at a time: EC IDs of one network begin alike.
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
    place: usize,
    order: Order<'a>,
}

impl Ord for Ranked<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.order)(self.place, other.place).then_with(|| self.place.cmp(&other.place))
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
        }

        #[test]
        fn places_are_sorted_and_equal_ones_stay_as_they_stand(keys in proptest::collection::vec(0_u8..4, 0..100)) {
            let order = |a: usize, b: usize| keys[a].cmp(&keys[b]);
            let mut expected: Vec<usize> = (0..keys.len()).collect();
            expected.sort_by_key(|place| keys[*place]);
            prop_assert_eq!(sorted(keys.len(), &order), expected);
        }
    }
}
