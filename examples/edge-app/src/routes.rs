//! One request in, one response out.

use std::io::Read;

use http::header::HOST;
use http::{Method, Request, StatusCode};

use crate::answer::{Problem, Response, method_not_allowed};
use crate::config::{Config, ConfigError};
use crate::log::log;
use crate::platform::Platform;
use crate::{admin, batch_sync, identify, page};

/// Serves a request; without a valid configuration none is served.
pub fn handle(
    platform: &dyn Platform,
    config: &Result<Config, ConfigError>,
    request: Request<impl Read>,
) -> Response {
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            log(&error.to_string());
            let message = "this service is not configured; its log says what to correct";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return Problem::new(status, "invalid_configuration", message).into();
        }
    };
    let (parts, body) = request.into_parts();
    let (headers, method) = (&parts.headers, &parts.method);
    let path = parts.uri.path();
    let is_read = method == Method::GET || method == Method::HEAD;
    let answer = match path {
        "/_ts/api/v1/identify" if method == Method::GET => {
            identify::identify(platform, config, headers)
        }
        "/_ts/api/v1/identify" => Ok(method_not_allowed("GET")),
        "/_ts/api/v1/batch-sync" if method == Method::POST => {
            batch_sync::batch_sync(platform, headers, body)
        }
        "/_ts/api/v1/batch-sync" => Ok(method_not_allowed("POST")),
        _ => match path.strip_prefix("/_ts/admin/ec/") {
            Some(ec_id) if method == Method::GET => admin::row(platform, config, headers, ec_id),
            Some(_) => Ok(method_not_allowed("GET")),
            None if path.starts_with("/_ts/") => Err(not_found()),
            None if is_read => {
                let host = parts.uri.host().or_else(|| headers.get(HOST)?.to_str().ok());
                let host = host.and_then(|host| host.split(':').next());
                Ok(page::view(platform, config, host, &parts))
            }
            None => Ok(method_not_allowed("GET, HEAD")),
        },
    };
    answer.unwrap_or_else(Response::from)
}

fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such address under /_ts")
}
