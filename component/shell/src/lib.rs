//! The WIT shell: binds the rules of `identity-graph` to the interfaces of the world `graph`.
//!
//! It decides nothing. Everything here is a conversion between the types of the bindings and those
//! of the rules, each way exhaustive.

#![no_std]
// Elsewhere there is nothing to bind to: host-test and host-fastly use the rules directly.
#![cfg(target_arch = "wasm32")]

extern crate alloc;

#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all, clippy::pedantic)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "graph",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}
/// The exported interface. The generator suffixes the owned form of a type that it also generates in a
/// borrowed form.
mod wit {
    pub(crate) use crate::bindings::exports::trusted_server::ec::identity_graph::{
        Consent, CreateOutcome, DeviceResult as Device, Entry, GeoResult as Geo, Graph, GraphError,
        Guest, GuestGraph, GuestSnapshot, IfMissing, MappingOutcome, MappingResult as Mapping,
        Metadata, NewEntryResult as NewEntry, PartnerUidResult as PartnerUid, Policy,
        PubProperties, RawRow, Snapshot, TouchOutcome, UpsertOutcome,
    };
}
mod allocator;
mod convert;
mod exports;
mod store;

use exports::Component;

bindings::export!(Component with_types_in bindings);

#[global_allocator]
static ALLOCATOR: allocator::SizeClasses = allocator::SizeClasses::new();

/// The rules do not panic; were one to, the instance traps without the weight of a message.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
