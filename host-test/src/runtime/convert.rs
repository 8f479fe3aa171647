//! Between the types of the rules and those of the WIT package, in the directions that are used.

use identity_graph as rules;

use super::bindings::exports::trusted_server::ec::identity_graph as wit;
use super::bindings::trusted_server::ec::kv_cas;
use crate::api::RawRow;
use crate::failure::Failure;

impl From<rules::Item> for kv_cas::Item {
    fn from(item: rules::Item) -> Self {
        let rules::Item { body, metadata, generation } = item;
        Self { body, metadata, generation }
    }
}

impl From<rules::ItemHead> for kv_cas::ItemHead {
    fn from(head: rules::ItemHead) -> Self {
        let rules::ItemHead { metadata, generation } = head;
        Self { metadata, generation }
    }
}

impl From<rules::WriteOutcome> for kv_cas::WriteOutcome {
    fn from(outcome: rules::WriteOutcome) -> Self {
        match outcome {
            rules::WriteOutcome::Stored => Self::Stored,
            rules::WriteOutcome::Conflict(item) => Self::Conflict(item.map(Into::into)),
        }
    }
}

impl From<rules::KvError> for kv_cas::KvError {
    fn from(error: rules::KvError) -> Self {
        match error {
            rules::KvError::NoSuchStore => Self::NoSuchStore,
            rules::KvError::Invalid => Self::Invalid,
            rules::KvError::Throttled => Self::Throttled,
            rules::KvError::Unavailable => Self::Unavailable,
            rules::KvError::UnknownOutcome => Self::UnknownOutcome,
        }
    }
}

impl<'a> From<&'a kv_cas::Write> for rules::Write<'a> {
    fn from(write: &'a kv_cas::Write) -> Self {
        let condition = match write.condition {
            kv_cas::Precondition::None => rules::Precondition::None,
            kv_cas::Precondition::Absent => rules::Precondition::Absent,
            kv_cas::Precondition::Matches(generation) => rules::Precondition::Matches(generation),
        };
        Self {
            key: &write.key,
            body: &write.body,
            metadata: &write.metadata,
            time_to_live: write.time_to_live,
            condition,
        }
    }
}

impl From<wit::GraphError> for Failure {
    fn from(error: wit::GraphError) -> Self {
        match error {
            wit::GraphError::InvalidArgument(rule) => Self::InvalidArgument(rule),
            wit::GraphError::NoSuchStore => Self::NoSuchStore,
            wit::GraphError::AlreadyExists => Self::AlreadyExists,
            wit::GraphError::Corrupt(why) => Self::Corrupt(why),
            wit::GraphError::TooLarge => Self::TooLarge,
            wit::GraphError::Conflict => Self::Conflict,
            wit::GraphError::Throttled => Self::Throttled,
            wit::GraphError::Unavailable(how) => Self::Unavailable(how),
        }
    }
}

impl From<rules::Policy> for wit::Policy {
    fn from(policy: rules::Policy) -> Self {
        let rules::Policy {
            entry_ttl,
            tombstone_ttl,
            last_seen_debounce,
            max_cas_attempts,
            cluster_recheck,
        } = policy;
        Self { entry_ttl, tombstone_ttl, last_seen_debounce, max_cas_attempts, cluster_recheck }
    }
}

impl From<wit::Policy> for rules::Policy {
    fn from(policy: wit::Policy) -> Self {
        let wit::Policy {
            entry_ttl,
            tombstone_ttl,
            last_seen_debounce,
            max_cas_attempts,
            cluster_recheck,
        } = policy;
        Self { entry_ttl, tombstone_ttl, last_seen_debounce, max_cas_attempts, cluster_recheck }
    }
}

impl From<rules::PartnerUid> for wit::PartnerUid {
    fn from(id: rules::PartnerUid) -> Self {
        let rules::PartnerUid { partner, uid, synced } = id;
        Self { partner, uid, synced }
    }
}

impl From<wit::PartnerUid> for rules::PartnerUid {
    fn from(id: wit::PartnerUid) -> Self {
        let wit::PartnerUid { partner, uid, synced } = id;
        Self { partner, uid, synced }
    }
}

impl From<&rules::Mapping> for wit::Mapping {
    fn from(mapping: &rules::Mapping) -> Self {
        let rules::Mapping { ec_id, uid, synced } = mapping;
        Self { ec_id: ec_id.clone(), uid: uid.clone(), synced: *synced }
    }
}

impl From<rules::Geo> for wit::Geo {
    fn from(geo: rules::Geo) -> Self {
        let rules::Geo { country, region, asn, dma } = geo;
        Self { country, region, asn, dma }
    }
}

