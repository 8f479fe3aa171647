//! All schedules of some workers on one key.

use std::collections::HashMap;

use super::combination::Combination;
use super::operations::{EC, NOW};
use super::start::Start;
use super::trie::{
    CallFault, Condition, Effect, Heard, NOTHING, Node, NodeId, Request, RowId, Trie,
};
use crate::broken::Broken;
use crate::describe;
use crate::durability::check_durability;
use crate::history::{Event, History, What};
use crate::lane::Lane;
use crate::outcomes::{Seen, Witness, check_outcome};

/// A schedule that breaks an invariant.
#[derive(Debug)]
pub struct Failed {
    /// What happened in it.
    pub history: History,
}

/// The writer of a version that no worker wrote.
const NOBODY: u8 = u8::MAX;

/// Everything that decides what can happen next, and whether it is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    /// What the key has held so far, and who wrote it; the last is what writes are judged on.
    versions: Vec<(RowId, u8)>,
    /// Each worker, and the oldest version that its place still shows.
    workers: Vec<(NodeId, u8)>,
    /// How many calls may still go wrong.
    faults_left: u8,
    /// Writes whose workers got no answer, and which may still land.
    in_flight: Vec<(u8, Effect)>,
    /// What another program may still write.
    overwrite: Option<RowId>,
    /// The row at the start is past its lifetime and may be removed.
    may_expire: bool,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A worker's read shows this version.
    Read(u8, u8),
    /// A worker hears something that changes nothing.
    Hear(u8, Heard),
    /// A worker's write reaches the store and is answered.
    Write(u8),
    /// A worker's write is refused, and the row is handed over.
    HandOver(u8),
    /// A worker's write reaches the store, and the answer is lost.
    Lose(u8),
    /// A worker's write goes on its way, and the worker gives up on it.
    Send(u8),
    /// A write in flight reaches the store.
    Land(u8),
    /// Another program writes.
    Overwrite,
    /// The expired row is removed.
    Expire,
}

impl Step {
    fn worker(self) -> Option<u8> {
        match self {
            Self::Read(worker, _)
            | Self::Hear(worker, _)
            | Self::Write(worker)
            | Self::HandOver(worker)
            | Self::Lose(worker)
            | Self::Send(worker) => Some(worker),
            Self::Land(_) | Self::Overwrite | Self::Expire => None,
        }
    }

    /// Whether something goes wrong.
    fn is_fault(self) -> bool {
        matches!(self, Self::Hear(_, Heard::Failed(_)) | Self::Lose(_) | Self::Send(_))
    }
}

pub(super) struct Search<'t, 'w> {
    trie: &'t mut Trie<'w>,
    first: State,
    /// Schedules from a state to the end.
    seen: HashMap<State, u128>,
    path: Vec<Step>,
    /// The first outcome that was guessed, and how it came to be.
    guess: Option<(Vec<Step>, Broken)>,
}

impl<'t, 'w> Search<'t, 'w> {
    pub(super) fn new(trie: &'t mut Trie<'w>, combination: &Combination) -> Self {
        let Combination { start, operations, overwrite } = combination;
        let versions = trie.start(*start).into_iter().map(|row| (row, NOBODY)).collect();
        let workers = operations.iter().map(|(kind, number)| (trie.root(*kind, *number), 0));
        let first = State {
            versions,
            workers: workers.collect(),
            faults_left: combination.faults(),
            in_flight: Vec::new(),
            overwrite: overwrite.map(|by| trie.foreign(by.body())),
            may_expire: *start == Start::Expired,
        };
        Self { trie, first, seen: HashMap::new(), path: Vec::new(), guess: None }
    }

    /// Goes through all schedules: how many states there are, and how many schedules.
    pub(super) fn run(mut self, title: String) -> Result<(u64, u128), Box<Failed>> {
        let first = self.first.clone();
        // A worker may end without a call.
        let mut at_once = (0_u8..).zip(&first.workers).map(|(worker, (node, _))| {
            let checked = self.check_outcome(&first, worker, *node);
            checked.map_err(|broken| broken.by(usize::from(worker)))
        });
        let at_once = at_once.find_map(Result::err);
        let broken = match at_once.map_or_else(|| self.visit(&first), Err) {
            Err(broken) => broken,
            Ok(schedules) => match self.guess.take() {
                None => return Ok((self.seen.len() as u64, schedules)),
                Some((path, broken)) => {
                    self.path = path;
                    broken
                }
            },
        };
        Err(Box::new(Failed { history: self.history(title, first, broken) }))
    }

