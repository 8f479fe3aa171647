//! One scenario from its start to its end, event by event.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use identity_graph::{KvError, Order, Read, WriteOutcome, Written};

use super::scenario::{Foreign, Job, SECRETS, START, Scenario};
use super::tally::Tally;
use crate::bounds::check_calls;
use crate::broken::Broken;
use crate::call::{Answer, Call};
use crate::describe;
use crate::durability::check_durability;
use crate::evidence::check_evidence;
use crate::history::{Event, History, What};
use crate::lane::Lane;
use crate::model::{Fate, Knobs, Kv, NetworkFault};
use crate::outcomes::{Seen, Witness, check_messages, check_outcome};
use crate::reference::Held;
use crate::worker::{Next, Outcome, Worker, Workers};
use crate::writes::{check_delete, check_put};
use host_test::StoreCall;

/// A run under way.
pub(super) struct Run<'w> {
    workers: &'w dyn Workers,
    knobs: Knobs,
    scenario: Scenario,
    kv: Kv,
    /// What is due, by time. What is due at the same time happens in the order in which it was
    /// scheduled.
    queue: BinaryHeap<Reverse<(u64, u64, usize)>>,
    events: Vec<Due>,
    tasks: Vec<Option<Task>>,
    keys: BTreeMap<Rc<str>, Vec<Version>>,
    pub(super) tally: Tally,
    /// The events of the history, where one is wanted.
    told: Option<Vec<Event>>,
}

/// What is going to happen.
#[derive(Clone)]
enum Due {
    Foreign(usize),
    Start(usize),
    /// A part of a task's call reaches the store.
    Effect(usize, usize),
    /// A write reaches the store after its worker has given up on it.
    Late(usize, Call),
    /// A part of a task's call is answered.
    Answer(usize, usize),
}

/// A worker and its call.
struct Task {
    worker: Worker,
    began_ms: u64,
    call_ms: u64,
    parts: Vec<Part>,
    in_doubt: bool,
}

/// One key of a call.
struct Part {
    fate: Fate,
    call: Call,
    effect_ms: u64,
    answer: Option<Answer>,
    is_heard: bool,
    is_stale: bool,
    row: Option<String>,
}

/// What a key held from some moment on.
struct Version {
    held: Held,
    by: Option<usize>,
    at_ms: u64,
}

impl<'w> Run<'w> {
    pub(super) fn new(workers: &'w dyn Workers, seed: u64, knobs: Knobs, is_told: bool) -> Self {
        let scenario = Scenario::new(seed, knobs.places);
        let kv = Kv::new(seed, knobs.clone(), START * 1_000 - 1_000_000);
        let nothing = || vec![Version { held: Held::Nothing, by: None, at_ms: 0 }];
        let keys = scenario.keys.iter().map(|key| (Rc::clone(key), nothing())).collect();
        let tasks = scenario.jobs.iter().map(|_| None).collect();
        let mut run = Self {
            workers,
            knobs,
            scenario,
            kv,
            queue: BinaryHeap::new(),
            events: Vec::new(),
            tasks,
            keys,
            tally: Tally::default(),
            told: is_told.then(Vec::new),
        };
        for at in 0..run.scenario.foreign.len() {
            run.schedule(run.scenario.foreign[at].at_ms, Due::Foreign(at));
        }
        for at in 0..run.scenario.jobs.len() {
            run.schedule(run.scenario.jobs[at].at_ms, Due::Start(at));
        }
        run
    }

    /// Runs the scenario to its end.
    pub(super) fn run(&mut self) -> Result<(), Broken> {
        while let Some(Reverse((at_ms, _, event))) = self.queue.pop() {
            self.kv.set_now_ms(at_ms);
            self.expire();
            let (task, result) = match self.events[event].clone() {
                Due::Foreign(at) => {
                    self.foreign(at);
                    continue;
                }
                Due::Start(job) => (job, self.start(job)),
                Due::Effect(task, part) => (task, self.effect(task, part)),
                Due::Late(task, call) => (task, self.late(task, &call)),
                Due::Answer(task, part) => (task, self.answer(task, part)),
            };
            result.map_err(|broken| broken.by(task))?;
        }
        self.check_end()
    }

