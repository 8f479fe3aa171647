//! `POST /_ts/api/v1/batch-sync`: a partner's UIDs for up to 1,000 EC IDs.

use std::fmt;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use identity_graph::{Failure, Mapping, UpsertOutcome};
use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::answer::{Problem, Refused, Response, code, json};
use crate::partner;
use crate::platform::{Body, BodyError, GraphCalls, Platform};

/// Mappings that a batch may have.
pub const MAX_MAPPINGS: usize = 1_000;
/// Bytes that its body may have: a mapping with the longest UID, every byte of it escaped, takes 3.2
/// KB, so this is not the limit that is met first in practice.
pub const MAX_BODY_BYTES: u64 = 2 * 1024 * 1024;
/// Seconds that a partner's clock may be ahead. The graph would take what is further ahead as asserted
/// now; but a partner that is told can mend its clock, or send seconds in place of milliseconds.
const MAX_AHEAD: u64 = 300;

#[derive(Deserialize)]
struct Batch {
    #[serde(deserialize_with = "at_most_1000")]
    mappings: Vec<Line>,
}

/// One mapping that is malformed does not cost the partner the others.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Mapping {
        ec_id: String,
        /// `null` removes the UID. A function of its own: a field that is left out is no `null`.
        #[serde(deserialize_with = "Option::deserialize")]
        partner_uid: Option<String>,
        timestamp: u64,
    },
    Malformed(IgnoredAny),
}

/// How the error of [`at_most_1000`] begins; none of the parser's own does.
const TOO_MANY: &str = "too many mappings";

/// Reads no further than the first mapping that is too many: a body of the allowed size has room for a
/// million that are no mappings.
fn at_most_1000<'de, D: Deserializer<'de>>(mappings: D) -> Result<Vec<Line>, D::Error> {
    struct Lines;

    impl<'de> Visitor<'de> for Lines {
        type Value = Vec<Line>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of mappings")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Line>, A::Error> {
            let mut lines = Vec::new();
            while let Some(line) = list.next_element()? {
                if lines.len() == MAX_MAPPINGS {
                    return Err(A::Error::custom(TOO_MANY));
                }
                lines.push(line);
            }
            Ok(lines)
        }
    }

    mappings.deserialize_seq(Lines)
}

#[derive(Serialize)]
struct Answer {
    accepted: usize,
    rejected: usize,
    errors: Vec<Rejected>,
}

#[derive(Serialize)]
struct Rejected {
    index: usize,
    reason: &'static str,
}

/// 1 read of the partner store; then all rows are read at once and all changed ones written at once.
/// 200 when every mapping is stored, 207 when some are not.
pub(crate) async fn batch_sync<P: Platform>(
    platform: &P,
    headers: &HeaderMap,
    body: impl Body,
) -> Result<Response, Problem> {
    let partner = partner::authenticate(platform, headers).await?;
    let batch = read(headers, body).await?;
    let now = platform.now();
    let mut errors = Vec::new();
    let mut places = Vec::new();
    let mut mappings = Vec::new();
    for (index, line) in batch.mappings.iter().enumerate() {
        match line {
            Line::Mapping { timestamp, .. } if *timestamp > now.saturating_add(MAX_AHEAD) => {
                errors.push(Rejected { index, reason: "timestamp_in_future" });
            }
            Line::Mapping { ec_id, partner_uid, timestamp } => {
                places.push(index);
                let removal = Mapping::removal(ec_id.as_str(), *timestamp);
                mappings.push(Mapping { uid: partner_uid.clone(), ..removal });
            }
            Line::Malformed(_) => errors.push(Rejected { index, reason: "invalid_mapping" }),
        }
    }
    let graph = platform.graph()?;
    let outcomes = graph.sync_partner_ids(&partner.source_domain, &mappings, now).await?;
    let reasons = reasons(&mappings, outcomes)?;
    let rejected = places.into_iter().zip(reasons);
    errors.extend(rejected.filter_map(|(index, reason)| Some(Rejected { index, reason: reason? })));
    errors.sort_by_key(|rejected| rejected.index);
    let rejected = errors.len();
    let accepted = batch.mappings.len() - rejected;
    let status = if rejected == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    let refused = Refused(errors.iter().map(|rejected| rejected.reason).collect());
    let mut response = json(status, &Answer { accepted, rejected, errors });
    response.extensions_mut().insert(refused);
    Ok(response)
}

/// Why each mapping is not what is stored now, when it is not.
fn reasons(
    mappings: &[Mapping],
    outcomes: Vec<Result<UpsertOutcome, Failure>>,
) -> Result<Vec<Option<&'static str>>, Failure> {
    if outcomes.len() != mappings.len() {
        // What became of the others is not known; sent again all are told.
        let text = "the graph did not tell the outcome of every mapping";
        return Err(Failure::Unavailable(text.to_owned()));
    }
    Ok(outcomes.into_iter().map(reason).collect())
}

/// Why a mapping is not what is stored now, when it is not.
fn reason(outcome: Result<UpsertOutcome, Failure>) -> Option<&'static str> {
    match outcome {
        Ok(UpsertOutcome::Written | UpsertOutcome::Unchanged) => None,
        // A UID asserted at the same time or later stands; there is nothing to send again.
        Ok(UpsertOutcome::Stale) => Some("stale"),
        Ok(UpsertOutcome::Withdrawn) => Some("withdrawn"),
        // The row may be too fresh to be seen from here: worth another try later.
        Ok(UpsertOutcome::NotFound) => Some("not_found"),
        Ok(UpsertOutcome::Invalid(_)) => Some("invalid_partner_uid"),
        Ok(UpsertOutcome::Full) => Some("full"),
        Err(Failure::InvalidArgument(_)) => Some("invalid_ec_id"),
        Err(failure) => Some(code(&failure)),
    }
}

async fn read(headers: &HeaderMap, body: impl Body) -> Result<Batch, Problem> {
    let too_large = |code, limit| {
        let message = format!("send at most {limit} in one request");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, code, message)
    };
    let body_too_large = || too_large("body_too_large", format!("{MAX_BODY_BYTES} bytes"));
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > MAX_BODY_BYTES) {
        return Err(body_too_large());
    }
    let invalid = |message| Problem::new(StatusCode::BAD_REQUEST, "invalid_body", message);
    let text = body.read(MAX_BODY_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => body_too_large(),
        BodyError::BrokenOff => invalid("the body broke off; send it again".to_owned()),
    })?;
    // The parser's own words may quote the body.
    serde_json::from_slice(&text).map_err(|error| {
        if error.to_string().starts_with(TOO_MANY) {
            return too_large("batch_too_large", format!("{MAX_MAPPINGS} mappings"));
        }
        let (line, column) = (error.line(), error.column());
        invalid(format!(
            "line {line}, column {column}: expected {{\"mappings\": [{{\"ec_id\", \"partner_uid\", \"timestamp\"}}]}}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_without_an_outcome_is_not_said_to_be_stored() {
        let mapping = Mapping::new("0".repeat(64), "u", 1);
        let refused = reasons(&[mapping.clone(), mapping], vec![Ok(UpsertOutcome::Written)]);
        let problem = refused.map_err(Problem::from).expect_err("one outcome is missing");
        assert_eq!(problem.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(problem.code, "unavailable");
    }
}
