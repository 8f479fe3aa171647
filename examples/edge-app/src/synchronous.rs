//! The routes where every call is answered at once.

use std::io::Read;
use std::net::IpAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use edge_routes::{
    Body, BodyError, Client, ConfigError, GraphCalls, Noted, Response, SnapshotCalls, problem,
};
use http::{Request, StatusCode};
use identity_graph::{
    Entry, EntrySnapshot, Failure, IdentityGraph, Mapping, Metadata, NewEntry, RawRow, Report,
    UpsertOutcome, VisitOutcome,
};

use crate::config::Config;
use crate::log::log;
use crate::platform::Platform;

/// Serves a request; without a valid configuration none is served.
pub fn handle(
    platform: &dyn Platform,
    config: &Result<Config, ConfigError>,
    request: Request<impl Read>,
) -> Response {
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            log(&format!("{error} and build again"));
            let message = "this service is not configured; its log says what to correct";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return problem(status, "invalid_configuration", message);
        }
    };
    let platform = Synchronous(platform);
    let response = edge_routes::handle(&platform, &config.routes, request.map(Whole));
    match pin!(response).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => response,
        Poll::Pending => unreachable!("a route waits for calls alone, and those have returned"),
    }
}

struct Synchronous<'p>(&'p dyn Platform);

impl edge_routes::Platform for Synchronous<'_> {
    type Graph = Opened;

    fn graph(&self) -> Result<Opened, Failure> {
        self.0.graph().map(Opened)
    }

    fn client(&self, address: Option<IpAddr>) -> Client {
        self.0.client(address)
    }

    fn now(&self) -> u64 {
        self.0.now()
    }

    fn random(&self) -> u64 {
        rand::random()
    }

    fn log(&self, line: &str) {
        log(line);
    }

    /// Whoever counts has the lines of the requests: no counter outlives one here.
    fn count(&self, _: Noted, _: &str) {}

    fn request(&self, line: &str) {
        self.0.request(line);
    }

    fn milliseconds(&self) -> Option<u64> {
        self.0.milliseconds()
    }
}

struct Opened(Box<dyn IdentityGraph>);

impl GraphCalls for Opened {
    type Snapshot<'g> = Taken<'g>;

    async fn get(&self, ec_id: &str, now: u64) -> Result<Option<Taken<'_>>, Failure> {
        Ok(self.0.get(ec_id, now)?.map(Taken))
    }

    async fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure> {
        self.0.get_metadata(ec_id)
    }

    async fn visit(&self, ec_id: &str, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        self.0.visit(ec_id, entry)
    }

    async fn create(&self, ec_id: &str, entry: NewEntry) -> Result<Report<()>, Failure> {
        self.0.create(ec_id, entry)
    }

    async fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure> {
        self.0.write_withdrawal_tombstone(ec_id, now)
    }

    async fn delete(&self, ec_id: &str) -> Result<bool, Failure> {
        self.0.delete(ec_id)
    }

    async fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure> {
        self.0.sync_partner_ids(partner, mappings, now)
    }

    async fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure> {
        self.0.inspect(ec_id)
    }
}

struct Taken<'g>(Box<dyn EntrySnapshot + 'g>);

impl SnapshotCalls for Taken<'_> {
    fn entry(&self) -> Entry {
        self.0.entry()
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }

    async fn visit(&mut self, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        self.0.visit(entry)
    }

    async fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        self.0.evaluate_cluster(now)
    }
}

/// A body that is read in one go.
struct Whole<R>(R);

impl<R: Read> Body for Whole<R> {
    async fn read(self, limit: u64) -> Result<Vec<u8>, BodyError> {
        let mut bytes = Vec::new();
        let read = self.0.take(limit + 1).read_to_end(&mut bytes);
        read.map_err(|_| BodyError::BrokenOff)?;
        if bytes.len() as u64 > limit { Err(BodyError::TooLarge) } else { Ok(bytes) }
    }
}
