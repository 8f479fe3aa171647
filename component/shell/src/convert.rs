//! Conversions between the types of the bindings (`wit`) and those of the rules.

use alloc::string::ToString;

use identity_graph as rules;

use crate::wit;

impl From<rules::GraphError> for wit::GraphError {
    // One copy for all exports keeps the component small.
    #[inline(never)]
    fn from(error: rules::GraphError) -> Self {
        match error {
            rules::GraphError::InvalidArgument(rule) => Self::InvalidArgument(rule.to_string()),
            rules::GraphError::NoSuchStore => Self::NoSuchStore,
            rules::GraphError::AlreadyExists => Self::AlreadyExists,
            rules::GraphError::Corrupt(problem) => Self::Corrupt(problem.to_string()),
            rules::GraphError::TooLarge => Self::TooLarge,
            rules::GraphError::Conflict => Self::Conflict,
            rules::GraphError::Throttled => Self::Throttled,
            rules::GraphError::Unavailable(outage) => Self::Unavailable(outage.to_string()),
        }
    }
}

impl From<rules::InvalidArgument> for wit::GraphError {
    fn from(rule: rules::InvalidArgument) -> Self {
        rules::GraphError::from(rule).into()
    }
}

impl From<rules::KvError> for wit::GraphError {
    fn from(error: rules::KvError) -> Self {
        rules::GraphError::from(error).into()
    }
}

impl From<rules::Policy> for wit::Policy {
    fn from(policy: rules::Policy) -> Self {
        Self {
            entry_ttl: policy.entry_ttl,
            tombstone_ttl: policy.tombstone_ttl,
            last_seen_debounce: policy.last_seen_debounce,
            max_cas_attempts: policy.max_cas_attempts,
            cluster_recheck: policy.cluster_recheck,
        }
    }
}

impl From<wit::Policy> for rules::Policy {
    fn from(policy: wit::Policy) -> Self {
        Self {
            entry_ttl: policy.entry_ttl,
            tombstone_ttl: policy.tombstone_ttl,
            last_seen_debounce: policy.last_seen_debounce,
            max_cas_attempts: policy.max_cas_attempts,
            cluster_recheck: policy.cluster_recheck,
        }
    }
}

impl From<wit::IfMissing> for rules::IfMissing {
    fn from(missing: wit::IfMissing) -> Self {
        match missing {
            wit::IfMissing::Skip => Self::Skip,
            wit::IfMissing::CreateMinimal => Self::CreateMinimal,
        }
    }
}

impl From<wit::PartnerUid> for rules::PartnerUid {
    fn from(id: wit::PartnerUid) -> Self {
        Self { partner: id.partner, uid: id.uid, synced: id.synced }
    }
}

impl From<rules::PartnerUid> for wit::PartnerUid {
    fn from(id: rules::PartnerUid) -> Self {
        Self { partner: id.partner, uid: id.uid, synced: id.synced }
    }
}

impl From<wit::Mapping> for rules::Mapping {
    fn from(mapping: wit::Mapping) -> Self {
        Self { ec_id: mapping.ec_id, uid: mapping.uid, synced: mapping.synced }
    }
}

impl From<wit::NewEntry> for rules::NewEntry {
    fn from(entry: wit::NewEntry) -> Self {
        Self {
            tcf: entry.tcf,
            gpp: entry.gpp,
            geo: entry.geo.map(rules::Geo::from),
            device: entry.device.map(rules::Device::from),
            domain: entry.domain,
            ids: entry.ids.into_iter().map(rules::PartnerUid::from).collect(),
            now: entry.now,
        }
    }
}

impl From<wit::Geo> for rules::Geo {
    fn from(geo: wit::Geo) -> Self {
        Self { country: geo.country, region: geo.region, asn: geo.asn, dma: geo.dma }
    }
}

impl From<rules::Geo> for wit::Geo {
    fn from(geo: rules::Geo) -> Self {
        Self { country: geo.country, region: geo.region, asn: geo.asn, dma: geo.dma }
    }
}

