//! What an operation asks for, key by key.

use identity_graph::{Mapping, Order, PartnerUid, Policy, Timestamp, Uid};

use super::worker::Operation;

/// What an operation says of one partner's UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AssertedUid<'a> {
    pub(super) partner: &'a str,
    /// None for a removal.
    pub(super) uid: Option<&'a str>,
    /// When it was asserted: now, where that is further ahead than clocks differ, and by arrival.
    pub(super) synced: u64,
    /// Whether of two assertions the one that arrives last stands.
    pub(super) by_arrival: bool,
    pub(super) expires: Option<u64>,
    pub(super) atype: Option<u32>,
    pub(super) ext: Option<&'a str>,
}

impl AssertedUid<'_> {
    /// Whether it says the same of the partner, at whatever time.
    pub(super) fn says_as(&self, other: &Self) -> bool {
        Self { synced: other.synced, ..*self } == *other
    }

    /// The UID where it is well formed, with the time that it counts as asserted at.
    fn at(self, (now, policy): (u64, &Policy)) -> Option<Self> {
        let Self { uid, synced, expires, .. } = self;
        let is_valid = uid.is_none_or(|uid| Uid::check(uid).is_ok())
            && synced <= Timestamp::MAX
            && expires.is_none_or(|at| at > now && at <= Timestamp::MAX);
        let is_ahead = synced > now + u64::from(policy.clock_skew);
        let by_arrival = policy.order == Order::Arrival;
        let synced = if is_ahead || by_arrival { now } else { synced };
        is_valid.then_some(Self { synced, by_arrival, ..self })
    }
}

impl Operation {
    /// The clock of the worker that carries it out; none where it does not matter.
    #[must_use]
    pub fn now(&self) -> Option<u64> {
        match self {
            Self::Create { entry, .. }
            | Self::CreateOrRevive { entry, .. }
            | Self::Visit { entry, .. } => Some(entry.now),
            Self::View { now, .. }
            | Self::Upsert { now, .. }
            | Self::Remove { now, .. }
            | Self::Touch { now, .. }
            | Self::Withdraw { now, .. }
            | Self::WithdrawSeen { now, .. }
            | Self::Sync { now, .. }
            | Self::Cluster { now, .. } => Some(*now),
            Self::Delete { .. } | Self::Peek { .. } => None,
        }
    }

    /// The key, of operations on one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Create { ec, .. }
            | Self::CreateOrRevive { ec, .. }
            | Self::Visit { ec, .. }
            | Self::Peek { ec }
            | Self::View { ec, .. }
            | Self::Upsert { ec, .. }
            | Self::Remove { ec, .. }
            | Self::Touch { ec, .. }
            | Self::Withdraw { ec, .. }
            | Self::WithdrawSeen { ec, .. }
            | Self::Delete { ec }
            | Self::Cluster { ec, .. } => Some(ec),
            Self::Sync { .. } => None,
        }
    }

    /// What it says of UIDs under a key, in the order in which it names them; none for what is
    /// malformed.
    pub(super) fn items<'a>(&'a self, key: &str, policy: &Policy) -> Vec<Option<AssertedUid<'a>>> {
        let clock = (self.now().unwrap_or_default(), policy);
        if self.key().is_some_and(|of_row| of_row != key) {
            return Vec::new();
        }
        let of_id = |id: &'a PartnerUid| {
            let PartnerUid { partner, uid, synced, atype, expires, ext } = id;
            let (synced, ext) = (synced.unwrap_or(clock.0), ext.as_deref());
            let (expires, atype) = (*expires, *atype);
            let asserted = AssertedUid { uid: Some(uid), ..nothing(partner, synced) };
            AssertedUid { expires, atype, ext, ..asserted }.at(clock)
        };
        let removal = |partner: &'a String| nothing(partner, clock.0);
        match self {
            Self::Create { entry, .. }
            | Self::CreateOrRevive { entry, .. }
            | Self::Visit { entry, .. } => entry.ids.iter().map(of_id).collect(),
            Self::View { ids, .. } | Self::Upsert { ids, .. } => ids.iter().map(of_id).collect(),
            Self::Remove { partners, .. } => {
                partners.iter().map(|partner| removal(partner).at(clock)).collect()
            }
            Self::Sync { partner, mappings, .. } => {
                let of_key = mappings.iter().filter(|mapping| mapping.ec_id == key);
                of_key.map(|mapping| mapped(partner, mapping, clock)).collect()
            }
            Self::Touch { .. }
            | Self::Withdraw { .. }
            | Self::WithdrawSeen { .. }
            | Self::Peek { .. }
            | Self::Delete { .. }
            | Self::Cluster { .. } => Vec::new(),
        }
    }

    /// What of it is well formed.
    pub(super) fn assertions<'a>(&'a self, key: &str, policy: &Policy) -> Vec<AssertedUid<'a>> {
        self.items(key, policy).into_iter().flatten().collect()
    }
}

/// What a mapping says, where it is well formed.
pub(super) fn mapped<'a>(
    partner: &'a str,
    mapping: &'a Mapping,
    clock: (u64, &Policy),
) -> Option<AssertedUid<'a>> {
    let Mapping { uid, synced, atype, expires, ext, .. } = mapping;
    let (uid, ext) = (uid.as_deref(), ext.as_deref());
    let (synced, atype, expires) = (*synced, *atype, *expires);
    AssertedUid { uid, expires, atype, ext, ..nothing(partner, synced) }.at(clock)
}

/// A removal.
fn nothing(partner: &str, synced: u64) -> AssertedUid<'_> {
    let (uid, expires, atype, ext) = (None, None, None, None);
    AssertedUid { partner, uid, synced, expires, atype, ext, by_arrival: false }
}

/// Of the assertions about a partner the one that counts: the latest, of equals the first; by arrival
/// the last of the call.
pub(super) fn latest<'a>(assertions: &[AssertedUid<'a>], partner: &str) -> Option<AssertedUid<'a>> {
    assertions.get(latest_place(assertions, partner)?).copied()
}

fn latest_place(assertions: &[AssertedUid<'_>], partner: &str) -> Option<usize> {
    let of_partner = assertions.iter().enumerate().filter(|(_, asked)| asked.partner == partner);
    let counts = of_partner.reduce(|best, next| {
        if next.1.by_arrival || next.1.synced > best.1.synced { next } else { best }
    });
    counts.map(|(place, _)| place)
}

/// Of the assertions about each partner the one that counts, in the order of the call.
pub(super) fn winners<'a>(assertions: &[AssertedUid<'a>]) -> Vec<AssertedUid<'a>> {
    let placed = assertions.iter().enumerate();
    let counts = placed
        .filter(|(place, asserted)| latest_place(assertions, asserted.partner) == Some(*place));
    counts.map(|(_, asserted)| *asserted).collect()
}
