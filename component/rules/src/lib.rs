//! The rules of the edge identity graph.
//!
//! For every edge-cookie (EC) ID the graph keeps one row in a key-value store: consent, coarse geo
//! and device signals, and the user IDs that ad partners know the same browser by. Many edge workers
//! change the same row at once, over a store whose reads may be stale; a withdrawal of consent may
//! come at any moment and is final until new consent.
//!
//! The crate is pure: generic over a [`Store`], without clock, randomness or global state. Times are
//! Unix seconds and come from the caller. No input makes it panic.
//!
//! [`Graph`] is the place to begin. With the feature `serde` the types of the interface can be serialized
//! as they are here; that is not the form of stored rows.

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
mod cas_loop;
pub mod contract;
mod entry;
mod error;
mod graph;
pub mod limits;
mod names;
mod new_entry;
mod operation;
mod ops;
mod partner_uid;
mod policy;
mod redact;
mod row;
mod row_operation;
mod rules;
mod snapshot;
mod sorted;
mod store;
mod types;
mod words;

pub use api::{EntrySnapshot, Failure, IdentityGraph, RawRow};
pub use entry::{Consent, Device, Entry, Geo, Metadata, PubProperties, UNKNOWN_COUNTRY, VERSION};
pub use error::{Corrupt, GraphError, InvalidArgument, Outage};
pub use graph::Graph;
pub use names::Name;
pub use new_entry::{LeftOut, NewEntry};
pub use operation::{Answer, Call, Operation};
pub use ops::{
    CreateOutcome, IfMissing, Mapping, MappingOutcome, Report, TouchOutcome, UpsertOutcome,
    VisitOutcome, WithdrawOutcome,
};
pub use partner_uid::PartnerUid;
pub use policy::{Order, Policy};
pub use row::EncodedRow;
pub use rules::Rules;
pub use snapshot::Snapshot;
pub use store::{
    Cause, Item, ItemHead, KvError, Precondition, Read, Store, StoreError, Write, WriteOutcome,
    Written,
};
pub use types::{EcId, Ext, PartnerKey, Timestamp, Uid};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
