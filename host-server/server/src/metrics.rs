//! What is counted, for Prometheus.

use std::sync::Arc;
use std::time::Instant;

use edge_routes::Refused;
use identity_graph::{LeftOut, Name};
use prometheus::{
    Encoder, Error, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

/// Seconds: from what a store in this process takes to what no browser waits for.
const BUCKETS: [f64; 15] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
    5.0, 30.0,
];

/// The counters of one server. Clones are handles to the same.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Counters>);

struct Counters {
    registry: Registry,
    request_seconds: HistogramVec,
    requests: IntCounterVec,
    refused: IntCounterVec,
    in_flight: IntGauge,
    call_seconds: HistogramVec,
    calls: IntCounterVec,
    uids: IntCounterVec,
    left_out: IntCounterVec,
    noted: IntCounterVec,
    store_seconds: HistogramVec,
    store_answers: IntCounterVec,
    traps: IntGauge,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, Error>(counter)
        };
        let histogram = |name: &str, help: &str, label: &str| {
            let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
            let histogram = HistogramVec::new(options, &[label])?;
            registry.register(Box::new(histogram.clone()))?;
            Ok::<_, Error>(histogram)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, Error>(gauge)
        };
        let counters = Counters {
            request_seconds: histogram(
                "ec_graph_request_seconds",
                "How long requests took, by route.",
                "route",
            )?,
            requests: counter(
                "ec_graph_requests_total",
                "Requests answered, by route and status.",
                &["route", "status"],
            )?,
            refused: counter(
                "ec_graph_refused_total",
                "Requests, and mappings of batches, that were refused, by the code of the answer.",
                &["route", "reason"],
            )?,
            in_flight: gauge("ec_graph_requests_in_flight", "Requests that are not answered yet.")?,
            call_seconds: histogram(
                "ec_graph_call_seconds",
                "How long operations of the graph took, their store included.",
                "operation",
            )?,
            calls: counter(
                "ec_graph_calls_total",
                "Operations of the graph, by what they answered.",
                &["operation", "outcome"],
            )?,
            uids: counter(
                "ec_graph_uids_total",
                "User IDs, by what became of them.",
                &["outcome"],
            )?,
            left_out: counter(
                "ec_graph_left_out_total",
                "Parts of visits that were malformed and left out.",
                &["field"],
            )?,

            noted: counter(
                "ec_graph_noted_total",
                "Consent decisions, outcomes of requests, and what was left out of them and why.",
                &["what", "why"],
            )?,
            store_seconds: histogram(
                "ec_graph_store_seconds",
                "How long calls of the store took; a batch is one.",
                "call",
            )?,
            store_answers: counter(
                "ec_graph_store_answers_total",
                "Answers of the store; a batch has one for each key.",
                &["call", "outcome"],
            )?,
            traps: gauge(
                "ec_graph_traps",
                "Calls that the component ended by a trap, which is never expected.",
            )?,
            registry,
        };
        Ok(Self(Arc::new(counters)))
    }

    /// All of it as text.
    pub(crate) fn text(&self, traps: u64) -> Result<Vec<u8>, Error> {
        self.0.traps.set(i64::try_from(traps).unwrap_or(i64::MAX));
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.0.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// Counts a request as in flight until the guard is dropped.
    pub(crate) fn request(&self, route: &'static str) -> InFlight {
        self.0.in_flight.inc();
        InFlight { metrics: self.clone(), route, begun: Instant::now() }
    }

    /// Counts an operation, with the outcome that it had.
    pub(crate) fn call(&self, operation: &'static str, outcome: &str, begun: Instant) {
        let seconds = begun.elapsed().as_secs_f64();
        self.0.call_seconds.with_label_values(&[operation]).observe(seconds);
        self.0.calls.with_label_values(&[operation, outcome]).inc();
    }

    /// Counts user IDs by what became of each.
    pub(crate) fn uids<'o, O: Name + 'o>(&self, outcomes: impl IntoIterator<Item = &'o O>) {
        for outcome in outcomes {
            self.0.uids.with_label_values(&[outcome.name()]).inc();
        }
    }

    /// Counts by the name of the field alone; those are a fixed few.
    pub(crate) fn left_out(&self, parts: &[LeftOut]) {
        for part in parts {
            self.0.left_out.with_label_values(&[part.field.as_str()]).inc();
        }
    }

    /// Counts what the routes note of a request.
    pub(crate) fn noted(&self, what: &'static str, why: &str) {
        self.0.noted.with_label_values(&[what, why]).inc();
    }

    /// Counts a call of the store with its answers.
    pub(crate) fn store<'o>(
        &self,
        call: &'static str,
        outcomes: impl IntoIterator<Item = &'o str>,
        begun: Instant,
    ) {
        self.0.store_seconds.with_label_values(&[call]).observe(begun.elapsed().as_secs_f64());
        for outcome in outcomes {
            self.0.store_answers.with_label_values(&[call, outcome]).inc();
        }
    }
}

/// A request that is not answered yet.
pub(crate) struct InFlight {
    metrics: Metrics,
    route: &'static str,
    begun: Instant,
}

impl InFlight {
    pub(crate) fn answered<B>(&self, answer: &http::Response<B>) {
        let Counters { request_seconds, requests, refused, .. } = &*self.metrics.0;
        let seconds = self.begun.elapsed().as_secs_f64();
        request_seconds.with_label_values(&[self.route]).observe(seconds);
        requests.with_label_values(&[self.route, answer.status().as_str()]).inc();
        for reason in answer.extensions().get::<Refused>().iter().flat_map(|refused| &refused.0) {
            refused.with_label_values(&[self.route, *reason]).inc();
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.0.in_flight.dec();
    }
}
