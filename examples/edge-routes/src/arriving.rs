//! `POST /_ts/api/v1/eids`: the user IDs that the scripts of a page know, whenever they know them.

use edge_consent::Consent;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use identity_graph::UpsertOutcome;
use serde::Serialize;

use crate::answer::{Problem, Response, json};
use crate::asking::{self, is_no_visit};
use crate::config::Config;
use crate::consent::{Sent, log_unreadable};
use crate::eids::{self, Arrived, LeftOut, MAX_EIDS};
use crate::page::Visit;
use crate::platform::{Body, Noted, Platform};
use crate::why::Why;
use crate::{body, origin, withdrawal};

/// Bytes that a body may have, uncompressed.
const MAX_BODY_BYTES: u64 = 64 * 1024;

#[derive(Serialize)]
struct Answer {
    /// The sources whose UIDs are stored now.
    stored: Vec<String>,
    /// Those whose UIDs were stored before.
    unchanged: Vec<String>,
    left_out: Vec<LeftOut>,
}

/// A visit with what the page brings: as a page view it mints an ID where there is none, reads nothing
/// without news, and else costs 1 read and at most 1 write.
pub(crate) async fn arrive<P: Platform>(
    platform: &P,
    config: &Config,
    host: Option<&str>,
    request: &Parts,
    body: impl Body,
) -> Result<Response, Problem> {
    let headers = &request.headers;
    if !origin::is_own(request) {
        return Err(origin::refused("send EIDs from a page of the same origin"));
    }
    if !is_json(headers) {
        let message = "send a JSON list of EIDs as Content-Type: application/json";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "unsupported_media_type", message));
    }
    let sent = Sent::of(config, headers);
    let client = asking::client(platform, config, headers);
    let decision = config.consent.decide(&sent.signals(client.geo.as_ref()));
    platform.count(Noted::Consent, decision.consent().as_str());
    if withdrawal::is_pending(headers) || decision.consent() == Consent::Denied {
        return Ok(withdrawal::denied_now(platform, config, headers).await);
    }
    if decision.consent() == Consent::Unknown {
        log_unreadable(platform, "a list of EIDs", decision.why());
        let message = "nothing is stored before the visitor consents; send the EIDs again then";
        return Err(Problem::new(StatusCode::FORBIDDEN, "consent_unknown", message));
    }
    if let Some(why) = is_no_visit(headers) {
        platform.count(Noted::LeftOut, why);
        let message =
            "nothing is stored for crawlers, previews and browsers whose cookies were dropped";
        return Err(Problem::new(StatusCode::FORBIDDEN, "no_visit", message));
    }
    let eids = parse(&body::read(headers, body, MAX_BODY_BYTES).await?)?;
    let now = platform.now();
    let Arrived { ids, mut left_out } = eids::take(eids, &config.partners, now);
    for left_out in &left_out {
        platform.count(Noted::LeftOut, left_out.why.reason);
    }
    if ids.is_empty() {
        let answer = Answer { stored: Vec::new(), unchanged: Vec::new(), left_out };
        return Ok(json(StatusCode::OK, &answer));
    }
    let mut unchanged: Vec<_> = ids.iter().map(|id| id.partner.clone()).collect();
    let visit = Visit { platform, config, host, headers, sent: &sent, client, now, eids: ids };
    let visited = visit.store().await;
    let mut response = match &visited.ids {
        Ok(outcomes) => {
            let mut stored = Vec::new();
            for (source, outcome) in outcomes.clone() {
                let is_unchanged = outcome == UpsertOutcome::Unchanged;
                unchanged.retain(|other| is_unchanged || *other != source);
                match Why::of_outcome(outcome) {
                    Some(why) => left_out.push(LeftOut { index: None, source: Some(source), why }),
                    None if !is_unchanged => stored.push(source),
                    None => {}
                }
            }
            json(StatusCode::OK, &Answer { stored, unchanged, left_out })
        }
        Err(failure) => Problem::from(failure.clone()).into(),
    };
    visited.leave(&mut response, config);
    Ok(response)
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn parse(text: &[u8]) -> Result<Vec<serde_json::Value>, Problem> {
    // The parser's own words may quote the body.
    let eids: Vec<_> = serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        body::invalid(format!(
            "line {line}, column {column}: expected [{{\"source\", \"uids\": [{{\"id\"}}]}}]"
        ))
    })?;
    if eids.len() > MAX_EIDS {
        let message = format!("send at most {MAX_EIDS} EIDs in one request");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_eids", message));
    }
    Ok(eids)
}
