//! One page load from its start to its end, and the next view after it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use identity_graph::{
    Failure, KvError, NewEntry, PartnerUid, Policy, Precondition, UpsertOutcome, WriteOutcome,
    Written,
};
use serde_json::Value;

use super::figures::{Load, PLACES, REQUESTS};
use super::strategies::{PageRequest, Strategy, ids};
use crate::dice::Dice;
use crate::model::{Knobs, Kv};
use crate::{Answer, Call, Component, Next, Operation, Outcome, Worker, Workers};
use host_test::StoreCall;

/// When the load begins, in milliseconds since 1970.
const START_MS: u64 = 1_790_000_000_000;
/// How long before the load the browser's first view made the row, without UIDs: its scripts have
/// them only now. When that was short before, the row is not seen everywhere yet, and its key does
/// not take another write yet.
const FIRST_VIEW_MS: (u64, u64) = (100, 3_000);
/// When the first of a load's other requests may come, the document having been answered.
const DOCUMENT_MS: u64 = 80;
/// When the last of them may come.
const SPAN_MS: (u64, u64) = (400, 2_500);
/// From the start of the load to the next view.
const NEXT_VIEW_MS: u64 = 10_000;

pub(super) fn run(strategy: Strategy, knobs: Knobs, seed: u64) -> Load {
    let mut storm = Storm::new(strategy, knobs, seed);
    storm.first_view();
    storm.page_load(START_MS);
    let mut load = storm.load;
    load.stored = storm.stored();
    storm.page_load(START_MS + NEXT_VIEW_MS);
    load.stored_next = storm.stored();
    load
}

struct Storm {
    strategy: Strategy,
    kv: Kv,
    dice: Dice,
    ec: Rc<str>,
    /// The browser's cookie says that its UIDs are stored.
    is_stored: bool,
    queue: BinaryHeap<Reverse<(u64, u64, Step)>>,
    scheduled: u64,
    tasks: Vec<Task>,
    load: Load,
}

/// What happens to a task.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Start(usize),
    Effect(usize),
    Answer(usize),
}

/// One request.
struct Task {
    workers: &'static dyn Workers,
    is_document: bool,
    place: usize,
    worker: Option<Worker>,
    answer: Option<Answer>,
    back_ms: u64,
    /// Refused writes: the condition that did not hold, or `None` for a refusal for the rate.
    refused: Vec<Option<Precondition>>,
}

impl Storm {
    fn new(strategy: Strategy, knobs: Knobs, seed: u64) -> Self {
        let kv = Kv::new(seed, knobs, START_MS - 60_000);
        Self {
            strategy,
            kv,
            dice: Dice::new(seed, 2),
            ec: format!("{}.Ab12Cd", "3f".repeat(32)).into(),
            is_stored: false,
            queue: BinaryHeap::new(),
            scheduled: 0,
            tasks: Vec::new(),
            load: Load::default(),
        }
    }

    /// The row's creation, without UIDs.
    fn first_view(&mut self) {
        let at_ms = START_MS - self.dice.between(FIRST_VIEW_MS);
        let entry = NewEntry::at(at_ms / 1_000);
        let operation = Operation::Create { ec: Rc::clone(&self.ec), entry };
        let worker = Worker::start(&Component, Rc::new(operation), Policy::default());
        self.request(at_ms, false, 0);
        let task = self.tasks.len() - 1;
        self.tasks[task].workers = &Component;
        self.tasks[task].worker = Some(worker);
        self.run();
        self.load = Load::default();
    }

    fn page_load(&mut self, at_ms: u64) {
        let span = self.dice.between(SPAN_MS);
        let place = self.place();
        self.request(at_ms, true, place);
        for _ in 1..REQUESTS {
            let after = self.dice.between((DOCUMENT_MS, span));
            let place = self.place();
            self.request(at_ms + after, false, place);
        }
        self.run();
    }

    fn place(&mut self) -> usize {
        usize::try_from(self.dice.below(PLACES)).unwrap_or_default()
    }

    fn request(&mut self, at_ms: u64, is_document: bool, place: usize) {
        let (workers, answer, back_ms) = (self.strategy.workers(), None, 0);
        let refused = Vec::new();
        self.tasks.push(Task {
            workers,
            is_document,
            place,
            worker: None,
            answer,
            back_ms,
            refused,
        });
        self.schedule(at_ms, Step::Start(self.tasks.len() - 1));
    }

    fn schedule(&mut self, at_ms: u64, step: Step) {
        self.scheduled += 1;
        self.queue.push(Reverse((at_ms, self.scheduled, step)));
    }

