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
            let refused = |(what, expected)| ConfigError::Partner(place + 1, what, expected);
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

#[cfg(test)]
mod tests {
    use super::*;

    const REPOSITORY: &str = include_str!("../../ec-graph.json");

    fn refused(text: &str, is_local: bool) -> String {
        match Config::parse(text).and_then(|config| config.check(is_local)) {
            Ok(()) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    fn with(text: &str, other: &str) -> String {
        assert!(REPOSITORY.contains(text), "{text}");
        REPOSITORY.replacen(text, other, 1)
    }

    /// The configuration with secrets and partners of one's own.
    fn own() -> String {
        REPOSITORY
            .replace("replace-this-passphrase-by-a-random-one", &"p".repeat(32))
            .replace("0e0f32b32f", "0000000000")
            .replace("541218ab", "00000000")
            .replace("c8ef9e2d", "00000000")
    }

    #[test]
    fn the_file_of_the_repository_serves_on_this_machine_alone() {
        assert_eq!(refused(REPOSITORY, true), "accepted");
        let expected =
            "passphrase is the placeholder of the repository; set one of your own and deploy again";
        assert_eq!(refused(REPOSITORY, false), expected);
        assert_eq!(refused(&own(), false), "accepted");
        // Each secret of the repository by itself.
        for secret in ["0e0f32b32f", "541218ab", "c8ef9e2d"] {
            let zeros = "0".repeat(secret.len());
            let mixed = own().replacen(&zeros, secret, if secret.len() == 8 { 3 } else { 1 });
            assert!(refused(&mixed, false) != "accepted", "{secret}");
        }
    }

    #[test]
    fn records_are_what_the_routes_read() {
        let config = Config::parse(REPOSITORY).ok().unwrap();
        let token = "541218ab11bd4a49a91e550bb2623d4622228816b58b388d95064562a8af02b6";
        let record = config.partner(token).unwrap();
        let record: Value = serde_json::from_slice(&record).unwrap();
        assert_eq!(record, serde_json::json!({ "source_domain": "ids.acme.example", "atype": 1 }));
        assert_eq!(config.partner("0"), None);
    }

    #[test]
    fn what_is_wrong_is_told_and_not_shown() {
        let domain = "\"ids.acme.example\"";
        for (text, says) in [
            (with(domain, "\"sec ret\""), "partner 1: source_domain: expected 1 to 255 bytes"),
            (with(domain, "7"), "partner 1: source_domain: expected 1 to 255 bytes"),
            (with("541218ab", "secret"), "partner 1: token_sha256: expected a SHA-256"),
            (
                with(
                    "c8ef9e2d679727afa921be54485b0e496b9f0efc652e3ede47d283b30f06125e",
                    "541218ab11bd4a49a91e550bb2623d4622228816b58b388d95064562a8af02b6",
                ),
                "partner 2: token_sha256: expected a token that no other partner has",
            ),
            (
                with("replace-this-passphrase-by-a-random-one", "secret"),
                "passphrase: expected at least 32",
            ),
            (
                with("\"passphrase\"", "\"pass_phrase\": \"secret\", \"passphrase\""),
                "line 3, column",
            ),
            (with("\"passphrase\":", "\"passphrase\": 7, \"x\":"), "line 3, column"),
            ("secret".to_owned(), "line 1, column 1"),
            (String::new(), "line 1, column 0"),
        ] {
            let said = refused(&text, true);
            assert!(said.starts_with(says), "{said}");
            assert!(!said.contains("secret") && said.ends_with("deploy again"), "{said}");
        }
    }
}
