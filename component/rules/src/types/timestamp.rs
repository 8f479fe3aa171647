//! Moments, and what of a stored time can be believed.

use crate::error::InvalidArgument;
use crate::policy::{Order, Policy};

/// A moment in Unix seconds, at most the end of the year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last second of the year 9999. What is later was given in milliseconds.
    pub const MAX: u64 = 253_402_300_799;

    /// Checks a time that an argument gives; `name` is what the error calls it.
    ///
    /// ```
    /// use identity_graph::Timestamp;
    ///
    /// assert!(Timestamp::parse("now", 1_790_000_000).is_ok());
    /// assert!(Timestamp::parse("now", 1_790_000_000_000).is_err());
    /// ```
    ///
    /// # Errors
    /// [`InvalidArgument::Time`] when it is after the year 9999.
    pub fn parse(name: &'static str, seconds: u64) -> Result<Self, InvalidArgument> {
        if seconds > Self::MAX {
            return Err(InvalidArgument::Time(name));
        }
        Ok(Self(seconds))
    }

    /// The Unix seconds.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// A time as it stands in a row, which may be any number.
    pub(crate) fn stored(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds from an earlier moment to this one; `None` when that one is later.
    pub(crate) fn since(self, earlier: Self) -> Option<u64> {
        self.0.checked_sub(earlier.0)
    }
}

/// The time of a call, how far ahead of it other clocks may be, and what orders assertions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    pub(crate) at: Timestamp,
    skew: u32,
    order: Order,
}

impl Now {
    /// Checks the time of a call.
    pub(crate) fn parse(now: u64, policy: &Policy) -> Result<Self, InvalidArgument> {
        let at = Timestamp::parse("now", now)?;
        Ok(Self { at, skew: policy.clock_skew, order: policy.order })
    }

    /// Whether assertions count as made when they arrive.
    pub(crate) fn orders_by_arrival(self) -> bool {
        self.order == Order::Arrival
    }

    /// Whether a time is further ahead than clocks differ.
    pub(crate) fn is_behind(self, time: Timestamp) -> bool {
        time.0 > self.at.0.wrapping_add(u64::from(self.skew))
    }

    /// A stored time, where it can be believed.
    pub(crate) fn known(self, stored: Option<Timestamp>) -> Option<Timestamp> {
        stored.filter(|time| !self.is_behind(*time))
    }

    /// Checks when something was asserted. It counts as asserted now where no time is given, or one too
    /// far ahead, and where assertions count as they arrive.
    pub(crate) fn asserted(
        self,
        name: &'static str,
        seconds: Option<u64>,
    ) -> Result<Timestamp, InvalidArgument> {
        let Some(seconds) = seconds else { return Ok(self.at) };
        let time = Timestamp::parse(name, seconds)?;
        let is_now = self.orders_by_arrival() || self.is_behind(time);
        Ok(if is_now { self.at } else { time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(seconds: u64) -> Now {
        Now::parse(seconds, &Policy::default()).unwrap()
    }

    #[test]
    fn milliseconds_are_no_seconds() {
        assert!(Timestamp::parse("now", Timestamp::MAX).is_ok());
        let error = Timestamp::parse("now", Timestamp::MAX + 1).unwrap_err();
        assert_eq!(error, InvalidArgument::Time("now"));
        assert!(Now::parse(1_790_000_000_000, &Policy::default()).is_err());
    }

    #[test]
    fn what_is_asserted_beyond_the_skew_is_asserted_now() {
        let asserted = |seconds| now(1_000).asserted("synced", seconds).map(Timestamp::seconds);
        assert_eq!(asserted(None), Ok(1_000));
        assert_eq!(asserted(Some(1_300)), Ok(1_300));
        assert_eq!(asserted(Some(1_301)), Ok(1_000));
        assert_eq!(asserted(Some(u64::MAX)), Err(InvalidArgument::Time("synced")));
    }

    #[test]
    fn what_arrives_is_asserted_now_where_that_is_the_order_and_milliseconds_are_none() {
        let now = Now::parse(1_000, &Policy::trusted_server()).unwrap();
        let asserted = |seconds| now.asserted("synced", seconds).map(Timestamp::seconds);
        for given in [None, Some(0), Some(999), Some(1_300), Some(Timestamp::MAX)] {
            assert_eq!(asserted(given), Ok(1_000), "{given:?}");
        }
        assert_eq!(asserted(Some(Timestamp::MAX + 1)), Err(InvalidArgument::Time("synced")));
    }

    #[test]
    fn what_is_stored_beyond_the_skew_is_not_known() {
        let known = |seconds| now(1_000).known(Some(Timestamp::stored(seconds)));
        assert_eq!(known(1_300), Some(Timestamp::stored(1_300)));
        assert_eq!(known(1_301), None);
        assert_eq!(known(u64::MAX), None);
    }
}
