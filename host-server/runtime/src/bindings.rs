//! What wasmtime generates from the WIT package.

#![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic)]

/// The type behind the WIT resource `store`. An instance has one store, so that there is nothing to keep
/// of an open one.
pub enum OpenStore {}

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "graph",
    imports: { default: async },
    exports: { default: async },
    with: { "trusted-server:ec/kv-cas.store": crate::bindings::OpenStore },
});
