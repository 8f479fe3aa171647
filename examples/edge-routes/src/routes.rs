//! One request in, one response out.

use http::header::HOST;
use http::{Method, Request, StatusCode};

use crate::answer::{Problem, Response, method_not_allowed};
use crate::config::Config;
use crate::platform::{Body, Noted, Platform};
use crate::watched::Watched;
use crate::{admin, arriving, batch_sync, identify, operator, origin, page};

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route<'p> {
    /// What a browser is known by.
    Identify,
    /// User IDs that a page's scripts know.
    Eids,
    /// A partner's UIDs for many EC IDs.
    BatchSync,
    /// The row of an EC ID, for the operator.
    Row(&'p str),
    /// The operator's page.
    Operator,
    /// Nothing.
    Unknown,
    /// A page of the publisher, or what belongs to one.
    Page,
}

impl<'p> Route<'p> {
    /// What this path stands for.
    #[must_use]
    pub fn of(path: &'p str) -> Self {
        match path {
            "/_ts/api/v1/identify" => Self::Identify,
            "/_ts/api/v1/eids" => Self::Eids,
            "/_ts/api/v1/batch-sync" => Self::BatchSync,
            operator::ADDRESS => Self::Operator,
            _ => match path.strip_prefix("/_ts/admin/ec/") {
                Some(ec_id) => Self::Row(ec_id),
                None if path.starts_with("/_ts/") => Self::Unknown,
                None => Self::Page,
            },
        }
    }

    /// A name to count by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identify => "identify",
            Self::Eids => "eids",
            Self::BatchSync => "batch-sync",
            Self::Row(_) => "admin",
            Self::Operator => "operator",
            Self::Unknown => "unknown",
            Self::Page => "page",
        }
    }
}

/// Serves a request, and tells the platform of it in one line.
pub async fn handle<P: Platform>(
    platform: &P,
    config: &Config,
    request: Request<impl Body>,
) -> Response {
    let route = Route::of(request.uri().path()).name();
    let platform = Watched::new(platform);
    let answer = serve(&platform, config, request).await;
    let response = answer.unwrap_or_else(|problem| {
        platform.count(Noted::Outcome, problem.code);
        problem.into()
    });
    platform.tell(route, response.status());
    response
}

async fn serve<P: Platform>(
    platform: &P,
    config: &Config,
    request: Request<impl Body>,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (headers, method) = (&parts.headers, &parts.method);
    let host = parts.uri.host().or_else(|| headers.get(HOST)?.to_str().ok());
    let host = host.and_then(|host| host.split(':').next());
    match Route::of(parts.uri.path()) {
        Route::Identify if method == Method::GET => {
            Ok(identify::identify(platform, config, &parts).await)
        }
        Route::Identify if method == Method::OPTIONS => origin::preflight(config, &parts),
        Route::Identify => Ok(method_not_allowed("GET, OPTIONS")),
        Route::Eids if method == Method::POST => {
            arriving::arrive(platform, config, host, &parts, body).await
        }
        Route::BatchSync if method == Method::POST => {
            batch_sync::batch_sync(platform, config, headers, body).await
        }
        Route::BatchSync | Route::Eids => Ok(method_not_allowed("POST")),
        Route::Operator if method == Method::GET => Ok(operator::form(platform, config, headers)),
        Route::Operator if method == Method::POST => {
            operator::act(platform, config, &parts, body).await
        }
        Route::Operator => Ok(method_not_allowed("GET, POST")),
        Route::Row(ec_id) if method == Method::GET && operator::wants_page(headers) => {
            Ok(operator::row(platform, config, headers, ec_id).await)
        }
        Route::Row(ec_id) if method == Method::GET => {
            admin::row(platform, config, headers, ec_id).await
        }
        Route::Row(_) => Ok(method_not_allowed("GET")),
        Route::Unknown => Err(not_found()),
        Route::Page if method == Method::GET || method == Method::HEAD => {
            Ok(page::view(platform, config, host, &parts).await)
        }
        Route::Page => Ok(method_not_allowed("GET, HEAD")),
    }
}

fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such address under /_ts")
}
