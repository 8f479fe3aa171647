//! What the routes are configured by.

use edge_consent::{Policy, PolicyError};
use http::HeaderName;
use identity_graph::{Entry, NewEntry};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::origin::is_origin;
use crate::partner::Partners;

/// The secrets of the configurations that are in the repository, which everybody knows.
const PLACEHOLDER_PASSPHRASE: &str = "replace-this-passphrase-by-a-random-one";
const PLACEHOLDER_OPERATOR: &str =
    "0e0f32b32f222d209c23da5994f02cd3caf03a883ad8c0f491339d3f058bf34a";
const MIN_PASSPHRASE_BYTES: usize = 32;

/// How the routes are configured. No `Debug`: it holds secrets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Keys the hash of EC IDs.
    pub passphrase: String,
    /// Hex SHA-256 of the token that opens the admin route.
    pub operator_token_sha256: String,
    /// The domain whose subdomains share the cookie; without it the visited host alone.
    pub cookie_domain: Option<String>,
    /// Other origins whose pages may ask `identify`, as in `https://www.publisher.example`.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// Whose UIDs are stored, and who may ask for them.
    #[serde(default)]
    pub partners: Partners,
    /// What stands between browsers and the service and tells their addresses; without it the address of
    /// the connection counts.
    pub proxy: Option<Proxy>,
    /// What a visitor's consent is judged by.
    #[serde(default)]
    pub consent: Policy,
    /// Where that consent is found.
    #[serde(default)]
    pub consent_cookies: ConsentCookies,
}

/// A CDN or a load balancer in front. What it says counts only with its secret, which browsers do not know.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// The header in which it tells the address of the browser; of a list the last.
    pub address_header: String,
    /// The header in which it sends its secret.
    pub secret_header: String,
    /// Hex SHA-256 of that secret.
    pub secret_sha256: String,
}

/// The cookies in which consent managers leave their strings. Of several names the first counts that the
/// request has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsentCookies {
    /// TC string.
    pub tcf: Vec<String>,
    /// GPP string.
    pub gpp: Vec<String>,
    /// The sections of the GPP string that apply.
    pub gpp_sid: Vec<String>,
    /// U.S. Privacy String.
    pub us_privacy: Vec<String>,
}

impl Default for ConsentCookies {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            tcf: names(&["euconsent-v2"]),
            gpp: names(&["__gpp"]),
            gpp_sid: names(&["__gpp_sid"]),
            us_privacy: names(&["us_privacy", "usprivacy"]),
        }
    }
}

/// Why a configuration is refused. No text quotes it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// The file is not TOML, or a field is missing, unknown or of another type, in this line, or in the
    /// section that begins there.
    #[error(
        "the configuration cannot be read: line {0}, or the section that begins there, is not TOML or has \
         a field missing, unknown or of another type; correct it"
    )]
    Unreadable(usize),
    /// A secret that stands in the repository is in use where others can reach the service.
    #[error("{0} is the placeholder of the repository; set one of your own")]
    Placeholder(&'static str),
    /// A value breaks its rule.
    #[error("{0}: expected {1}; correct it")]
    Invalid(&'static str, &'static str),
    /// A partner's record breaks a rule: its place in the list from 1 on, the field, and what is expected.
    #[error("partners, number {0}: {1}: expected {2}; correct it")]
    Partner(usize, &'static str, &'static str),
    /// A value of the consent policy breaks its rule.
    #[error("consent.{0}; correct it")]
    Consent(#[from] PolicyError),
}

/// Reads a configuration file.
pub fn read<File: DeserializeOwned>(text: &str) -> Result<File, ConfigError> {
    // The line alone: the parser's words may quote a secret.
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        ConfigError::Unreadable(before.matches('\n').count() + 1)
    })
}

