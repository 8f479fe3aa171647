//! What the key holds at the start, and what other programs write to it.

use identity_graph::Policy;
use identity_graph::limits::MAX_BODY_BYTES;
use serde_json::{Value, json};

use super::operations::{NOW, OTHER, OperationKind, PARTNER};

/// What the key holds at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Start {
    /// Nothing.
    Absent,
    /// A live row with fields of a newer version.
    Live,
    /// A live row with UIDs of the partners that the operations are about, of which one ends soon.
    LiveWithPartner,
    /// A withdrawal of a minute ago.
    Tombstone,
    /// A live row past its lifetime, which the store removes at some moment. Without a maximum age it
    /// counts until then.
    Expired,
    /// A row that is no entry.
    Corrupt,
    /// The row of a first visit of this second. Reads may still miss it.
    JustMade,
    /// A withdrawal of this second. Reads may still show the visit before it, of this second too.
    JustWithdrawn,
    /// The row of a revival. Reads may still show the withdrawal, which is of this second.
    JustRevived,
    /// Nothing. Reads may still show a withdrawal of this second.
    JustDeleted,
}

/// A value of the key at the start.
pub(super) enum StartRow {
    Nothing,
    Body(Vec<u8>),
    /// What an operation of this kind and number 0 writes where it finds nothing, to the byte.
    WrittenBy(OperationKind),
    /// What it writes over the row before.
    WrittenNext(OperationKind),
}

impl Start {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Absent,
        Self::Live,
        Self::LiveWithPartner,
        Self::Tombstone,
        Self::Expired,
        Self::Corrupt,
        Self::JustMade,
        Self::JustWithdrawn,
        Self::JustRevived,
        Self::JustDeleted,
    ];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Live => "live",
            Self::LiveWithPartner => "live with the partner",
            Self::Tombstone => "a tombstone",
            Self::Expired => "expired",
            Self::Corrupt => "corrupt",
            Self::JustMade => "just made",
            Self::JustWithdrawn => "just withdrawn",
            Self::JustRevived => "just revived",
            Self::JustDeleted => "just deleted",
        }
    }

    /// What the key has held, as far back as reads still show it. Writes are judged on the last.
    pub(super) fn rows(self, policy: &Policy) -> Vec<StartRow> {
        use OperationKind::{FirstVisit, Revive, Withdraw};
        use StartRow::{Body, Nothing, WrittenBy, WrittenNext};
        let row = match self {
            Self::Absent => Nothing,
            Self::Live => Body(written(&live(NOW - 1_000, &json!({})))),
            Self::LiveWithPartner => {
                let ids = json!({
                    PARTNER: { "uid": "stored", "synced": NOW - 500, "atype": 3 },
                    OTHER: { "uid": "ending", "synced": NOW - 400, "expires": NOW + 3 },
                });
                Body(written(&live(NOW - 1_000, &ids)))
            }
            Self::Tombstone => Body(written(&json!({
                "v": 1,
                "created": NOW - 60,
                "last_seen": NOW - 60,
                "consent": { "ok": false, "updated": NOW - 60 },
                "geo": { "country": "ZZ" },
            }))),
            Self::Expired => {
                let ids = json!({ PARTNER: { "uid": "expired", "synced": NOW - 40_000_000 } });
                Body(written(&live(NOW - u64::from(policy.entry_ttl) - 60, &ids)))
            }
            Self::Corrupt => Body(CORRUPT.to_vec()),
            Self::JustMade => return vec![Nothing, WrittenBy(FirstVisit)],
            Self::JustWithdrawn => return vec![WrittenBy(FirstVisit), WrittenBy(Withdraw)],
            Self::JustRevived => return vec![WrittenBy(Withdraw), WrittenNext(Revive)],
            Self::JustDeleted => return vec![WrittenBy(Withdraw), Nothing],
        };
        vec![row]
    }
}

/// A write of another program, which asks nobody and takes place at any moment or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Overwrite {
    /// Of something that is no entry.
    Corrupt,
    /// Of an entry to which nothing can be added.
    Full,
}

impl Overwrite {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Corrupt => "a corrupt overwrite",
            Self::Full => "a full overwrite",
        }
    }

    pub(super) fn body(self) -> Vec<u8> {
        match self {
            Self::Corrupt => CORRUPT.to_vec(),
            Self::Full => {
                let mut row = live(NOW - 1_000, &json!({}));
                row["pad"] = "".into();
                let left = MAX_BODY_BYTES - written(&row).len();
                row["pad"] = "x".repeat(left).into();
                written(&row)
            }
        }
    }
}

const CORRUPT: &[u8] = b"{\"v\":1,\"consent\":";

fn live(at: u64, ids: &Value) -> Value {
    json!({
        "v": 1,
        "created": at - 100,
        "last_seen": at,
        "consent": { "tcf": "CQinvented", "ok": true, "updated": at - 100, "basis": [1] },
        "geo": { "country": "FR", "tz": "Europe/Paris" },
        "ids": ids,
        "hints": { "a": [null, 1.50] },
    })
}

/// The row with a number as no writer here would write it.
fn written(row: &Value) -> Vec<u8> {
    row.to_string().replace("1.5]", "1.50]").into_bytes()
}
