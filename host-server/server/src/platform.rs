//! What the routes need, for one request.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use edge_routes::{Client, Noted, Platform};
use identity_graph::Failure;
use tokio::time::Instant;

use crate::graph::Counted;
use crate::service::Service;

/// The place where one request is served.
pub(crate) struct Place {
    pub(crate) service: Service,
    /// The other end of the connection.
    pub(crate) peer: IpAddr,
    pub(crate) begun: Instant,
}

impl Platform for Place {
    type Graph = Counted;

    fn graph(&self) -> Result<Counted, Failure> {
        Ok(self.service.graph())
    }

    fn client(&self, address: Option<IpAddr>) -> Client {
        Client { ip: Some(address.unwrap_or(self.peer)), ..Client::default() }
    }

    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn random(&self) -> u64 {
        rand::random()
    }

    fn log(&self, line: &str) {
        tracing::warn!("{line}");
    }

    fn count(&self, what: Noted, why: &str) {
        self.service.metrics().noted(what.name(), why);
    }

    fn request(&self, line: &str) {
        tracing::info!("{line}");
    }

    fn milliseconds(&self) -> Option<u64> {
        u64::try_from(self.begun.elapsed().as_millis()).ok()
    }
}
