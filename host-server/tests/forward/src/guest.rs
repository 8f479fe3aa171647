//! What it is for WebAssembly.

use identity_graph_kv_cas::KvCas as Bound;

#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all, clippy::pedantic)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "kv-provider",
        // As in the component for Fastly, whose exports these are.
        with: {
            "trusted-server:ec/kv-cas@0.2.0/item": identity_graph::Item,
            "trusted-server:ec/kv-cas@0.2.0/item-head": identity_graph::ItemHead,
            "trusted-server:ec/kv-cas@0.2.0/precondition": identity_graph::Precondition,
            "trusted-server:ec/kv-cas@0.2.0/write-outcome": identity_graph::WriteOutcome,
        },
    });
}

#[path = "../../../../host-fastly/component/src/provider.rs"]
mod provider;
