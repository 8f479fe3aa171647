//! What Fastly's errors ask of the caller. The only place where they are judged.
//!
//! Two questions decide. Did the request leave? One that was refused before it was sent has applied
//! nothing. And did the store judge it? A client error (HTTP 4xx) is a verdict: nothing was written.
//! Everything else that ends a write which was sent (a server error, a broken or timed-out exchange,
//! an answer of a kind that did not exist when this was written) leaves open whether it was applied.

use fastly::kv_store::KVStoreError;
use fastly_shared::FastlyStatus;
use identity_graph::{KvError, Precondition, WriteOutcome, Written};

/// How a request that was sent ended without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// HTTP 400.
    BadRequest,
    /// HTTP 404.
    NotFound,
    /// HTTP 412.
    PreconditionFailed,
    /// HTTP 413.
    PayloadTooLarge,
    /// HTTP 429.
    TooManyRequests,
    /// No verdict: all other HTTP errors, and failures on the way.
    NoVerdict,
}

/// The two numbers by which the host tells how a request ended. `code` is `kv_error` of Fastly's ABI.
pub(crate) fn verdict(status: FastlyStatus, code: u32) -> Result<(), Refusal> {
    Err(match (status, code) {
        (FastlyStatus::OK, 1) => return Ok(()),
        (FastlyStatus::OK, 2) => Refusal::BadRequest,
        (FastlyStatus::OK, 3) => Refusal::NotFound,
        (FastlyStatus::OK, 4) => Refusal::PreconditionFailed,
        (FastlyStatus::OK, 5) => Refusal::PayloadTooLarge,
        // Some waits tell it by code, some by status.
        (FastlyStatus::OK, 7) | (FastlyStatus::LIMITEXCEEDED, _) => Refusal::TooManyRequests,
        // Code 0 is "not set", 6 stands for all HTTP errors without a code of their own, and more
        // codes and statuses may come. A wait that fails by itself says nothing of the request.
        (_, _) => Refusal::NoVerdict,
    })
}

/// A store that did not open, or a request that was refused before it was sent.
pub(crate) fn not_sent(error: &KVStoreError) -> KvError {
    match error {
        KVStoreError::StoreNotFound(_) => KvError::NoSuchStore,
        KVStoreError::InvalidKey
        | KVStoreError::InvalidStoreOptions
        | KVStoreError::ItemBadRequest
        | KVStoreError::ItemPayloadTooLarge => KvError::Invalid,
        // The status stands for a limit of this instance: nothing was sent, and it passes.
        KVStoreError::TooManyRequests | KVStoreError::Unexpected(FastlyStatus::LIMITEXCEEDED) => {
            KvError::Throttled
        }
        KVStoreError::InvalidStoreHandle
        | KVStoreError::ItemNotFound
        | KVStoreError::ItemPreconditionFailed
        | KVStoreError::Unexpected(_)
        // The enum is open to new variants. Whatever they say, nothing was sent.
        | _ => KvError::Unavailable,
    }
}

/// A read without success.
pub(crate) fn read<T>(refusal: Refusal) -> Result<Option<T>, KvError> {
    match refusal {
        Refusal::NotFound => Ok(None),
        Refusal::BadRequest | Refusal::PayloadTooLarge => Err(KvError::Invalid),
        Refusal::TooManyRequests => Err(KvError::Throttled),
        // A read applies nothing, whatever became of it.
        Refusal::PreconditionFailed | Refusal::NoVerdict => Err(KvError::Unavailable),
    }
}

/// A write without success.
pub(crate) fn write(refusal: Refusal, condition: Precondition) -> Written {
    match (refusal, condition) {
        // Not found: there is no value whose version could match.
        (Refusal::PreconditionFailed, _) | (Refusal::NotFound, Precondition::Matches(_)) => {
            Ok(WriteOutcome::Conflict(None))
        }
        // Nothing but the store can be missing to such a write.
        (Refusal::NotFound, Precondition::None | Precondition::Absent) => Err(KvError::NoSuchStore),
        (Refusal::BadRequest | Refusal::PayloadTooLarge, _) => Err(KvError::Invalid),
        (Refusal::TooManyRequests, _) => Err(KvError::Throttled),
        (Refusal::NoVerdict, _) => Err(KvError::UnknownOutcome),
    }
}

