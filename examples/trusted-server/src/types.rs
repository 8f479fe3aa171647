//! What the application's handlers speak of. Types that hold UIDs or consent strings have no `Debug`, so
//! that none gets into a log.

use identity_graph::GraphError;
use thiserror::Error;

/// An entry as handlers see it.
pub struct EcEntry {
    /// When it was made, in Unix seconds.
    pub created: u64,
    /// When the browser was last seen; most stored rows do not say.
    pub last_seen: Option<u64>,
    /// The consent that it was given under.
    pub consent: EcConsent,
    /// Where the browser was seen.
    pub place: EcPlace,
    /// What the connection said of it.
    pub device: Option<EcDevice>,
    /// The domains it was seen on, the first one first.
    pub domains: Vec<String>,
    /// How many IDs share its network.
    pub cluster_size: Option<u32>,
    /// The partners' IDs.
    pub partner_ids: Vec<EcPartnerId>,
}

/// A consent.
pub struct EcConsent {
    /// TCF string.
    pub tcf: Option<String>,
    /// GPP string.
    pub gpp: Option<String>,
    /// False after a withdrawal.
    pub granted: bool,
    /// When it was given or withdrawn, in Unix seconds.
    pub updated: u64,
}

/// A place.
pub struct EcPlace {
    /// Two letters.
    pub country: String,
    /// A part of the country.
    pub region: Option<String>,
    /// Autonomous system.
    pub asn: Option<u32>,
    /// Metro code.
    pub dma: Option<i64>,
}

/// Signals of a device.
pub struct EcDevice {
    /// What it is.
    pub form: FormFactor,
    /// Class of the TLS fingerprint.
    pub ja4: Option<String>,
    /// Platform.
    pub platform: Option<String>,
    /// Hash of the HTTP/2 fingerprint.
    pub h2: Option<String>,
    /// Whether it looks like a browser.
    pub known_browser: Option<bool>,
}

/// Kind of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormFactor {
    /// A desktop.
    Desktop,
    /// A phone or a tablet.
    Mobile,
    /// Nobody knows.
    Unknown,
}

/// A partner's ID.
#[derive(Clone, PartialEq, Eq)]
pub struct EcPartnerId {
    /// The partner.
    pub source_domain: String,
    /// Its ID for the browser.
    pub uid: String,
}

/// What a request with consent knows of a browser.
#[derive(Default)]
pub struct EcVisit {
    /// TCF string.
    pub tcf: Option<String>,
    /// GPP string.
    pub gpp: Option<String>,
    /// Where it comes from.
    pub place: Option<EcPlace>,
    /// What the connection says.
    pub device: Option<EcDevice>,
    /// The domain that is visited.
    pub domain: Option<String>,
    /// IDs that come with it.
    pub partner_ids: Vec<EcPartnerId>,
}

/// What stands beside an entry and is read without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcMetadata {
    /// False after a withdrawal.
    pub granted: bool,
    /// Two letters.
    pub country: String,
    /// How many IDs share its network.
    pub cluster_size: Option<u32>,
    /// Kind of device.
    pub form: FormFactor,
    /// Whether it looks like a browser.
    pub known_browser: Option<bool>,
}

/// One line of a partner's batch.
pub struct BatchLine {
    /// The EC ID.
    pub ec_id: String,
    /// The partner's ID for it.
    pub uid: String,
}

/// What became of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visited {
    /// What was done.
    pub outcome: VisitedOutcome,
    /// What became of each ID, in order; none where an entry stays as it is.
    pub partner_ids: Vec<IdOutcome>,
    /// Fields that were malformed and cost only themselves: to be counted.
    pub left_out: Vec<String>,
}

/// What a visit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisitedOutcome {
    /// The entry is new.
    Created,
    /// A live entry stays as it is.
    AlreadyLive,
    /// It was withdrawn, and is new by this consent.
    Revived,
    /// It was withdrawn at the time of this consent or later.
    Withdrawn,
}

/// What became of one partner's ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdOutcome {
    /// It is stored.
    Stored,
    /// It, or a later one, was stored already.
    Superfluous,
    /// The visitor has withdrawn.
    Withdrawn,
    /// There is no entry, or it is too new to be seen.
    NoEntry,
    /// It is malformed, and why.
    Malformed(String),
    /// The entry has no room for one more.
    Full,
}

impl IdOutcome {
    /// Whether a partner is told that all is well.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        match self {
            Self::Stored | Self::Superfluous => true,
            Self::Withdrawn | Self::NoEntry | Self::Malformed(_) | Self::Full => false,
        }
    }
}

/// What noting a visit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is noted.
    Noted,
    /// One was noted a moment ago, or a later one.
    Recently,
    /// The visitor has withdrawn.
    Withdrawn,
    /// There is no entry.
    NoEntry,
}

/// What a withdrawal of a known entry did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// It is stored.
    Stored,
    /// The visitor had withdrawn before.
    Before,
    /// There is nothing to withdraw.
    NoEntry,
}

/// Why the graph did not do what it was asked. Its chain of sources ends at what the store said.
#[derive(Debug, Error)]
pub enum EcError {
    /// The caller's own fault.
    #[error("the request breaks a rule")]
    BadRequest(#[source] GraphError),
    /// The ID is taken.
    #[error("the ID has an entry")]
    Taken,
    /// Nothing was written; later it may be.
    #[error("others write to the entry, or too often")]
    Busy(#[source] GraphError),
    /// The row is for an operator to look at.
    #[error("the row cannot be used")]
    BadRow(#[source] GraphError),
    /// Sending the same again is safe.
    #[error("the store failed")]
    Store(#[source] GraphError),
}
