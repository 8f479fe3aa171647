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
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use crate::service::Service;

/// How long a request may take, its body included, and how long a connection may wait for the next one.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long no connection is taken after one could not be, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is ready; then takes no more connections, answers the requests it has, and returns.
pub async fn serve(
    service: Service,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
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
    // A connection that never sends the rest of a request has no claim to an answer.
    let _ = timeout(REQUEST_TIMEOUT, connections.shutdown()).await;
    service.finish().await;
    Ok(())
}
