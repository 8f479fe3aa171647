//! The service over the linked store.

#[cfg(target_arch = "wasm32")]
fn main() {
    host_fastly_tests::answer_request(host_fastly_store::FastlyStore::open);
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("this is a Compute service; `just test-fastly` runs it");
}
