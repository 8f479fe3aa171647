//! The application's types to the graph's and back. Each takes its source apart in full, so that a
//! field or an outcome that comes to the graph is noticed here.

use identity_graph::{
    Consent, CreateOutcome, Device, Entry, Geo, GraphError, LeftOut, Metadata, NewEntry,
    PartnerUid, PubProperties, Report, TouchOutcome, UpsertOutcome, WithdrawOutcome,
};

use crate::types::{
    EcConsent, EcDevice, EcEntry, EcError, EcMetadata, EcPartnerId, EcPlace, EcVisit, FormFactor,
    IdOutcome, Seen, Visited, VisitedOutcome, Withdrawal,
};

impl From<Entry> for EcEntry {
    fn from(entry: Entry) -> Self {
        let Entry {
            v: _,
            created,
            last_seen,
            consent: Consent { tcf, gpp, gpp_sid: _, ok, updated, withdrawn: _ },
            geo,
            device,
            pub_properties,
            cluster_size,
            ids,
        } = entry;
        Self {
            created,
            last_seen,
            consent: EcConsent { tcf, gpp, granted: ok, updated },
            place: geo.into(),
            device: device.map(EcDevice::from),
            domains: pub_properties.map(domains).unwrap_or_default(),
            cluster_size,
            partner_ids: ids.into_iter().map(EcPartnerId::from).collect(),
        }
    }
}

fn domains(properties: PubProperties) -> Vec<String> {
    let PubProperties { origin_domain, mut seen_domains } = properties;
    seen_domains.retain(|domain| *domain != origin_domain);
    seen_domains.insert(0, origin_domain);
    seen_domains
}

impl From<Geo> for EcPlace {
    fn from(geo: Geo) -> Self {
        let Geo { country, region, asn, dma } = geo;
        Self { country, region, asn, dma }
    }
}

impl From<EcPlace> for Geo {
    fn from(place: EcPlace) -> Self {
        let EcPlace { country, region, asn, dma } = place;
        Self { country, region, asn, dma }
    }
}

impl From<Device> for EcDevice {
    fn from(device: Device) -> Self {
        let Device { is_mobile, ja4_class, platform_class, h2_fp_hash, known_browser } = device;
        Self {
            form: form(Some(is_mobile)),
            ja4: ja4_class,
            platform: platform_class,
            h2: h2_fp_hash,
            known_browser,
        }
    }
}

impl From<EcDevice> for Device {
    fn from(device: EcDevice) -> Self {
        let EcDevice { form, ja4, platform, h2, known_browser } = device;
        let is_mobile = match form {
            FormFactor::Desktop => 0,
            FormFactor::Mobile => 1,
            FormFactor::Unknown => 2,
        };
        Self { is_mobile, ja4_class: ja4, platform_class: platform, h2_fp_hash: h2, known_browser }
    }
}

fn form(is_mobile: Option<u8>) -> FormFactor {
    match is_mobile {
        Some(0) => FormFactor::Desktop,
        Some(1) => FormFactor::Mobile,
        _ => FormFactor::Unknown,
    }
}

impl From<PartnerUid> for EcPartnerId {
    fn from(id: PartnerUid) -> Self {
        let PartnerUid { partner, uid, synced: _, atype: _, expires: _, ext: _ } = id;
        Self { source_domain: partner, uid }
    }
}

impl From<EcPartnerId> for PartnerUid {
    fn from(id: EcPartnerId) -> Self {
        let EcPartnerId { source_domain, uid } = id;
        Self::new(source_domain, uid)
    }
}

impl EcVisit {
    /// The visit at this time.
    pub(crate) fn at(self, now: u64) -> NewEntry {
        let Self { tcf, gpp, place, device, domain, partner_ids } = self;
        NewEntry {
            tcf,
            gpp,
            gpp_sid: None,
            geo: place.map(Geo::from),
            device: device.map(Device::from),
            domain,
            ids: partner_ids.into_iter().map(PartnerUid::from).collect(),
            now,
        }
    }
}

impl From<Metadata> for EcMetadata {
    fn from(metadata: Metadata) -> Self {
        let Metadata { ok, country, v: _, cluster_size, is_mobile, known_browser } = metadata;
        Self { granted: ok, country, cluster_size, form: form(is_mobile), known_browser }
    }
}

impl Visited {
    pub(crate) fn new<O>(outcome: VisitedOutcome, report: Report<O>) -> Self {
        let Report { outcome: _, ids, left_out } = report;
        let left_out = left_out.into_iter().map(|LeftOut { field, why: _ }| field).collect();
        Self { outcome, partner_ids: ids.into_iter().map(IdOutcome::from).collect(), left_out }
    }
}

impl From<CreateOutcome> for VisitedOutcome {
    fn from(outcome: CreateOutcome) -> Self {
        match outcome {
            CreateOutcome::Created => Self::Created,
            CreateOutcome::AlreadyLive => Self::AlreadyLive,
            CreateOutcome::Revived => Self::Revived,
            CreateOutcome::Withdrawn => Self::Withdrawn,
        }
    }
}

impl From<UpsertOutcome> for IdOutcome {
    fn from(outcome: UpsertOutcome) -> Self {
        match outcome {
            UpsertOutcome::Written => Self::Stored,
            UpsertOutcome::Unchanged | UpsertOutcome::Stale => Self::Superfluous,
            UpsertOutcome::Withdrawn => Self::Withdrawn,
            UpsertOutcome::NotFound => Self::NoEntry,
            UpsertOutcome::Invalid(why) => Self::Malformed(why),
            UpsertOutcome::Full => Self::Full,
        }
    }
}

impl From<TouchOutcome> for Seen {
    fn from(outcome: TouchOutcome) -> Self {
        match outcome {
            TouchOutcome::Written => Self::Noted,
            TouchOutcome::Debounced | TouchOutcome::Stale => Self::Recently,
            TouchOutcome::Withdrawn => Self::Withdrawn,
            TouchOutcome::NotFound => Self::NoEntry,
        }
    }
}

impl From<WithdrawOutcome> for Withdrawal {
    fn from(outcome: WithdrawOutcome) -> Self {
        match outcome {
            WithdrawOutcome::Written => Self::Stored,
            WithdrawOutcome::Unchanged => Self::Before,
            WithdrawOutcome::NotFound => Self::NoEntry,
        }
    }
}

impl From<GraphError> for EcError {
    fn from(error: GraphError) -> Self {
        match error {
            GraphError::InvalidArgument(_) => Self::BadRequest(error),
            GraphError::AlreadyExists => Self::Taken,
            GraphError::Conflict | GraphError::Throttled { .. } => Self::Busy(error),
            GraphError::Corrupt(_) | GraphError::TooLarge => Self::BadRow(error),
            GraphError::NoSuchStore | GraphError::Unavailable { .. } => Self::Store(error),
        }
    }
}
