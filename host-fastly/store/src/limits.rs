//! What Fastly KV never accepts. It is refused before a request is made, as [`KvError::Invalid`].

use identity_graph::{KvError, Write};

/// Longest key, in bytes; a key is at least one byte.
pub const MAX_KEY_BYTES: usize = 1_024;
/// Longest metadata of a write, in bytes.
pub const MAX_METADATA_BYTES: usize = 2_000;
/// Longest body, in bytes.
pub const MAX_BODY_BYTES: usize = 25_000_000;

/// Keys under it are kept for certificate challenges.
const RESERVED_PREFIX: &str = ".well-known/acme-challenge/";

pub(crate) fn check_key(key: &str) -> Result<(), KvError> {
    let refused = key.is_empty()
        || key.len() > MAX_KEY_BYTES
        || key.contains(['\r', '\n'])
        || key.starts_with(RESERVED_PREFIX)
        || matches!(key, "." | "..");
    if refused { Err(KvError::Invalid) } else { Ok(()) }
}

pub(crate) fn check_prefix(prefix: &str) -> Result<(), KvError> {
    if prefix.len() > MAX_KEY_BYTES { Err(KvError::Invalid) } else { Ok(()) }
}

pub(crate) fn check_write(write: &Write<'_>) -> Result<(), KvError> {
    check_key(write.key)?;
    let refused = write.metadata.len() > MAX_METADATA_BYTES
        || write.body.len() > MAX_BODY_BYTES
        || write.time_to_live == 0;
    if refused { Err(KvError::Invalid) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use identity_graph::Precondition;

    use super::*;

    fn write(key: &str) -> Write<'_> {
        Write { key, body: b"", metadata: "", time_to_live: 1, condition: Precondition::None }
    }

    #[test]
    fn a_key_has_1_to_1024_bytes() {
        let longest = "k".repeat(MAX_KEY_BYTES);
        let long_in_bytes = "é".repeat(MAX_KEY_BYTES / 2 + 1);
        assert_eq!(check_key("k"), Ok(()));
        assert_eq!(check_key(&longest), Ok(()));
        for key in ["", &format!("{longest}k"), &long_in_bytes] {
            assert_eq!(check_key(key), Err(KvError::Invalid), "{} bytes", key.len());
        }
    }

    #[test]
    fn keys_that_fastly_reserves_are_refused() {
        for key in ["a\nb", "a\rb", ".", "..", ".well-known/acme-challenge/token"] {
            assert_eq!(check_key(key), Err(KvError::Invalid), "{key:?}");
        }
        for key in ["...", "a.b", ".well-known/other"] {
            assert_eq!(check_key(key), Ok(()), "{key:?}");
        }
    }

    #[test]
    fn a_prefix_may_be_empty_and_is_no_longer_than_a_key() {
        assert_eq!(check_prefix(""), Ok(()));
        assert_eq!(check_prefix(&"p".repeat(MAX_KEY_BYTES)), Ok(()));
        assert_eq!(check_prefix(&"p".repeat(MAX_KEY_BYTES + 1)), Err(KvError::Invalid));
    }

    #[test]
    fn a_write_is_checked_in_every_part() {
        let (metadata, body) = ("m".repeat(MAX_METADATA_BYTES), vec![0; MAX_BODY_BYTES]);
        assert_eq!(check_write(&Write { metadata: &metadata, body: &body, ..write("k") }), Ok(()));
        let (metadata, body) = (metadata + "m", vec![0; MAX_BODY_BYTES + 1]);
        for refused in [
            write(""),
            Write { metadata: &metadata, ..write("k") },
            Write { body: &body, ..write("k") },
            Write { time_to_live: 0, ..write("k") },
        ] {
            assert_eq!(check_write(&refused), Err(KvError::Invalid), "{refused:?}");
        }
    }
}
