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
mod batch;
mod cas;
mod change;
mod contest;
mod ec_id;
mod encode;
mod entry;
mod error;
mod graph;
mod json;
mod message;
mod metadata;
mod names;
mod outcome;
mod partner;
pub mod policy;
mod redact;
mod row;
mod snapshot;
mod splice;
mod store;
mod view;

pub use api::{EntrySnapshot, Failure, IdentityGraph, RawRow};
pub use ec_id::EcId;
pub use encode::Encoded;
pub use entry::{
    Consent, Device, Entry, Geo, Metadata, NewEntry, PubProperties, UNKNOWN_COUNTRY, VERSION,
};
pub use error::{Corrupt, GraphError, InvalidArgument, Outage};
pub use graph::Graph;
pub use names::Name;
pub use outcome::{CreateOutcome, MappingOutcome, TouchOutcome, UpsertOutcome};
pub use partner::{PartnerUid, check_uid, partner_key};
pub use policy::{IfMissing, Mapping, Policy};
pub use snapshot::Snapshot;
pub use store::{Item, ItemHead, KvError, Precondition, Read, Store, Write, WriteOutcome, Written};