    /// Whether the policy that was drawn is the one of trusted-server.
    pub(super) fn orders_by_arrival(&self) -> bool {
        self.scenario.policy.order == Order::Arrival
    }

    /// The history, once it is over.
    pub(super) fn history(mut self, title: String, broken: Option<Broken>) -> History {
        let lane = |job: &Job| Lane {
            label: describe::operation(&job.operation, START),
            place: Some(job.place),
            ahead_s: job.ahead_s,
        };
        let lanes = self.scenario.jobs.iter().map(lane).collect();
        let mut events = self.told.take().unwrap_or_default();
        events.sort_by_key(|event| event.at);
        History { title, lanes, events, broken }
    }

    fn schedule(&mut self, at_ms: u64, event: Due) {
        self.events.push(event);
        let number = self.events.len();
        self.queue.push(Reverse((at_ms, number as u64, number - 1)));
    }

    /// Notes the rows that the store has removed, their time to live being over.
    fn expire(&mut self) {
        let at_ms = self.kv.now_ms();
        let of_many = self.keys.len() > 1;
        for ((key, versions), number) in self.keys.iter_mut().zip(1_usize..) {
            let is_noted = versions.last().is_none_or(|version| version.held == Held::Nothing);
            if !is_noted && self.kv.newest(key).is_none() {
                versions.push(Version { held: Held::Nothing, by: None, at_ms });
                let what = What::Row(format!("{}: expired and removed", row_name(of_many, number)));
                tell(&mut self.told, None, [at_ms; 3], what);
            }
        }
    }

    fn foreign(&mut self, at: usize) {
        let Foreign { key, body, .. } = &self.scenario.foreign[at];
        let at_ms = self.kv.now_ms();
        self.kv.seed(key, body.clone(), None, None);
        let held = Held::of(Some(body));
        let row = describe::held(&held, START);
        let what = What::Row(format!("{}: written by others: {row}", self.row_name(key)));
        if let Some(versions) = self.keys.get_mut(key) {
            versions.push(Version { held, by: None, at_ms });
        }
        tell(&mut self.told, None, [at_ms.max(START * 1_000); 3], what);
    }

    fn start(&mut self, job: usize) -> Result<(), Broken> {
        let operation = Rc::clone(&self.scenario.jobs[job].operation);
        let worker = Worker::start(self.workers, operation, self.scenario.policy);
        let began_ms = self.kv.now_ms();
        self.tally.workers += 1;
        self.go_on(job, Task { worker, began_ms, call_ms: 0, parts: Vec::new(), in_doubt: false })
    }

    /// Sends a worker's call on its way, or takes its outcome.
    fn go_on(&mut self, at: usize, mut task: Task) -> Result<(), Broken> {
        task.call_ms = self.kv.now_ms();
        task.parts.clear();
        let operation = Rc::clone(task.worker.operation());
        check_calls(&operation, self.scenario.policy, task.worker.heard())?;
        let call = match task.worker.next() {
            Next::Call(call) => call.clone(),
            Next::Done(outcome) => {
                let outcome = outcome.clone();
                self.tasks[at] = Some(task);
                return self.end(at, &outcome);
            }
        };
        self.tally.calls += 1;
        for (number, call) in parts(call).into_iter().enumerate() {
            let fate = self.kv.fate(kind(&call));
            let (there, back) =
                (task.call_ms + fate.there_ms, task.call_ms + fate.there_ms + fate.back_ms);
            match fate.fault {
                Some(NetworkFault::LandsLate(late)) => {
                    self.schedule(there + late, Due::Late(at, call.clone()));
                }
                Some(NetworkFault::LosesRequest | NetworkFault::Fails) => {}
                None | Some(NetworkFault::LosesAnswer) => {
                    self.schedule(there, Due::Effect(at, number));
                }
            }
            self.schedule(back, Due::Answer(at, number));
            self.tally.faults += u64::from(fate.fault.is_some());
            task.parts.push(Part {
                fate,
                call,
                effect_ms: there,
                answer: None,
                is_heard: false,
                is_stale: false,
                row: None,
            });
        }
        let nothing_to_do = task.parts.is_empty();
        self.tasks[at] = Some(task);
        if nothing_to_do { self.resume(at) } else { Ok(()) }
    }