/// A delete without success.
pub(crate) fn delete(refusal: Refusal) -> Result<bool, KvError> {
    match refusal {
        Refusal::NotFound => Ok(false),
        Refusal::BadRequest | Refusal::PayloadTooLarge => Err(KvError::Invalid),
        Refusal::TooManyRequests => Err(KvError::Throttled),
        // A delete has no precondition: that one failed says that it was not carried out.
        Refusal::PreconditionFailed => Err(KvError::Unavailable),
        Refusal::NoVerdict => Err(KvError::UnknownOutcome),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSALS: [Refusal; 6] = [
        Refusal::BadRequest,
        Refusal::NotFound,
        Refusal::PreconditionFailed,
        Refusal::PayloadTooLarge,
        Refusal::TooManyRequests,
        Refusal::NoVerdict,
    ];
    const CONFLICT: Written = Ok(WriteOutcome::Conflict(None));

    #[test]
    fn a_code_counts_where_the_call_itself_went_well() {
        let judged = (0..=8).map(|code| verdict(FastlyStatus::OK, code));
        let expected = [
            Err(Refusal::NoVerdict),
            Ok(()),
            Err(Refusal::BadRequest),
            Err(Refusal::NotFound),
            Err(Refusal::PreconditionFailed),
            Err(Refusal::PayloadTooLarge),
            Err(Refusal::NoVerdict),
            Err(Refusal::TooManyRequests),
            Err(Refusal::NoVerdict),
        ];
        assert_eq!(judged.collect::<Vec<_>>(), expected);
        assert_eq!(verdict(FastlyStatus::ERROR, 1), Err(Refusal::NoVerdict));
    }

    #[test]
    fn statuses_without_a_verdict_are_all_but_one() {
        for code in (1..=20).chain([-1, i32::MAX]) {
            let expected = match code {
                13 => Refusal::TooManyRequests,
                _ => Refusal::NoVerdict,
            };
            assert_eq!(verdict(FastlyStatus { code }, 0), Err(expected), "status {code}");
        }
    }

    #[test]
    fn what_was_not_sent_is_never_in_doubt() {
        for (error, expected) in [
            (KVStoreError::StoreNotFound("s".to_owned()), KvError::NoSuchStore),
            (KVStoreError::InvalidKey, KvError::Invalid),
            (KVStoreError::InvalidStoreOptions, KvError::Invalid),
            (KVStoreError::ItemBadRequest, KvError::Invalid),
            (KVStoreError::ItemPayloadTooLarge, KvError::Invalid),
            (KVStoreError::TooManyRequests, KvError::Throttled),
            (KVStoreError::Unexpected(FastlyStatus::LIMITEXCEEDED), KvError::Throttled),
            (KVStoreError::InvalidStoreHandle, KvError::Unavailable),
            (KVStoreError::ItemNotFound, KvError::Unavailable),
            (KVStoreError::ItemPreconditionFailed, KvError::Unavailable),
            (KVStoreError::Unexpected(FastlyStatus::ERROR), KvError::Unavailable),
        ] {
            assert_eq!(not_sent(&error), expected, "{error:?}");
        }
    }

    #[test]
    fn reads_are_never_in_doubt() {
        let judged = REFUSALS.map(read::<()>);
        let expected = [
            Err(KvError::Invalid),
            Ok(None),
            Err(KvError::Unavailable),
            Err(KvError::Invalid),
            Err(KvError::Throttled),
            Err(KvError::Unavailable),
        ];
        assert_eq!(judged, expected);
    }

    #[test]
    fn writes_without_a_verdict_are_in_doubt() {
        for (condition, missing) in [
            (Precondition::None, Err(KvError::NoSuchStore)),
            (Precondition::Absent, Err(KvError::NoSuchStore)),
            (Precondition::Matches(7), CONFLICT),
        ] {
            let judged = REFUSALS.map(|refusal| write(refusal, condition));
            let expected = [
                Err(KvError::Invalid),
                missing,
                CONFLICT,
                Err(KvError::Invalid),
                Err(KvError::Throttled),
                Err(KvError::UnknownOutcome),
            ];
            assert_eq!(judged, expected, "{condition:?}");
        }
    }

    #[test]
    fn deletes_without_a_verdict_are_in_doubt() {
        let expected = [
            Err(KvError::Invalid),
            Ok(false),
            Err(KvError::Unavailable),
            Err(KvError::Invalid),
            Err(KvError::Throttled),
            Err(KvError::UnknownOutcome),
        ];
        assert_eq!(REFUSALS.map(delete), expected);
    }
}
