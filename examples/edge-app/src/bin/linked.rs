//! The service as one module, with the rules of the graph linked over the Fastly store.

use edge_app::compute;
use edge_app::{Failure, IdentityGraph};
use host_fastly::FastlyStore;
use identity_graph::{Graph, GraphError, Policy};

#[fastly::main]
fn main(request: fastly::Request) -> Result<fastly::Response, fastly::Error> {
    Ok(compute::serve(request, open))
}

fn open(store: &str) -> Result<Box<dyn IdentityGraph>, Failure> {
    let store = FastlyStore::open(store).map_err(GraphError::from)?;
    let graph = Graph::new(store, Policy::default()).map_err(GraphError::from)?;
    Ok(Box::new(graph))
}
