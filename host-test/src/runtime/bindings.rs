//! What wasmtime generates from the WIT package.

#![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic)]

/// The type behind the WIT resource `store`. Its handles are indices into the host's stores, which
/// live as long as the instance, so that there is nothing to keep of an open store.
pub enum OpenStore {}

wasmtime::component::bindgen!({
    path: "../wit",
    world: "graph",
    with: { "trusted-server:ec/kv-cas.store": crate::runtime::bindings::OpenStore },
});
