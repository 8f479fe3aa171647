//! The service as a component that the graph is composed into: the world `app`.

#[cfg(target_arch = "wasm32")]
mod graph;

#[cfg(target_arch = "wasm32")]
fn main() {
    edge_app::compute::run(graph::open);
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("this is a Compute service; `just serve-fastly` runs it");
}
