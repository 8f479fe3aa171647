//! The end of consent: a tombstone in the graph, and no cookie in the browser. [`crate::consent`] says when.

use http::{HeaderMap, StatusCode};

use crate::answer::{Problem, Response, code};
use crate::config::Config;
use crate::cookies::{self, EC, PENDING, SEEN};
use crate::platform::{GraphCalls, Platform};

/// Whether it was asked for before, and the store has not confirmed it yet.
pub(crate) fn is_pending(headers: &HeaderMap) -> bool {
    cookies::find(headers, PENDING).is_some()
}

/// What a refusal is answered with, where nothing else is left to say.
pub(crate) fn denied() -> Problem {
    let message = "this browser has withdrawn its consent; do not ask again with this ID";
    Problem::new(StatusCode::FORBIDDEN, "consent_denied", message)
}

/// Withdraws, and says so.
pub(crate) async fn denied_now<P: Platform>(
    platform: &P,
    config: &Config,
    headers: &HeaderMap,
) -> Response {
    let mut response = Response::from(denied());
    withdraw(platform, config, headers, &mut response).await;
    response
}

/// Writes a tombstone for each EC ID of the request: 1 write each, no read. The cookies go only once
/// the store has confirmed them all; until then the browser keeps its IDs and a mark, and every request
/// of it tries again, whether or not it carries the signal.
pub(crate) async fn withdraw<P: Platform>(
    platform: &P,
    config: &Config,
    headers: &HeaderMap,
    response: &mut Response,
) {
    let mut is_stored = true;
    for id in cookies::ec_ids(headers) {
        let tombstone = match platform.graph() {
            Ok(graph) => graph.write_withdrawal_tombstone(id.as_str(), platform.now()).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = tombstone {
            platform.log(&format!("withdrawal of {id} is not stored yet: {}", code(&failure)));
            is_stored = false;
        }
    }
    if !is_stored {
        cookies::set(response, config, PENDING, "1".to_owned());
        return;
    }
    for name in [EC, SEEN, PENDING] {
        if cookies::find(headers, name).is_some() {
            cookies::expire(response, config, name);
        }
    }
}