    fn visit(&mut self, state: &State) -> Result<u128, Broken> {
        if let Some(schedules) = self.seen.get(state) {
            return Ok(*schedules);
        }
        let steps = self.steps(state);
        let mut schedules = 0_u128;
        if state.workers.iter().all(|(node, _)| self.request(*node) == Request::Done) {
            self.check_end(state)?;
            schedules = 1;
        }
        for step in steps {
            self.path.push(step);
            let next = self.apply(state, step).map_err(|broken| match step.worker() {
                Some(worker) => broken.by(usize::from(worker)),
                None => broken,
            })?;
            schedules = schedules.saturating_add(self.visit(&next)?);
            self.path.pop();
        }
        self.seen.insert(state.clone(), schedules);
        Ok(schedules)
    }

    fn request(&self, node: NodeId) -> Request {
        self.trie.nodes[node as usize].request
    }

    fn steps(&self, state: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        for (worker, (node, oldest)) in (0_u8..).zip(&state.workers) {
            let mut hear = |heard| steps.push(Step::Hear(worker, heard));
            match self.request(*node) {
                Request::Done => {}
                Request::Read => {
                    if state.faults_left > 0 {
                        hear(Heard::Failed(CallFault::Unavailable));
                    }
                    let shown = *oldest..newest(state) + 1;
                    steps.extend(shown.map(|version| Step::Read(worker, version)));
                }
                Request::Count => {
                    if state.faults_left > 0 {
                        hear(Heard::Failed(CallFault::Unavailable));
                    }
                    let shown = &state.versions[usize::from(*oldest)..];
                    for number in [0, 1] {
                        if shown.iter().any(|(row, _)| u8::from(*row != NOTHING) == number) {
                            hear(Heard::Counted(number));
                        }
                    }
                }
                Request::Write(effect) => {
                    if state.faults_left > 0 {
                        hear(Heard::Failed(CallFault::Unavailable));
                        hear(Heard::Failed(CallFault::Throttled));
                        steps.extend([Step::Lose(worker), Step::Send(worker)]);
                    }
                    steps.push(Step::Write(worker));
                    let is_there = current(state) != NOTHING;
                    if is_there && matches!(effect, Effect::Put(..)) && !holds(state, effect) {
                        steps.push(Step::HandOver(worker));
                    }
                }
            }
        }
        steps.extend((0_u8..).zip(&state.in_flight).map(|(at, _)| Step::Land(at)));
        if state.overwrite.is_some() {
            steps.push(Step::Overwrite);
        }
        if state.may_expire {
            steps.push(Step::Expire);
        }
        // Last, so that a story has no fault that it does not need.
        steps.sort_by_key(|step| step.is_fault());
        steps
    }

    fn apply(&mut self, state: &State, step: Step) -> Result<State, Broken> {
        let mut next = state.clone();
        match step {
            Step::Read(worker, version) => {
                let row = state.versions[usize::from(version)].0;
                next.workers[usize::from(worker)].1 = version;
                self.hear(&mut next, worker, Heard::Shows(row, version))?;
            }
            Step::Hear(worker, heard) => {
                next.faults_left -= u8::from(matches!(heard, Heard::Failed(_)));
                self.hear(&mut next, worker, heard)?;
            }
            Step::Write(worker) => {
                let node = state.workers[usize::from(worker)].0;
                let Request::Write(effect) = self.request(node) else { return Ok(next) };
                let takes_place = self.write(&mut next, worker, node, effect)?;
                let heard = match effect {
                    Effect::Put(..) if takes_place => Heard::Stored,
                    Effect::Put(..) => Heard::Refused,
                    Effect::Delete => Heard::Deleted(takes_place),
                };
                self.hear(&mut next, worker, heard)?;
            }
            Step::HandOver(worker) => {
                next.workers[usize::from(worker)].1 = newest(state);
                let heard = Heard::HandedOver(current(state), newest(state));
                self.hear(&mut next, worker, heard)?;
            }
            Step::Lose(worker) => {
                let node = state.workers[usize::from(worker)].0;
                let Request::Write(effect) = self.request(node) else { return Ok(next) };
                next.faults_left -= 1;
                self.write(&mut next, worker, node, effect)?;
                self.hear(&mut next, worker, Heard::Failed(CallFault::Unanswered))?;
            }
            Step::Send(worker) => {
                let node = state.workers[usize::from(worker)].0;
                let Request::Write(effect) = self.request(node) else { return Ok(next) };
                next.faults_left -= 1;
                next.in_flight.push((worker, effect));
                self.hear(&mut next, worker, Heard::Failed(CallFault::Unanswered))?;
            }
            Step::Land(at) => {
                let (worker, effect) = next.in_flight.remove(usize::from(at));
                let node = self.sender(state, worker, effect);
                self.write(&mut next, worker, node, effect)?;
                // A worker that has ended must have left open that this may happen.
                self.check_outcome(&next, worker, state.workers[usize::from(worker)].0)?;
            }
            Step::Overwrite => next.versions.extend(next.overwrite.take().map(|row| (row, NOBODY))),
            Step::Expire => {
                next.may_expire = false;
                if next.versions.len() == 1 {
                    next.versions.push((NOTHING, NOBODY));
                }
            }
        }
        Ok(next)
    }

