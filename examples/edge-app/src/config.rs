//! The `[ec]` section of the configuration file.

use edge_routes::{ConfigError, ConsentCookies, Partners, Policy, Proxy, read};
use serde::Deserialize;

/// How the service is configured. No `Debug`: it holds secrets.
pub struct Config {
    /// KV store of the identity graph.
    pub identity_store: String,
    /// What the routes are configured by.
    pub routes: edge_routes::Config,
}

#[derive(Deserialize)]
struct File {
    ec: Section,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    identity_store: String,
    passphrase: String,
    operator_token_sha256: String,
    cookie_domain: Option<String>,
    proxy: Option<Proxy>,
    #[serde(default)]
    allowed_origins: Vec<String>,
    #[serde(default)]
    partners: Partners,
    #[serde(default)]
    consent: Policy,
    #[serde(default)]
    consent_cookies: ConsentCookies,
}

impl Config {
    /// Reads and checks a configuration file. The placeholders of the repository are accepted where
    /// the service runs locally, and refused elsewhere.
    pub fn parse(text: &str, is_local: bool) -> Result<Self, ConfigError> {
        let File { ec } = read(text)?;
        let Section { identity_store, allowed_origins, partners, .. } = ec;
        let Section { passphrase, operator_token_sha256, cookie_domain, .. } = ec;
        let Section { proxy, consent, consent_cookies, .. } = ec;
        let routes = edge_routes::Config {
            passphrase,
            operator_token_sha256,
            cookie_domain,
            proxy,
            allowed_origins,
            partners,
            consent,
            consent_cookies,
        };
        routes.check(is_local)?;
        Ok(Self { identity_store, routes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPOSITORY: &str = include_str!("../edge-app.toml");

    #[test]
    fn the_file_of_the_repository_serves_locally_only() {
        let config = Config::parse(REPOSITORY, true).ok().unwrap();
        assert_eq!(config.identity_store, "ec_identity_store");
        let refused = Config::parse(REPOSITORY, false).err();
        assert_eq!(refused, Some(ConfigError::Placeholder("passphrase")));
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_line() {
        let line = REPOSITORY.lines().position(|line| line == "[ec]").unwrap() + 2;
        for next in ["pass_phrase = \"secret\"", "cookie_domain = [\"secret\"]", "secret"] {
            let text = REPOSITORY.replace("[ec]\n", &format!("[ec]\n{next}\n"));
            let error = Config::parse(&text, true).err();
            assert_eq!(error, Some(ConfigError::Unreadable(line)), "{next}");
        }
        let incomplete = Config::parse("\n[ec]\npassphrase = \"secret\"", true).err();
        assert_eq!(incomplete, Some(ConfigError::Unreadable(2)));
    }

    #[test]
    fn a_partner_is_told_by_its_field() {
        let text = REPOSITORY.replace("atype = 1\n", "atype = \"secret\"\n");
        let error = Config::parse(&text, true).err().unwrap();
        assert!(error.to_string().starts_with("partners, number 1: atype: expected a number"));
    }
}
