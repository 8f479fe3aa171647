//! Bearer tokens: who may call, and for which partner.

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use identity_graph::PartnerKey;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::answer::Problem;
use crate::config::Config;
use crate::platform::Platform;

/// The record of a partner: what is stored as JSON under the hex SHA-256 of its token.
#[derive(Deserialize)]
pub(crate) struct Partner {
    /// The key that its UIDs have in the graph.
    pub(crate) source_domain: String,
    /// `OpenRTB` agent type of its UIDs; 3, an ID of a person, when left out.
    #[serde(default = "person")]
    pub(crate) atype: u32,
    /// Its ID on the Global Vendor List of TCF, which consent is given to.
    pub(crate) tcf_vendor_id: Option<u16>,
}

fn person() -> u32 {
    3
}

/// The partner whose token the request carries: 1 read of the partner store. The token itself is
/// nowhere stored.
pub(crate) async fn authenticate<P: Platform>(
    platform: &P,
    headers: &HeaderMap,
) -> Result<Partner, Problem> {
    let token = bearer(headers).ok_or_else(unauthorized)?;
    let record = platform.partner_record(&sha256(token)).await?.ok_or_else(unauthorized)?;
    let partner: Partner = serde_json::from_slice(&record).map_err(|_| bad_record())?;
    let key = PartnerKey::parse(partner.source_domain).map_err(|_| bad_record())?;
    Ok(Partner { source_domain: key.as_str().to_owned(), ..partner })
}

/// Whether the request carries the operator's token.
pub(crate) fn authenticate_operator(config: &Config, headers: &HeaderMap) -> Result<(), Problem> {
    // Comparing hashes tells an attacker by its duration nothing that helps to find the token.
    match bearer(headers) {
        Some(token) if sha256(token) == config.operator_token_sha256 => Ok(()),
        _ => Err(unauthorized()),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    // A variable that was empty when a record was made does not open the service to everybody.
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// In hex, as tokens are stored and looked up.
pub(crate) fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

fn unauthorized() -> Problem {
    let message = "send a token that this service knows as \"Authorization: Bearer TOKEN\"";
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", message)
}

fn bad_record() -> Problem {
    let message = "the partner's record needs a JSON object with a valid source_domain";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "invalid_partner_record", message)
}
