//! Sorting places of a list, by one copy of the standard library's sort: each use of it by itself
//! would be some kilobytes of the component.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// The places of a list of this length, in this order; equal ones as they stand.
pub(crate) fn sorted(length: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length).collect();
    if length > 1 {
        sort(&mut places, order);
    }
    places
}

#[inline(never)]
fn sort(places: &mut [usize], order: &dyn Fn(usize, usize) -> Ordering) {
    places.sort_by(|a, b| order(*a, *b));
}