    fn effect(&mut self, at: usize, number: usize) -> Result<(), Broken> {
        let Some(mut task) = self.tasks[at].take() else { return Ok(()) };
        let place = self.scenario.jobs[at].place;
        let part = &mut task.parts[number];
        let now = self.kv.now_ms();
        part.effect_ms = now;
        let result = match &part.call {
            Call::Get(key) => {
                part.is_stale = self.is_stale(place, key);
                Ok(Answer::Read(self.kv.get(place, key)))
            }
            Call::Head(key) => {
                part.is_stale = self.is_stale(place, key);
                Ok(Answer::Head(self.kv.head(place, key)))
            }
            Call::Count(prefix, limit) => {
                Ok(Answer::Counted(Ok(self.kv.count(place, prefix, *limit))))
            }
            call => self.write(at, &task.worker, call),
        };
        self.tally.stale_reads += u64::from(part.is_stale);
        if let (None, Call::Put(put), Ok(Answer::Written(Ok(WriteOutcome::Conflict(Some(_)))))) =
            (part.fate.fault, &part.call, &result)
        {
            self.kv.catch_up(place, &put.key);
        }
        let (answer, result) = match result {
            Ok(answer) => (answer, Ok(())),
            // Only writes are checked, and only those that took place.
            Err(broken) => (stored(&part.call), Err(broken)),
        };
        part.row = self.became(&part.call, &answer);
        part.answer = Some(answer);
        self.tasks[at] = Some(task);
        if result.is_err() {
            self.tell_parts(at);
        }
        result
    }

    fn late(&mut self, at: usize, call: &Call) -> Result<(), Broken> {
        let Some(task) = self.tasks[at].take() else { return Ok(()) };
        let result = self.write(at, &task.worker, call);
        let next = task.worker.next().clone();
        self.tasks[at] = Some(task);
        let answer = result.as_ref().map_or_else(|_| stored(call), Clone::clone);
        let now = self.kv.now_ms();
        let row = key_of(call).map(|key| self.row_name(key)).unwrap_or_default();
        let became = self.became(call, &answer).map(|row| format!("  → {row}")).unwrap_or_default();
        let answer = describe::answer(&answer, START);
        let text = format!("{row}: a write in flight lands: {answer}{became}");
        tell(&mut self.told, Some(at), [now; 3], What::Row(text));
        result?;
        match next {
            // A worker that has ended must have left open that this may happen.
            Next::Done(outcome) => self.check_outcome(at, &outcome),
            Next::Call(_) => Ok(()),
        }
    }

    /// A put or a delete reaches the store, and is checked where it takes place.
    fn write(&mut self, at: usize, worker: &Worker, call: &Call) -> Result<Answer, Broken> {
        let at_ms = self.kv.now_ms();
        let policy = &self.scenario.policy;
        let Some(versions) = key_of(call).and_then(|key| self.keys.get_mut(key)) else {
            return Ok(refused(call, KvError::Invalid));
        };
        match call {
            Call::Put(put) => {
                let written = self.kv.put(&put.write());
                self.tally.count(&written);
                if written == Ok(WriteOutcome::Stored) {
                    let before = versions.last().map_or(&Held::Nothing, |last| &last.held);
                    let checked = check_put(worker.operation(), policy, before, put);
                    let held = Held::of(Some(&put.body));
                    versions.push(Version { held, by: Some(at), at_ms });
                    checked?;
                }
                Ok(Answer::Written(written))
            }
            Call::Delete(key) => {
                let deleted = self.kv.delete(key);
                if deleted == Ok(true) {
                    versions.push(Version { held: Held::Nothing, by: Some(at), at_ms });
                    check_delete(worker.operation())?;
                }
                Ok(Answer::Deleted(deleted))
            }
            _ => Ok(refused(call, KvError::Invalid)),
        }
    }

