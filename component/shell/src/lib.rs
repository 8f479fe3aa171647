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
        ownership: Borrowing { duplicate_if_necessary: false },
        // Records and variants that the rules have in the same shape are not copied. Enumerations
        // are: where the order of their cases differs, the generated code would not notice.
        with: {
            "trusted-server:ec/kv-cas@0.2.0": identity_graph_kv_cas::bindings::trusted_server::ec::kv_cas,
            "trusted-server:ec/identity-graph@0.2.0/consent": identity_graph::Consent,
            "trusted-server:ec/identity-graph@0.2.0/device": identity_graph::Device,
            "trusted-server:ec/identity-graph@0.2.0/entry": identity_graph::Entry,
            "trusted-server:ec/identity-graph@0.2.0/geo": identity_graph::Geo,
            "trusted-server:ec/identity-graph@0.2.0/graph-error": identity_graph::Failure,
            "trusted-server:ec/identity-graph@0.2.0/left-out": identity_graph::LeftOut,
            "trusted-server:ec/identity-graph@0.2.0/mapping": identity_graph::Mapping,
            "trusted-server:ec/identity-graph@0.2.0/metadata": identity_graph::Metadata,
            "trusted-server:ec/identity-graph@0.2.0/new-entry": identity_graph::NewEntry,
            "trusted-server:ec/identity-graph@0.2.0/partner-uid": identity_graph::PartnerUid,
            "trusted-server:ec/identity-graph@0.2.0/pub-properties": identity_graph::PubProperties,
            "trusted-server:ec/identity-graph@0.2.0/raw-row": identity_graph::RawRow,
            "trusted-server:ec/identity-graph@0.2.0/upsert-outcome": identity_graph::UpsertOutcome,
        },
    });
}
/// The exported interface.
mod wit {
    pub(crate) use crate::bindings::exports::trusted_server::ec::identity_graph::{
        CreateOutcome, CreateReport, Graph, Guest, GuestGraph, GuestSnapshot, IfMissing,
        MappingOutcome, Order, Policy, Report, Snapshot, TouchOutcome, VisitOutcome, VisitReport,
        WithdrawOutcome,
    };
}
mod convert;
mod exports;

use dlmalloc::GlobalDlmalloc;
use exports::Component;

bindings::export!(Component with_types_in bindings);

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

/// The rules do not panic; were one to, the instance traps without the weight of a message.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
