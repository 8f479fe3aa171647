//! Conversions between the types of the bindings and those of the rules. They decide nothing.

use edge_app::{Failure, StoredRow};
use identity_graph as rules;

use crate::wit;

pub(crate) fn each<A, B: From<A>>(values: Vec<A>) -> Vec<B> {
    values.into_iter().map(B::from).collect()
}

impl From<wit::GraphError> for Failure {
    fn from(error: wit::GraphError) -> Self {
        match error {
            wit::GraphError::InvalidArgument(_) => Self::InvalidArgument,
            wit::GraphError::NoSuchStore => Self::NoSuchStore,
            wit::GraphError::AlreadyExists => Self::AlreadyExists,
            wit::GraphError::Corrupt(_) => Self::Corrupt,
            wit::GraphError::TooLarge => Self::TooLarge,
            wit::GraphError::Conflict => Self::Conflict,
            wit::GraphError::Throttled => Self::Throttled,
            wit::GraphError::Unavailable(_) => Self::Unavailable,
        }
    }
}

impl From<rules::NewEntry> for wit::NewEntry {
    fn from(entry: rules::NewEntry) -> Self {
        Self {
            tcf: entry.tcf,
            gpp: entry.gpp,
            geo: entry.geo.map(wit::Geo::from),
            device: entry.device.map(wit::Device::from),
            domain: entry.domain,
            ids: each(entry.ids),
            now: entry.now,
        }
    }
}

impl From<rules::Geo> for wit::Geo {
    fn from(geo: rules::Geo) -> Self {
        Self { country: geo.country, region: geo.region, asn: geo.asn, dma: geo.dma }
    }
}

impl From<wit::Geo> for rules::Geo {
    fn from(geo: wit::Geo) -> Self {
        Self { country: geo.country, region: geo.region, asn: geo.asn, dma: geo.dma }
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

impl From<rules::PartnerUid> for wit::PartnerUid {
    fn from(id: rules::PartnerUid) -> Self {
        Self { partner: id.partner, uid: id.uid, synced: id.synced }
    }
}

impl From<wit::PartnerUid> for rules::PartnerUid {
    fn from(id: wit::PartnerUid) -> Self {
        Self { partner: id.partner, uid: id.uid, synced: id.synced }
    }
}

impl From<&rules::Mapping> for wit::Mapping {
    fn from(mapping: &rules::Mapping) -> Self {
        Self { ec_id: mapping.ec_id.clone(), uid: mapping.uid.clone(), synced: mapping.synced }
    }
}

impl From<wit::Entry> for rules::Entry {
    fn from(entry: wit::Entry) -> Self {
        Self {
            v: entry.v,
            created: entry.created,
            last_seen: entry.last_seen,
            consent: rules::Consent {
                tcf: entry.consent.tcf,
                gpp: entry.consent.gpp,
                ok: entry.consent.ok,
                updated: entry.consent.updated,
            },
            geo: entry.geo.into(),
            device: entry.device.map(rules::Device::from),
            pub_properties: entry.pub_properties.map(|properties| rules::PubProperties {
                origin_domain: properties.origin_domain,
                seen_domains: properties.seen_domains,
            }),
            cluster_size: entry.cluster_size,
            ids: each(entry.ids),
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

pub(crate) fn mapping_outcome(
    outcome: wit::MappingOutcome,
) -> Result<rules::UpsertOutcome, Failure> {
    match outcome {
        wit::MappingOutcome::Done(outcome) => Ok(outcome.into()),
        wit::MappingOutcome::Failed(error) => Err(error.into()),
    }
}

impl From<wit::RawRow> for StoredRow {
    fn from(row: wit::RawRow) -> Self {
        Self {
            body: row.body,
            metadata: row.metadata,
            generation: row.generation,
            problem: row.problem,
        }
    }
}
