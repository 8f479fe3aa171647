//! The operations that are combined.

use std::rc::Rc;

use identity_graph::{IfMissing, Mapping, NewEntry, PartnerUid};

use crate::worker::Operation;

/// The one key.
pub(super) const EC: &str =
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Ab12Cd";
/// The second that all times are told from.
pub(super) const NOW: u64 = 1_790_000_000;
pub(super) const PARTNER: &str = "ids.acme.example";
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

    /// Whether operations of the two kinds that have the same number write the same row.
    pub(super) fn writes_as(self, other: Self) -> bool {
        let visits = |kind| matches!(kind, Self::Create | Self::FirstVisit);
        self == other || visits(self) && visits(other)
    }

    /// Whether its arguments are the same whatever its number.
    pub(super) fn is_always_same(self) -> bool {
        matches!(self, Self::Withdraw | Self::Delete)
    }

    /// The operation. Those of different numbers differ in the UIDs or seconds that they bring; the
    /// same kind and number is the same request, sent again.
    pub(super) fn operation(self, number: u8) -> Operation {
        let ec: Rc<str> = EC.into();
        let uid = |name: &str| format!("{name}-{number}");
        let number = u64::from(number);
        let entry = |now: u64| NewEntry {
            tcf: Some("CQinvented".to_owned()),
            ids: vec![PartnerUid { partner: PARTNER.to_owned(), uid: uid("visit"), synced: None }],
            ..NewEntry::at(now)
        };
        match self {
            Self::Create => Operation::Create { ec, entry: entry(NOW) },
            Self::FirstVisit => Operation::Visit { ec, entry: entry(NOW) },
            Self::Revive => Operation::Visit { ec, entry: entry(NOW + 20 + number) },
            Self::UpsertOlder => Operation::Upsert {
                ec,
                ids: vec![
                    PartnerUid {
                        partner: PARTNER.to_owned(),
                        uid: uid("older"),
                        synced: Some(NOW - 600 + number),
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
            Self::Touch => Operation::Touch { ec, now: NOW + 3 + number },
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
                        mapping(EC, "batch", NOW + 2 + number),
                    ],
                    now: NOW + 4,
                }
            }
            Self::Cluster => Operation::Cluster { ec, now: NOW + 6 + number },
            Self::Delete => Operation::Delete { ec },
        }
    }
}
