//! The configuration file.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;

use edge_routes::{ConfigError, read};
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

/// Where the server listens unless it is told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:7677";
/// The store unless it is told otherwise: a file in the working folder.
pub const DEFAULT_STORE: &str = "redb://ec-graph.redb";

/// How the server is configured. No `Debug`: it holds secrets.
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The URL of its store, which may hold credentials.
    pub store: String,
    /// The folder in which the compiled component is kept, when it is configured.
    pub cache: Option<PathBuf>,
    /// Whether secrets are those of the repository, which everybody knows: then nobody but this machine
    /// is served.
    pub is_example: bool,
    /// What the routes are configured by.
    pub routes: edge_routes::Config,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<Spanned<String>>,
    store: Option<String>,
    cache: Option<Spanned<PathBuf>>,
    ec: edge_routes::Config,
}

/// The line that begins a partner's record.
const PARTNER: &str = "[[ec.partners]]";

/// Why a configuration is refused. No text quotes it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    #[error("{0} and start again")]
    Routes(ConfigError),
    #[error("line {0}: {1} and start again")]
    RoutesAt(usize, ConfigError),
    #[error("line {0}: {1}: expected {2}; correct it and start again")]
    At(usize, &'static str, &'static str),
    #[error("--listen: expected an address and a port, as in {DEFAULT_LISTEN}")]
    Listen,
}

impl Config {
    /// Reads and checks a configuration file; what the command line says comes before what it says.
    ///
    /// The secrets of the repository are accepted where nobody else can reach the server: on a loopback
    /// address without a proxy.
    ///
    /// # Errors
    /// The line to correct, and how.
    pub fn parse(
        text: &str,
        listen: Option<&str>,
        store: Option<&str>,
    ) -> Result<Self, impl std::error::Error + use<>> {
        let lines = Lines(text);
        let file: File = read(text).map_err(Refused::Routes)?;
        let listen = match (listen, &file.listen) {
            (Some(listen), _) => listen.parse().map_err(|_| Refused::Listen)?,
            (None, Some(listen)) => {
                let expected = "an address and a port, as in \"127.0.0.1:7677\"";
                let refused = |_| lines.refuse(listen.span(), "listen", expected);
                listen.get_ref().parse().map_err(refused)?
            }
            (None, None) => SocketAddr::from(([127, 0, 0, 1], 7677)),
        };
        let cache = match &file.cache {
            Some(folder) if folder.get_ref().is_relative() => {
                let expected = "an absolute path, as in \"/var/cache/ec-graph-server\"";
                return Err(lines.refuse(folder.span(), "cache", expected));
            }
            folder => folder.as_ref().map(|folder| folder.get_ref().clone()),
        };
        let is_local = listen.ip().is_loopback() && file.ec.proxy.is_none();
        file.ec.check(is_local).map_err(|error| lines.routes(error))?;
        let store = store.map(str::to_owned).or(file.store);
        let store = store.unwrap_or_else(|| DEFAULT_STORE.to_owned());
        let is_example = matches!(file.ec.check(false), Err(ConfigError::Placeholder(_)));
        let routes = file.ec;
        Ok::<_, Refused>(Self { listen, store, cache, is_example, routes })
    }
}

/// The text of a file, to tell lines by.
struct Lines<'t>(&'t str);

