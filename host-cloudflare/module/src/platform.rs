//! What the routes need, for one request.

use std::rc::Rc;

use edge_routes::{Body, BodyError, Client, Platform};
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

    fn client(&self) -> Client {
        self.client.clone()
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
}

/// A body that is read when a route wants it.
pub(crate) struct Arriving(pub(crate) Exchange);

impl Body for Arriving {
    async fn read(self, limit: u64) -> Result<Vec<u8>, BodyError> {
        let answers = self.0.ask(Ask::Body(limit)).await;
        answers.into_iter().next().ok_or(BodyError::TooLarge)?.ok_or(BodyError::BrokenOff)
    }
}
