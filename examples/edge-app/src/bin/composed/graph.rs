//! The graph that the application is composed with: the operations over the imported interface
//! `identity-graph`.

use identity_graph::{
    CreateOutcome, Entry, EntrySnapshot, Failure, IdentityGraph, IfMissing, Mapping, Metadata,
    NewEntry, PartnerUid, RawRow, TouchOutcome, UpsertOutcome,
};

use bindings::trusted_server::ec::identity_graph as wit;

#[allow(missing_docs, unused_qualifications, clippy::all, clippy::pedantic)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "app",
        // Records and variants are those of the rules. Enumerations are not: the generated code tells
        // their cases by position, and would not notice another order.
        with: {
            "trusted-server:ec/identity-graph@0.1.0/consent": identity_graph::Consent,
            "trusted-server:ec/identity-graph@0.1.0/device": identity_graph::Device,
            "trusted-server:ec/identity-graph@0.1.0/entry": identity_graph::Entry,
            "trusted-server:ec/identity-graph@0.1.0/geo": identity_graph::Geo,
            "trusted-server:ec/identity-graph@0.1.0/graph-error": identity_graph::Failure,
            "trusted-server:ec/identity-graph@0.1.0/mapping": identity_graph::Mapping,
            "trusted-server:ec/identity-graph@0.1.0/metadata": identity_graph::Metadata,
            "trusted-server:ec/identity-graph@0.1.0/new-entry": identity_graph::NewEntry,
            "trusted-server:ec/identity-graph@0.1.0/partner-uid": identity_graph::PartnerUid,
            "trusted-server:ec/identity-graph@0.1.0/pub-properties": identity_graph::PubProperties,
            "trusted-server:ec/identity-graph@0.1.0/raw-row": identity_graph::RawRow,
        },
    });
}

pub(crate) fn open(store: &str) -> Result<Box<dyn IdentityGraph>, Failure> {
    Ok(Box::new(Composed(wit::Graph::open(store)?)))
}

struct Composed(wit::Graph);

impl IdentityGraph for Composed {
    fn get(&self, ec_id: &str) -> Result<Option<Box<dyn EntrySnapshot + '_>>, Failure> {
        let snapshot = self.0.get(ec_id)?;
        Ok(snapshot.map(|snapshot| Box::new(ComposedSnapshot(snapshot)) as _))
    }

    fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure> {
        self.0.get_metadata(ec_id)
    }

    fn create(&self, ec_id: &str, entry: NewEntry) -> Result<(), Failure> {
        self.0.create(ec_id, &entry)
    }

    fn create_or_revive(&self, ec_id: &str, entry: NewEntry) -> Result<CreateOutcome, Failure> {
        self.0.create_or_revive(ec_id, &entry).map(CreateOutcome::from)
    }

    fn upsert_partner_id(
        &self,
        ec_id: &str,
        id: PartnerUid,
        missing: IfMissing,
        now: u64,
    ) -> Result<UpsertOutcome, Failure> {
        self.0.upsert_partner_id(ec_id, &id, missing.into(), now).map(UpsertOutcome::from)
    }

    fn upsert_partner_ids(
        &self,
        ec_id: &str,
        ids: Vec<PartnerUid>,
        missing: IfMissing,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        self.0.upsert_partner_ids(ec_id, &ids, missing.into(), now).map(each)
    }

    fn update_last_seen(&self, ec_id: &str, now: u64) -> Result<TouchOutcome, Failure> {
        self.0.update_last_seen(ec_id, now).map(TouchOutcome::from)
    }

    fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure> {
        self.0.write_withdrawal_tombstone(ec_id, now)
    }

    fn delete(&self, ec_id: &str) -> Result<bool, Failure> {
        self.0.delete(ec_id)
    }

    fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure> {
        self.0.sync_partner_ids(partner, mappings, now).map(each)
    }

    fn evaluate_cluster(&self, ec_id: &str, now: u64) -> Result<Option<u32>, Failure> {
        self.0.evaluate_cluster(ec_id, now)
    }

    fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure> {
        self.0.inspect(ec_id)
    }
}

struct ComposedSnapshot(wit::Snapshot);

impl EntrySnapshot for ComposedSnapshot {
    fn entry(&self) -> Entry {
        self.0.entry()
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }

    fn upsert_partner_ids(
        &mut self,
        ids: Vec<PartnerUid>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        self.0.upsert_partner_ids(&ids, now).map(each)
    }

    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure> {
        self.0.update_last_seen(now).map(TouchOutcome::from)
    }

    fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        self.0.evaluate_cluster(now)
    }
}

fn each<A, B: From<A>>(outcomes: Vec<A>) -> Vec<B> {
    outcomes.into_iter().map(B::from).collect()
}

/// Converts an enumeration, case by case of the same name.
macro_rules! convert_enum {
    ($from:ty => $to:ty: $($case:ident)+) => {
        impl From<$from> for $to {
            fn from(case: $from) -> Self {
                match case {
                    $(<$from>::$case => Self::$case,)+
                }
            }
        }
    };
}

convert_enum!(IfMissing => wit::IfMissing: Skip CreateMinimal);
convert_enum!(wit::CreateOutcome => CreateOutcome: Created AlreadyLive Revived Withdrawn);
convert_enum!(wit::UpsertOutcome => UpsertOutcome: Written Unchanged Stale Withdrawn NotFound);
convert_enum!(wit::TouchOutcome => TouchOutcome: Written Debounced Stale Withdrawn NotFound);

impl From<wit::MappingOutcome> for Result<UpsertOutcome, Failure> {
    fn from(outcome: wit::MappingOutcome) -> Self {
        match outcome {
            wit::MappingOutcome::Done(outcome) => Ok(outcome.into()),
            wit::MappingOutcome::Failed(failure) => Err(failure),
        }
    }
}
