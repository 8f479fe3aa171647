//! The service on a socket.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout_at};
use tower::ServiceExt;

use crate::service::Service;

/// How long the head of a request may take to arrive on a connection; how long a request may take from
/// then on, the rest of its body included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long no connection is taken after one could not be, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is ready; then takes no more connections, answers the requests it has, and returns.
/// What has no answer after `patience` is given up, which the log says.
pub async fn serve(
    service: Service,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    patience: Duration,
) -> io::Result<()> {
    let connections = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(REQUEST_TIMEOUT);
    let router = service.router();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("a connection was not taken: {error}");
                sleep(PAUSE).await;
                continue;
            }
        };
        // Answers are small and complete, and wait for nothing.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let connection = http.serve_connection(TokioIo::new(stream), answer);
        // How a connection ends is the client's matter.
        tokio::spawn(connections.watch(connection));
    }
    drop(listener);
    let deadline = Instant::now() + patience;
    let is_closed = timeout_at(deadline, connections.shutdown()).await.is_ok();
    // Those whose clients have gone.
    let unanswered = service.finish(deadline).await;
    if unanswered > 0 {
        tracing::warn!(
            "{unanswered} requests had no answer in time and are given up; what they asked for may be stored or not"
        );
    } else if !is_closed {
        tracing::warn!(
            "connections that did not send a whole request, or take their answer, are closed"
        );
    }
    Ok(())
}
