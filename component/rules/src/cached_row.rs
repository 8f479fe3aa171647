//! A row that was read before and is changed without reading it again.

use core::cell::Cell;

use crate::row::Row;

/// A row to change without reading it, and where to note that it is outdated.
#[derive(Clone, Copy)]
pub(crate) struct CachedRow<'a> {
    pub(crate) row: &'a Row,
    pub(crate) is_outdated: &'a Cell<bool>,
}
