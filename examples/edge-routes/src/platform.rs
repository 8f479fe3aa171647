//! What the routes need of the place they run in.
//!
//! All calls that may take their time are asynchronous. Where they are answered at once, as on Fastly
//! Compute, a route is ready the first time it is polled.

#![allow(async_fn_in_trait, reason = "whether a future can be sent is the platform's matter")]

use std::net::IpAddr;

use identity_graph::{
    Entry, Failure, Geo, Mapping, Metadata, NewEntry, RawRow, Report, UpsertOutcome, VisitOutcome,
};

/// Where the routes run. The graph is opened when a route needs it: most requests do without.
pub trait Platform {
    /// The identity graph.
    type Graph: GraphCalls;

    /// Opens the identity graph.
    fn graph(&self) -> Result<Self::Graph, Failure>;
    /// Who asks: at this address, when a proxy has told it, else at that of the connection.
    fn client(&self, address: Option<IpAddr>) -> Client;
    /// Unix seconds.
    fn now(&self) -> u64;
    /// A number that nobody can foresee, another one with every call.
    fn random(&self) -> u64;
    /// Takes a line for the operator. It names an EC ID by its first characters only.
    fn log(&self, line: &str);
    /// Counts what became of a request, or of a part of it. There are few reasons, and none has an ID.
    fn count(&self, what: Noted, why: &str);
    /// Takes the line of a request that is answered: an object of JSON without an ID.
    fn request(&self, line: &str);
    /// Milliseconds since the request came, where the platform has them.
    fn milliseconds(&self) -> Option<u64>;
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// What the visitor's consent is.
    Consent,
    /// What became of a request.
    Outcome,
    /// What was left out of one.
    LeftOut,
}

impl Noted {
    /// A name to count by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Outcome => "outcome",
            Self::LeftOut => "left-out",
        }
    }
}

/// The operations of [`IdentityGraph`](identity_graph::IdentityGraph) that the routes call.
pub trait GraphCalls {
    /// An entry as it was read.
    type Snapshot<'g>: SnapshotCalls
    where
        Self: 'g;

    /// Reads an entry.
    async fn get(&self, ec_id: &str, now: u64) -> Result<Option<Self::Snapshot<'_>>, Failure>;
    /// Reads what is stored beside an entry.
    async fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure>;
    /// Notes a page view with all it brings, whatever is stored.
    async fn visit(&self, ec_id: &str, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure>;
    /// Writes the entry of an ID just minted.
    async fn create(&self, ec_id: &str, entry: NewEntry) -> Result<Report<()>, Failure>;
    /// Withdraws consent.
    async fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure>;
    /// Forgets an entry; true when there was one.
    async fn delete(&self, ec_id: &str) -> Result<bool, Failure>;
    /// Adds one partner's UIDs to many entries.
    async fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure>;
    /// The row as stored, readable or not.
    async fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure>;
}

/// The operations of [`EntrySnapshot`](identity_graph::EntrySnapshot) that the routes call.
pub trait SnapshotCalls {
    /// The entry.
    fn entry(&self) -> Entry;
    /// The version it was read at.
    fn generation(&self) -> u64;
    /// Notes a page view without another read.
    async fn visit(&mut self, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure>;
    /// How many EC IDs share this one's hash.
    async fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure>;
}

/// The body of a request, which is read by the routes that want one.
pub trait Body {
    /// Reads it to its end, as long as it has no more bytes than this.
    async fn read(self, limit: u64) -> Result<Vec<u8>, BodyError>;
}

/// Why a body is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It has more bytes than are wanted.
    TooLarge,
    /// It has no end.
    BrokenOff,
}

/// What is known of a client. The fingerprints are those of its own connection: there are none of one
/// behind a proxy.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Where that address is.
    pub geo: Option<Geo>,
    /// JA4 fingerprint of the TLS client hello.
    pub ja4: Option<String>,
    /// HTTP/2 fingerprint.
    pub h2: Option<String>,
}
