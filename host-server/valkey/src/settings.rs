//! What the URL says.

use std::time::Duration;

use host_server_store::{OpenError, StoreUrl};
use redis::{Client, ConnectionAddr, TlsCertificates};

/// How to reach the server.
pub(crate) struct Settings {
    pub(crate) client: Client,
    pub(crate) connections: u32,
    pub(crate) timeout: Duration,
    pub(crate) replicas: u32,
}

impl Settings {
    pub(crate) fn take(url: &mut StoreUrl) -> Result<Self, OpenError> {
        let connections = url.number("connections", 1..=256, 16)?;
        let timeout = url.millis("timeout-ms", 10..=60_000, 2_000)?;
        let replicas = url.number("replicas", 0..=16, 0)?;
        let authority = url.text("ca")?;
        url.finish()?;
        let is_encrypted = match url.scheme() {
            "valkey" | "redis" => false,
            "valkeys" | "rediss" => true,
            _ => return Err(url.error("expected valkey://HOST, or valkeys://HOST with TLS")),
        };
        let scheme = if is_encrypted { "rediss" } else { "redis" };
        let address = format!("{scheme}://{}", url.path());
        let root_cert = match authority {
            None => None,
            Some(_) if !is_encrypted => {
                return Err(url.error("\"ca\" is for TLS; expected valkeys://HOST"));
            }
            Some(file) => Some(std::fs::read(&file).map_err(|error| {
                url.error(format!(
                    "{file} with the certificate authorities cannot be read: {error}"
                ))
            })?),
        };
        if is_encrypted {
            // The first in the process stands; it makes no difference which.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        // Its own words may quote the address.
        let unreadable = |_| {
            url.error("the address cannot be read; expected valkey://USER:PASSWORD@HOST:PORT/NUMBER, special characters as %XX")
        };
        let client = if is_encrypted {
            Client::build_with_tls(address, TlsCertificates { client_tls: None, root_cert })
        } else {
            Client::open(address)
        };
        let client = client.map_err(unreadable)?;
        Ok(Self { client, connections, timeout, replicas })
    }

    /// Whether what is sent leaves this machine as it is.
    pub(crate) fn is_exposed(&self) -> bool {
        match self.client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, _) => {
                !matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]" | "::1")
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_machine_unencrypted_is_known() {
        let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for (url, is_exposed) in [
            ("valkey://localhost", false),
            ("valkey://:password@127.0.0.1:99/1", false),
            ("valkey://[::1]", false),
            ("valkey://db.example", true),
            ("redis://10.0.0.7:6379", true),
            (&format!("valkeys://db.example?ca={authority}"), false),
        ] {
            // A file without certificates may be refused, which is well, too.
            let settings = Settings::take(&mut StoreUrl::parse(url).unwrap());
            assert_eq!(settings.is_ok_and(|settings| settings.is_exposed()), is_exposed, "{url}");
        }
    }

    #[test]
    fn a_wrong_url_is_refused_with_what_to_correct_and_without_the_password() {
        for (url, expected) in [
            ("valkey://:secret@host:port", "address cannot be read"),
            ("valkey://:secret@host?replica=1", "known are: ca, connections, replicas, timeout-ms"),
            ("valkey://:secret@host?replicas=many", "from 0 to 16"),
            ("valkey://:secret@host?ca=/no/such.pem", "expected valkeys://HOST"),
            ("valkeys://:secret@host?ca=/no/such.pem", "/no/such.pem"),
        ] {
            let error = Settings::take(&mut StoreUrl::parse(url).unwrap()).err().unwrap();
            let error = error.to_string();
            assert!(error.contains(expected) && !error.contains("secret"), "{error}");
        }
    }
}
