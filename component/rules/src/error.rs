//! What can go wrong, named for what the caller should do next.
//!
//! No message holds an EC ID, a partner UID, a consent string or stored text: messages are built
//! from fixed words and numbers only, and what a store says of its own failures is not passed on.

use thiserror::Error;

use crate::store::KvError;

/// Why an operation of the graph did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphError {
    /// An argument breaks a documented rule; nothing reached the store. Correct the argument.
    InvalidArgument(InvalidArgument),
    /// No store has the name that was opened. Correct the configuration.
    NoSuchStore,
    /// `create` only: the key holds an entry. Use `create_or_revive` to accept that.
    AlreadyExists,
    /// The stored row is not an entry. `inspect` shows it; a withdrawal or a delete removes it.
    Corrupt(Corrupt),
    /// The row would outgrow its limit; it is unchanged. Remove something first.
    TooLarge,
    /// Other writers won, or reads have not caught up with them. Nothing was written; call again
    /// later, not at once.
    Conflict,
    /// The store refused for its rate. Nothing was written; keep what you have and call again later.
    Throttled,
    /// The store failed. Every operation is safe to call again.
    Unavailable(Outage),
}

/// How the store failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Outage {
    /// The store failed before it applied anything.
    Failed,
    /// The store did not confirm a write, and reading it back did not tell either.
    Unconfirmed,
    /// The store refuses the request as outside its own limits.
    Refused,
}

/// Why a stored row is not an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Corrupt {
    /// The body is longer than [`MAX_READ_BYTES`](crate::policy::MAX_READ_BYTES).
    TooLong,
    /// The text is not UTF-8 from this byte on.
    NotUtf8(usize),
    /// The text is not JSON at this byte.
    NotJson(usize),
    /// Arrays and objects are nested deeper than [`MAX_DEPTH`](crate::policy::MAX_DEPTH).
    TooDeep,
    /// The JSON value is not an object.
    NotAnObject,
    /// A required field is missing.
    Missing(&'static str),
    /// A required field, or an object the entry is built of, has another type or is out of range.
    WrongType(&'static str),
    /// A field of the entry stands twice, and which one is meant cannot be known.
    Twice(&'static str),
}

/// Which rule an argument breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidArgument {
    /// An EC ID is 64 hex digits, alone or followed by a dot and 6 ASCII letters or digits.
    EcId(usize),
    /// A partner key is 1 to 255 bytes of `a-z 0-9 . _ -` after ASCII lower-casing.
    Partner(usize),
    /// A UID is at least one byte.
    UidBlank,
    /// A UID is at most [`MAX_UID_BYTES`](crate::policy::MAX_UID_BYTES) bytes.
    UidTooLong(usize),
    /// A UID holds no control characters.
    UidControl(usize),
    /// A domain is a lower-case hostname of at most 255 bytes with labels of 1 to 63.
    Domain(usize),
    /// A country is two ASCII letters.
    Country(usize),
    /// A region is 1 to [`MAX_REGION_BYTES`](crate::policy::MAX_REGION_BYTES) ASCII letters, digits or hyphens.
    Region(usize),
    /// `is_mobile` is 0, 1 or 2.
    IsMobile(u8),
    /// A device class is 1 to [`MAX_CLASS_BYTES`](crate::policy::MAX_CLASS_BYTES) printable ASCII characters.
    Class(&'static str, usize),
    /// A policy value is out of its range.
    Policy(&'static str, u32, u32, u32),
}

impl core::error::Error for GraphError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Corrupt(problem) => Some(problem),
            // What it says is what the rule says.
            _ => None,
        }
    }
}

impl From<InvalidArgument> for GraphError {
    fn from(rule: InvalidArgument) -> Self {
        Self::InvalidArgument(rule)
    }
}

impl From<Corrupt> for GraphError {
    fn from(problem: Corrupt) -> Self {
        Self::Corrupt(problem)
    }
}

impl From<KvError> for GraphError {
    /// What a failed store call means where no write of the operation is in doubt. A read changes
    /// nothing, answered or not; a write that was not answered is not judged here.
    fn from(error: KvError) -> Self {
        match error {
            KvError::NoSuchStore => Self::NoSuchStore,
            KvError::Invalid => Self::Unavailable(Outage::Refused),
            KvError::Throttled => Self::Throttled,
            KvError::Unavailable | KvError::UnknownOutcome => Self::Unavailable(Outage::Failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::error::Error as _;

    use super::*;

    #[test]
    fn a_chain_of_errors_says_nothing_twice() {
        assert!(GraphError::from(InvalidArgument::EcId(0)).source().is_none());
        assert!(GraphError::from(Corrupt::NotAnObject).source().is_some());
    }
}
