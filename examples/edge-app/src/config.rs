//! The `[ec]` section of the configuration file.

use identity_graph::{Entry, NewEntry};
use serde::Deserialize;
use thiserror::Error;

/// The secrets of the configuration that is in the repository, which everybody knows.
const PLACEHOLDER_PASSPHRASE: &str = "replace-this-passphrase-by-a-random-one";
const PLACEHOLDER_OPERATOR: &str =
    "0e0f32b32f222d209c23da5994f02cd3caf03a883ad8c0f491339d3f058bf34a";
const MIN_PASSPHRASE_BYTES: usize = 32;

/// How the service is configured. No `Debug`: it holds secrets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// KV store of the identity graph.
    pub identity_store: String,
    /// KV store of the partners' records.
    pub partner_store: String,
    /// Keys the hash of EC IDs.
    pub passphrase: String,
    /// Hex SHA-256 of the token that opens the admin route.
    pub operator_token_sha256: String,
    /// The domain whose subdomains share the cookie; without it the visited host alone.
    pub cookie_domain: Option<String>,
}

#[derive(Deserialize)]
struct File {
    ec: Config,
}

/// Why the service refuses its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// The file is not TOML, or a field is missing, unknown or of another type, in this line, or in the
    /// section that begins there.
    #[error(
        "the configuration cannot be read: line {0}, or the section that begins there, is not TOML or has \
         a field missing, unknown or of another type; correct it and build again"
    )]
    Unreadable(usize),
    /// A secret that stands in the repository is in use outside of a local server.
    #[error("{0} is the placeholder of the repository; set one of your own and build again")]
    Placeholder(&'static str),
    /// A value breaks its rule.
    #[error("{0}: expected {1}; correct it and build again")]
    Invalid(&'static str, &'static str),
}

impl Config {
    /// Reads and checks a configuration file. The placeholders of the repository are accepted where
    /// the service runs locally, and refused elsewhere.
    pub fn parse(text: &str, is_local: bool) -> Result<Self, ConfigError> {
        // The line alone: the parser's words may quote a secret.
        let file: File = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            ConfigError::Unreadable(before.matches('\n').count() + 1)
        })?;
        let config = file.ec;
        let is_sha256 = |text: &str| {
            text.len() == 64
                && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        if config.passphrase.len() < MIN_PASSPHRASE_BYTES {
            return Err(ConfigError::Invalid("passphrase", "at least 32 bytes"));
        }
        if !is_sha256(&config.operator_token_sha256) {
            let expected = "a SHA-256 as 64 lower-case hex digits";
            return Err(ConfigError::Invalid("operator_token_sha256", expected));
        }
        if config.cookie_domain.as_deref().is_some_and(|domain| !is_domain(domain)) {
            return Err(ConfigError::Invalid("cookie_domain", "a lower-case hostname"));
        }
        for (name, value, placeholder) in [
            ("passphrase", &config.passphrase, PLACEHOLDER_PASSPHRASE),
            ("operator_token_sha256", &config.operator_token_sha256, PLACEHOLDER_OPERATOR),
        ] {
            if value == placeholder && !is_local {
                return Err(ConfigError::Placeholder(name));
            }
        }
        Ok(config)
    }
}

/// Whether the graph would take this as a domain, as it stands.
fn is_domain(text: &str) -> bool {
    let entry = Entry::new(NewEntry { domain: Some(text.to_owned()), ..NewEntry::at(0) });
    let properties = entry.ok().and_then(|entry| entry.pub_properties);
    properties.is_some_and(|properties| properties.origin_domain == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPOSITORY: &str = include_str!("../edge-app.toml");

    fn with(line: &str, other: &str) -> String {
        assert!(REPOSITORY.contains(line), "{line}");
        REPOSITORY.replace(line, other)
    }

    fn own_secrets() -> String {
        with(PLACEHOLDER_PASSPHRASE, &"p".repeat(32)).replace(PLACEHOLDER_OPERATOR, &"0".repeat(64))
    }

    #[test]
    fn the_file_of_the_repository_serves_locally_only() {
        let config = Config::parse(REPOSITORY, true).ok().unwrap();
        assert_eq!(config.identity_store, "ec_identity_store");
        assert_eq!(config.partner_store, "ec_partner_store");
        let refused = Config::parse(REPOSITORY, false).err();
        assert_eq!(refused, Some(ConfigError::Placeholder("passphrase")));
    }

    #[test]
    fn each_placeholder_is_refused_by_name() {
        let text = with(PLACEHOLDER_PASSPHRASE, &"p".repeat(32));
        let refused = Config::parse(&text, false).err();
        assert_eq!(refused, Some(ConfigError::Placeholder("operator_token_sha256")));
        assert!(Config::parse(&own_secrets(), false).is_ok());
    }

    #[test]
    fn bad_values_are_named_without_being_shown() {
        let error = |text: &str| Config::parse(text, true).err().unwrap().to_string();
        assert!(error(&with(PLACEHOLDER_PASSPHRASE, "short")).starts_with("passphrase: expected"));
        assert!(error(&with(PLACEHOLDER_OPERATOR, "ABC")).starts_with("operator_token_sha256:"));
        let domain = format!("{}\ncookie_domain = \"https://x\"", own_secrets());
        assert!(error(&domain).starts_with("cookie_domain:"));
        let line = own_secrets().lines().count() + 1;
        for last in ["pass_phrase = \"secret\"", "cookie_domain = [\"secret\"]", "secret"] {
            let error = Config::parse(&format!("{}{last}", own_secrets()), true).err();
            assert_eq!(error, Some(ConfigError::Unreadable(line)), "{last}");
        }
        let incomplete = Config::parse("\n[ec]\npassphrase = \"secret\"", true).err();
        assert_eq!(incomplete, Some(ConfigError::Unreadable(2)));
    }
}
