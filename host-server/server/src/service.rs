//! The service over one store, as a router.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use edge_routes::Route;
use host_server_runtime::{AsyncStore, LoadError, Runtime, Settings};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use identity_graph::{Failure, Policy};
use thiserror::Error;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::body::Arriving;
use crate::config::Config;
use crate::graph::Counted;
use crate::measured::Measured;
use crate::metrics::Metrics;
use crate::platform::Place;
use crate::serve::REQUEST_TIMEOUT;

/// How long the store has to say that it is there.
const READY_TIMEOUT: Duration = Duration::from_secs(2);
/// The content type of Prometheus' text format.
const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4");

/// Why the service could not be made.
#[derive(Debug, Error)]
pub enum StartError {
    /// The component could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The graph refused its policy.
    #[error(transparent)]
    Graph(#[from] Failure),
    /// The counters are wrong, which is a defect of this program.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
}

/// The service over one store. Clones are handles to the same.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    graph: Counted,
    store: Arc<dyn AsyncStore>,
    runtime: Runtime,
    config: Config,
    metrics: Metrics,
    /// Requests that go on whether or not their client is still there.
    requests: TaskTracker,
}

impl Service {
    /// The service, over a store that is open.
    pub fn new(config: Config, store: Arc<dyn AsyncStore>) -> Result<Self, StartError> {
        let metrics = Metrics::new()?;
        let runtime = Runtime::new(&Settings::default())?;
        let measured = Measured { store: Arc::clone(&store), metrics: metrics.clone() };
        let graph = runtime.open(Arc::new(measured), Policy::default())?;
        let graph = Counted { graph, metrics: metrics.clone() };
        let requests = TaskTracker::new();
        Ok(Self(Arc::new(Inner { graph, store, runtime, config, metrics, requests })))
    }

    /// What answers requests.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .fallback(answer)
            .with_state(self.clone())
    }

    /// Waits for the requests whose clients have gone.
    pub(crate) async fn finish(&self) {
        self.0.requests.close();
        self.0.requests.wait().await;
    }

    pub(crate) fn graph(&self) -> Counted {
        self.0.graph.clone()
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn partner_record(&self, token_sha256: &str) -> Option<Vec<u8>> {
        self.0.config.partners.get(token_sha256).cloned()
    }

    async fn serve(self, request: Request, connection: IpAddr) -> Response {
        let routes = &self.0.config.routes;
        let in_flight = self.0.metrics.request(Route::of(request.uri().path()).name());
        let place = Place { service: self.clone(), peer: connection, begun: Instant::now() };
        let request = request.map(Arriving::new);
        let body = request.body().clone();
        let answer = edge_routes::handle(&place, routes, request);
        let answer = match timeout(REQUEST_TIMEOUT, answer).await {
            Ok(answer) => answer.map(Into::into),
            Err(_) => {
                unavailable("this took too long; the same request is safe to send again later")
            }
        };
        body.drain().await;
        in_flight.answered(answer.status());
        answer
    }
}

/// Answers a request on a task of its own: a withdrawal is carried out even when the browser has gone on.
async fn answer(
    State(service): State<Service>,
    ConnectInfo(connection): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let requests = service.0.requests.clone();
    let served = requests.spawn(service.serve(request, connection.ip()));
    served.await.unwrap_or_else(|_| {
        tracing::error!("a request ended this program's task, which is a defect");
        unavailable("this failed; the same request is safe to send again later")
    })
}

fn unavailable(message: &str) -> Response {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    edge_routes::problem(status, "unavailable", message).map(Into::into)
}

async fn ready(State(service): State<Service>) -> Response {
    match timeout(READY_TIMEOUT, service.0.store.head("readyz")).await {
        Ok(Ok(_)) => "ready\n".into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response(),
    }
}

async fn metrics(State(service): State<Service>) -> Response {
    match service.0.metrics.text(service.0.runtime.traps()) {
        Ok(text) => ([(CONTENT_TYPE, PROMETHEUS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
