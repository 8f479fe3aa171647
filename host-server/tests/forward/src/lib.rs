//! A component that exports the `kv-cas` that it imports, so that what a host binds can be called as a
//! component calls it: through the same store that the graph has, `identity-graph-kv-cas`.

#[cfg(target_arch = "wasm32")]
mod guest;

/// The component.
#[cfg(not(target_arch = "wasm32"))]
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/forward.wasm"));
