//! What goes back: JSON, and problems with a stable code.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use identity_graph::{Failure, Geo};
use serde::Serialize;

use crate::config::Config;
use crate::withdrawal;

/// A response that is complete in memory.
pub type Response = http::Response<Vec<u8>>;

/// Nothing that this service says may be kept by a cache: it is about one browser.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// A response with a body.
pub(crate) fn response(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, PRIVATE);
    response
}

/// A response that has nothing to say.
pub(crate) fn no_content() -> Response {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(CACHE_CONTROL, PRIVATE);
    response
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => response(status, "application/json", body),
        Err(_) => response(StatusCode::INTERNAL_SERVER_ERROR, "application/json", Vec::new()),
    }
}

/// What an answer refuses, by the stable codes that it gives: a whole request, or mappings of a batch.
/// It is among the extensions of such an answer, for those who count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub Vec<&'static str>);

/// Why a request is not served. The code is stable, the message is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let Problem { status, code, message } = problem;
        let body = serde_json::json!({ "error": code, "message": message });
        let mut response = json(status, &body);
        response.extensions_mut().insert(Refused(vec![code]));
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The stable name of a failure in answers and log lines. Its text is not shown.
pub(crate) fn code(failure: &Failure) -> &'static str {
    match failure {
        Failure::InvalidArgument(_) => "invalid_argument",
        Failure::NoSuchStore => "no_such_store",
        Failure::AlreadyExists => "already_exists",
        Failure::Corrupt(_) => "corrupt",
        Failure::TooLarge => "too_large",
        Failure::Conflict => "conflict",
        Failure::Throttled => "throttled",
        Failure::Unavailable(_) => "unavailable",
    }
}

/// For routes that cannot go on without the store.
impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let (status, message) = match failure {
            Failure::InvalidArgument(_) => (StatusCode::BAD_REQUEST, "an argument breaks a rule"),
            Failure::NoSuchStore => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "a KV store is missing; create it and link it to the service",
            ),
            Failure::AlreadyExists => (StatusCode::CONFLICT, "the row exists"),
            Failure::Corrupt(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the stored row cannot be read; an operator can look at it",
            ),
            Failure::TooLarge => (StatusCode::CONFLICT, "the row would outgrow its limit"),
            Failure::Conflict | Failure::Throttled | Failure::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store is busy or failing; the same request is safe to send again later",
            ),
        };
        Self::new(status, code(&failure), message)
    }
}

/// A problem that is not of the routes, in the form in which they tell theirs.
#[must_use]
pub fn problem(status: StatusCode, code: &'static str, message: &str) -> Response {
    Problem::new(status, code, message).into()
}

/// The answer to a request that is given up half-way, such as after too long a time: 503. Where it asks
/// for a withdrawal, the browser is told that this is still to be done; `place` is where it is.
#[must_use]
pub fn gave_up(
    config: &Config,
    place: Option<&Geo>,
    headers: &HeaderMap,
    message: &str,
) -> Response {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
    withdrawal::keep(config, place, headers, &mut response);
    response
}

pub(crate) fn method_not_allowed(allowed: &'static str) -> Response {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("this address answers to {allowed}"),
    );
    let mut response = Response::from(problem);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}
