//! Every state that a worker can be in. A worker is a function of the answers that it has heard, so
//! that each is run once, whichever schedule leads there.

use std::collections::HashMap;
use std::rc::Rc;

use identity_graph::{Item, KvError, Policy, Precondition, WriteOutcome};

use super::operations::{EC, NOW, OperationKind};
use super::start::{Start, StartRow};
use crate::bounds::check_calls;
use crate::broken::Broken;
use crate::call::{Answer, Call, Put};
use crate::describe;
use crate::evidence::check_evidence;
use crate::outcomes::check_messages;
use crate::reference::Held;
use crate::worker::{Next, Outcome, Worker, Workers};
use crate::writes::{check_delete, check_put};
use host_test::contract::scatter;

/// The number of a row among all that were ever written.
pub(super) type RowId = u16;
/// The number of a worker's state among all that were ever met.
pub(super) type NodeId = u32;

/// The absence of a row.
pub(super) const NOTHING: RowId = 0;

/// Most versions of a key in one schedule.
const MOST_VERSIONS: u8 = 64;

/// An answer, reduced to what tells it apart from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Heard {
    /// A read shows this row, which is the version of the key with this number.
    Shows(RowId, u8),
    Counted(u8),
    Stored,
    Refused,
    /// Refused, and handed over this row, which is the version with this number.
    HandedOver(RowId, u8),
    Deleted(bool),
    Failed(CallFault),
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum CallFault {
    Unavailable,
    Throttled,
    /// There is no answer. The write has landed, lands later, or never does.
    Unanswered,
}

impl CallFault {
    fn error(self) -> KvError {
        match self {
            Self::Unavailable => KvError::Unavailable,
            Self::Throttled => KvError::Throttled,
            Self::Unanswered => KvError::UnknownOutcome,
        }
    }
}

/// What a worker waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Request {
    Read,
    Count,
    Write(Effect),
    /// Nothing, it has ended.
    Done,
}

/// What a write does where its condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Effect {
    Put(RowId, Condition),
    Delete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Condition {
    None,
    Absent,
    /// The key holds this version.
    Matches(u8),
}

pub(super) struct Node {
    parent: Option<NodeId>,
    pub(super) worker: Worker,
    pub(super) request: Request,
    pub(super) in_doubt: bool,
    /// What is wrong with it, whatever else happens.
    pub(super) broken: Option<Broken>,
    /// What it has ended with and cannot know.
    pub(super) guess: Option<Broken>,
}

pub(super) struct KnownRow {
    pub(super) held: Held,
    body: Vec<u8>,
    metadata: Option<String>,
}

/// All workers and rows.
pub(super) struct Trie<'w> {
    workers: &'w dyn Workers,
    pub(super) policy: Policy,
    pub(super) rows: Vec<KnownRow>,
    row_ids: HashMap<(Vec<u8>, Option<String>, u32), RowId>,
    pub(super) nodes: Vec<Node>,
    roots: HashMap<(OperationKind, u8), NodeId>,
    edges: HashMap<(NodeId, Heard), NodeId>,
    /// Writes that were checked: by the worker, on which row.
    checked: HashMap<(NodeId, RowId), Result<(), Broken>>,
}

impl<'w> Trie<'w> {
    pub(super) fn new(workers: &'w dyn Workers, policy: Policy) -> Self {
        let nothing = KnownRow { held: Held::Nothing, body: Vec::new(), metadata: None };
        Self {
            workers,
            policy,
            rows: vec![nothing],
            row_ids: HashMap::new(),
            nodes: Vec::new(),
            roots: HashMap::new(),
            edges: HashMap::new(),
            checked: HashMap::new(),
        }
    }

    /// What the key has held at the start, oldest first.
    pub(super) fn start(&mut self, start: Start) -> Vec<RowId> {
        let mut rows: Vec<RowId> = Vec::new();
        for (row, version) in start.rows(&self.policy).into_iter().zip(0_u8..) {
            let before = rows.last().copied().unwrap_or(NOTHING);
            let row = match row {
                StartRow::Nothing => NOTHING,
                StartRow::Body(body) => self.foreign(body),
                StartRow::WrittenBy(kind) => self.first_write(kind, None),
                StartRow::WrittenNext(kind) => {
                    self.first_write(kind, Some((before, version.saturating_sub(1))))
                }
            };
            rows.push(row);
        }
        rows
    }

