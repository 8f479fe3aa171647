//! The operations as steps of a scenario: their arguments, and what they answer.

use identity_graph::{EntrySnapshot, Failure, IdentityGraph, Name};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::{IfMissingText, MappingText, NewEntryText, PartnerUidText};
use crate::ec_id::EcId;
use crate::host::Host;
use crate::policy::PolicyText;
use crate::told;

/// An operation of the graph, or one that needs none.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    tag = "call",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub(crate) enum GraphCall {
    DefaultPolicy {},
    TrustedServerPolicy {},
    Open {},
    OpenWith { policy: PolicyText },
    Get { ec_id: EcId, now: u64 },
    GetMetadata { ec_id: EcId },
    Visit { ec_id: EcId, entry: NewEntryText },
    Create { ec_id: EcId, entry: NewEntryText },
    CreateOrRevive { ec_id: EcId, entry: NewEntryText },
    UpsertPartnerId { ec_id: EcId, id: PartnerUidText, missing: IfMissingText, now: u64 },
    UpsertPartnerIds { ec_id: EcId, ids: Vec<PartnerUidText>, missing: IfMissingText, now: u64 },
    RemovePartnerIds { ec_id: EcId, partners: Vec<String>, now: u64 },
    UpdateLastSeen { ec_id: EcId, now: u64 },
    WriteWithdrawalTombstone { ec_id: EcId, now: u64 },
    Delete { ec_id: EcId },
    SyncPartnerIds { partner: String, mappings: Vec<MappingText>, now: u64 },
    EvaluateCluster { ec_id: EcId, now: u64 },
    Inspect { ec_id: EcId },
}

/// An operation of a snapshot.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    tag = "call",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub(crate) enum SnapshotCall {
    Entry {},
    Generation {},
    Visit { entry: NewEntryText },
    UpsertPartnerIds { ids: Vec<PartnerUidText>, now: u64 },
    RemovePartnerIds { partners: Vec<String>, now: u64 },
    UpdateLastSeen { now: u64 },
    Withdraw { now: u64 },
    EvaluateCluster { now: u64 },
}

type Answer = Result<Value, Failure>;

/// A snapshot with the EC ID that it is of.
pub(crate) struct Kept<'a> {
    pub(crate) ec_id: EcId,
    pub(crate) snapshot: Box<dyn EntrySnapshot + 'a>,
}

