//! The configuration, which the Worker is given as JSON.

use std::collections::BTreeMap;

use edge_routes::{SHA256, is_placeholder_token, is_sha256};
use identity_graph::PartnerKey;
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

/// How the Worker is configured. No `Debug`: it holds secrets.
pub struct Config {
    /// What the routes are configured by.
    pub(crate) routes: edge_routes::Config,
    /// The partners' records, as the routes read them, by the SHA-256 of their tokens.
    partners: BTreeMap<String, Vec<u8>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    ec: edge_routes::Config,
    #[serde(default)]
    partners: Vec<Map<String, Value>>,
}

/// Why a configuration is refused. No text quotes it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// It is not JSON, or a field is missing, unknown or of another type.
    #[error(
        "line {0}, column {1}: this is not JSON, or what ends there has a field missing, unknown or of \
         another type; correct it and deploy again"
    )]
    Unreadable(usize, usize),
    /// A value of the routes breaks its rule.
    #[error("{0} and deploy again")]
    Routes(edge_routes::ConfigError),
    /// A value of a partner breaks its rule.
    #[error("partner {0}: {1}: expected {2}; correct it and deploy again")]
    Partner(usize, &'static str, &'static str),
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// Where it is wrong, and what is expected there.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let File { ec, partners } = serde_json::from_str(text)
            .map_err(|error| ConfigError::Unreadable(error.line(), error.column()))?;
        let mut records = BTreeMap::new();
        for (place, partner) in partners.into_iter().enumerate() {
            let refused =
                |(what, expected)| ConfigError::Partner(place + 1, what, expected);
            let (token, record) = record(partner).map_err(refused)?;
            if records.insert(token, record).is_some() {
                return Err(refused(("token_sha256", "a token that no other partner has")));
            }
        }
        Ok(Self { routes: ec, partners: records })
    }

    /// Checks the values. What stands in the repository for local use is accepted in a request to this
    /// machine, and refused elsewhere.
    pub(crate) fn check(&self, is_local: bool) -> Result<(), ConfigError> {
        self.routes.check(is_local).map_err(ConfigError::Routes)?;
        let of_repository = self.partners.keys().position(|token| is_placeholder_token(token));
        match of_repository {
            Some(place) if !is_local => {
                let expected = "the token of a partner of your own, not one of the repository";
                Err(ConfigError::Partner(place + 1, "token_sha256", expected))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn partner(&self, token_sha256: &str) -> Option<Vec<u8>> {
        self.partners.get(token_sha256).cloned()
    }
}

/// A partner's token, and the rest as its record; or which field is wrong, and what is expected of it.
fn record(
    mut partner: Map<String, Value>,
) -> Result<(String, Vec<u8>), (&'static str, &'static str)> {
    let token = match partner.remove("token_sha256") {
        Some(Value::String(token)) if is_sha256(&token) => token,
        _ => return Err(("token_sha256", SHA256)),
    };
    let domain = partner.get("source_domain").and_then(Value::as_str).unwrap_or_default();
    if PartnerKey::parse(domain.to_owned()).is_err() {
        return Err(("source_domain", "1 to 255 bytes of a-z 0-9 . _ -"));
    }
    Ok((token, Value::Object(partner).to_string().into_bytes()))
}
