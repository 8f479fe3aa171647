//! What the application needs of the place it runs in.

use edge_routes::Client;
use identity_graph::{Failure, IdentityGraph};

/// Where the application runs. The graph is opened when a route needs it: most requests do without.
pub trait Platform {
    /// Opens the identity graph.
    fn graph(&self) -> Result<Box<dyn IdentityGraph>, Failure>;
    /// Who asks.
    fn client(&self) -> Client;
    /// Unix seconds.
    fn now(&self) -> u64;
}
