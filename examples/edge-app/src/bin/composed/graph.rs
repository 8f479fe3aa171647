//! The graph that the application is composed with: the operations over the imported interface
//! `identity-graph`.

use identity_graph::{
    CreateOutcome, Entry, EntrySnapshot, Failure, IdentityGraph, IfMissing, Mapping, Metadata,
    NewEntry, PartnerUid, RawRow, Report, TouchOutcome, UpsertOutcome, VisitOutcome,
    WithdrawOutcome,
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
    fn get(&self, ec_id: &str, now: u64) -> Result<Option<Box<dyn EntrySnapshot + '_>>, Failure> {
        let snapshot = self.0.get(ec_id, now)?;
        Ok(snapshot.map(|snapshot| Box::new(ComposedSnapshot(snapshot)) as _))
    }

    operations! {
        get_metadata(ec_id: &str) -> Option<Metadata> = (ec_id);
        visit(ec_id: &str, entry: NewEntry) -> Report<VisitOutcome> =
            (ec_id, &entry).map(Into::into);
        create(ec_id: &str, entry: NewEntry) -> Report<()> = (ec_id, &entry).map(Into::into);
        create_or_revive(ec_id: &str, entry: NewEntry) -> Report<CreateOutcome> =
            (ec_id, &entry).map(Into::into);
        upsert_partner_id(ec_id: &str, id: PartnerUid, missing: IfMissing, now: u64)
            -> UpsertOutcome = (ec_id, &id, missing.into(), now);
        upsert_partner_ids(ec_id: &str, ids: Vec<PartnerUid>, missing: IfMissing, now: u64)
            -> Vec<UpsertOutcome> = (ec_id, &ids, missing.into(), now);
        remove_partner_ids(ec_id: &str, partners: Vec<String>, now: u64) -> Vec<UpsertOutcome> =
            (ec_id, &partners, now);
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
        self.0.upsert_partner_ids(&ids, now)
    }

    fn remove_partner_ids(
        &mut self,
        partners: Vec<String>,
        now: u64,
    ) -> Result<Vec<UpsertOutcome>, Failure> {
        self.0.remove_partner_ids(&partners, now)
    }

    fn visit(&mut self, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        self.0.visit(&entry).map(Into::into)
    }

    fn update_last_seen(&mut self, now: u64) -> Result<TouchOutcome, Failure> {
        self.0.update_last_seen(now).map(TouchOutcome::from)
    }

    fn withdraw(&mut self, now: u64) -> Result<WithdrawOutcome, Failure> {
        self.0.withdraw(now).map(WithdrawOutcome::from)
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
convert_enum!(wit::VisitOutcome => VisitOutcome: Created Revived Written Unchanged Withdrawn);
convert_enum!(wit::TouchOutcome => TouchOutcome: Written Debounced Stale Withdrawn NotFound);
convert_enum!(wit::WithdrawOutcome => WithdrawOutcome: Written Unchanged NotFound);

impl From<wit::MappingOutcome> for Result<UpsertOutcome, Failure> {
    fn from(outcome: wit::MappingOutcome) -> Self {
        match outcome {
            wit::MappingOutcome::Done(outcome) => Ok(outcome),
            wit::MappingOutcome::Failed(failure) => Err(failure),
        }
    }
}

impl From<wit::Report> for Report<()> {
    fn from(report: wit::Report) -> Self {
        let wit::Report { ids, left_out } = report;
        Self { outcome: (), ids, left_out }
    }
}

/// Converts a report with its outcome.
macro_rules! convert_report {
    ($from:ty => $outcome:ty) => {
        impl From<$from> for Report<$outcome> {
            fn from(report: $from) -> Self {
                Self { outcome: report.outcome.into(), ids: report.ids, left_out: report.left_out }
            }
        }
    };
}

convert_report!(wit::CreateReport => CreateOutcome);
convert_report!(wit::VisitReport => VisitOutcome);
