//! The service over `kv-cas`, which the store's component is plugged into.

#[cfg(target_arch = "wasm32")]
extern crate alloc;

#[cfg(target_arch = "wasm32")]
#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all, clippy::pedantic)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package trusted-server:conformance;
            world service { import trusted-server:ec/kv-cas@0.1.0; }
        ",
        world: "trusted-server:conformance/service",
        generate_all,
        ownership: Borrowing { duplicate_if_necessary: false },
        // As in the graph's component.
        with: {
            "trusted-server:ec/kv-cas@0.1.0/item": identity_graph::Item,
            "trusted-server:ec/kv-cas@0.1.0/item-head": identity_graph::ItemHead,
            "trusted-server:ec/kv-cas@0.1.0/precondition": identity_graph::Precondition,
            "trusted-server:ec/kv-cas@0.1.0/write": identity_graph::Write,
            "trusted-server:ec/kv-cas@0.1.0/write-outcome": identity_graph::WriteOutcome,
        },
    });
}

// The very file that binds the graph's component.
#[cfg(target_arch = "wasm32")]
#[path = "../../../../component/shell/src/store.rs"]
mod store;

#[cfg(target_arch = "wasm32")]
fn main() {
    host_fastly_tests::answer_request(store::KvCas::open);
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("this is a Compute service; `just test-fastly` runs it");
}
