//! What the application needs of the place it runs in.

use std::net::IpAddr;

use edge_routes::Client;
use identity_graph::{Failure, IdentityGraph};

/// Where the application runs. Stores are opened when a route needs them: most requests touch none.
pub trait Platform {
    /// Opens the identity graph.
    fn graph(&self) -> Result<Box<dyn IdentityGraph>, Failure>;
    /// Reads the record that is stored for a partner, by the hex SHA-256 of its token.
    fn partner_record(&self, token_sha256: &str) -> Result<Option<Vec<u8>>, Failure>;
    /// Who asks: at this address, when a proxy has told it, else at that of the connection.
    fn client(&self, address: Option<IpAddr>) -> Client;
    /// Unix seconds.
    fn now(&self) -> u64;
    /// Takes the line of a request that is answered: an object of JSON without an ID.
    fn request(&self, line: &str);
    /// Milliseconds since the request came.
    fn milliseconds(&self) -> Option<u64>;
}
