//! What the routes need, for one request.

use std::net::IpAddr;
use std::rc::Rc;

use edge_routes::{Body, BodyError, Client, Noted, Platform};
use http::Request;
use identity_graph::Failure;

use crate::config::Config;
use crate::exchange::{Ask, Exchange};
use crate::graph::Objects;

/// What is around the module.
pub trait Surroundings {
    /// Unix seconds.
    fn now(&self) -> u64;
    /// A number that nobody can foresee.
    fn random(&self) -> u64;
    /// Takes a line for the operator.
    fn log(&self, line: &str);
    /// Takes the line of a request that is answered: an object of JSON without an ID.
    fn request(&self, line: &str);
}

/// A request as it arrives, its body excepted.
#[derive(Debug)]
pub struct Arrival {
    /// Method, address and headers.
    pub request: Request<()>,
    /// Who asks.
    pub client: Client,
    /// Whether it was sent to this very machine, as while one develops.
    pub is_local: bool,
}

/// The place where one request is served.
pub(crate) struct Place {
    pub(crate) config: Rc<Config>,
    pub(crate) surroundings: Rc<dyn Surroundings>,
    pub(crate) exchange: Exchange,
    pub(crate) client: Client,
}

impl Platform for Place {
    type Graph = Objects;

    fn graph(&self) -> Result<Objects, Failure> {
        Ok(Objects(self.exchange.clone()))
    }

    fn client(&self, address: Option<IpAddr>) -> Client {
        match address {
            // What Cloudflare tells of the connection is the proxy's.
            Some(_) => Client { ip: address, ..Client::default() },
            None => self.client.clone(),
        }
    }

    fn now(&self) -> u64 {
        self.surroundings.now()
    }

    fn random(&self) -> u64 {
        self.surroundings.random()
    }

    fn log(&self, line: &str) {
        self.surroundings.log(line);
    }

    /// Whoever counts has the lines of the requests: a Worker keeps no counter.
    fn count(&self, _: Noted, _: &str) {}

    fn request(&self, line: &str) {
        self.surroundings.request(line);
    }

    /// The clock of a Worker stands still while it computes; Cloudflare's own log has the time.
    fn milliseconds(&self) -> Option<u64> {
        None
    }
}

/// A body that is read when a route wants it.
pub(crate) struct Arriving(pub(crate) Exchange);

impl Body for Arriving {
    async fn read(self, limit: u64) -> Result<Vec<u8>, BodyError> {
        let answers = self.0.ask(Ask::Body(limit)).await;
        answers.into_iter().next().ok_or(BodyError::TooLarge)?.ok_or(BodyError::BrokenOff)
    }
}
