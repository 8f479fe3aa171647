//! What is asked of a Durable Object, and how it travels.

use identity_graph::{Entry, Mapping, NewEntry};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// An operation of the graph on rows of one object.
#[derive(Serialize, Deserialize)]
pub(crate) enum Call {
    /// Answered by an option of [`Seen`].
    Get { ec_id: String, now: u64 },
    /// Answered by an option of the metadata.
    GetMetadata { ec_id: String },
    /// Answered by the report.
    Visit { ec_id: String, entry: NewEntry },
    /// Answered by the report.
    Create { ec_id: String, entry: NewEntry },
    /// Answered by nothing.
    Withdraw { ec_id: String, now: u64 },
    /// Answered by an outcome for each mapping.
    Sync { partner: String, mappings: Vec<Mapping>, now: u64 },
    /// Answered by an option of the row.
    Inspect { ec_id: String },
    /// A visit on a row that has been shown; answered by [`Changed`].
    VisitOn { ec_id: String, entry: NewEntry },
    /// The cluster of a row that has been shown; answered by [`Changed`].
    EvaluateOn { ec_id: String, now: u64 },
    /// Answered by whether there was a row.
    Delete { ec_id: String },
}

/// A row as an object shows it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) entry: Entry,
    pub(crate) generation: u64,
    /// The size of the cluster at this time, where nothing has to be counted for it: most often that
    /// saves a call.
    pub(crate) cluster: Option<(u64, Option<u32>)>,
}

/// What became of a change of a row that had been shown, and what it shows now; none when it is gone.
#[derive(Serialize, Deserialize)]
pub(crate) struct Changed<O> {
    pub(crate) outcome: O,
    pub(crate) entry: Option<Entry>,
}

/// The version of what travels, to be raised with every change of it: the types tell themselves apart
/// by their places alone.
const FORMAT: u8 = 1;

/// The bytes of something that is sent.
pub(crate) fn encode(value: &impl Serialize) -> Vec<u8> {
    // Structures of texts and numbers can always be written.
    postcard::to_extend(value, vec![FORMAT]).unwrap_or_default()
}

/// Reads what was sent. None for anything else, as from another version of the Worker: while one is
/// rolled out, both run.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let bytes = bytes.strip_prefix(&[FORMAT])?;
    postcard::from_bytes(bytes).ok()
}

#[cfg(test)]
mod tests {
    use identity_graph::{Failure, PartnerUid, Report, UpsertOutcome, VisitOutcome};

    use super::*;

    /// When this fails, what travels has changed: raise `FORMAT`, so that two versions of the Worker do
    /// not take one thing for another while both run, and put down what it is now.
    #[test]
    fn what_travels_is_as_its_format_says() {
        let ids = vec![PartnerUid::new("p", "u")];
        let entry = NewEntry { domain: Some("d".to_owned()), ids, ..NewEntry::at(7) };
        let visit = encode(&Call::Visit { ec_id: "e".to_owned(), entry });
        let report = Report {
            outcome: VisitOutcome::Written,
            ids: vec![UpsertOutcome::Full],
            left_out: vec![],
        };
        let answer = encode(&Ok::<_, Failure>(report));
        assert_eq!(
            visit,
            [1, 2, 1, b'e', 0, 0, 0, 0, 0, 1, 1, b'd', 1, 1, b'p', 1, b'u', 0, 0, 0, 0, 7]
        );
        assert_eq!(answer, [1, 0, 2, 1, 6, 0]);
        let entry = encode(&Entry::tombstone(7));
        assert_eq!(entry, [1, 1, 7, 1, 7, 0, 0, 0, 0, 7, 0, 2, b'Z', b'Z', 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn another_format_is_not_understood() {
        let call = encode(&Call::Inspect { ec_id: "e".to_owned() });
        assert!(decode::<Call>(&call).is_some());
        let other = [&[FORMAT + 1], &call[1..]].concat();
        assert!(decode::<Call>(&other).is_none());
        for end in 0..call.len() {
            assert!(decode::<Call>(&call[..end]).is_none(), "{end} bytes");
        }
    }
}