    /// What an operation writes first where nothing is stored, or over this version of a row.
    fn first_write(&mut self, kind: OperationKind, over: Option<(RowId, u8)>) -> RowId {
        let mut node = self.root(kind, 0);
        if let Some((row, version)) = over {
            node = self.after(node, Heard::HandedOver(row, version));
        }
        match self.nodes[node as usize].request {
            Request::Write(Effect::Put(row, _)) => row,
            _ => panic!("a {} writes at once", kind.name()),
        }
    }

    /// A row that another program has written.
    pub(super) fn foreign(&mut self, body: Vec<u8>) -> RowId {
        self.row(body, None, 0)
    }

    /// A worker that has not begun.
    pub(super) fn root(&mut self, kind: OperationKind, number: u8) -> NodeId {
        if let Some(node) = self.roots.get(&(kind, number)) {
            return *node;
        }
        let operation = Rc::new(kind.operation(number));
        let worker_state = Worker::start(self.workers, operation, self.policy).at_rest();
        let node = self.node(None, worker_state, false);
        self.roots.insert((kind, number), node);
        node
    }

    /// The worker once it has heard this.
    pub(super) fn after(&mut self, node: NodeId, heard: Heard) -> NodeId {
        if let Some(next) = self.edges.get(&(node, heard)) {
            return *next;
        }
        let answer = self.answer(node, heard);
        let from = &self.nodes[node as usize];
        let in_doubt = from.in_doubt || heard == Heard::Failed(CallFault::Unanswered);
        let worker = from.worker.answered(self.workers, answer).at_rest();
        let next = self.node(Some(node), worker, in_doubt);
        self.edges.insert((node, heard), next);
        next
    }

    /// Checks the write that a worker waits for, on the row that it meets.
    pub(super) fn check(&mut self, node: NodeId, before: RowId) -> Result<(), Broken> {
        if let Some(checked) = self.checked.get(&(node, before)) {
            return checked.clone();
        }
        let worker = &self.nodes[node as usize].worker;
        let checked = match call(worker) {
            Some(Call::Put(put)) => {
                let before = &self.rows[before as usize].held;
                check_put(worker.operation(), &self.policy, before, put)
            }
            Some(Call::PutMany(puts)) => {
                let before = &self.rows[before as usize].held;
                check_put(worker.operation(), &self.policy, before, &puts[0])
            }
            _ => check_delete(worker.operation()),
        };
        self.checked.insert((node, before), checked.clone());
        checked
    }

    /// The latest earlier state of a worker of which this is true.
    pub(super) fn ancestor(&self, node: NodeId, is: impl Fn(&Node) -> bool) -> Option<NodeId> {
        let parents = std::iter::successors(Some(node), |at| self.nodes[*at as usize].parent);
        parents.skip(1).find(|at| is(&self.nodes[*at as usize]))
    }

    /// How a worker has ended.
    pub(super) fn outcome(&self, node: NodeId) -> Option<&Outcome> {
        match self.nodes[node as usize].worker.next() {
            Next::Done(outcome) => Some(outcome),
            Next::Call(_) => None,
        }
    }

    /// What a worker asks and hears, in words.
    pub(super) fn describe(&self, node: NodeId, heard: Heard) -> (String, String) {
        let call = call(&self.nodes[node as usize].worker).map(describe::call).unwrap_or_default();
        (call, describe::answer(&self.answer(node, heard), NOW))
    }

