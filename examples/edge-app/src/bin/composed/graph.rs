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

/// Operations of the same name: what they are given, and what converts the answer.
macro_rules! operations {
    ($(
        $name:ident($($argument:ident: $type:ty),*) -> $answer:ty =
            ($($given:expr),*) $(.map($convert:path))?;
    )*) => {$(
        fn $name(&self, $($argument: $type),*) -> Result<$answer, Failure> {
            self.0.$name($($given),*)$(.map($convert))?
        }
    )*};
}

struct Composed(wit::Graph);

impl IdentityGraph for Composed {
    fn get(&self, ec_id: &str) -> Result<Option<Box<dyn EntrySnapshot + '_>>, Failure> {
        let snapshot = self.0.get(ec_id)?;
        Ok(snapshot.map(|snapshot| Box::new(ComposedSnapshot(snapshot)) as _))
    }

    operations! {
        get_metadata(ec_id: &str) -> Option<Metadata> = (ec_id);
        create(ec_id: &str, entry: NewEntry) -> () = (ec_id, &entry);
        create_or_revive(ec_id: &str, entry: NewEntry) -> CreateOutcome =
            (ec_id, &entry).map(Into::into);
        upsert_partner_id(ec_id: &str, id: PartnerUid, missing: IfMissing, now: u64)
            -> UpsertOutcome = (ec_id, &id, missing.into(), now).map(Into::into);
        upsert_partner_ids(ec_id: &str, ids: Vec<PartnerUid>, missing: IfMissing, now: u64)
            -> Vec<UpsertOutcome> = (ec_id, &ids, missing.into(), now).map(each);
        update_last_seen(ec_id: &str, now: u64) -> TouchOutcome = (ec_id, now).map(Into::into);
        write_withdrawal_tombstone(ec_id: &str, now: u64) -> () = (ec_id, now);
        delete(ec_id: &str) -> bool = (ec_id);
        sync_partner_ids(partner: &str, mappings: &[Mapping], now: u64)
            -> Vec<Result<UpsertOutcome, Failure>> = (partner, mappings, now).map(each);
        evaluate_cluster(ec_id: &str, now: u64) -> Option<u32> = (ec_id, now);
        inspect(ec_id: &str) -> Option<RawRow> = (ec_id);
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