impl GraphCall {
    /// The name in the WIT, with that of the resource.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::DefaultPolicy {} => "default-policy",
            Self::TrustedServerPolicy {} => "trusted-server-policy",
            Self::Open {} => "graph.open",
            Self::OpenWith { .. } => "graph.open-with",
            Self::Get { .. } => "graph.get",
            Self::GetMetadata { .. } => "graph.get-metadata",
            Self::Visit { .. } => "graph.visit",
            Self::Create { .. } => "graph.create",
            Self::CreateOrRevive { .. } => "graph.create-or-revive",
            Self::UpsertPartnerId { .. } => "graph.upsert-partner-id",
            Self::UpsertPartnerIds { .. } => "graph.upsert-partner-ids",
            Self::RemovePartnerIds { .. } => "graph.remove-partner-ids",
            Self::UpdateLastSeen { .. } => "graph.update-last-seen",
            Self::WriteWithdrawalTombstone { .. } => "graph.write-withdrawal-tombstone",
            Self::Delete { .. } => "graph.delete",
            Self::SyncPartnerIds { .. } => "graph.sync-partner-ids",
            Self::EvaluateCluster { .. } => "graph.evaluate-cluster",
            Self::Inspect { .. } => "graph.inspect",
        }
    }

    /// The EC IDs that it names.
    pub(crate) fn ec_ids(&self) -> Vec<&EcId> {
        match self {
            Self::DefaultPolicy {}
            | Self::TrustedServerPolicy {}
            | Self::Open {}
            | Self::OpenWith { .. } => Vec::new(),
            Self::Get { ec_id, .. }
            | Self::GetMetadata { ec_id }
            | Self::Visit { ec_id, .. }
            | Self::Create { ec_id, .. }
            | Self::CreateOrRevive { ec_id, .. }
            | Self::UpsertPartnerId { ec_id, .. }
            | Self::UpsertPartnerIds { ec_id, .. }
            | Self::RemovePartnerIds { ec_id, .. }
            | Self::UpdateLastSeen { ec_id, .. }
            | Self::WriteWithdrawalTombstone { ec_id, .. }
            | Self::Delete { ec_id }
            | Self::EvaluateCluster { ec_id, .. }
            | Self::Inspect { ec_id } => vec![ec_id],
            Self::SyncPartnerIds { mappings, .. } => {
                mappings.iter().map(|mapping| &mapping.ec_id).collect()
            }
        }
    }

    /// Carries it out; with the snapshot of a `get` that found an entry.
    pub(crate) fn run<'a>(
        &self,
        host: &dyn Host,
        graph: &'a dyn IdentityGraph,
    ) -> (Answer, Option<Kept<'a>>) {
        if let Self::Get { ec_id, now } = self {
            return match graph.get(ec_id.as_str(), *now) {
                Err(failure) => (Err(failure), None),
                Ok(None) => (Ok(Value::Null), None),
                Ok(Some(snapshot)) => {
                    let answer = told::entry(&snapshot.entry());
                    (Ok(answer), Some(Kept { ec_id: ec_id.clone(), snapshot }))
                }
            };
        }
        (self.answer(host, graph), None)
    }

    fn answer(&self, host: &dyn Host, graph: &dyn IdentityGraph) -> Answer {
        Ok(match self {
            Self::DefaultPolicy {} => told::policy(&host.default_policy()),
            Self::TrustedServerPolicy {} => told::policy(&host.trusted_server_policy()),
            Self::Open {} => host.open(None).map(|_| Value::Null)?,
            Self::OpenWith { policy } => host.open(Some(policy.policy())).map(|_| Value::Null)?,
            Self::Get { .. } => unreachable!("it is carried out with its snapshot"),
            Self::GetMetadata { ec_id } => {
                let metadata = graph.get_metadata(ec_id.as_str())?;
                metadata.as_ref().map_or(Value::Null, told::metadata)
            }
            Self::Visit { ec_id, entry } => {
                told::report(&graph.visit(ec_id.as_str(), entry.given())?)
            }
            Self::Create { ec_id, entry } => {
                told::parts(&graph.create(ec_id.as_str(), entry.given())?)
            }
            Self::CreateOrRevive { ec_id, entry } => {
                told::report(&graph.create_or_revive(ec_id.as_str(), entry.given())?)
            }
            Self::UpsertPartnerId { ec_id, id, missing, now } => {
                let (id, missing) = (id.given(), missing.given());
                told::upsert(&graph.upsert_partner_id(ec_id.as_str(), id, missing, *now)?)
            }
            Self::UpsertPartnerIds { ec_id, ids, missing, now } => {
                let (ids, missing) = (PartnerUidText::all(ids), missing.given());
                told::upserts(&graph.upsert_partner_ids(ec_id.as_str(), ids, missing, *now)?)
            }
            Self::RemovePartnerIds { ec_id, partners, now } => {
                told::upserts(&graph.remove_partner_ids(ec_id.as_str(), partners.clone(), *now)?)
            }
            Self::UpdateLastSeen { ec_id, now } => {
                json!(graph.update_last_seen(ec_id.as_str(), *now)?.name())
            }
            Self::WriteWithdrawalTombstone { ec_id, now } => {
                graph.write_withdrawal_tombstone(ec_id.as_str(), *now)?;
                Value::Null
            }
            Self::Delete { ec_id } => json!(graph.delete(ec_id.as_str())?),
            Self::SyncPartnerIds { partner, mappings, now } => {
                let mappings: Vec<_> = mappings.iter().map(MappingText::given).collect();
                told::mappings(&graph.sync_partner_ids(partner, &mappings, *now)?)
            }
            Self::EvaluateCluster { ec_id, now } => {
                json!(graph.evaluate_cluster(ec_id.as_str(), *now)?)
            }
            Self::Inspect { ec_id } => {
                let row = graph.inspect(ec_id.as_str())?;
                row.as_ref().map_or(Value::Null, told::raw_row)
            }
        })
    }
}

impl SnapshotCall {
    /// The name in the WIT, with that of the resource.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Entry {} => "snapshot.entry",
            Self::Generation {} => "snapshot.generation",
            Self::Visit { .. } => "snapshot.visit",
            Self::UpsertPartnerIds { .. } => "snapshot.upsert-partner-ids",
            Self::RemovePartnerIds { .. } => "snapshot.remove-partner-ids",
            Self::UpdateLastSeen { .. } => "snapshot.update-last-seen",
            Self::Withdraw { .. } => "snapshot.withdraw",
            Self::EvaluateCluster { .. } => "snapshot.evaluate-cluster",
        }
    }

    /// Carries it out, where the row is of this generation by now.
    pub(crate) fn answer(&self, kept: &mut Kept<'_>, current: Option<u64>) -> Answer {
        let snapshot = &mut kept.snapshot;
        Ok(match self {
            Self::Entry {} => told::entry(&snapshot.entry()),
            Self::Generation {} => {
                let is_current = current == Some(snapshot.generation());
                json!(if is_current { "current" } else { "other" })
            }
            Self::Visit { entry } => told::report(&snapshot.visit(entry.given())?),
            Self::UpsertPartnerIds { ids, now } => {
                told::upserts(&snapshot.upsert_partner_ids(PartnerUidText::all(ids), *now)?)
            }
            Self::RemovePartnerIds { partners, now } => {
                told::upserts(&snapshot.remove_partner_ids(partners.clone(), *now)?)
            }
            Self::UpdateLastSeen { now } => json!(snapshot.update_last_seen(*now)?.name()),
            Self::Withdraw { now } => json!(snapshot.withdraw(*now)?.name()),
            Self::EvaluateCluster { now } => json!(snapshot.evaluate_cluster(*now)?),
        })
    }
}
