//! A server with the secrets of the repository serves this machine alone.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::service::Service;

/// Refuses what a proxy has sent on, where everybody knows the secrets: it may come from anywhere.
pub(crate) async fn refuse(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    if service.is_example() && is_forwarded(request.headers()) {
        let message = "this server has the secrets of the repository, which everybody knows, and serves nobody through a proxy; put a passphrase, an operator token and partners of your own into its configuration";
        return edge_routes::problem(StatusCode::FORBIDDEN, "example_secrets", message)
            .map(Into::into);
    }
    next.run(request).await
}

/// Whether a request says that a proxy has sent it on. One that says nothing cannot be told.
fn is_forwarded(headers: &HeaderMap) -> bool {
    let mut names = headers.keys().map(http::HeaderName::as_str);
    names.any(|name| {
        matches!(name, "forwarded" | "via" | "x-real-ip") || name.starts_with("x-forwarded-")
    })
}
