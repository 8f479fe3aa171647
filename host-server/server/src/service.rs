//! The service over one store, as a router.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use edge_routes::Route;
use host_server_runtime::{AsyncStore, LoadError, Runtime, Settings};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use identity_graph::{Failure, Policy};
use thiserror::Error;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::TaskTracker;

use crate::body::Arriving;
use crate::config::Config;
use crate::forwarded;
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
    /// The service, over a store that is open. The compiled component is kept in the folder that the
    /// configuration names, if it does.
    pub fn new(config: Config, store: Arc<dyn AsyncStore>) -> Result<Self, StartError> {
        let metrics = Metrics::new()?;
        let settings = Settings { cache: config.cache.clone(), ..Settings::default() };
        let runtime = Runtime::new(&settings)?;
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
            .layer(from_fn_with_state(self.clone(), forwarded::refuse))
            .with_state(self.clone())
    }

    /// Waits for the requests whose clients have gone, and tells how many are not answered in the end.
    pub(crate) async fn finish(&self, deadline: Instant) -> usize {
        let Inner { requests, .. } = &*self.0;
        requests.close();
        // How many are left says it.
        let _ = timeout_at(deadline, requests.wait()).await;
        requests.len()
    }

    pub(crate) fn is_example(&self) -> bool {
        self.0.config.is_example
    }

    pub(crate) fn graph(&self) -> Counted {
        self.0.graph.clone()
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    async fn serve(
        self,
        request: Request,
        headers: Arc<HeaderMap>,
        connection: IpAddr,
    ) -> Response {
        let routes = &self.0.config.routes;
        let in_flight = self.0.metrics.request(Route::of(request.uri().path()).name());
        let place = Place { service: self.clone(), peer: connection, begun: Instant::now() };
        let request = request.map(Arriving::new);
        let body = request.body().clone();
        let answer = edge_routes::handle(&place, routes, request);
        let answer = match timeout(REQUEST_TIMEOUT, answer).await {
            Ok(answer) => answer.map(Into::into),
            Err(_) => self.gave_up(&headers, "this took too long"),
        };
        body.drain().await;
        in_flight.answered(&answer);
        answer
    }

    fn gave_up(&self, headers: &HeaderMap, why: &str) -> Response {
        let message = format!("{why}; the same request is safe to send again later");
        edge_routes::gave_up(&self.0.config.routes, None, headers, &message).map(Into::into)
    }
}

/// Answers a request on a task of its own: a withdrawal is carried out even when the browser has gone on.
async fn answer(
    State(service): State<Service>,
    ConnectInfo(connection): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let headers = Arc::new(request.headers().clone());
    let serve = service.clone().serve(request, Arc::clone(&headers), connection.ip());
    service.0.requests.spawn(serve).await.unwrap_or_else(|_| {
        tracing::error!("a request ended this program's task, which is a defect");
        service.gave_up(&headers, "this failed")
    })
}

async fn ready(State(service): State<Service>) -> Response {
    match timeout(READY_TIMEOUT, service.0.store.ready()).await {
        Ok(Ok(())) => "ready\n".into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response(),
    }
}

async fn metrics(State(service): State<Service>) -> Response {
    match service.0.metrics.text(service.0.runtime.traps()) {
        Ok(text) => ([(CONTENT_TYPE, PROMETHEUS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
