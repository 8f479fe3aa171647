//! The identity graph as a WebAssembly component, for hosts: imports `kv-cas`, exports `identity-graph`.
//!
//! The build script makes it of the packages beside this one. `convert.rs` is not part of this
//! package: it stands here because every host under wasmtime includes it beside its own bindings.

/// The component.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/identity-graph.wasm"));
