//! Workers: an operation of the graph that stops at every store call until somebody answers it.
//!
//! The component sees nothing but its arguments and the store's answers. So a worker between two
//! store calls is fully described by the answers that it has heard, and is resumed by running its
//! operation again over those answers until it asks for the next thing. That costs a few runs per
//! operation. It spares threads and fibers, which could make a schedule differ from one time to the
//! next. A worker that asks for something else on the same answers is an error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use identity_graph::{
    CreateOutcome, Entry, Failure, Graph, IdentityGraph, IfMissing, KvError, Mapping, Metadata,
    NewEntry, PartnerUid, Policy, Report, Store, TouchOutcome, UpsertOutcome, VisitOutcome,
    WithdrawOutcome,
};

use super::call::{Answer, Call, Script};

/// What a worker is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// `create`.
    Create {
        /// The row's key.
        ec: Rc<str>,
        /// What the visit knows.
        entry: NewEntry,
    },
    /// `create-or-revive`.
    CreateOrRevive {
        /// The row's key.
        ec: Rc<str>,
        /// What the visit knows.
        entry: NewEntry,
    },
    /// `visit`.
    Visit {
        /// The row's key.
        ec: Rc<str>,
        /// What the visit knows.
        entry: NewEntry,
        /// Whether it is noted on a snapshot, where there is an entry to be read.
        reads_first: bool,
    },
    /// `get-metadata`.
    Peek {
        /// The row's key.
        ec: Rc<str>,
    },
    /// `get`, then on the snapshot `upsert-partner-ids`, and `update-last-seen` where that went well
    /// and wrote nothing.
    View {
        /// The row's key.
        ec: Rc<str>,
        /// UIDs that arrived with the request.
        ids: Vec<PartnerUid>,
        /// The worker's clock.
        now: u64,
    },
    /// `upsert-partner-ids`.
    Upsert {
        /// The row's key.
        ec: Rc<str>,
        /// The UIDs.
        ids: Vec<PartnerUid>,
        /// What to do where there is no row.
        missing: IfMissing,
        /// The worker's clock.
        now: u64,
    },
    /// `remove-partner-ids`.
    Remove {
        /// The row's key.
        ec: Rc<str>,
        /// The partners.
        partners: Vec<String>,
        /// The worker's clock.
        now: u64,
    },
    /// `update-last-seen`.
    Touch {
        /// The row's key.
        ec: Rc<str>,
        /// The worker's clock.
        now: u64,
    },
    /// `write-withdrawal-tombstone`.
    Withdraw {
        /// The row's key.
        ec: Rc<str>,
        /// The worker's clock.
        now: u64,
    },
    /// `get`, then `withdraw` on the snapshot, where there is an entry to be read.
    WithdrawSeen {
        /// The row's key.
        ec: Rc<str>,
        /// The worker's clock.
        now: u64,
    },
    /// `delete`.
    Delete {
        /// The row's key.
        ec: Rc<str>,
    },
    /// `sync-partner-ids`.
    Sync {
        /// The partner.
        partner: String,
        /// What it says.
        mappings: Vec<Mapping>,
        /// The worker's clock.
        now: u64,
    },
    /// `evaluate-cluster`.
    Cluster {
        /// The row's key.
        ec: Rc<str>,
        /// The worker's clock.
        now: u64,
    },
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Of [`Operation::Create`].
    Created(Result<Report<()>, Failure>),
    /// Of [`Operation::CreateOrRevive`].
    Started(Result<Report<CreateOutcome>, Failure>),
    /// Of [`Operation::Visit`].
    Visited(Result<Report<VisitOutcome>, Failure>),
    /// Of [`Operation::Withdraw`].
    Withdrawn(Result<(), Failure>),
    /// Of [`Operation::WithdrawSeen`].
    WithdrawnSeen(Result<WithdrawOutcome, Failure>),
    /// Of [`Operation::Peek`].
    Peeked(Result<Option<Metadata>, Failure>),
    /// Of [`Operation::View`].
    Viewed(Result<View, Failure>),
    /// Of [`Operation::Upsert`] and [`Operation::Remove`], one for each UID.
    Upserted(Result<Vec<UpsertOutcome>, Failure>),
    /// Of [`Operation::Touch`].
    Touched(Result<TouchOutcome, Failure>),
    /// Of [`Operation::Delete`].
    Deleted(Result<bool, Failure>),
    /// Of [`Operation::Sync`], one for each mapping.
    Synced(Result<Vec<Result<UpsertOutcome, Failure>>, Failure>),
    /// Of [`Operation::Cluster`].
    Counted(Result<Option<u32>, Failure>),
    /// The worker panicked, or the component trapped.
    Trapped(String),
}

