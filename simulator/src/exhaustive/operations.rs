//! The operations and start states that are combined.

use std::rc::Rc;

use identity_graph::{IfMissing, Mapping, NewEntry, PartnerUid, Policy};
use serde_json::json;

use crate::worker::Operation;

/// The one key.
pub(super) const EC: &str =
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Ab12Cd";
/// The second that all times are told from.
pub(super) const NOW: u64 = 1_790_000_000;
const PARTNER: &str = "ids.acme.example";
const OTHER: &str = "ids.other.example";

/// An operation that is combined with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationKind {
    /// A first visit that must be the first.
    Create,
    /// A visit with a consent of the second in which others withdraw.
    FirstVisit,
    /// An upsert with a time older than what is stored.
    UpsertOlder,
    /// An upsert with a newer time, which creates what is missing.
    UpsertNewer,
    /// A visit to a row that exists.
    Touch,
    /// A withdrawal.
    Withdraw,
    /// A visit with a consent newer than any withdrawal.
    Revive,
    /// A batch of three mappings: two of this key, and a bad one.
    Batch,
    /// A cluster evaluation.
    Cluster,
    /// A delete.
    Delete,
}

impl OperationKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Create,
        Self::FirstVisit,
        Self::UpsertOlder,
        Self::UpsertNewer,
        Self::Touch,
        Self::Withdraw,
        Self::Revive,
        Self::Batch,
        Self::Cluster,
        Self::Delete,
    ];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::FirstVisit => "first visit",
            Self::UpsertOlder => "older upsert",
            Self::UpsertNewer => "newer upsert",
            Self::Touch => "touch",
            Self::Withdraw => "withdrawal",
            Self::Revive => "revival",
            Self::Batch => "batch",
            Self::Cluster => "cluster",
            Self::Delete => "delete",
        }
    }

    /// The operation. Workers of one combination differ in the UIDs and seconds that they bring.
    pub(super) fn operation(self, worker: u64) -> Operation {
        let ec: Rc<str> = EC.into();
        let uid = |name: &str| format!("{name}-{worker}");
        let entry = |now: u64| NewEntry {
            tcf: Some("CQinvented".to_owned()),
            ids: vec![PartnerUid { partner: PARTNER.to_owned(), uid: uid("visit"), synced: None }],
            ..NewEntry::at(now)
        };
        match self {
            Self::Create => Operation::Create { ec, entry: entry(NOW) },
            Self::FirstVisit => Operation::Visit { ec, entry: entry(NOW) },
            Self::Revive => Operation::Visit { ec, entry: entry(NOW + 20 + worker) },
            Self::UpsertOlder => Operation::Upsert {
                ec,
                ids: vec![
                    PartnerUid {
                        partner: PARTNER.to_owned(),
                        uid: uid("older"),
                        synced: Some(NOW - 600 + worker),
                    },
                    PartnerUid {
                        partner: OTHER.to_owned(),
                        uid: uid("other"),
                        synced: Some(NOW - 600),
                    },
                ],
                missing: IfMissing::Skip,
                now: NOW + 1,
            },
            Self::UpsertNewer => Operation::Upsert {
                ec,
                ids: vec![PartnerUid {
                    partner: PARTNER.to_owned(),
                    uid: uid("newer"),
                    synced: Some(NOW + 5),
                }],
                missing: IfMissing::CreateMinimal,
                now: NOW + 5,
            },
            Self::Touch => Operation::Touch { ec, now: NOW + 3 + worker },
            Self::Withdraw => Operation::Withdraw { ec, now: NOW },
            Self::Batch => {
                let mapping = |ec_id: &str, name: &str, synced| Mapping {
                    ec_id: ec_id.to_owned(),
                    uid: uid(name),
                    synced,
                };
                Operation::Sync {
                    partner: PARTNER.to_owned(),
                    mappings: vec![
                        mapping(EC, "batch-old", NOW - 700),
                        mapping("no EC ID", "batch-bad", NOW),
                        mapping(EC, "batch", NOW + 2 + worker),
                    ],
                    now: NOW + 4,
                }
            }
            Self::Cluster => Operation::Cluster { ec, now: NOW + 6 + worker },
            Self::Delete => Operation::Delete { ec },
        }
    }
}

/// What the key holds at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Start {
    /// Nothing.
    Absent,
    /// A live row with fields of a newer version.
    Live,
    /// A live row with a UID of the partner that the operations are about.
    LiveWithPartner,
    /// A withdrawal of a minute ago.
    Tombstone,
    /// A live row past its lifetime, which the store removes at some moment.
    Expired,
    /// A row that is no entry.
    Corrupt,
}

impl Start {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Absent,
        Self::Live,
        Self::LiveWithPartner,
        Self::Tombstone,
        Self::Expired,
        Self::Corrupt,
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
        }
    }

    /// The stored body.
    pub(super) fn body(self, policy: &Policy) -> Option<Vec<u8>> {
        let live = |at: u64, ids: serde_json::Value| {
            json!({
                "v": 1,
                "created": at - 100,
                "last_seen": at,
                "consent": { "tcf": "CQinvented", "ok": true, "updated": at - 100, "basis": [1] },
                "geo": { "country": "FR", "tz": "Europe/Paris" },
                "ids": ids,
                "hints": { "a": [null, 1.50] },
            })
        };
        let body = match self {
            Self::Absent => return None,
            Self::Live => live(NOW - 1_000, json!({})),
            Self::LiveWithPartner => live(
                NOW - 1_000,
                json!({ PARTNER: { "uid": "stored", "synced": NOW - 500, "atype": 3 } }),
            ),
            Self::Tombstone => json!({
                "v": 1,
                "created": NOW - 60,
                "last_seen": NOW - 60,
                "consent": { "ok": false, "updated": NOW - 60 },
                "geo": { "country": "ZZ" },
            }),
            Self::Expired => live(
                NOW - u64::from(policy.entry_ttl) - 60,
                json!({ PARTNER: { "uid": "expired", "synced": NOW - 40_000_000 } }),
            ),
            Self::Corrupt => return Some(b"{\"v\":1,\"consent\":".to_vec()),
        };
        // A number as no writer here would write it.
        Some(body.to_string().replace("1.5]", "1.50]").into_bytes())
    }
}
