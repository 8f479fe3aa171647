//! What the operator is told of each request: one line of JSON, without an ID, a UID or a consent string.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use identity_graph::{
    Entry, Failure, Mapping, Metadata, NewEntry, RawRow, Report, UpsertOutcome, VisitOutcome,
};
use serde::Serialize;

use crate::platform::{Client, GraphCalls, Noted, Platform, SnapshotCalls};

#[derive(Default, Serialize)]
struct Notes {
    /// What was judged of the visitor's consent.
    consent: Option<String>,
    /// What became of the request.
    outcome: Option<String>,
    /// What was left out of it, and why it made no visit.
    left_out: Vec<String>,
    /// Operations that the graph was asked, in their order.
    calls: Vec<&'static str>,
}

#[derive(Serialize)]
struct Line<'n> {
    route: &'static str,
    status: u16,
    #[serde(flatten)]
    notes: &'n Notes,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<u64>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Notes>>);

impl Shared {
    fn with<T>(&self, change: impl FnOnce(&mut Notes) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn call(&self, operation: &'static str) {
        self.with(|notes| notes.calls.push(operation));
    }
}

/// A platform while it serves one request, with notes of it.
pub(crate) struct Watched<'p, P> {
    platform: &'p P,
    notes: Shared,
}

impl<'p, P: Platform> Watched<'p, P> {
    pub(crate) fn new(platform: &'p P) -> Self {
        Self { platform, notes: Shared::default() }
    }

    /// Hands the line of the request to the platform.
    pub(crate) fn tell(&self, route: &'static str, status: StatusCode) {
        let (status, ms) = (status.as_u16(), self.platform.milliseconds());
        let line = self.notes.with(|notes| {
            // Texts and numbers always become JSON.
            serde_json::to_string(&Line { route, status, notes, ms }).unwrap_or_default()
        });
        self.platform.request(&line);
    }
}

impl<P: Platform> Platform for Watched<'_, P> {
    type Graph = WatchedGraph<P::Graph>;

    fn graph(&self) -> Result<Self::Graph, Failure> {
        Ok(WatchedGraph { graph: self.platform.graph()?, notes: self.notes.clone() })
    }

    fn client(&self, address: Option<IpAddr>) -> Client {
        self.platform.client(address)
    }

    fn now(&self) -> u64 {
        self.platform.now()
    }

    fn random(&self) -> u64 {
        self.platform.random()
    }

    fn log(&self, line: &str) {
        self.platform.log(line);
    }

    fn count(&self, what: Noted, why: &str) {
        self.notes.with(|notes| match what {
            Noted::Consent => notes.consent = Some(why.to_owned()),
            Noted::Outcome => notes.outcome = Some(why.to_owned()),
            Noted::LeftOut => notes.left_out.push(why.to_owned()),
        });
        self.platform.count(what, why);
    }

    fn request(&self, line: &str) {
        self.platform.request(line);
    }

    fn milliseconds(&self) -> Option<u64> {
        self.platform.milliseconds()
    }
}

pub(crate) struct WatchedGraph<G> {
    graph: G,
    notes: Shared,
}

impl<G: GraphCalls> GraphCalls for WatchedGraph<G> {
    type Snapshot<'g>
        = WatchedSnapshot<G::Snapshot<'g>>
    where
        Self: 'g;

    async fn get(&self, ec_id: &str, now: u64) -> Result<Option<Self::Snapshot<'_>>, Failure> {
        self.notes.call("get");
        let snapshot = self.graph.get(ec_id, now).await?;
        Ok(snapshot.map(|snapshot| WatchedSnapshot { snapshot, notes: self.notes.clone() }))
    }

    async fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure> {
        self.notes.call("get-metadata");
        self.graph.get_metadata(ec_id).await
    }

    async fn visit(&self, ec_id: &str, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        self.notes.call("visit");
        self.graph.visit(ec_id, entry).await
    }

    async fn create(&self, ec_id: &str, entry: NewEntry) -> Result<Report<()>, Failure> {
        self.notes.call("create");
        self.graph.create(ec_id, entry).await
    }

    async fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure> {
        self.notes.call("write-withdrawal-tombstone");
        self.graph.write_withdrawal_tombstone(ec_id, now).await
    }

    async fn delete(&self, ec_id: &str) -> Result<bool, Failure> {
        self.notes.call("delete");
        self.graph.delete(ec_id).await
    }

    async fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure> {
        self.notes.call("sync-partner-ids");
        self.graph.sync_partner_ids(partner, mappings, now).await
    }

    async fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure> {
        self.notes.call("inspect");
        self.graph.inspect(ec_id).await
    }
}

pub(crate) struct WatchedSnapshot<S> {
    snapshot: S,
    notes: Shared,
}

impl<S: SnapshotCalls> SnapshotCalls for WatchedSnapshot<S> {
    fn entry(&self) -> Entry {
        self.snapshot.entry()
    }

    fn generation(&self) -> u64 {
        self.snapshot.generation()
    }

    async fn visit(&mut self, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        self.notes.call("visit");
        self.snapshot.visit(entry).await
    }

    async fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        self.notes.call("evaluate-cluster");
        self.snapshot.evaluate_cluster(now).await
    }
}
