//! How a page load may add its UIDs.

use std::rc::Rc;

use identity_graph::{
    Failure, IdentityGraph, IfMissing, KvError, NewEntry, PartnerUid, Policy, Store, UpsertOutcome,
};

use super::common::Common;
use super::figures::UIDS;
use crate::{Component, Operation, Outcome, Runner, Script, Workers};
use host_test::Instance;

/// How the requests of a page load add the UIDs that they carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strategy {
    /// Every request reads, changes and writes the row for each UID, with five tries at once.
    Common,
    /// Every request calls `upsert-partner-ids` of the component.
    Graph,
    /// Only the document's request calls the component, as the example application does: it writes
    /// what the row does not have, and the browser keeps that it is stored.
    Application,
}

/// One request of a page load.
pub(super) struct PageRequest {
    pub(super) is_document: bool,
    /// The browser's cookie says that its UIDs are stored.
    pub(super) is_stored: bool,
    pub(super) now: u64,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Common, Self::Graph, Self::Application];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Common => "common way",
            Self::Graph => "graph, every request",
            Self::Application => "graph, documents only",
        }
    }

    pub(super) fn workers(self) -> &'static dyn Workers {
        match self {
            Self::Common => &Common,
            Self::Graph => &Component,
            Self::Application => &Application,
        }
    }

    /// What a request does to the row; none where it does not ask for the store.
    pub(super) fn operation(self, request: &PageRequest, ec: &Rc<str>) -> Option<Operation> {
        let (now, ec, ids) = (request.now, Rc::clone(ec), ids());
        match self {
            Self::Common | Self::Graph => {
                Some(Operation::Upsert { ec, ids, missing: IfMissing::Skip, now })
            }
            Self::Application if request.is_document && !request.is_stored => {
                Some(Operation::View { ec, ids, now })
            }
            Self::Application => None,
        }
    }
}

/// The UIDs that every request carries.
pub(super) fn ids() -> Vec<PartnerUid> {
    let id = |at: u64| PartnerUid::new(format!("partner-{at}.example"), format!("uid-{at}"));
    (0..UIDS).map(id).collect()
}

/// The page view of the example application (`examples/edge-routes/src/page.rs`) over the component.
struct Application;

impl Workers for Application {
    fn open(&self, store: Script, policy: Policy) -> Runner {
        const NAME: &str = "ec_identity_store";
        let instance = Instance::new([(NAME, Box::new(store) as Box<dyn Store<Error = KvError>>)]);
        match instance.open_with(NAME, policy) {
            Ok(graph) => Box::new(move |operation| match operation {
                Operation::View { ec, ids, now } => Outcome::Upserted(view(&graph, ec, ids, *now)),
                _ => Outcome::Trapped("the application only views pages".to_owned()),
            }),
            Err(failure) => Box::new(move |_| Outcome::Trapped(failure.to_string())),
        }
    }
}

fn view(
    graph: &dyn IdentityGraph,
    ec: &str,
    ids: &[PartnerUid],
    now: u64,
) -> Result<Vec<UpsertOutcome>, Failure> {
    let Some(mut snapshot) = graph.get(ec, now)? else {
        // The row may be too fresh to be seen.
        return match graph.create(ec, NewEntry { ids: ids.to_vec(), ..NewEntry::at(now) }) {
            Ok(report) => Ok(report.ids),
            Err(Failure::AlreadyExists) => Ok(vec![UpsertOutcome::NotFound; ids.len()]),
            Err(failure) => Err(failure),
        };
    };
    let outcomes = snapshot.upsert_partner_ids(ids.to_vec(), now)?;
    if !outcomes.contains(&UpsertOutcome::Written) {
        snapshot.update_last_seen(now)?;
    }
    Ok(outcomes)
}