    /// Lets a write take place if its condition holds; true when it does.
    fn write(
        &mut self,
        state: &mut State,
        worker: u8,
        node: NodeId,
        effect: Effect,
    ) -> Result<bool, Broken> {
        let takes_place = holds(state, effect);
        if takes_place {
            self.trie.check(node, current(state))?;
            state.versions.push((puts(effect), worker));
        }
        Ok(takes_place)
    }

    fn hear(&mut self, state: &mut State, worker: u8, heard: Heard) -> Result<(), Broken> {
        let at = usize::from(worker);
        let next = self.trie.after(state.workers[at].0, heard);
        state.workers[at].0 = next;
        let node = &self.trie.nodes[next as usize];
        if let Some(broken) = &node.broken {
            return Err(broken.clone());
        }
        if let (Some(guess), None) = (&node.guess, &self.guess) {
            self.guess = Some((self.path.clone(), guess.clone().by(at)));
        }
        if node.request == Request::Done { self.check_outcome(state, worker, next) } else { Ok(()) }
    }

    fn seen(&self, state: &State, worker: u8) -> Vec<Seen<'_>> {
        let seen = |(row, by): &(RowId, u8)| Seen {
            held: &self.trie.rows[*row as usize].held,
            by_worker: *by == worker,
            by_others: *by == NOBODY,
        };
        state.versions.iter().map(seen).collect()
    }

    fn check_outcome(&self, state: &State, worker: u8, node: NodeId) -> Result<(), Broken> {
        let Some(outcome) = self.trie.outcome(node) else { return Ok(()) };
        let Self { trie, .. } = self;
        let Node { worker: known, in_doubt, .. } = &trie.nodes[node as usize];
        check_outcome(known.operation(), trie.policy, known.heard(), outcome, |_| Witness {
            versions: self.seen(state, worker),
            in_doubt: *in_doubt,
        })
    }

    fn check_end(&self, state: &State) -> Result<(), Broken> {
        for (worker, (node, _)) in (0_u8..).zip(&state.workers) {
            let Some(outcome) = self.trie.outcome(*node) else { continue };
            let operation = self.trie.nodes[*node as usize].worker.operation();
            let seen = self.seen(state, worker);
            check_durability((operation, &self.trie.policy), outcome, EC, &seen, u64::MAX)?;
        }
        Ok(())
    }

    /// The node at which a worker waited when it sent the write that is still in flight.
    fn sender(&self, state: &State, worker: u8, effect: Effect) -> NodeId {
        let last = state.workers[usize::from(worker)].0;
        self.trie.ancestor(last, |node| node.request == Request::Write(effect)).unwrap_or(last)
    }

    /// Tells the schedule that led to the failure.
    fn history(&mut self, title: String, first: State, broken: Broken) -> History {
        let lanes = first.workers.iter().map(|(node, _)| Lane {
            label: describe::operation(self.trie.nodes[*node as usize].worker.operation(), NOW),
            place: None,
            ahead_s: 0,
        });
        let lanes = lanes.collect();
        let held = |trie: &Trie<'_>, row: RowId| describe::held(&trie.rows[row as usize].held, NOW);
        let rows: Vec<_> = first.versions.iter().map(|(row, _)| held(self.trie, *row)).collect();
        let start = What::Row(format!("row: {}", rows.join(", then ")));
        let mut events = vec![Event { lane: None, from: 0, at: 0, to: 0, what: start }];
        let mut state = first;
        for (step, at) in std::mem::take(&mut self.path).into_iter().zip(1_u64..) {
            let mut push = |lane: Option<u8>, what| {
                let lane = lane.map(usize::from);
                events.push(Event { lane, from: at, at, to: at, what });
            };
            let before = state.clone();
            let result = self.apply(&state, step);
            let failed = result.is_err();
            if let Ok(next) = result {
                state = next;
            }
            let written = match state.versions.get(before.versions.len()) {
                Some((row, _)) => Some(*row),
                // What took place is what is wrong.
                None if failed => self.puts(&before, step),
                None => None,
            };
            let row = written.map(|row| held(self.trie, row));
            match step {
                Step::Land(_) => push(
                    None,
                    What::Row(row.map_or_else(
                        || "a write in flight lands and is refused".to_owned(),
                        |row| format!("a write in flight lands  → row: {row}"),
                    )),
                ),
                Step::Overwrite => {
                    let row = row.unwrap_or_default();
                    push(None, What::Row(format!("row: written by another program: {row}")));
                }
                Step::Expire => push(None, What::Row("row: expired and removed".to_owned())),
                Step::Read(worker, _)
                | Step::Hear(worker, _)
                | Step::Write(worker)
                | Step::HandOver(worker)
                | Step::Lose(worker)
                | Step::Send(worker) => {
                    let node = before.workers[usize::from(worker)].0;
                    let heard = match step {
                        Step::Read(_, version) => {
                            Heard::Shows(before.versions[usize::from(version)].0, version)
                        }
                        Step::Hear(_, heard) => heard,
                        Step::HandOver(_) => Heard::HandedOver(current(&before), newest(&before)),
                        Step::Lose(_) | Step::Send(_) => Heard::Failed(CallFault::Unanswered),
                        _ => self.write_heard(&before, node),
                    };
                    let (call, answer) = self.trie.describe(node, heard);
                    let is_stale = matches!(step, Step::Read(_, v) if v < newest(&before));
                    let fault = match heard {
                        Heard::Failed(fault) => Some(format!("{fault:?}").to_lowercase()),
                        _ => None,
                    };
                    push(Some(worker), What::Call { call, answer, is_stale, fault, row });
                    let after = self.trie.after(node, heard);
                    if let Some(outcome) = self.trie.outcome(after) {
                        push(Some(worker), What::Outcome(describe::outcome(outcome)));
                    }
                }
            }
            if failed {
                break;
            }
        }
        History { title, lanes, events, broken: Some(broken) }
    }

    /// The row that a step stores where its condition holds.
    fn puts(&self, state: &State, step: Step) -> Option<RowId> {
        let request = |worker: u8| self.request(state.workers[usize::from(worker)].0);
        let effect = match step {
            Step::Write(worker) | Step::Lose(worker) => match request(worker) {
                Request::Write(effect) => effect,
                _ => return None,
            },
            Step::Land(at) => state.in_flight.get(usize::from(at))?.1,
            _ => return None,
        };
        Some(puts(effect))
    }

    fn write_heard(&self, before: &State, node: NodeId) -> Heard {
        match self.request(node) {
            Request::Write(effect @ Effect::Delete) => Heard::Deleted(holds(before, effect)),
            Request::Write(effect @ Effect::Put(..)) if holds(before, effect) => Heard::Stored,
            _ => Heard::Refused,
        }
    }
}

/// Whether a write takes place.
fn holds(state: &State, effect: Effect) -> bool {
    let is_there = current(state) != NOTHING;
    match effect {
        Effect::Put(_, Condition::None) => true,
        Effect::Put(_, Condition::Absent) => !is_there,
        Effect::Put(_, Condition::Matches(version)) => is_there && version == newest(state),
        Effect::Delete => is_there,
    }
}

/// What a write that takes place leaves behind.
fn puts(effect: Effect) -> RowId {
    match effect {
        Effect::Put(row, _) => row,
        Effect::Delete => NOTHING,
    }
}

fn current(state: &State) -> RowId {
    state.versions.last().map_or(NOTHING, |(row, _)| *row)
}

fn newest(state: &State) -> u8 {
    u8::try_from(state.versions.len() - 1).unwrap_or(u8::MAX)
}
