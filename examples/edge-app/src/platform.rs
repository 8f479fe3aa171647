//! What the application needs of the place it runs in.

use std::net::IpAddr;

use edge_routes::Client;
use identity_graph::{Failure, IdentityGraph};

/// Where the application runs. The graph is opened when a route needs it: most requests do without.
pub trait Platform {
    /// Opens the identity graph.
    fn graph(&self) -> Result<Box<dyn IdentityGraph>, Failure>;
    /// Who asks: at this address, when a proxy has told it, else at that of the connection.
    fn client(&self, address: Option<IpAddr>) -> Client;
    /// Unix seconds.
    fn now(&self) -> u64;
    /// Takes the line of a request that is answered: an object of JSON without an ID.
    fn request(&self, line: &str);
    /// Milliseconds since the request came.
    fn milliseconds(&self) -> Option<u64>;
}
