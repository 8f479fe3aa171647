//! The policy of a scenario.

use identity_graph::{Order, Policy};
use serde::{Deserialize, Deserializer};

/// What a scenario says of its policy.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum PolicyText {
    Named(Named),
    Changes(Changes),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Named {
    TrustedServer,
}

/// What differs from the default. Twice an option: not said, none, or a value.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Changes {
    entry_ttl: Option<u32>,
    #[serde(deserialize_with = "said")]
    max_age: Option<Option<u32>>,
    tombstone_ttl: Option<u32>,
    last_seen_debounce: Option<u32>,
    max_cas_attempts: Option<u8>,
    #[serde(deserialize_with = "said")]
    cluster_recheck: Option<Option<u32>>,
    clock_skew: Option<u32>,
    resync: Option<u32>,
    max_partners: Option<u32>,
    order: Option<OrderText>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OrderText {
    Time,
    Arrival,
}

/// Tells a `null` from a member that is not there.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

impl PolicyText {
    pub(crate) fn policy(&self) -> Policy {
        let Self::Changes(changes) = self else { return Policy::trusted_server() };
        let default = Policy::default();
        let order = match changes.order {
            None => default.order,
            Some(OrderText::Time) => Order::Time,
            Some(OrderText::Arrival) => Order::Arrival,
        };
        Policy {
            entry_ttl: changes.entry_ttl.unwrap_or(default.entry_ttl),
            max_age: changes.max_age.unwrap_or(default.max_age),
            tombstone_ttl: changes.tombstone_ttl.unwrap_or(default.tombstone_ttl),
            last_seen_debounce: changes.last_seen_debounce.unwrap_or(default.last_seen_debounce),
            max_cas_attempts: changes.max_cas_attempts.unwrap_or(default.max_cas_attempts),
            cluster_recheck: changes.cluster_recheck.unwrap_or(default.cluster_recheck),
            clock_skew: changes.clock_skew.unwrap_or(default.clock_skew),
            resync: changes.resync.unwrap_or(default.resync),
            max_partners: changes.max_partners.unwrap_or(default.max_partners),
            order,
        }
    }
}