impl Config {
    /// Checks the values. The placeholders of the repository are accepted where the service answers
    /// locally alone, and refused elsewhere.
    pub fn check(&self, is_local: bool) -> Result<(), ConfigError> {
        if self.passphrase.len() < MIN_PASSPHRASE_BYTES {
            return Err(ConfigError::Invalid("passphrase", "at least 32 bytes"));
        }
        if !is_sha256(&self.operator_token_sha256) {
            return Err(ConfigError::Invalid("operator_token_sha256", SHA256));
        }
        if self.cookie_domain.as_deref().is_some_and(|domain| !is_domain(domain)) {
            return Err(ConfigError::Invalid("cookie_domain", "a lower-case hostname"));
        }
        if !self.allowed_origins.iter().all(|origin| is_origin(origin)) {
            let expected = "origins as browsers send them, as in \"https://www.publisher.example\"";
            return Err(ConfigError::Invalid("allowed_origins", expected));
        }
        if let Some(proxy) = &self.proxy {
            for (name, value) in
                [("address_header", &proxy.address_header), ("secret_header", &proxy.secret_header)]
            {
                if HeaderName::from_bytes(value.as_bytes()).is_err() {
                    return Err(ConfigError::Invalid(name, "the name of a header"));
                }
            }
            if !is_sha256(&proxy.secret_sha256) {
                return Err(ConfigError::Invalid("secret_sha256", SHA256));
            }
        }
        self.consent.check()?;
        for (name, value, placeholder) in [
            ("passphrase", &self.passphrase, PLACEHOLDER_PASSPHRASE),
            ("operator_token_sha256", &self.operator_token_sha256, PLACEHOLDER_OPERATOR),
        ] {
            if value == placeholder && !is_local {
                return Err(ConfigError::Placeholder(name));
            }
        }
        self.partners.check(is_local)
    }
}

/// What is expected of the hash of a token.
pub(crate) const SHA256: &str = "a SHA-256 as 64 lower-case hex digits";

/// Whether this is the hash of a token, in the form in which it is looked up.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
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

    fn own_secrets() -> Config {
        Config {
            passphrase: "p".repeat(32),
            operator_token_sha256: "0".repeat(64),
            cookie_domain: None,
            allowed_origins: Vec::new(),
            partners: Partners::default(),
            proxy: None,
            consent: Policy::default(),
            consent_cookies: ConsentCookies::default(),
        }
    }

    #[test]
    fn each_placeholder_is_refused_by_name() {
        let config = Config { passphrase: PLACEHOLDER_PASSPHRASE.to_owned(), ..own_secrets() };
        assert_eq!(config.check(false), Err(ConfigError::Placeholder("passphrase")));
        assert_eq!(config.check(true), Ok(()));
        let operator_token_sha256 = PLACEHOLDER_OPERATOR.to_owned();
        let config = Config { operator_token_sha256, ..own_secrets() };
        assert_eq!(config.check(false), Err(ConfigError::Placeholder("operator_token_sha256")));
        assert_eq!(own_secrets().check(false), Ok(()));
    }

    #[test]
    fn bad_values_are_named_without_being_shown() {
        let error = |config: Config| config.check(true).unwrap_err().to_string();
        let config = Config { passphrase: "short".to_owned(), ..own_secrets() };
        assert_eq!(error(config), "passphrase: expected at least 32 bytes; correct it");
        let config = Config { operator_token_sha256: "ABC".to_owned(), ..own_secrets() };
        assert!(error(config).starts_with("operator_token_sha256:"));
        let config = Config { cookie_domain: Some("https://x".to_owned()), ..own_secrets() };
        assert!(error(config).starts_with("cookie_domain:"));
        let allowed_origins = vec!["https://secret/".to_owned()];
        let config = Config { allowed_origins, ..own_secrets() };
        assert!(error(config).starts_with("allowed_origins: expected origins as browsers"));
        let proxy = |address_header: &str, secret_sha256: &str| Proxy {
            address_header: address_header.to_owned(),
            secret_header: "x-edge-secret".to_owned(),
            secret_sha256: secret_sha256.to_owned(),
        };
        let config = Config { proxy: Some(proxy("no header", &"0".repeat(64))), ..own_secrets() };
        assert_eq!(error(config), "address_header: expected the name of a header; correct it");
        let config = Config { proxy: Some(proxy("x-real-ip", "secret")), ..own_secrets() };
        assert!(error(config).starts_with("secret_sha256:"));
        let consent = Policy { vendor_id: Some(0), ..Policy::default() };
        let config = Config { consent, ..own_secrets() };
        assert!(error(config).starts_with("consent.vendor_id:"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_by_its_line_alone() {
        let own = "passphrase = \"p\"\noperator_token_sha256 = \"0\"\n";
        for last in ["pass_phrase = \"secret\"", "cookie_domain = [\"secret\"]", "secret"] {
            let error = read::<Config>(&format!("{own}{last}")).err();
            assert_eq!(error, Some(ConfigError::Unreadable(3)), "{last}");
        }
    }
}
