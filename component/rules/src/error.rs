//! What can go wrong, named for what the caller should do next.
//!
//! No message holds an EC ID, a partner UID, a consent string or stored text: messages are built
//! from fixed words and numbers only, and what a store says of its own failures is not passed on.

use thiserror::Error;

use crate::limits::{
    MAX_BODY_BYTES, MAX_CLASS_BYTES, MAX_DEPTH, MAX_DOMAIN_BYTES, MAX_EXT_BYTES, MAX_EXT_DEPTH,
    MAX_METADATA_BYTES, MAX_PARTNER_BYTES, MAX_READ_BYTES, MAX_REGION_BYTES, MAX_UID_BYTES,
};
use crate::store::{Cause, KvError, StoreError};

/// Why an operation of the graph did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GraphError {
    /// An argument breaks a documented rule; nothing reached the store. Correct the argument.
    #[error("{0}")]
    InvalidArgument(InvalidArgument),
    /// No store has the name that was opened. Correct the configuration.
    #[error("no store has this name; create it or correct the configured name")]
    NoSuchStore,
    /// `create` only: the key holds an entry. Use `create_or_revive` to accept that.
    #[error("the key already holds an entry; create_or_revive accepts that")]
    AlreadyExists,
    /// The stored row is not an entry. `inspect` shows it; a withdrawal or a delete removes it.
    #[error(
        "the stored row is not an entry: {0}; inspect shows it, a withdrawal or a delete removes it"
    )]
    Corrupt(#[source] Corrupt),
    /// The row would outgrow its limit; it is unchanged. Remove something first.
    #[error(
        "the row would grow beyond {MAX_BODY_BYTES} bytes of body or {MAX_METADATA_BYTES} bytes of metadata and is unchanged"
    )]
    TooLarge,
    /// Other writers won, or reads have not caught up with them. Nothing was written; call again
    /// later, not at once.
    #[error("other writers won, or reads lag behind them; nothing was written, call again later")]
    Conflict,
    /// The store refused for its rate. Nothing was written; keep what you have and call again later.
    #[error("the store refused for its rate; nothing was written, call again later")]
    Throttled {
        /// The store's own error, where it hands one on.
        source: Option<Cause>,
    },
    /// The store failed. Every operation is safe to call again.
    #[error("{outage}; every operation is safe to call again")]
    Unavailable {
        /// How it failed.
        outage: Outage,
        /// The store's own error, where it hands one on.
        source: Option<Cause>,
    },
}

/// How the store failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Outage {
    /// The store failed before it applied anything.
    #[error("the store failed and applied nothing")]
    Failed,
    /// The store did not confirm a write, and reading it back did not tell either.
    #[error("the store did not confirm the write, which may or may not have been applied")]
    Unconfirmed,
    /// The store refuses the request as outside its own limits.
    #[error("the store refuses this request as outside its limits; nothing was written")]
    Refused,
}

