//! The service over `kv-cas`, which the store's component is plugged into.

#[cfg(target_arch = "wasm32")]
fn main() {
    host_fastly_tests::answer_request(identity_graph_kv_cas::KvCas::open);
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("this is a Compute service; `just test-fastly` runs it");
}
