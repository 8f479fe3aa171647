//! The configuration, which the Worker is given as JSON.

use serde::Deserialize;
use thiserror::Error;

/// How the Worker is configured. No `Debug`: it holds secrets.
pub struct Config {
    /// What the routes are configured by.
    pub(crate) routes: edge_routes::Config,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    ec: edge_routes::Config,
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
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// Where it is wrong, and what is expected there.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let File { ec } = serde_json::from_str(text)
            .map_err(|error| ConfigError::Unreadable(error.line(), error.column()))?;
        Ok(Self { routes: ec })
    }

    /// Checks the values. What stands in the repository for local use is accepted in a request to this
    /// machine, and refused elsewhere.
    pub(crate) fn check(&self, is_local: bool) -> Result<(), ConfigError> {
        self.routes.check(is_local).map_err(ConfigError::Routes)
    }
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
        ("541218ab", "01234567", "tokens_sha256 of a partner is the placeholder"),
        ("c8ef9e2d", "01234567", "tokens_sha256 of a partner is the placeholder"),
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
    fn what_is_wrong_is_told_and_not_shown() {
        let domain = "\"ids.acme.example\"";
        for (text, says) in [
            (
                with(domain, "\"sec ret\""),
                "partners, number 1: source_domain: expected 1 to 255 bytes",
            ),
            (with("541218ab", "secret"), "partners, number 1: tokens_sha256: expected"),
            (
                with(
                    "c8ef9e2d679727afa921be54485b0e496b9f0efc652e3ede47d283b30f06125e",
                    "541218ab11bd4a49a91e550bb2623d4622228816b58b388d95064562a8af02b6",
                ),
                "partners, number 2: tokens_sha256: expected",
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
