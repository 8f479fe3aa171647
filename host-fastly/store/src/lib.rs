//! The store of the identity graph on Fastly KV.
//!
//! [`FastlyStore`] is used in two ways. *Linked*: a Compute service that ships one core module hands
//! it to the rules:
//!
//! ```no_run
//! use host_fastly_store::FastlyStore;
//! use identity_graph::{Graph, Policy};
//!
//! let store = FastlyStore::open("ec_identity_store").expect("the store is linked to the service");
//! let graph = Graph::new(store, Policy::default()).expect("the default policy is valid");
//! ```
//!
//! *Composed*: the crate in `../component` wraps it as a component that exports `kv-cas`.
//!
//! It runs on the targets of Fastly Compute only. Elsewhere it compiles, for the tests of what needs
//! no host; a program that opens a store there does not link.

mod answer;
mod budget;
mod hostcall;
mod limits;
mod store;

pub use limits::{MAX_BODY_BYTES, MAX_KEY_BYTES, MAX_METADATA_BYTES};
pub use store::FastlyStore;
