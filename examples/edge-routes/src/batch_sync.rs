//! `POST /_ts/api/v1/batch-sync`: a partner's UIDs for up to 1,000 EC IDs.

use std::fmt;

use http::{HeaderMap, StatusCode};
use identity_graph::{Failure, Mapping, UpsertOutcome};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::answer::{Problem, Refused, Response, json};
use crate::config::Config;
use crate::platform::{Body, GraphCalls, Platform};
use crate::why::Why;
use crate::{body, mapping, partner};

/// Mappings that a batch may have.
pub const MAX_MAPPINGS: usize = 1_000;
/// Bytes that its body may have, uncompressed: a mapping with the longest UID, every byte of it
/// escaped, takes 3.2 KB, so this is not the limit that is met first in practice.
pub const MAX_BODY_BYTES: u64 = 2 * 1024 * 1024;

#[derive(Deserialize)]
struct Batch {
    #[serde(deserialize_with = "at_most_1000")]
    mappings: Vec<Value>,
}

/// How the error of [`at_most_1000`] begins; none of the parser's own does.
const TOO_MANY: &str = "too many mappings";

/// Reads no further than the first mapping that is too many: a body of the allowed size has room for a
/// million that are no mappings.
fn at_most_1000<'de, D: Deserializer<'de>>(mappings: D) -> Result<Vec<Value>, D::Error> {
    struct Mappings;

    impl<'de> Visitor<'de> for Mappings {
        type Value = Vec<Value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of mappings")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Value>, A::Error> {
            let mut mappings = Vec::new();
            while let Some(mapping) = list.next_element()? {
                if mappings.len() == MAX_MAPPINGS {
                    return Err(A::Error::custom(TOO_MANY));
                }
                mappings.push(mapping);
            }
            Ok(mappings)
        }
    }

    mappings.deserialize_seq(Mappings)
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
    #[serde(flatten)]
    why: Why,
}

/// All rows are read at once and all changed ones written at once. 200 when every mapping is stored, 207
/// when some are not.
pub(crate) async fn batch_sync<P: Platform>(
    platform: &P,
    config: &Config,
    headers: &HeaderMap,
    body: impl Body,
) -> Result<Response, Problem> {
    let partner = partner::authenticate(config, headers)?;
    let batch = parse(&body::read(headers, body, MAX_BODY_BYTES).await?)?;
    let now = platform.now();
    let sent = batch.mappings.len();
    let mut errors = Vec::new();
    let mut places = Vec::new();
    let mut mappings = Vec::new();
    // One mapping that is malformed does not cost the partner the others.
    for (index, mapping) in batch.mappings.into_iter().enumerate() {
        match mapping::read(mapping, now) {
            Ok(mapping) => {
                places.push(index);
                mappings.push(mapping);
            }
            Err(why) => errors.push(Rejected { index, why }),
        }
    }
    let graph = platform.graph()?;
    let outcomes = graph.sync_partner_ids(&partner.source_domain, &mappings, now).await?;
    let rejected = places.into_iter().zip(reasons(&mappings, outcomes)?);
    errors.extend(rejected.filter_map(|(index, why)| Some(Rejected { index, why: why? })));
    errors.sort_by_key(|rejected| rejected.index);
    let rejected = errors.len();
    let status = if rejected == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    let refused = Refused(errors.iter().map(|rejected| rejected.why.reason).collect());
    let mut response = json(status, &Answer { accepted: sent - rejected, rejected, errors });
    response.extensions_mut().insert(refused);
    Ok(response)
}

/// Why each mapping is not what is stored now, when it is not.
fn reasons(
    mappings: &[Mapping],
    outcomes: Vec<Result<UpsertOutcome, Failure>>,
) -> Result<Vec<Option<Why>>, Failure> {
    if outcomes.len() != mappings.len() {
        // What became of the others is not known; sent again all are told.
        let text = "the graph did not tell the outcome of every mapping";
        return Err(Failure::Unavailable(text.to_owned()));
    }
    let why = |outcome: Result<_, Failure>| match outcome {
        Ok(outcome) => Why::of_outcome(outcome),
        Err(failure) => Some(failure.into()),
    };
    Ok(outcomes.into_iter().map(why).collect())
}

fn parse(text: &[u8]) -> Result<Batch, Problem> {
    // The parser's own words may quote the body.
    serde_json::from_slice(text).map_err(|error| {
        if error.to_string().starts_with(TOO_MANY) {
            let message = format!("send at most {MAX_MAPPINGS} mappings in one request");
            return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large", message);
        }
        let (line, column) = (error.line(), error.column());
        body::invalid(format!(
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
