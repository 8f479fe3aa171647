//! The policy of a scenario.

use identity_graph::{Order, Policy};
use serde::Deserialize;

/// What a scenario says of its policy.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum PolicyText {
    Named(Named),
    Changed(#[serde(with = "Changed")] Policy),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Named {
    TrustedServer,
}

/// The default policy, but for what a file says.
#[derive(Deserialize)]
#[serde(
    remote = "Policy",
    rename_all = "kebab-case",
    deny_unknown_fields,
    default = "Policy::default"
)]
struct Changed {
    entry_ttl: u32,
    max_age: Option<u32>,
    tombstone_ttl: u32,
    last_seen_debounce: u32,
    max_cas_attempts: u8,
    cluster_recheck: Option<u32>,
    clock_skew: u32,
    resync: u32,
    max_partners: u32,
    #[serde(with = "OrderText")]
    order: Order,
}

#[derive(Deserialize)]
#[serde(remote = "Order", rename_all = "kebab-case")]
enum OrderText {
    Time,
    Arrival,
}

impl PolicyText {
    pub(crate) fn policy(&self) -> Policy {
        match self {
            Self::Named(Named::TrustedServer) => Policy::trusted_server(),
            Self::Changed(policy) => *policy,
        }
    }
}
