//! Fastly KV as a component that exports `kv-cas`, to be plugged into the graph.
//!
//! The module has no start function, so that `viceroy adapt` makes a library of it. It decides
//! nothing: every call goes to `FastlyStore`.

// Elsewhere there is nothing to bind to.
#![cfg(target_arch = "wasm32")]

use host_fastly_store::FastlyStore as Bound;

#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all, clippy::pedantic)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "kv-provider",
        // What the rules have in the same shape is theirs. The enumeration of errors is not: the
        // generated code tells its cases by position, and would not notice another order.
        with: {
            "trusted-server:ec/kv-cas@0.2.0/item": identity_graph::Item,
            "trusted-server:ec/kv-cas@0.2.0/item-head": identity_graph::ItemHead,
            "trusted-server:ec/kv-cas@0.2.0/precondition": identity_graph::Precondition,
            "trusted-server:ec/kv-cas@0.2.0/write-outcome": identity_graph::WriteOutcome,
        },
    });
}

mod provider;