/// Why a stored row is not an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Corrupt {
    /// The body is longer than [`MAX_READ_BYTES`](crate::limits::MAX_READ_BYTES).
    #[error("its body is longer than {MAX_READ_BYTES} bytes")]
    TooLong,
    /// The text is not UTF-8 from this byte on.
    #[error("it is not UTF-8 at byte {0}")]
    NotUtf8(usize),
    /// The text is not JSON at this byte.
    #[error("it is not JSON at byte {0}")]
    NotJson(usize),
    /// Arrays and objects are nested deeper than [`MAX_DEPTH`](crate::limits::MAX_DEPTH).
    #[error("it is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// The JSON value is not an object.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// A required field is missing.
    #[error("the required field \"{0}\" is missing")]
    Missing(&'static str),
    /// A required field, or an object the entry is built of, has another type or is out of range.
    #[error("the field \"{0}\" has the wrong type or is out of range")]
    WrongType(&'static str),
    /// A field of the entry stands twice, and which one is meant cannot be known.
    #[error("the field \"{0}\" stands twice")]
    Twice(&'static str),
    /// The row is of a version that this program does not know.
    #[error("its version is {0}, and 1 is the only one that is understood here")]
    Version(u8),
}

/// Which rule an argument breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidArgument {
    /// An EC ID is 64 hex digits, alone or followed by a dot and 6 ASCII letters or digits, or a
    /// provider's name, `~` and its ID.
    #[error(
        "EC ID ({0} bytes): expected 64 hex digits, then optionally a dot and 6 ASCII letters or digits, or a provider's name, ~ and its ID; pass the cookie's value unchanged"
    )]
    EcId(usize),
    /// A partner key is 1 to 255 bytes of `a-z 0-9 . _ -` after ASCII lower-casing.
    #[error(
        "partner key ({0} bytes): expected 1 to {MAX_PARTNER_BYTES} bytes of a-z 0-9 . _ - such as the partner's source domain"
    )]
    Partner(usize),
    /// A UID is at least one byte.
    #[error("partner UID: it is blank; leave the partner out instead")]
    UidBlank,
    /// A UID is at most [`MAX_UID_BYTES`](crate::limits::MAX_UID_BYTES) bytes.
    #[error("partner UID: {0} bytes, at most {MAX_UID_BYTES} are stored")]
    UidTooLong(usize),
    /// A UID holds no control characters.
    #[error("partner UID: control character at byte {0}; pass the decoded value")]
    UidControl(usize),
    /// A time is at most the year 9999.
    #[error("{0} is after the year 9999: pass seconds, not milliseconds")]
    Time(&'static str),
    /// A UID is an ID, and nothing that stands for the lack of one.
    #[error("partner UID: it is a placeholder and no ID; leave the partner out instead")]
    UidPlaceholder,
    /// A UID has not ended when it arrives.
    #[error("partner UID: it has expired; leave the partner out, or ask it for a fresh one")]
    UidExpired,
    /// `ext` is a JSON object of at most [`MAX_EXT_BYTES`](crate::limits::MAX_EXT_BYTES) bytes.
    #[error(
        "ext ({0} bytes): expected a JSON object of at most {MAX_EXT_BYTES} bytes and {MAX_EXT_DEPTH} levels"
    )]
    Ext(usize),
    /// What a row holds in a partner's place is replaced or removed only where it is a UID as this
    /// version understands it.
    #[error(
        "the row holds something in this partner's place that is no UID, which is never dropped; inspect shows it, a withdrawal or a delete removes the row"
    )]
    Occupied,
    /// A domain is a hostname of at most 255 bytes with labels of 1 to 63.
    #[error(
        "domain ({0} bytes): expected a hostname of at most {MAX_DOMAIN_BYTES} bytes whose labels have 1 to 63 letters, digits, underscores or inner hyphens, without scheme or port"
    )]
    Domain(usize),
    /// A country is two ASCII letters.
    #[error("country ({0} bytes): expected the two letters of ISO 3166-1, or leave geo out")]
    Country(usize),
    /// A region is 1 to [`MAX_REGION_BYTES`](crate::limits::MAX_REGION_BYTES) ASCII letters, digits or hyphens.
    #[error(
        "region ({0} bytes): expected 1 to {MAX_REGION_BYTES} letters, digits or hyphens: an ISO 3166-2 subdivision without the country"
    )]
    Region(usize),
    /// `is_mobile` is 0, 1 or 2.
    #[error("is-mobile is {0}: expected 0 (desktop), 1 (mobile) or 2 (unknown)")]
    IsMobile(u8),
    /// A device class is 1 to [`MAX_CLASS_BYTES`](crate::limits::MAX_CLASS_BYTES) printable ASCII characters.
    #[error("{0} ({1} bytes): expected 1 to {MAX_CLASS_BYTES} printable ASCII characters")]
    Class(&'static str, usize),
    /// A policy value is out of its range.
    #[error("policy: {0} is {1}, expected {2} to {3}")]
    Policy(&'static str, u32, u32, u32),
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

impl GraphError {
    /// The store's own error.
    pub(crate) fn into_cause(self) -> Option<Cause> {
        match self {
            Self::Throttled { source } | Self::Unavailable { source, .. } => source,
            _ => None,
        }
    }

    /// The store failed like this, and says no more.
    pub(crate) const fn outage(outage: Outage) -> Self {
        Self::Unavailable { outage, source: None }
    }
}

impl From<StoreError> for GraphError {
    /// What a failed store call means where no write of the operation is in doubt. A read changes
    /// nothing, answered or not; a write that was not answered is not judged here.
    fn from(error: StoreError) -> Self {
        let outage = match error.kind() {
            KvError::NoSuchStore => return Self::NoSuchStore,
            KvError::TooLarge => return Self::Corrupt(Corrupt::TooLong),
            KvError::Throttled => return Self::Throttled { source: error.into_cause() },
            KvError::Invalid => Outage::Refused,
            KvError::Unavailable | KvError::UnknownOutcome | KvError::NotRead => Outage::Failed,
        };
        Self::Unavailable { outage, source: error.into_cause() }
    }
}

impl From<KvError> for GraphError {
    fn from(kind: KvError) -> Self {
        StoreError::from(kind).into()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;
    use core::error::Error as _;

    use super::*;

    #[test]
    fn a_chain_of_errors_says_nothing_twice() {
        assert!(GraphError::from(InvalidArgument::EcId(0)).source().is_none());
        assert!(GraphError::from(Corrupt::NotAnObject).source().is_some());
    }

    #[test]
    fn the_stores_own_error_is_a_source_and_stands_in_no_message() {
        #[derive(Debug, Error)]
        #[error("row 3f3f is locked")]
        struct Locked;

        for kind in [KvError::Throttled, KvError::Unavailable, KvError::UnknownOutcome] {
            let error = GraphError::from(StoreError::new(kind, Locked));
            assert!(error.source().unwrap().is::<Locked>());
            assert!(!format!("{error} {error:?}").contains("3f3f"));
        }
        assert!(GraphError::from(KvError::Throttled).source().is_none());
    }

    #[test]
    fn errors_say_what_is_wrong_and_what_to_do() {
        let errors: [(GraphError, &str); 9] = [
            (
                GraphError::InvalidArgument(InvalidArgument::Partner(3)),
                "partner key (3 bytes): expected 1 to 255 bytes of a-z 0-9 . _ - such as the partner's source domain",
            ),
            (
                GraphError::InvalidArgument(InvalidArgument::Class("ja4-class", 0)),
                "ja4-class (0 bytes): expected 1 to 64 printable ASCII characters",
            ),
            (
                GraphError::InvalidArgument(InvalidArgument::UidTooLong(513)),
                "partner UID: 513 bytes, at most 512 are stored",
            ),
            (
                GraphError::InvalidArgument(InvalidArgument::UidControl(4)),
                "partner UID: control character at byte 4; pass the decoded value",
            ),
            (
                GraphError::InvalidArgument(InvalidArgument::IsMobile(9)),
                "is-mobile is 9: expected 0 (desktop), 1 (mobile) or 2 (unknown)",
            ),
            (
                GraphError::InvalidArgument(InvalidArgument::Policy("entry-ttl", 1, 2, 3)),
                "policy: entry-ttl is 1, expected 2 to 3",
            ),
            (
                GraphError::Corrupt(Corrupt::NotJson(17)),
                "the stored row is not an entry: it is not JSON at byte 17; inspect shows it, a withdrawal or a delete removes it",
            ),
            (
                GraphError::TooLarge,
                "the row would grow beyond 65536 bytes of body or 2000 bytes of metadata and is unchanged",
            ),
            (
                GraphError::outage(Outage::Failed),
                "the store failed and applied nothing; every operation is safe to call again",
            ),
        ];
        for (error, expected) in errors {
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_corrupt_row_is_told_by_the_field_that_is_wrong() {
        for (problem, expected) in [
            (Corrupt::TooLong, "its body is longer than 1048576 bytes"),
            (Corrupt::NotUtf8(2), "it is not UTF-8 at byte 2"),
            (Corrupt::NotAnObject, "it is not a JSON object"),
            (Corrupt::Missing("v"), "the required field \"v\" is missing"),
            (Corrupt::WrongType("v"), "the field \"v\" has the wrong type or is out of range"),
            (Corrupt::Twice("geo"), "the field \"geo\" stands twice"),
        ] {
            assert_eq!(problem.to_string(), expected);
        }
    }
}
