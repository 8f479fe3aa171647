//! Does with each event of a trace what a good edge application does.

use std::collections::BTreeMap;

use host_test::{ComponentGraph, Instance, MemoryStore, StoreCalls};
use identity_graph::{Failure, IdentityGraph, Name, Store, TouchOutcome, UpsertOutcome};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::reply::Reply;
use crate::trace::{Kind, TraceEvent, Visit};

const STORE: &str = "ec_identity_store";
/// Seconds after which a visit is noted before anything else: a twelfth of the lifetime of a row.
const LONGEST_UNNOTED: u64 = 30 * 86_400;

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
        let opened = Box::new(store.clone()) as Box<dyn Store>;
        let graph = Instance::new([(STORE, opened)]).open(STORE)?;
        Ok(Self { store, graph, totals: Totals::default() })
    }

    pub(crate) fn play(&mut self, event: TraceEvent<'_>) -> Reply {
        let (kind, at) = (event.kind(), event.at());
        self.store.set_now(at);
        let reply = self.act(event).unwrap_or_else(Reply::Failed);
        let calls = self.store.take_store_calls();
        // A refused event is a bad line, and nothing that happened.
        if !matches!(reply, Reply::Failed(Failure::InvalidArgument(_))) {
            self.totals.note(kind, at, &reply, &calls);
        }
        reply
    }

    fn act(&self, event: TraceEvent<'_>) -> Result<Reply, Failure> {
        Ok(match event {
            TraceEvent::FirstVisit(visit) | TraceEvent::Consent(visit) => self.create(visit)?,
            TraceEvent::View(visit) => self.view(visit)?,
            TraceEvent::Sync { at, partner, mappings } => {
                Reply::Synced(self.graph.sync_partner_ids(&partner, &mappings, at)?)
            }
            TraceEvent::Withdraw { at, ec } => {
                self.graph.write_withdrawal_tombstone(&ec, at)?;
                Reply::Withdrawn
            }
            TraceEvent::Delete { ec, .. } => Reply::Deleted(self.graph.delete(&ec)?),
            TraceEvent::Cluster { at, ec } => Reply::Counted(self.graph.evaluate_cluster(&ec, at)?),
        })
    }

    /// One write, with everything that the request says.
    fn create(&self, visit: Visit<'_>) -> Result<Reply, Failure> {
        let ec = visit.ec.clone();
        Ok(Reply::Created(self.graph.create_or_revive(&ec, visit.entry())?))
    }

    /// One read, and one write at most: a second write within the second would be refused for its
    /// rate.
    ///
    /// UIDs are written first, since they are news. But writing them does not note the visit. A
    /// browser that brings new UIDs every time would never have its visit noted, so once in a while
    /// the visit is noted instead; the UIDs come again with the next view.
    fn view(&self, visit: Visit<'_>) -> Result<Reply, Failure> {
        let Some(mut snapshot) = self.graph.get(&visit.ec)? else { return self.create(visit) };
        let entry = snapshot.entry();
        let last_visit = entry.last_seen.unwrap_or(entry.created);
        let mut ids = visit.ids();
        if visit.at.saturating_sub(last_visit) >= LONGEST_UNNOTED {
            ids.clear();
        }
        let ids =
            if ids.is_empty() { Vec::new() } else { snapshot.upsert_partner_ids(ids, visit.at)? };
        if ids.contains(&UpsertOutcome::Written) {
            return Ok(Reply::Viewed(ids, None));
        }
        match snapshot.update_last_seen(visit.at)? {
            // Past its lifetime, which is as good as none.
            TouchOutcome::NotFound => self.create(visit),
            touch => Ok(Reply::Viewed(ids, Some(touch))),
        }
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
            Kind::FirstVisit | Kind::View => Group::PageViews,
            Kind::Consent => Group::Consents,
            Kind::Sync => Group::Mappings,
            Kind::Withdraw => Group::Withdrawals,
            Kind::Delete => Group::Deletions,
            Kind::Cluster => Group::Clusters,
        };
        let mut add = |word| *self.outcomes.entry((group, word)).or_default() += 1;
        match reply {
            Reply::Synced(outcomes) => {
                self.mappings += outcomes.len() as u64;
                outcomes.iter().map(Name::name).for_each(add);
            }
            other => add(other.word()),
        }
        if kind == Kind::View && matches!(reply, Reply::Created(_)) {
            self.created_by_views += 1;
        }
    }
}
