//! What the URL says.

use std::sync::Arc;
use std::time::Duration;

use host_server_store::{OpenError, StoreUrl};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How to reach the server.
pub(crate) struct Settings {
    /// Each host of the address, with all else that it says.
    pub(crate) hosts: Vec<Config>,
    pub(crate) tls: Option<MakeRustlsConnect>,
    pub(crate) connections: usize,
    pub(crate) timeout: Duration,
}

impl Settings {
    pub(crate) fn take(url: &mut StoreUrl) -> Result<Self, OpenError> {
        let connections = url.number("connections", 1..=1_000, 16)?;
        let timeout = url.millis("timeout-ms", 10..=60_000, 2_000)?;
        let tls = url.text("tls")?;
        let authority = url.text("ca")?;
        url.finish()?;
        // Its own words may quote the address.
        let mut config: Config = format!("postgres://{}", url.path()).parse().map_err(|_| {
            url.error("the address cannot be read; expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, special characters as %XX")
        })?;
        if config.get_hosts().is_empty() || config.get_user().is_none() {
            return Err(url
                .error("the user or the host is missing; expected postgres://USER@HOST/DATABASE"));
        }
        config
            .application_name("ec-graph")
            .tcp_user_timeout(timeout)
            // Of several hosts the one that takes writes, also after a failover.
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            // What the server itself gives up is known not to be applied.
            .options(format!("-c statement_timeout={}", timeout.as_millis()));
        let is_encrypted = match tls.as_deref() {
            Some("on") => true,
            Some("off") => false,
            Some(_) => return Err(url.error("the setting \"tls\" has to be on or off")),
            None => !config.get_hosts().iter().all(is_local),
        };
        config.ssl_mode(if is_encrypted {
            tokio_postgres::config::SslMode::Require
        } else {
            tokio_postgres::config::SslMode::Disable
        });
        let tls = is_encrypted.then(|| trusting(authority.as_deref())).transpose();
        let tls = tls.map_err(|error| url.error(error))?;
        Ok(Self { hosts: each_host(&config), tls, connections: connections as usize, timeout })
    }
}

/// The same settings for each host alone, so that each can be given its time.
fn each_host(config: &Config) -> Vec<Config> {
    let ports = config.get_ports().iter();
    let hosts = config.get_hosts().iter().zip(ports).map(|(host, port)| {
        let mut one = Config::new();
        match host {
            Host::Tcp(name) => one.host(name),
            #[cfg(unix)]
            Host::Unix(path) => one.host_path(path),
        };
        one.port(*port);
        config.get_user().map(|user| one.user(user));
        config.get_password().map(|password| one.password(password));
        config.get_dbname().map(|name| one.dbname(name));
        config.get_options().map(|options| one.options(options));
        config.get_application_name().map(|name| one.application_name(name));
        config.get_tcp_user_timeout().map(|limit| one.tcp_user_timeout(*limit));
        one.ssl_mode(config.get_ssl_mode());
        one.target_session_attrs(config.get_target_session_attrs());
        one
    });
    hosts.collect()
}

/// Whether what is sent does not leave this machine.
fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]" | "::1"),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// TLS that trusts the authorities in a PEM file, or else those of this machine.
fn trusting(file: Option<&str>) -> Result<MakeRustlsConnect, String> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = file {
        let unreadable = |error| format!("{file} has no certificates in PEM format: {error}");
        for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
            roots.add(certificate.map_err(unreadable)?).map_err(|error| error.to_string())?;
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() {
        return Err("no certificate authority is known here; name a PEM file with ?ca=FILE".into());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(url: &str) -> Result<Settings, String> {
        Settings::take(&mut StoreUrl::parse(url).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_told_otherwise() {
        for (url, is_encrypted) in [
            ("postgres://u@localhost/db", false),
            ("postgres://u@127.0.0.1:99/db", false),
            ("postgres://u@db.example/db", true),
            ("postgres://u@localhost,db.example/db", true),
            ("postgres://u@db.example/db?tls=off", false),
            ("postgres://u@localhost/db?tls=on", true),
        ] {
            // A machine may know no authority, which is said only where one is needed.
            let is_tls =
                take(url).map_or_else(|error| error.contains("authority"), |s| s.tls.is_some());
            assert_eq!(is_tls, is_encrypted, "{url}");
        }
    }

    #[test]
    fn a_wrong_url_is_refused_with_what_to_correct_and_without_the_password() {
        for (url, expected) in [
            ("postgres://u:secret@host:port/db", "address cannot be read"),
            ("postgres:///db", "user or the host is missing"),
            ("postgres://u:secret@host/db?pool=1", "known are: ca, connections, timeout-ms, tls"),
            ("postgres://u:secret@host/db?connections=0", "from 1 to 1000"),
            ("postgres://u:secret@host/db?tls=maybe", "on or off"),
            ("postgres://u:secret@host/db?ca=/no/such.pem", "/no/such.pem has no certificates"),
        ] {
            let error = take(url).err().unwrap();
            assert!(error.contains(expected) && !error.contains("secret"), "{error}");
        }
    }
}