impl From<wit::Geo> for rules::Geo {
    fn from(geo: wit::Geo) -> Self {
        let wit::Geo { country, region, asn, dma } = geo;
        Self { country, region, asn, dma }
    }
}

impl From<rules::Device> for wit::Device {
    fn from(device: rules::Device) -> Self {
        let rules::Device { is_mobile, ja4_class, platform_class, h2_fp_hash, known_browser } =
            device;
        Self { is_mobile, ja4_class, platform_class, h2_fp_hash, known_browser }
    }
}

impl From<wit::Device> for rules::Device {
    fn from(device: wit::Device) -> Self {
        let wit::Device { is_mobile, ja4_class, platform_class, h2_fp_hash, known_browser } =
            device;
        Self { is_mobile, ja4_class, platform_class, h2_fp_hash, known_browser }
    }
}

impl From<rules::NewEntry> for wit::NewEntry {
    fn from(entry: rules::NewEntry) -> Self {
        let rules::NewEntry { tcf, gpp, geo, device, domain, ids, now } = entry;
        Self {
            tcf,
            gpp,
            geo: geo.map(Into::into),
            device: device.map(Into::into),
            domain,
            ids: ids.into_iter().map(Into::into).collect(),
            now,
        }
    }
}

impl From<wit::Entry> for rules::Entry {
    fn from(entry: wit::Entry) -> Self {
        let wit::Entry {
            v,
            created,
            last_seen,
            consent: wit::Consent { tcf, gpp, ok, updated },
            geo,
            device,
            pub_properties,
            cluster_size,
            ids,
        } = entry;
        let domains = |wit::PubProperties { origin_domain, seen_domains }| rules::PubProperties {
            origin_domain,
            seen_domains,
        };
        Self {
            v,
            created,
            last_seen,
            consent: rules::Consent { tcf, gpp, ok, updated },
            geo: geo.into(),
            device: device.map(Into::into),
            pub_properties: pub_properties.map(domains),
            cluster_size,
            ids: ids.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wit::Metadata> for rules::Metadata {
    fn from(metadata: wit::Metadata) -> Self {
        let wit::Metadata { ok, country, v, cluster_size, is_mobile, known_browser } = metadata;
        Self { ok, country, v, cluster_size, is_mobile, known_browser }
    }
}

impl From<wit::RawRow> for RawRow {
    fn from(row: wit::RawRow) -> Self {
        let wit::RawRow { body, metadata, generation, problem } = row;
        Self { body, metadata, generation, problem }
    }
}

impl From<rules::IfMissing> for wit::IfMissing {
    fn from(missing: rules::IfMissing) -> Self {
        match missing {
            rules::IfMissing::Skip => Self::Skip,
            rules::IfMissing::CreateMinimal => Self::CreateMinimal,
        }
    }
}

impl From<wit::CreateOutcome> for rules::CreateOutcome {
    fn from(outcome: wit::CreateOutcome) -> Self {
        match outcome {
            wit::CreateOutcome::Created => Self::Created,
            wit::CreateOutcome::AlreadyLive => Self::AlreadyLive,
            wit::CreateOutcome::Revived => Self::Revived,
            wit::CreateOutcome::Withdrawn => Self::Withdrawn,
        }
    }
}

impl From<wit::UpsertOutcome> for rules::UpsertOutcome {
    fn from(outcome: wit::UpsertOutcome) -> Self {
        match outcome {
            wit::UpsertOutcome::Written => Self::Written,
            wit::UpsertOutcome::Unchanged => Self::Unchanged,
            wit::UpsertOutcome::Stale => Self::Stale,
            wit::UpsertOutcome::Withdrawn => Self::Withdrawn,
            wit::UpsertOutcome::NotFound => Self::NotFound,
        }
    }
}

impl From<wit::TouchOutcome> for rules::TouchOutcome {
    fn from(outcome: wit::TouchOutcome) -> Self {
        match outcome {
            wit::TouchOutcome::Written => Self::Written,
            wit::TouchOutcome::Debounced => Self::Debounced,
            wit::TouchOutcome::Stale => Self::Stale,
            wit::TouchOutcome::Withdrawn => Self::Withdrawn,
            wit::TouchOutcome::NotFound => Self::NotFound,
        }
    }
}

/// One outcome of a batch.
pub(super) fn mapping_outcome(
    outcome: wit::MappingOutcome,
) -> Result<rules::UpsertOutcome, Failure> {
    match outcome {
        wit::MappingOutcome::Done(outcome) => Ok(outcome.into()),
        wit::MappingOutcome::Failed(error) => Err(error.into()),
    }
}