impl Outcome {
    /// What the operation as a whole failed with, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Created(created) => created.as_ref().err(),
            Self::Started(started) => started.as_ref().err(),
            Self::Visited(visited) => visited.as_ref().err(),
            Self::Withdrawn(withdrawn) => withdrawn.as_ref().err(),
            Self::WithdrawnSeen(withdrawn) => withdrawn.as_ref().err(),
            Self::Peeked(peeked) => peeked.as_ref().err(),
            Self::Viewed(viewed) => viewed.as_ref().err(),
            Self::Upserted(upserted) => upserted.as_ref().err(),
            Self::Touched(touched) => touched.as_ref().err(),
            Self::Deleted(deleted) => deleted.as_ref().err(),
            Self::Synced(synced) => synced.as_ref().err(),
            Self::Counted(counted) => counted.as_ref().err(),
            Self::Trapped(_) => None,
        }
    }
}

/// What became of a page view that could read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The entry, if there was one.
    pub shown: Option<Box<Entry>>,
    /// What became of the UIDs.
    pub upserted: Result<Vec<UpsertOutcome>, Failure>,
    /// What became of the visit, where it was noted.
    pub touched: Option<Result<TouchOutcome, Failure>>,
}

impl Operation {
    /// Carries the operation out on a graph.
    pub fn run(&self, graph: &dyn IdentityGraph) -> Outcome {
        match self {
            Self::Create { ec, entry } => Outcome::Created(graph.create(ec, entry.clone())),
            Self::CreateOrRevive { ec, entry } => {
                Outcome::Started(graph.create_or_revive(ec, entry.clone()))
            }
            Self::Visit { ec, entry, reads_first } => {
                Outcome::Visited(visit(graph, ec, entry, *reads_first))
            }
            Self::Peek { ec } => Outcome::Peeked(graph.get_metadata(ec)),
            Self::View { ec, ids, now } => Outcome::Viewed(view(graph, ec, ids, *now)),
            Self::Upsert { ec, ids, missing, now } => {
                Outcome::Upserted(graph.upsert_partner_ids(ec, ids.clone(), *missing, *now))
            }
            Self::Remove { ec, partners, now } => {
                Outcome::Upserted(graph.remove_partner_ids(ec, partners.clone(), *now))
            }
            Self::Touch { ec, now } => Outcome::Touched(graph.update_last_seen(ec, *now)),
            Self::Withdraw { ec, now } => {
                Outcome::Withdrawn(graph.write_withdrawal_tombstone(ec, *now))
            }
            Self::WithdrawSeen { ec, now } => {
                Outcome::WithdrawnSeen(withdraw_seen(graph, ec, *now))
            }
            Self::Delete { ec } => Outcome::Deleted(graph.delete(ec)),
            Self::Sync { partner, mappings, now } => {
                Outcome::Synced(graph.sync_partner_ids(partner, mappings, *now))
            }
            Self::Cluster { ec, now } => Outcome::Counted(graph.evaluate_cluster(ec, *now)),
        }
    }
}

fn visit(
    graph: &dyn IdentityGraph,
    ec: &str,
    entry: &NewEntry,
    reads_first: bool,
) -> Result<Report<VisitOutcome>, Failure> {
    let snapshot = if reads_first { graph.get(ec, entry.now)? } else { None };
    match snapshot {
        Some(mut snapshot) => snapshot.visit(entry.clone()),
        None => graph.visit(ec, entry.clone()),
    }
}

fn withdraw_seen(
    graph: &dyn IdentityGraph,
    ec: &str,
    now: u64,
) -> Result<WithdrawOutcome, Failure> {
    match graph.get(ec, now)? {
        Some(mut snapshot) => snapshot.withdraw(now),
        None => Ok(WithdrawOutcome::NotFound),
    }
}

fn view(
    graph: &dyn IdentityGraph,
    ec: &str,
    ids: &[PartnerUid],
    now: u64,
) -> Result<View, Failure> {
    let Some(mut snapshot) = graph.get(ec, now)? else {
        return Ok(View { shown: None, upserted: Ok(Vec::new()), touched: None });
    };
    let shown = Some(Box::new(snapshot.entry()));
    let upserted = snapshot.upsert_partner_ids(ids.to_vec(), now);
    // One write a second is all that a key takes.
    let is_free = upserted.as_ref().is_ok_and(|each| !each.contains(&UpsertOutcome::Written));
    let touched = is_free.then(|| snapshot.update_last_seen(now));
    Ok(View { shown, upserted, touched })
}

/// Carries operations out over the store that it was opened on.
pub type Runner = Box<dyn Fn(&Operation) -> Outcome>;