    fn answer(&mut self, at: usize, number: usize) -> Result<(), Broken> {
        let Some(task) = &mut self.tasks[at] else { return Ok(()) };
        let part = &mut task.parts[number];
        part.is_heard = true;
        match part.fate.fault {
            None => {}
            Some(NetworkFault::Fails) => {
                part.answer = Some(refused(&part.call, KvError::Unavailable));
            }
            Some(
                NetworkFault::LosesAnswer | NetworkFault::LosesRequest | NetworkFault::LandsLate(_),
            ) => {
                task.in_doubt = true;
                part.answer = Some(refused(&part.call, KvError::UnknownOutcome));
            }
        }
        if task.parts.iter().all(|part| part.is_heard) { self.resume(at) } else { Ok(()) }
    }

    /// Tells a worker what it has been waiting for.
    fn resume(&mut self, at: usize) -> Result<(), Broken> {
        self.tell_parts(at);
        let Some(mut task) = self.tasks[at].take() else { return Ok(()) };
        let Next::Call(call) = task.worker.next() else { return Ok(()) };
        let answer = joined(call, task.parts.drain(..).filter_map(|part| part.answer));
        task.worker = task.worker.answered(self.workers, answer);
        self.go_on(at, task)
    }

    fn end(&mut self, at: usize, outcome: &Outcome) -> Result<(), Broken> {
        let now = self.kv.now_ms();
        tell(&mut self.told, Some(at), [now; 3], What::Outcome(describe::outcome(outcome)));
        check_messages(outcome, &SECRETS)?;
        self.check_outcome(at, outcome)?;
        let Some(Task { worker, .. }) = &self.tasks[at] else { return Ok(()) };
        check_evidence(worker.operation(), self.scenario.policy, worker.heard(), outcome)
    }

    fn check_outcome(&self, at: usize, outcome: &Outcome) -> Result<(), Broken> {
        let Some(task) = &self.tasks[at] else { return Ok(()) };
        let in_doubt = task.in_doubt;
        let Task { worker, .. } = task;
        let witness = |key: &str| Witness { versions: self.seen(at, task, key), in_doubt };
        check_outcome(worker.operation(), self.scenario.policy, worker.heard(), outcome, witness)
    }

    /// What a worker can have seen of a key.
    fn seen<'a>(&'a self, at: usize, task: &Task, key: &str) -> Vec<Seen<'a>> {
        let Some(versions) = self.keys.get(key) else { return Vec::new() };
        // What was written so long before the worker began is seen everywhere.
        let everywhere = task.began_ms.saturating_sub(self.knobs.lag_ms);
        let oldest = versions.iter().rposition(|version| version.at_ms <= everywhere);
        let seen = |version: &'a Version| Seen {
            held: &version.held,
            by_worker: version.by == Some(at),
            by_others: version.by.is_none(),
        };
        versions[oldest.unwrap_or_default()..].iter().map(seen).collect()
    }

    fn check_end(&self) -> Result<(), Broken> {
        for (at, task) in self.tasks.iter().enumerate() {
            let Some(task) = task else { continue };
            let Next::Done(outcome) = task.worker.next() else { continue };
            for key in &self.scenario.keys {
                let seen = self.seen(at, task, key);
                let policy = &self.scenario.policy;
                let operation = (&**task.worker.operation(), policy);
                let believed = task.began_ms / 1_000 + u64::from(policy.clock_skew);
                let checked = check_durability(operation, outcome, key, &seen, believed);
                checked.map_err(|broken| broken.by(at))?;
            }
        }
        Ok(())
    }

    fn is_stale(&self, place: usize, key: &str) -> bool {
        let generation = |row: Option<&host_test::Row>| row.map(|row| row.generation);
        generation(self.kv.shown(place, key)) != generation(self.kv.newest(key))
    }

    /// What the row is after a write that took place, where a history is wanted.
    fn became(&self, call: &Call, answer: &Answer) -> Option<String> {
        let took_place = *answer == stored(call);
        self.told.as_ref().filter(|_| took_place)?;
        let version = self.keys.get(key_of(call)?)?.last()?;
        Some(describe::held(&version.held, START))
    }

    /// Describes a call, and names its row where there are several.
    fn describe_call(&self, call: &Call) -> String {
        let described = describe::call(call);
        match key_of(call) {
            Some(key) if self.keys.len() > 1 => format!("{described}, {}", self.row_name(key)),
            _ => described,
        }
    }

    fn row_name(&self, key: &str) -> String {
        let number = self.keys.keys().position(|known| **known == *key).map_or(0, |at| at + 1);
        row_name(self.keys.len() > 1, number)
    }

    fn tell_parts(&mut self, at: usize) {
        if self.told.is_none() {
            return;
        }
        let Some(task) = &self.tasks[at] else { return };
        let to = self.kv.now_ms();
        for part in &task.parts {
            let answer = part.answer.as_ref();
            let what = What::Call {
                call: self.describe_call(&part.call),
                answer: answer.map(|answer| describe::answer(answer, START)).unwrap_or_default(),
                is_stale: part.is_stale,
                fault: part.fate.fault.map(describe::fault),
                row: part.row.clone(),
            };
            tell(&mut self.told, Some(at), [task.call_ms, part.effect_ms.min(to), to], what);
        }
    }
}

