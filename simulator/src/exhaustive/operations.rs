//! The operations that are combined.

use std::rc::Rc;

use identity_graph::{Geo, IfMissing, Mapping, NewEntry, PartnerUid};

use crate::worker::Operation;

/// The one key.
pub(super) const EC: &str =
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Ab12Cd";
/// The second that all times are told from.
pub(super) const NOW: u64 = 1_790_000_000;
pub(super) const PARTNER: &str = "ids.acme.example";
pub(super) const OTHER: &str = "ids.other.example";

/// An operation that is combined with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationKind {
    /// A first visit that must be the first.
    Create,
    /// A first visit, in the second in which others withdraw, that leaves a live row as it is.
    FirstVisit,
    /// A visit of the same second, with the same consent and UIDs.
    Visit,
    /// A visit some seconds later, with other consent strings.
    LaterVisit,
    /// An upsert with a time older than what is stored.
    UpsertOlder,
    /// An upsert with a newer time, which creates what is missing.
    UpsertNewer,
    /// A removal of both partners' UIDs.
    Remove,
    /// A visit to a row that exists.
    Touch,
    /// A withdrawal.
    Withdraw,
    /// A withdrawal on a snapshot: the first in the second of the other withdrawal.
    WithdrawSeen,
    /// A visit with a consent newer than any withdrawal, that leaves a live row as it is.
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
    pub const ALL: [Self; 14] = [
        Self::Create,
        Self::FirstVisit,
        Self::Visit,
        Self::LaterVisit,
        Self::UpsertOlder,
        Self::UpsertNewer,
        Self::Remove,
        Self::Touch,
        Self::Withdraw,
        Self::WithdrawSeen,
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
            Self::Visit => "visit",
            Self::LaterVisit => "later visit",
            Self::UpsertOlder => "older upsert",
            Self::UpsertNewer => "newer upsert",
            Self::Remove => "removal",
            Self::Touch => "touch",
            Self::Withdraw => "withdrawal",
            Self::WithdrawSeen => "withdrawal on a snapshot",
            Self::Revive => "revival",
            Self::Batch => "batch",
            Self::Cluster => "cluster",
            Self::Delete => "delete",
        }
    }

    /// Whether operations of the two kinds that have the same number write the same row.
    pub(super) fn writes_as(self, other: Self) -> bool {
        let visits = |kind| matches!(kind, Self::Create | Self::FirstVisit | Self::Visit);
        let withdraws = |kind| matches!(kind, Self::Withdraw | Self::WithdrawSeen);
        self == other || visits(self) && visits(other) || withdraws(self) && withdraws(other)
    }

    /// Whether its arguments are the same whatever its number.
    pub(super) fn is_always_same(self) -> bool {
        matches!(self, Self::Withdraw | Self::Delete)
    }

    /// The operation. Those of different numbers differ in the UIDs or seconds that they bring; the
    /// same kind and number is the same request, sent again.
    #[must_use]
    pub fn operation(self, number: u8) -> Operation {
        let ec: Rc<str> = EC.into();
        let uid = |name: &str| format!("{name}-{number}");
        let second = u64::from(number);
        let entry = |now: u64| NewEntry {
            tcf: Some("CQinvented".to_owned()),
            ids: vec![PartnerUid::new(PARTNER, uid("visit"))],
            ..NewEntry::at(now)
        };
        match self {
            Self::Create => Operation::Create { ec, entry: entry(NOW) },
            Self::FirstVisit => Operation::CreateOrRevive { ec, entry: entry(NOW) },
            Self::Revive => Operation::CreateOrRevive { ec, entry: entry(NOW + 20 + second) },
            Self::Visit => Operation::Visit { ec, entry: entry(NOW), reads_first: false },
            Self::LaterVisit => {
                let entry = NewEntry {
                    tcf: Some(format!("CQinvented-{number}")),
                    gpp: Some("DBinvented".to_owned()),
                    geo: Some(Geo::from_lookup("us", "CA", 0, 0)),
                    domain: Some("news.example".to_owned()),
                    ids: vec![PartnerUid::new(PARTNER, uid("later"))],
                    ..NewEntry::at(NOW + 10 + second)
                };
                Operation::Visit { ec, entry, reads_first: false }
            }
            Self::UpsertOlder => Operation::Upsert {
                ec,
                ids: vec![
                    PartnerUid::new(PARTNER, uid("older")).synced(NOW - 600 + second),
                    PartnerUid::new(OTHER, uid("other")).synced(NOW - 600),
                ],
                missing: IfMissing::Skip,
                now: NOW + 1,
            },
            Self::UpsertNewer => {
                let newer = PartnerUid::new(PARTNER, uid("newer")).synced(NOW + 5);
                Operation::Upsert {
                    ec,
                    // It ends before a later visit.
                    ids: vec![PartnerUid { expires: Some(NOW + 8), ..newer }],
                    missing: IfMissing::CreateMinimal,
                    now: NOW + 5,
                }
            }
            Self::Remove => Operation::Remove {
                ec,
                partners: vec![OTHER.to_owned(), PARTNER.to_owned()],
                now: NOW + 2 + second,
            },
            Self::Touch => Operation::Touch { ec, now: NOW + 3 + second },
            Self::Withdraw => Operation::Withdraw { ec, now: NOW },
            Self::WithdrawSeen => Operation::WithdrawSeen { ec, now: NOW + second },
            Self::Batch => Operation::Sync {
                partner: PARTNER.to_owned(),
                mappings: vec![
                    Mapping::new(EC, uid("batch-old"), NOW - 700),
                    Mapping::new("no EC ID", uid("batch-bad"), NOW),
                    Mapping::new(EC, uid("batch"), NOW + 2 + second),
                ],
                now: NOW + 4,
            },
            Self::Cluster => Operation::Cluster { ec, now: NOW + 6 + second },
            Self::Delete => Operation::Delete { ec },
        }
    }
}