impl From<wit::Device> for rules::Device {
    fn from(device: wit::Device) -> Self {
        Self {
            is_mobile: device.is_mobile,
            ja4_class: device.ja4_class,
            platform_class: device.platform_class,
            h2_fp_hash: device.h2_fp_hash,
            known_browser: device.known_browser,
        }
    }
}

impl From<rules::Device> for wit::Device {
    fn from(device: rules::Device) -> Self {
        Self {
            is_mobile: device.is_mobile,
            ja4_class: device.ja4_class,
            platform_class: device.platform_class,
            h2_fp_hash: device.h2_fp_hash,
            known_browser: device.known_browser,
        }
    }
}

impl From<rules::Entry> for wit::Entry {
    fn from(entry: rules::Entry) -> Self {
        Self {
            v: entry.v,
            created: entry.created,
            last_seen: entry.last_seen,
            consent: wit::Consent {
                tcf: entry.consent.tcf,
                gpp: entry.consent.gpp,
                ok: entry.consent.ok,
                updated: entry.consent.updated,
            },
            geo: entry.geo.into(),
            device: entry.device.map(wit::Device::from),
            pub_properties: entry.pub_properties.map(|properties| wit::PubProperties {
                origin_domain: properties.origin_domain,
                seen_domains: properties.seen_domains,
            }),
            cluster_size: entry.cluster_size,
            ids: entry.ids.into_iter().map(wit::PartnerUid::from).collect(),
        }
    }
}

impl From<rules::Metadata> for wit::Metadata {
    fn from(metadata: rules::Metadata) -> Self {
        Self {
            ok: metadata.ok,
            country: metadata.country,
            v: metadata.v,
            cluster_size: metadata.cluster_size,
            is_mobile: metadata.is_mobile,
            known_browser: metadata.known_browser,
        }
    }
}

impl From<rules::CreateOutcome> for wit::CreateOutcome {
    fn from(outcome: rules::CreateOutcome) -> Self {
        match outcome {
            rules::CreateOutcome::Created => Self::Created,
            rules::CreateOutcome::AlreadyLive => Self::AlreadyLive,
            rules::CreateOutcome::Revived => Self::Revived,
            rules::CreateOutcome::Withdrawn => Self::Withdrawn,
        }
    }
}

impl From<rules::UpsertOutcome> for wit::UpsertOutcome {
    fn from(outcome: rules::UpsertOutcome) -> Self {
        match outcome {
            rules::UpsertOutcome::Written => Self::Written,
            rules::UpsertOutcome::Unchanged => Self::Unchanged,
            rules::UpsertOutcome::Stale => Self::Stale,
            rules::UpsertOutcome::Withdrawn => Self::Withdrawn,
            rules::UpsertOutcome::NotFound => Self::NotFound,
        }
    }
}

impl From<rules::TouchOutcome> for wit::TouchOutcome {
    fn from(outcome: rules::TouchOutcome) -> Self {
        match outcome {
            rules::TouchOutcome::Written => Self::Written,
            rules::TouchOutcome::Debounced => Self::Debounced,
            rules::TouchOutcome::Stale => Self::Stale,
            rules::TouchOutcome::Withdrawn => Self::Withdrawn,
            rules::TouchOutcome::NotFound => Self::NotFound,
        }
    }
}

impl From<rules::MappingOutcome> for wit::MappingOutcome {
    fn from(outcome: rules::MappingOutcome) -> Self {
        match outcome {
            Ok(outcome) => Self::Done(outcome.into()),
            Err(error) => Self::Failed(error.into()),
        }
    }
}

impl From<rules::RawRow> for wit::RawRow {
    fn from(row: rules::RawRow) -> Self {
        Self {
            body: row.body,
            metadata: row.metadata,
            generation: row.generation,
            problem: row.problem.map(|problem| problem.to_string()),
        }
    }
}
