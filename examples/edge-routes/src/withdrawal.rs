//! The end of consent: a tombstone in the graph, and no cookie in the browser. [`crate::consent`] says when.

use http::HeaderMap;
use identity_graph::{EcId, Failure};

use crate::answer::{Response, code};
use crate::config::Config;
use crate::cookies::{self, OWN, PENDING};
use crate::minted::is_minted;
use crate::platform::{GraphCalls, Noted, Platform};

/// Whether it was asked for before, and the store has not confirmed it yet.
pub(crate) fn is_pending(headers: &HeaderMap) -> bool {
    cookies::find(headers, PENDING).is_some()
}

/// Writes a tombstone for each EC ID of the request: 1 write each, no read; 1 read before it of an ID that
/// nobody knows to be minted here, and no write when it has no row. The cookies go only once
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
        let is_minted = is_minted(config, headers, &id);
        if let Err(failure) = end(platform, &id, is_minted).await {
            platform.log(&format!("withdrawal of {id} is not stored yet: {}", code(&failure)));
            is_stored = false;
        }
    }
    if !is_stored {
        platform.count(Noted::Outcome, "withdrawal-pending");
        cookies::set(response, config, PENDING, "1".to_owned());
        return;
    }
    platform.count(Noted::Outcome, "withdrawn");
    for name in OWN {
        if cookies::find(headers, name).is_some() {
            cookies::expire(response, config, name);
        }
    }
}

async fn end<P: Platform>(platform: &P, id: &EcId, is_minted: bool) -> Result<(), Failure> {
    let (graph, now) = (platform.graph()?, platform.now());
    // A fresh row may not show yet, but its ID came with a tag. Whoever invents IDs stores nothing.
    if !is_minted && matches!(graph.get(id.as_str(), now).await, Ok(None)) {
        return Ok(());
    }
    graph.write_withdrawal_tombstone(id.as_str(), now).await
}
