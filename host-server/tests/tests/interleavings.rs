//! Two operations on one row at every interleaving of their store calls, over redb: each call is answered
//! as by the strict store in memory, and the row at the end is the same.
//!
//! The simulator's own search walks over states and not over a store; what it proves of the strict
//! store's answers is carried over to redb by this.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use host_server_redb::RedbStore;
use host_server_store::{Blocking, StoreUrl};
use host_test::MemoryStore;
use identity_graph::{
    Graph, ItemHead, KvError, Policy, Precondition, Read, Store, Write, WriteOutcome, Written,
};
use identity_graph_simulator::exhaustive::OperationKind;
use identity_graph_simulator::{Answer, Call, NativeRules, Next, Operation, Outcome, Put, Worker};
use tokio::runtime::Runtime;

/// What the row is before the two meet.
const STARTS: [&[OperationKind]; 3] =
    [&[], &[OperationKind::FirstVisit], &[OperationKind::FirstVisit, OperationKind::Withdraw]];

/// What one schedule showed, with generations told by the order in which they appeared.
#[derive(PartialEq)]
struct Played {
    answers: Vec<(usize, Answer)>,
    outcomes: [Outcome; 2],
    row: Option<Vec<u8>>,
}

/// Who takes each step, and whether the other could have.
type Schedule = Vec<(usize, bool)>;

fn operation(kind: OperationKind, number: u8) -> Rc<Operation> {
    Rc::new(kind.operation(number))
}

/// Plays a schedule on a row made anew. Beyond its end the first that can takes the step.
fn play(
    store: &dyn Store<Error = KvError>,
    start: &[OperationKind],
    operations: &[Rc<Operation>; 2],
    schedule: &mut Schedule,
) -> Played {
    let ec = OperationKind::Delete.operation(0);
    let ec = ec.key().expect("a delete has a key");
    store.delete(ec).unwrap();
    let graph = Graph::new(store, Policy::default()).unwrap();
    for kind in start {
        kind.operation(9).run(&graph);
    }
    let open = |operation| Worker::start(&NativeRules, Rc::clone(operation), Policy::default());
    let mut workers = operations.each_ref().map(open);
    let (mut answers, mut generations) = (Vec::new(), Vec::new());
    for step in 0.. {
        let waits = |worker: &Worker| matches!(worker.next(), Next::Call(_));
        let [first, second] = workers.each_ref().map(waits);
        if !first && !second {
            break;
        }
        if step == schedule.len() {
            schedule.push((usize::from(!first), first && second));
        }
        let (at, _) = schedule[step];
        let Next::Call(call) = workers[at].next() else {
            panic!("the schedule is of another play")
        };
        let answer = answer(store, call);
        workers[at] = workers[at].answered(&NativeRules, answer.clone());
        answers.push((at, numbered(answer, &mut generations)));
    }
    let outcomes = workers.map(|worker| match worker.next() {
        Next::Done(outcome) => outcome.clone(),
        Next::Call(_) => panic!("a worker has not ended"),
    });
    Played { answers, outcomes, row: store.get(ec).unwrap().map(|item| item.body) }
}

fn answer(store: &dyn Store<Error = KvError>, call: &Call) -> Answer {
    match call {
        Call::Get(key) => Answer::Read(store.get(key)),
        Call::Head(key) => Answer::Head(store.head(key)),
        Call::Put(put) => Answer::Written(store.put(put.write())),
        Call::Delete(key) => Answer::Deleted(store.delete(key)),
        Call::Count(prefix, limit) => Answer::Counted(store.count(prefix, *limit)),
        Call::GetMany(keys) => {
            Answer::Reads(store.get_many(&keys.iter().map(String::as_str).collect::<Vec<_>>()))
        }
        Call::PutMany(puts) => {
            Answer::Writes(store.put_many(&puts.iter().map(Put::write).collect::<Vec<_>>()))
        }
    }
}

