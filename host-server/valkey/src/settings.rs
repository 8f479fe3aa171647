//! What the URL says.

use std::time::Duration;

use host_server_store::{OpenError, StoreUrl};
use redis::aio::ConnectionManagerConfig;
use redis::{Client, TlsCertificates};

/// How to reach the server.
pub(crate) struct Settings {
    pub(crate) client: Client,
    pub(crate) config: ConnectionManagerConfig,
    pub(crate) connections: u32,
    pub(crate) timeout: Duration,
    pub(crate) replicas: u32,
}

impl Settings {
    pub(crate) fn take(url: &mut StoreUrl) -> Result<Self, OpenError> {
        let connections = url.number("connections", 1..=256, 4)?;
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
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(timeout)
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout));
        Ok(Self { client, config, connections, timeout, replicas })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
