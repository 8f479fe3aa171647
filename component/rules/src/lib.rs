//! The rules of the edge identity graph.
//!
//! For every edge-cookie (EC) ID the graph keeps one row in a key-value store: consent, coarse geo
//! and device signals, and the user IDs that ad partners know the same browser by. Many edge workers
//! change the same row at once, over a store whose reads may be stale; a withdrawal of consent may
//! come at any moment and is final until new consent.
//!
//! The crate is pure: generic over a [`Store`], without clock, randomness or global state. Times are
//! Unix seconds and come from the caller. No input makes it panic.

#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

extern crate alloc;

mod api;
mod cached_row;
mod cas_loop;
pub mod contract;
mod entry;
mod error;
mod graph;
pub mod limits;
mod names;
mod new_entry;
mod ops;
mod partner_uid;
mod policy;
mod redact;
mod row;
mod snapshot;
mod sorted;
mod store;
mod types;

pub use api::{EntrySnapshot, Failure, IdentityGraph, RawRow};
pub use entry::{Consent, Device, Entry, Geo, Metadata, PubProperties, UNKNOWN_COUNTRY, VERSION};
pub use error::{Corrupt, GraphError, InvalidArgument, Outage};
pub use graph::Graph;
pub use names::Name;
pub use new_entry::{LeftOut, NewEntry};
pub use ops::{
    CreateOutcome, IfMissing, Mapping, MappingOutcome, Report, TouchOutcome, UpsertOutcome,
    VisitOutcome,
};
pub use partner_uid::PartnerUid;
pub use policy::Policy;
pub use row::EncodedRow;
pub use snapshot::Snapshot;
pub use store::{Item, ItemHead, KvError, Precondition, Read, Store, Write, WriteOutcome, Written};
pub use types::{EcId, PartnerKey, Timestamp, Uid};