fn row_name(of_many: bool, number: usize) -> String {
    if of_many { format!("row {number}") } else { "row".to_owned() }
}

/// Notes what happened, with its times in milliseconds since the start.
fn tell(told: &mut Option<Vec<Event>>, lane: Option<usize>, times: [u64; 3], what: What) {
    let [from, at, to] = times.map(|at| at.saturating_sub(START * 1_000));
    if let Some(told) = told {
        told.push(Event { lane, from, at, to, what });
    }
}

/// A call key by key.
fn parts(call: Call) -> Vec<Call> {
    match call {
        Call::GetMany(keys) => keys.into_iter().map(Call::Get).collect(),
        Call::PutMany(puts) => puts.into_iter().map(Call::Put).collect(),
        one => vec![one],
    }
}

/// The answer to a call from those to its parts.
fn joined(call: &Call, mut answers: impl Iterator<Item = Answer>) -> Answer {
    let read = |answer| match answer {
        Answer::Read(read) => Some(read),
        _ => None,
    };
    let written = |answer| match answer {
        Answer::Written(written) => Some(written),
        _ => None,
    };
    match call {
        Call::GetMany(_) => Answer::Reads(answers.filter_map(read).collect::<Vec<Read>>()),
        Call::PutMany(_) => Answer::Writes(answers.filter_map(written).collect::<Vec<Written>>()),
        one => answers.next().unwrap_or_else(|| refused(one, KvError::Unavailable)),
    }
}

/// The answer to a write that takes place. No read is ever answered so.
fn stored(call: &Call) -> Answer {
    match call {
        Call::Delete(_) => Answer::Deleted(Ok(true)),
        _ => Answer::Written(Ok(WriteOutcome::Stored)),
    }
}

fn refused(call: &Call, error: KvError) -> Answer {
    match call {
        Call::Get(_) => Answer::Read(Err(error)),
        Call::Head(_) => Answer::Head(Err(error)),
        Call::Put(_) => Answer::Written(Err(error)),
        Call::Delete(_) => Answer::Deleted(Err(error)),
        Call::Count(..) => Answer::Counted(Err(error)),
        Call::GetMany(keys) => Answer::Reads(vec![Err(error); keys.len()]),
        Call::PutMany(puts) => Answer::Writes(vec![Err(error); puts.len()]),
    }
}

fn kind(call: &Call) -> StoreCall {
    match call {
        Call::Get(_) | Call::GetMany(_) => StoreCall::Get,
        Call::Head(_) => StoreCall::Head,
        Call::Put(_) | Call::PutMany(_) => StoreCall::Put,
        Call::Delete(_) => StoreCall::Delete,
        Call::Count(..) => StoreCall::Count,
    }
}

fn key_of(call: &Call) -> Option<&str> {
    match call {
        Call::Get(key) | Call::Head(key) | Call::Delete(key) => Some(key),
        Call::Put(put) => Some(&put.key),
        Call::Count(..) | Call::GetMany(_) | Call::PutMany(_) => None,
    }
}
