//! The service as one module, with the rules of the graph linked over the Fastly store.

#[cfg(target_arch = "wasm32")]
fn open(store: &str) -> Result<Box<dyn identity_graph::IdentityGraph>, identity_graph::Failure> {
    use identity_graph::{Graph, GraphError, Policy};

    let store = host_fastly_store::FastlyStore::open(store).map_err(GraphError::from)?;
    let graph = Graph::new(store, Policy::default()).map_err(GraphError::from)?;
    Ok(Box::new(graph))
}

#[cfg(target_arch = "wasm32")]
fn main() {
    edge_app::compute::run(open);
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("this is a Compute service; `just serve-fastly` runs it");
}