/// An answer with each generation replaced by its number among those seen.
fn numbered(answer: Answer, seen: &mut Vec<u64>) -> Answer {
    let mut number = |generation: &mut u64| {
        let known = seen.iter().position(|seen| seen == generation);
        let index = known.unwrap_or_else(|| {
            seen.push(*generation);
            seen.len() - 1
        });
        *generation = index as u64;
    };
    let mut read = |mut read: Read| {
        if let Ok(Some(item)) = &mut read {
            number(&mut item.generation);
        }
        read
    };
    let written = |written: Written, read: &mut dyn FnMut(Read) -> Read| match written {
        Ok(WriteOutcome::Conflict(item)) => read(Ok(item)).map(WriteOutcome::Conflict),
        written => written,
    };
    match answer {
        Answer::Read(one) => Answer::Read(read(one)),
        Answer::Reads(all) => Answer::Reads(all.into_iter().map(read).collect()),
        Answer::Written(one) => Answer::Written(written(one, &mut read)),
        Answer::Writes(all) => {
            Answer::Writes(all.into_iter().map(|one| written(one, &mut read)).collect())
        }
        Answer::Head(Ok(Some(mut head))) => {
            number(&mut head.generation);
            Answer::Head(Ok(Some(head)))
        }
        answer => answer,
    }
}

/// The schedule after this one, of all in which the same two can meet.
fn next(mut schedule: Schedule) -> Option<Schedule> {
    while let Some((worker, is_open)) = schedule.pop() {
        if is_open && worker == 0 {
            schedule.push((1, true));
            return Some(schedule);
        }
    }
    None
}

fn redb(folder: &Path, runtime: &Runtime) -> Blocking {
    let url = format!("redb://{}", folder.join("graph.redb").display());
    let store = RedbStore::open(StoreUrl::parse(&url).unwrap(), Arc::new(|| 0)).unwrap();
    Blocking::new(Arc::new(store), runtime.handle().clone())
}

#[test]
fn two_operations_at_every_interleaving_are_answered_as_in_memory() {
    // What is tested is order, not what the disk keeps.
    let shared = Path::new("/dev/shm");
    let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    let (folder, runtime) = (folder.unwrap(), Runtime::new().unwrap());
    let (redb, memory) = (redb(folder.path(), &runtime), MemoryStore::handing_over());
    let mut schedules = 0;
    for start in STARTS {
        for (at, one) in OperationKind::ALL.into_iter().enumerate() {
            for other in &OperationKind::ALL[at..] {
                let operations = [operation(one, 1), operation(*other, 2)];
                let mut schedule = Some(Schedule::new());
                while let Some(mut begun) = schedule {
                    let expected = play(&memory, start, &operations, &mut begun);
                    let played = play(&redb, start, &operations, &mut begun);
                    let names = (one.name(), other.name());
                    assert!(
                        played == expected,
                        "{names:?} after {start:?}, in the order {begun:?}"
                    );
                    schedules += 1;
                    schedule = next(begun);
                }
            }
        }
    }
    assert!(schedules > 500, "{schedules} schedules are not all");
    println!("{schedules} schedules");
}

#[test]
fn a_write_that_is_judged_on_an_older_row_would_be_seen() {
    /// Judges nothing.
    struct Blind(MemoryStore);
    impl Store for Blind {
        type Error = KvError;

        fn get(&self, key: &str) -> Read {
            self.0.get(key)
        }
        fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
            self.0.head(key)
        }
        fn put(&self, write: Write<'_>) -> Written {
            self.0.put(Write { condition: Precondition::None, ..write })
        }
        fn delete(&self, key: &str) -> Result<bool, KvError> {
            self.0.delete(key)
        }
        fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
            self.0.count(prefix, limit)
        }
        fn get_many(&self, keys: &[&str]) -> Vec<Read> {
            self.0.get_many(keys)
        }
        fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
            self.0.put_many(writes)
        }
    }
    let (memory, blind) = (MemoryStore::handing_over(), Blind(MemoryStore::handing_over()));
    let operations = [operation(OperationKind::Visit, 1), operation(OperationKind::Withdraw, 2)];
    // The withdrawal comes between the visit's read and its write.
    let mut schedule = vec![(0, true), (1, true)];
    let expected = play(&memory, &[], &operations, &mut schedule);
    assert!(play(&blind, &[], &operations, &mut schedule) != expected);
}
