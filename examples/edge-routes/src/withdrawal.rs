//! The end of consent: a tombstone in the graph, and no cookie in the browser. [`crate::consent`] says when.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use edge_consent::Consent;
use http::{HeaderMap, StatusCode};
use identity_graph::{EcId, Failure, Geo};
use sha2::{Digest, Sha256};

use crate::answer::{Problem, Response, code};
use crate::config::Config;
use crate::consent::Sent;
use crate::cookies::{self, OWN, PENDING};
use crate::minted::is_minted;
use crate::platform::{GraphCalls, Noted, Platform};

/// EC IDs that one request withdraws at most: a browser has two when the cookie has been set both for a
/// host and for its domain, and a forged request is to cost no more than a few writes.
const MAX_EC_IDS: usize = 4;

/// How the mark of a pending withdrawal begins. Digests of the IDs that are done follow.
const BEGUN: &str = "1";
/// Characters that tell the IDs of one browser apart.
const DIGEST: usize = 8;

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

/// Writes a tombstone for each EC ID of the request: 1 write each, no read; of an ID that nobody knows to
/// be minted here 1 read before it, and no write when it has no row. At most 4 IDs in one request.
/// The cookies go only once the store has confirmed them all; until then the browser keeps its IDs and
/// a mark, and every request of it goes on, whether or not it carries the signal.
pub(crate) async fn withdraw<P: Platform>(
    platform: &P,
    config: &Config,
    headers: &HeaderMap,
    response: &mut Response,
) {
    let mut done = done(headers);
    let ids = cookies::ec_ids(headers);
    let left = |done: &BTreeSet<String>| -> Vec<EcId> {
        ids.iter().filter(|id| !done.contains(&digest(id))).cloned().collect()
    };
    for id in left(&done).into_iter().take(MAX_EC_IDS) {
        match end(platform, &id, is_minted(config, headers, &id)).await {
            Ok(()) => {
                done.insert(digest(&id));
            }
            Err(failure) => {
                let code = code(&failure);
                platform.log(&format!("withdrawal of {id} is not stored yet: {code}"));
            }
        }
    }
    if !left(&done).is_empty() {
        let mut mark = vec![BEGUN.to_owned()];
        mark.extend(done);
        platform.count(Noted::Outcome, "withdrawal-pending");
        cookies::set(response, config, PENDING, &mark.join("."));
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

/// Marks a withdrawal as pending where a request that asks for one gets another answer than
/// [`withdraw`]'s. A mark that the browser has stays.
pub(crate) fn keep(
    config: &Config,
    place: Option<&Geo>,
    headers: &HeaderMap,
    response: &mut Response,
) {
    if is_pending(headers) || cookies::ec_id(headers).is_none() {
        return;
    }
    let sent = Sent::of(config, headers);
    if config.consent.decide(&sent.signals(place)).consent() == Consent::Denied {
        cookies::set(response, config, PENDING, BEGUN);
    }
}

/// The IDs that earlier requests have withdrawn, by their digests. A browser that forges them keeps rows
/// of its own.
fn done(headers: &HeaderMap) -> BTreeSet<String> {
    let mark = cookies::find(headers, PENDING).unwrap_or_default();
    let is_char = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let digests = mark.split('.').skip(1);
    digests
        .filter(|text| text.len() == DIGEST && text.bytes().all(is_char))
        .map(Into::into)
        .collect()
}

fn digest(id: &EcId) -> String {
    let mut digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(id.as_str()));
    digest.truncate(DIGEST);
    digest
}