/// Who does the work: the component, or a double that a test has made.
pub trait Workers {
    /// A new one of them, over a store.
    fn open(&self, store: Script, policy: Policy) -> Runner;
}

/// A fresh instance of the component for every worker.
#[derive(Debug, Clone, Copy)]
pub struct Component;

impl Workers for Component {
    fn open(&self, store: Script, policy: Policy) -> Runner {
        const NAME: &str = "ec_identity_store";
        let instance =
            host_test::Instance::new([(NAME, Box::new(store) as Box<dyn Store<Error = KvError>>)]);
        match instance.open_with(NAME, policy) {
            Ok(graph) => Box::new(move |operation| operation.run(&graph)),
            Err(failure) => Box::new(move |_| Outcome::Trapped(failure.to_string())),
        }
    }
}

/// The rules compiled into this program.
#[derive(Debug, Clone, Copy)]
pub struct NativeRules;

impl Workers for NativeRules {
    fn open(&self, store: Script, policy: Policy) -> Runner {
        match Graph::new(store, policy) {
            Ok(graph) => Box::new(move |operation| operation.run(&graph)),
            Err(rule) => Box::new(move |_| Outcome::Trapped(rule.to_string())),
        }
    }
}

/// What a worker does next.
#[derive(Clone, PartialEq, Eq)]
pub enum Next {
    /// It waits for the answer to this call.
    Call(Call),
    /// It has ended.
    Done(Outcome),
}

/// An operation under way.
#[derive(Clone)]
pub struct Worker {
    operation: Rc<Operation>,
    policy: Policy,
    heard: Rc<[(Call, Answer)]>,
    next: Next,
    /// None at rest, and after the end.
    session: Option<Rc<Session>>,
}

/// One of the [`Workers`], and the script that it hears.
struct Session {
    script: Script,
    runner: Runner,
}

impl Worker {
    /// A worker that is about to make its first call.
    pub fn start(workers: &dyn Workers, operation: Rc<Operation>, policy: Policy) -> Self {
        Self::resumed(Session::open(workers, policy), operation, policy, Rc::new([]))
    }

    /// What it waits for, or how it ended.
    #[must_use]
    pub fn next(&self) -> &Next {
        &self.next
    }

    /// What it was asked to do.
    #[must_use]
    pub fn operation(&self) -> &Rc<Operation> {
        &self.operation
    }

    /// The calls that were answered so far.
    #[must_use]
    pub fn heard(&self) -> &[(Call, Answer)] {
        &self.heard
    }

    /// The worker without its session: it goes on in a fresh one.
    #[must_use]
    pub fn at_rest(self) -> Self {
        Self { session: None, ..self }
    }

    /// The worker once its call is answered.
    ///
    /// # Panics
    /// When it has ended and waits for nothing.
    #[must_use]
    pub fn answered(&self, workers: &dyn Workers, answer: Answer) -> Self {
        let Next::Call(call) = &self.next else { panic!("the worker has ended") };
        let new = std::iter::once((call.clone(), answer));
        let heard = self.heard.iter().cloned().chain(new).collect();
        let session = self.session.clone();
        let session = session.unwrap_or_else(|| Session::open(workers, self.policy));
        Self::resumed(session, Rc::clone(&self.operation), self.policy, heard)
    }

    fn resumed(
        session: Rc<Session>,
        operation: Rc<Operation>,
        policy: Policy,
        heard: Rc<[(Call, Answer)]>,
    ) -> Self {
        let next = session.resume(&operation, &heard);
        let session = matches!(next, Next::Call(_)).then_some(session);
        Self { operation, policy, heard, next, session }
    }
}

impl Session {
    fn open(workers: &dyn Workers, policy: Policy) -> Rc<Self> {
        let script = Script::default();
        let runner = workers.open(script.clone(), policy);
        Rc::new(Self { script, runner })
    }

    fn resume(&self, operation: &Operation, heard: &Rc<[(Call, Answer)]>) -> Next {
        self.script.rewind(heard);
        let run = catch_unwind(AssertUnwindSafe(|| (self.runner)(operation)));
        let outcome = run.unwrap_or_else(|panic| Outcome::Trapped(text(&*panic)));
        match self.script.beyond() {
            Some(call) if !matches!(outcome, Outcome::Trapped(_)) => Next::Call(call),
            _ => Next::Done(outcome),
        }
    }
}

fn text(panic: &(dyn std::any::Any + Send)) -> String {
    let literal = panic.downcast_ref::<&str>().map(ToString::to_string);
    let message = literal.or_else(|| panic.downcast_ref::<String>().cloned());
    message.unwrap_or_else(|| "a panic without a message".to_owned())
}