    fn node(&mut self, parent: Option<NodeId>, worker: Worker, in_doubt: bool) -> NodeId {
        let request = match call(&worker).cloned() {
            None => Request::Done,
            Some(Call::Get(_) | Call::Head(_)) => Request::Read,
            Some(Call::GetMany(keys)) => {
                assert_eq!(keys, [EC], "a batch reads each row once");
                Request::Read
            }
            Some(Call::Count(..)) => Request::Count,
            Some(Call::Delete(_)) => Request::Write(Effect::Delete),
            Some(Call::Put(put)) => Request::Write(self.effect(put)),
            Some(Call::PutMany(mut puts)) => {
                assert_eq!(puts.len(), 1, "a batch writes each row once");
                Request::Write(self.effect(puts.remove(0)))
            }
        };
        let mut checked = check_calls(worker.operation(), self.policy, worker.heard());
        let mut guess = None;
        if let Next::Done(outcome) = worker.next() {
            let secrets =
                [&EC[..9], "invented", "visit-", "later-", "older-", "newer-", "batch-", "other-"];
            checked = checked.and_then(|()| check_messages(outcome, &secrets));
            guess = check_evidence(worker.operation(), self.policy, worker.heard(), outcome).err();
        }
        let broken = checked.err();
        self.nodes.push(Node { parent, worker, request, in_doubt, broken, guess });
        NodeId::try_from(self.nodes.len() - 1).expect("fewer workers' states than 2^32")
    }

    fn effect(&mut self, put: Put) -> Effect {
        let condition = match put.condition {
            Precondition::None => Condition::None,
            Precondition::Absent => Condition::Absent,
            Precondition::Matches(generation) => {
                let version = (0..MOST_VERSIONS).find(|at| generation_of(*at) == generation);
                Condition::Matches(version.expect("a worker writes on what it has read"))
            }
        };
        let row = self.row(put.body, Some(put.metadata), put.time_to_live);
        Effect::Put(row, condition)
    }

    fn row(&mut self, body: Vec<u8>, metadata: Option<String>, time_to_live: u32) -> RowId {
        let next = RowId::try_from(self.rows.len()).expect("fewer rows than 65,536");
        let rows = &mut self.rows;
        *self.row_ids.entry((body.clone(), metadata.clone(), time_to_live)).or_insert_with(|| {
            rows.push(KnownRow { held: Held::of(Some(&body)), body, metadata });
            next
        })
    }

    fn answer(&self, node: NodeId, heard: Heard) -> Answer {
        let written = match heard {
            Heard::Refused => Ok(WriteOutcome::Conflict(None)),
            Heard::HandedOver(row, version) => Ok(WriteOutcome::Conflict(self.item(row, version))),
            Heard::Failed(fault) => Err(fault.error()),
            _ => Ok(WriteOutcome::Stored),
        };
        let read = match heard {
            Heard::Shows(row, version) => Ok(self.item(row, version)),
            Heard::Failed(fault) => Err(fault.error()),
            _ => Ok(None),
        };
        match call(&self.nodes[node as usize].worker).expect("only who asks is answered") {
            Call::Get(_) => Answer::Read(read),
            Call::Head(_) => Answer::Head(read.map(|item| {
                item.map(|Item { metadata, generation, .. }| identity_graph::ItemHead {
                    metadata,
                    generation,
                })
            })),
            Call::GetMany(_) => Answer::Reads(vec![read]),
            Call::Put(_) => Answer::Written(written),
            Call::PutMany(_) => Answer::Writes(vec![written]),
            Call::Delete(_) => Answer::Deleted(match heard {
                Heard::Failed(fault) => Err(fault.error()),
                heard => Ok(heard == Heard::Deleted(true)),
            }),
            Call::Count(..) => Answer::Counted(match heard {
                Heard::Failed(fault) => Err(fault.error()),
                Heard::Counted(number) => Ok(u32::from(number)),
                _ => Ok(0),
            }),
        }
    }

    fn item(&self, row: RowId, version: u8) -> Option<Item> {
        let KnownRow { body, metadata, .. } = &self.rows[row as usize];
        (row != NOTHING).then(|| Item {
            body: body.clone(),
            metadata: metadata.clone(),
            generation: generation_of(version),
        })
    }
}

fn call(worker: &Worker) -> Option<&Call> {
    match worker.next() {
        Next::Call(call) => Some(call),
        Next::Done(_) => None,
    }
}

fn generation_of(version: u8) -> u64 {
    scatter(u64::from(version) + 1)
}
