//! Does with each event of a trace what a good edge application does.

use std::collections::BTreeMap;

use host_test::{ComponentGraph, Instance, MemoryStore, StoreCalls};
use identity_graph::{
    CreateOutcome, Failure, IdentityGraph, KvError, NewEntry, Report, Store, UpsertOutcome,
    VisitOutcome,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::reply::Reply;
use crate::trace::{Kind, TraceEvent, What};

const STORE: &str = "ec_identity_store";

/// One long-lived instance of the component over a store in memory, and what it has done so far.
pub(crate) struct Player {
    pub(crate) store: MemoryStore,
    pub(crate) graph: ComponentGraph,
    pub(crate) totals: Totals,
}

/// What has happened, in numbers.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) by_kind: [OfKind; Kind::ALL.len()],
    /// Page views for which a row was made.
    pub(crate) created_by_views: u64,
    pub(crate) mappings: u64,
    pub(crate) outcomes: BTreeMap<(Group, &'static str), u64>,
    /// The earliest and the latest time.
    pub(crate) span: Option<(u64, u64)>,
}

#[derive(Default, Clone, Copy)]
pub(crate) struct OfKind {
    pub(crate) events: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
}

/// What outcomes are counted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    PageViews,
    Mappings,
    Removals,
    Consents,
    Withdrawals,
    Deletions,
    Clusters,
}

/// The rows of a store.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) live: u64,
    pub(crate) tombstones: u64,
    pub(crate) with_partners: u64,
    pub(crate) unreadable: u64,
}

impl Player {
    pub(crate) fn new() -> Result<Self, Failure> {
        let store = MemoryStore::new();
        let opened = Box::new(store.clone()) as Box<dyn Store<Error = KvError>>;
        let graph = Instance::new([(STORE, opened)]).open(STORE)?;
        Ok(Self { store, graph, totals: Totals::default() })
    }

    pub(crate) fn play(&mut self, event: TraceEvent) -> Reply {
        let (kind, at) = (event.kind, event.at);
        self.store.set_now(at);
        let reply = act(&self.graph, event);
        let calls = self.store.take_store_calls();
        // A refused event is a bad line, and nothing that happened.
        if reply.broken_rule().is_none() {
            self.totals.note(kind, at, &reply, &calls);
        }
        reply
    }

    /// Counts the rows as they are stored. Costs no operation of the store.
    pub(crate) fn rows(&self) -> Rows {
        #[derive(Deserialize)]
        struct Stored {
            consent: Consent,
            #[serde(default)]
            ids: Option<Map<String, Value>>,
        }
        #[derive(Deserialize)]
        struct Consent {
            ok: bool,
        }
        let mut rows = Rows::default();
        for row in self.store.keys().iter().filter_map(|key| self.store.row(key)) {
            match serde_json::from_slice::<Stored>(&row.body) {
                Err(_) => rows.unreadable += 1,
                Ok(stored) if !stored.consent.ok => rows.tombstones += 1,
                Ok(stored) => {
                    rows.live += 1;
                    rows.with_partners += u64::from(stored.ids.is_some_and(|ids| !ids.is_empty()));
                }
            }
        }
        rows
    }
}

/// Does with one event what a good edge application does.
pub(crate) fn act(graph: &dyn IdentityGraph, event: TraceEvent) -> Reply {
    let TraceEvent { kind, at, what, .. } = event;
    let done = || -> Result<Reply, Failure> {
        Ok(match what {
            What::Visit { ec, entry, places } => {
                let report = match kind {
                    Kind::View => view(graph, &ec, *entry)?,
                    _ => graph.visit(&ec, *entry)?,
                };
                Reply::Visited(report, places)
            }
            What::Sync { partner, mappings, places } => {
                Reply::Synced(graph.sync_partner_ids(&partner, &mappings, at)?, places)
            }
            What::Remove { ec, partners, places } => {
                Reply::Removed(graph.remove_partner_ids(&ec, partners, at)?, places)
            }
            What::Ec(ec) => match kind {
                Kind::Withdraw => {
                    graph.write_withdrawal_tombstone(&ec, at)?;
                    Reply::Withdrawn
                }
                Kind::Delete => Reply::Deleted(graph.delete(&ec)?),
                _ => Reply::Counted(graph.evaluate_cluster(&ec, at)?),
            },
        })
    };
    done().unwrap_or_else(Reply::Failed)
}

/// A page view that is no new consent: a visit, but of a row that was withdrawn. One read, and one
/// write at most.
fn view(
    graph: &dyn IdentityGraph,
    ec: &str,
    entry: NewEntry,
) -> Result<Report<VisitOutcome>, Failure> {
    let Some(mut snapshot) = graph.get(ec, entry.now)? else {
        let Report { outcome, ids, left_out } = graph.create_or_revive(ec, entry)?;
        let outcome = match outcome {
            CreateOutcome::Created => VisitOutcome::Created,
            CreateOutcome::Revived => VisitOutcome::Revived,
            CreateOutcome::AlreadyLive => VisitOutcome::Unchanged,
            CreateOutcome::Withdrawn => VisitOutcome::Withdrawn,
        };
        return Ok(Report { outcome, ids, left_out });
    };
    if snapshot.entry().consent.ok {
        return snapshot.visit(entry);
    }
    let ids = entry.ids.iter().map(|_| UpsertOutcome::Withdrawn).collect();
    Ok(Report { outcome: VisitOutcome::Withdrawn, ids, left_out: Vec::new() })
}

impl Totals {
    pub(crate) fn of(&self, kind: Kind) -> OfKind {
        self.by_kind[kind as usize]
    }

    pub(crate) fn events(&self) -> u64 {
        self.by_kind.iter().map(|of_kind| of_kind.events).sum()
    }

    fn note(&mut self, kind: Kind, at: u64, reply: &Reply, calls: &StoreCalls) {
        let of_kind = &mut self.by_kind[kind as usize];
        of_kind.events += 1;
        of_kind.reads += calls.reads();
        of_kind.writes += calls.writes();
        let (from, to) = self.span.unwrap_or((at, at));
        self.span = Some((from.min(at), to.max(at)));
        let group = match kind {
            Kind::Visit | Kind::FirstVisit | Kind::View => Group::PageViews,
            Kind::Consent => Group::Consents,
            Kind::Sync => Group::Mappings,
            Kind::Remove => Group::Removals,
            Kind::Withdraw => Group::Withdrawals,
            Kind::Delete => Group::Deletions,
            Kind::Cluster => Group::Clusters,
        };
        let mut add = |word| *self.outcomes.entry((group, word)).or_default() += 1;
        match reply.words() {
            Some(words) => words.into_iter().for_each(add),
            None => add(reply.word()),
        }
        if let Reply::Synced(outcomes, _) = reply {
            self.mappings += outcomes.len() as u64;
        }
        let is_created =
            matches!(reply, Reply::Visited(report, _) if report.outcome == VisitOutcome::Created);
        if is_created && matches!(kind, Kind::Visit | Kind::View) {
            self.created_by_views += 1;
        }
    }
}