    fn run(&mut self) {
        while let Some(Reverse((at_ms, _, step))) = self.queue.pop() {
            self.kv.set_now_ms(at_ms);
            match step {
                Step::Start(task) => self.start(task),
                Step::Effect(task) => self.effect(task),
                Step::Answer(task) => self.answer(task),
            }
        }
    }

    fn start(&mut self, at: usize) {
        let task = &mut self.tasks[at];
        if task.worker.is_none() {
            let now = self.kv.now_ms() / 1_000;
            let (is_document, is_stored) = (task.is_document, self.is_stored);
            let request = PageRequest { is_document, is_stored, now };
            let operation = self.strategy.operation(&request, &self.ec).map(Rc::new);
            let start = |operation| Worker::start(task.workers, operation, Policy::default());
            task.worker = operation.map(start);
        }
        self.go_on(at);
    }

    /// Sends a task's call on its way, or takes its outcome.
    fn go_on(&mut self, at: usize) {
        let task = &mut self.tasks[at];
        match task.worker.as_ref().map(Worker::next) {
            Some(Next::Call(call)) => {
                let kind =
                    if matches!(call, Call::Put(_)) { StoreCall::Put } else { StoreCall::Get };
                let fate = self.kv.fate(kind);
                task.back_ms = fate.back_ms;
                self.schedule(self.kv.now_ms() + fate.there_ms, Step::Effect(at));
            }
            Some(Next::Done(outcome)) => {
                let (reported, stored) = judge(outcome);
                self.load.reported += reported;
                self.is_stored |= stored;
            }
            None => {}
        }
    }

    fn effect(&mut self, at: usize) {
        let task = &mut self.tasks[at];
        let Some(Next::Call(call)) = task.worker.as_ref().map(Worker::next) else { return };
        let answer = match call {
            Call::Get(key) => {
                self.load.reads += 1;
                Answer::Read(self.kv.get(task.place, key))
            }
            Call::Put(put) => {
                self.load.writes += 1;
                let written = self.kv.put(&put.write());
                count(&mut self.load, &mut task.refused, put.condition, &written);
                Answer::Written(written)
            }
            _ => unreachable!("a page load only reads and writes its row"),
        };
        task.answer = Some(answer);
        let back_ms = self.kv.now_ms() + task.back_ms;
        self.schedule(back_ms, Step::Answer(at));
    }

    fn answer(&mut self, at: usize) {
        let task = &mut self.tasks[at];
        if let (Some(worker), Some(answer)) = (&task.worker, task.answer.take()) {
            task.worker = Some(worker.answered(task.workers, answer));
        }
        self.go_on(at);
    }

    /// How many of the load's UIDs the newest row has.
    fn stored(&self) -> u64 {
        let body = self.kv.newest(&self.ec).map(|row| row.body.as_slice()).unwrap_or_default();
        let row: Value = serde_json::from_slice(body).unwrap_or_default();
        let is_stored = |id: &&PartnerUid| row["ids"][&id.partner]["uid"] == id.uid.as_str();
        ids().iter().filter(is_stored).count() as u64
    }
}

fn count(
    load: &mut Load,
    refused: &mut Vec<Option<Precondition>>,
    condition: Precondition,
    written: &Written,
) {
    match written {
        Err(KvError::Throttled) => {
            load.throttled += 1;
            // The second is not over that the first refusal spoke of.
            load.wasted += u64::from(!refused.is_empty());
            refused.push(None);
        }
        Ok(WriteOutcome::Conflict(_)) => {
            load.refused += 1;
            load.wasted += u64::from(refused.contains(&Some(condition)));
            refused.push(Some(condition));
        }
        _ => {}
    }
}

/// How many conflicts and throttlings an outcome reports, and whether it says that every UID is stored.
fn judge(outcome: &Outcome) -> (u64, bool) {
    let is_contention =
        |failure: &Failure| matches!(failure, Failure::Conflict | Failure::Throttled);
    let is_stored = |upsert: &UpsertOutcome| {
        matches!(upsert, UpsertOutcome::Written | UpsertOutcome::Unchanged)
    };
    match outcome {
        Outcome::Upserted(Ok(each)) => (0, each.iter().all(is_stored)),
        Outcome::Upserted(Err(failure)) => (u64::from(is_contention(failure)), false),
        Outcome::Synced(Ok(each)) => {
            let failures = each.iter().filter_map(|each| each.as_ref().err());
            (failures.filter(|failure| is_contention(failure)).count() as u64, false)
        }
        _ => (0, false),
    }
}