impl Lines<'_> {
    fn refuse(&self, span: Range<usize>, what: &'static str, expected: &'static str) -> Refused {
        let before = self.0.get(..span.start).unwrap_or_default();
        Refused::At(before.matches('\n').count() + 1, what, expected)
    }

    fn routes(&self, error: ConfigError) -> Refused {
        let mut lines = self.0.lines();
        let line = match &error {
            ConfigError::Placeholder(name) | ConfigError::Invalid(name, _) => {
                lines.position(|line| line.trim_start().starts_with(name))
            }
            ConfigError::Partner(place, ..) => {
                let records = lines.enumerate().filter(|(_, line)| line.trim() == PARTNER);
                records.map(|(line, _)| line).nth(place - 1)
            }
            _ => None,
        };
        match line {
            Some(line) => Refused::RoutesAt(line + 1, error),
            None => Refused::Routes(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPOSITORY: &str = include_str!("../ec-graph-server.toml");

    fn refused(text: &str, listen: Option<&str>) -> String {
        match Config::parse(text, listen, None) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    fn proxy(address_header: &str) -> String {
        let hash = "0".repeat(64);
        format!(
            "[ec.proxy]\naddress_header = \"{address_header}\"\nsecret_header = \"s\"\nsecret_sha256 = \"{hash}\"\n"
        )
    }

    fn line_of(text: &str, start: &str) -> usize {
        text.lines().position(|line| line.starts_with(start)).unwrap() + 1
    }

    #[test]
    fn the_file_of_the_repository_serves_on_loopback_alone() {
        let config = Config::parse(REPOSITORY, None, None).ok().unwrap();
        assert_eq!(config.listen.to_string(), DEFAULT_LISTEN);
        assert_eq!(config.store, DEFAULT_STORE);
        assert!(config.is_example);
        let line = line_of(REPOSITORY, "passphrase");
        let placeholder = format!(
            "line {line}: passphrase is the placeholder of the repository; set one of your own and start again"
        );
        assert_eq!(refused(REPOSITORY, Some("0.0.0.0:80")), placeholder);
        assert_eq!(refused(REPOSITORY, Some("[::1]:80")), "accepted");
        // Behind a proxy everybody can reach it.
        let proxied = format!("{REPOSITORY}{}", proxy("x-real-ip"));
        assert!(refused(&proxied, None).contains("passphrase is the placeholder"));
    }

    #[test]
    fn the_partners_of_the_repository_are_refused_elsewhere() {
        let text =
            REPOSITORY.replace("replace-this-passphrase-by-a-random-one", &"p".repeat(32)).replace(
                "0e0f32b32f222d209c23da5994f02cd3caf03a883ad8c0f491339d3f058bf34a",
                &"0".repeat(64),
            );
        let said = refused(&text, Some("0.0.0.0:80"));
        assert!(said.starts_with("tokens_sha256 of a partner is the placeholder"), "{said}");
        assert!(Config::parse(&text, None, None).is_ok_and(|config| config.is_example));
        let own = text.replace("541218ab", "00000000").replace("c8ef9e2d", "00000000");
        let config = Config::parse(&own, Some("0.0.0.0:80"), None);
        assert!(config.is_ok_and(|config| !config.is_example));
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line_and_not_shown() {
        let with = |line: &str, other: &str| {
            assert!(REPOSITORY.contains(line), "{line}");
            REPOSITORY.replacen(line, other, 1)
        };
        for (text, starts, says) in [
            (format!("listen = \"secret\"\n{REPOSITORY}"), "listen", "listen: expected an address"),
            (format!("{REPOSITORY}{}", proxy("se cret")), "address_header", "the name of a header"),
            (
                format!("cache = \"secret\"\n{REPOSITORY}"),
                "cache",
                "cache: expected an absolute path",
            ),
            (
                with("\"ids.acme.example\"", "\"sec ret\""),
                PARTNER,
                "partners, number 1: source_domain: expected",
            ),
            (with("541218ab", "secret"), PARTNER, "tokens_sha256: expected"),
            (with("atype = 1", "atype = \"secret\""), PARTNER, "atype: expected"),
            (
                with("passphrase = \"", "passphrase = \"secret\" # "),
                "passphrase",
                "passphrase: expected at least",
            ),
        ] {
            let said = refused(&text, None);
            let line = line_of(&text, starts);
            assert!(said.starts_with(&format!("line {line}: ")), "{said}");
            assert!(said.contains(says) && !said.contains("secret"), "{said}");
        }
        let line = line_of(REPOSITORY, "[ec]");
        for (text, line) in [
            (with("[ec]\n", "[ec]\npass_phrase = \"secret\"\n"), line + 1),
            (with("passphrase = \"", "passphrase = 7 # \""), line_of(REPOSITORY, "passphrase")),
            ("listen = \"127.0.0.1:1\"\n".to_owned(), 1),
        ] {
            let said = refused(&text, None);
            assert!(said.contains(&format!("line {line}, or the section")), "{said}");
            assert!(!said.contains("secret"));
        }
        assert_eq!(
            refused(REPOSITORY, Some("secret")),
            "--listen: expected an address and a port, as in 127.0.0.1:7677"
        );
    }
}
