//! The half that runs in the Worker: requests that are under way.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use edge_routes::{Response, problem};
use http::StatusCode;

use crate::config::{Config, ConfigError};
use crate::exchange::{Answers, Ask, Exchange};
use crate::platform::{Arrival, Arriving, Place, Surroundings};

/// How far a request has come.
#[derive(Debug)]
pub enum Step {
    /// It waits for answers to this; [`Worker::resume`] takes them, under this number.
    Ask(u32, Ask),
    /// It is over.
    Respond(Response),
}

/// The routes with one configuration, and the requests that wait.
pub struct Worker {
    config: Result<Rc<Config>, ConfigError>,
    surroundings: Rc<dyn Surroundings>,
    waiting: BTreeMap<u32, Waiting>,
    last: u32,
}

struct Waiting {
    route: Pin<Box<dyn Future<Output = Response>>>,
    exchange: Exchange,
}

impl Worker {
    /// The routes; without a valid configuration none is served, and the log says why.
    pub fn new(config: Result<Config, ConfigError>, surroundings: Rc<dyn Surroundings>) -> Self {
        Self { config: config.map(Rc::new), surroundings, waiting: BTreeMap::new(), last: 0 }
    }

    /// Begins to serve a request.
    pub fn start(&mut self, arrival: Arrival) -> Step {
        let Arrival { request, client, is_local } = arrival;
        let checked = self.config.as_ref().map_err(Clone::clone);
        let config = match checked.and_then(|config| config.check(is_local).map(|()| config)) {
            Ok(config) => Rc::clone(config),
            Err(error) => {
                self.surroundings.log(&format!("EC_CONFIG: {error}"));
                let message = "this Worker is not configured; its log says what to correct";
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                return Step::Respond(problem(status, "invalid_configuration", message));
            }
        };
        let exchange = Exchange::default();
        let surroundings = Rc::clone(&self.surroundings);
        let place = Place { config, surroundings, exchange: exchange.clone(), client };
        let request = request.map(|()| Arriving(exchange.clone()));
        let route =
            Box::pin(
                async move { edge_routes::handle(&place, &place.config.routes, request).await },
            );
        self.last = self.last.wrapping_add(1);
        self.poll(self.last, Waiting { route, exchange })
    }

    /// Goes on with a request. None when no request of this number waits.
    pub fn resume(&mut self, number: u32, answers: Answers) -> Option<Step> {
        let waiting = self.waiting.remove(&number)?;
        waiting.exchange.answer(answers);
        Some(self.poll(number, waiting))
    }

    /// Gives up a request, as when its browser has gone.
    pub fn forget(&mut self, number: u32) {
        self.waiting.remove(&number);
    }

    fn poll(&mut self, number: u32, mut waiting: Waiting) -> Step {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(response) = waiting.route.as_mut().poll(&mut context) {
            return Step::Respond(response);
        }
        // A route waits for what it asked alone.
        let ask = waiting.exchange.take().unwrap_or(Ask::Objects(Vec::new()));
        self.waiting.insert(number, waiting);
        Step::Ask(number, ask)
    }
}
