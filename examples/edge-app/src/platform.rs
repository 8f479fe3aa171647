//! What the application needs of the place it runs in.

use std::net::IpAddr;

use identity_graph::{Failure, Geo, IdentityGraph};

/// Where the application runs. Stores are opened when a route needs them: most requests touch none.
pub trait Platform {
    /// Opens the identity graph.
    fn graph(&self) -> Result<Box<dyn IdentityGraph>, Failure>;
    /// Reads the record that is stored for a partner, by the hex SHA-256 of its token.
    fn partner_record(&self, token_sha256: &str) -> Result<Option<Vec<u8>>, Failure>;
    /// Who asks.
    fn client(&self) -> Client;
    /// Unix seconds.
    fn now(&self) -> u64;
}

/// What is known of the connection that a request came over.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// The address of the other end.
    pub ip: Option<IpAddr>,
    /// Where that address is.
    pub geo: Option<Geo>,
    /// JA4 fingerprint of the TLS client hello.
    pub ja4: Option<String>,
    /// HTTP/2 fingerprint.
    pub h2: Option<String>,
}
