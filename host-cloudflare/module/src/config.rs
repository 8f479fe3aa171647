//! The configuration, which the Worker is given as JSON.

use edge_routes::{SHA256, is_placeholder_token, is_sha256};
use identity_graph::PartnerKey;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

/// How the Worker is configured. No `Debug`: it holds secrets.
pub struct Config {
    /// What the routes are configured by.
    pub(crate) routes: edge_routes::Config,
    /// The SHA-256 of each partner's token with its record, as the routes read it. They are few.
    partners: Vec<(String, Vec<u8>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'t> {
    ec: edge_routes::Config,
    #[serde(default, borrow)]
    partners: Vec<&'t RawValue>,
}

/// What of a partner is read here. The routes read its record, which is all of it.
#[derive(Deserialize)]
struct Partner {
    token_sha256: String,
    source_domain: String,
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
        let mut records: Vec<(String, _)> = Vec::new();
        for (place, partner) in partners.into_iter().enumerate() {
            let refused = |(what, expected)| ConfigError::Partner(place + 1, what, expected);
            let token = token(partner).map_err(refused)?;
            if records.iter().any(|(of_other, _)| *of_other == token) {
                return Err(refused(("token_sha256", "a token that no other partner has")));
            }
            records.push((token, partner.get().as_bytes().to_vec()));
        }
        Ok(Self { routes: ec, partners: records })
    }

    /// Checks the values. What stands in the repository for local use is accepted in a request to this
    /// machine, and refused elsewhere.
    pub(crate) fn check(&self, is_local: bool) -> Result<(), ConfigError> {
        self.routes.check(is_local).map_err(ConfigError::Routes)?;
        let of_repository = self.partners.iter().position(|(token, _)| is_placeholder_token(token));
        match of_repository {
            Some(place) if !is_local => {
                let expected = "the token of a partner of your own, not one of the repository";
                Err(ConfigError::Partner(place + 1, "token_sha256", expected))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn partner(&self, token_sha256: &str) -> Option<Vec<u8>> {
        let mut partners = self.partners.iter();
        partners.find(|(token, _)| token == token_sha256).map(|(_, record)| record.clone())
    }
}

/// A partner's token; or which field is wrong, and what is expected of it.
fn token(partner: &RawValue) -> Result<String, (&'static str, &'static str)> {
    let Ok(partner) = serde_json::from_str::<Partner>(partner.get()) else {
        return Err(("its record", "an object with the texts token_sha256 and source_domain"));
    };
    if !is_sha256(&partner.token_sha256) {
        return Err(("token_sha256", SHA256));
    }
    if PartnerKey::parse(partner.source_domain).is_err() {
        return Err(("source_domain", "1 to 255 bytes of a-z 0-9 . _ -"));
    }
    Ok(partner.token_sha256)
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

    /// What everybody knows of the repository's file, what might stand there instead, and how it is
    /// refused.
    const KNOWN: [(&str, &str, &str); 4] = [
        (
            "replace-this-passphrase-by-a-random-one",
            "a-passphrase-of-ones-own-and-nobodys-else",
            "passphrase is the placeholder of the repository; set one of your own and deploy again",
        ),
        ("0e0f32b32f", "0123456789", "operator_token_sha256 is the placeholder"),
        (
            "541218ab",
            "01234567",
            "partner 1: token_sha256: expected the token of a partner of your own",
        ),
        (
            "c8ef9e2d",
            "01234567",
            "partner 2: token_sha256: expected the token of a partner of your own",
        ),
    ];

    #[test]
    fn the_file_of_the_repository_serves_on_this_machine_alone() {
        assert_eq!(refused(REPOSITORY, true), "accepted");
        let own = |kept: &str| {
            let others = KNOWN.iter().filter(|(known, ..)| *known != kept);
            others.fold(REPOSITORY.to_owned(), |text, (known, own, _)| text.replace(known, own))
        };
        assert_eq!(refused(&own(""), false), "accepted");
        for (known, _, says) in KNOWN {
            let said = refused(&own(known), false);
            assert!(said.starts_with(says), "{said}");
        }
    }

    #[test]
    fn records_are_what_the_routes_read() {
        let config = Config::parse(REPOSITORY).ok().unwrap();
        let token = "541218ab11bd4a49a91e550bb2623d4622228816b58b388d95064562a8af02b6";
        let record = config.partner(token).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
        assert_eq!(
            (&record["source_domain"], &record["atype"]),
            (&"ids.acme.example".into(), &1.into())
        );
        assert_eq!(config.partner("0"), None);
    }

    #[test]
    fn what_is_wrong_is_told_and_not_shown() {
        let domain = "\"ids.acme.example\"";
        for (text, says) in [
            (with(domain, "\"sec ret\""), "partner 1: source_domain: expected 1 to 255 bytes"),
            (with(domain, "7"), "partner 1: its record: expected an object with the texts"),
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
