//! A store that misbehaves exactly where a test says so.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use identity_graph::{Item, ItemHead, KvError, Read, Store, Write, WriteOutcome, Written};

use crate::store_calls::{StoreCall, StoreCalls};

/// What goes wrong with one store call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The call fails and the store is not touched.
    Fail(KvError),
    /// A write or delete is carried out, and its answer is lost: `KvError::UnknownOutcome`.
    LoseAnswer,
    /// A write is carried out, and answered as a conflict: a layer below sent it twice, and the
    /// second was refused.
    ApplyThenConflict,
    /// A write is refused as if another writer had won, and the store is not touched.
    Conflict(Option<Item>),
    /// A read does not see the key.
    Miss,
    /// A read sees an older value of the key.
    Stale(Item),
}

impl Fault {
    fn can_befall(&self, kind: StoreCall) -> bool {
        match self {
            Self::Fail(_) => true,
            Self::LoseAnswer => matches!(kind, StoreCall::Put | StoreCall::Delete),
            Self::ApplyThenConflict | Self::Conflict(_) => kind == StoreCall::Put,
            Self::Miss | Self::Stale(_) => matches!(kind, StoreCall::Get | StoreCall::Head),
        }
    }
}

/// What one call does, other than reach the store as it is.
enum Step {
    Pass,
    Fault(Fault),
    Before(Box<dyn FnOnce()>),
}

/// A store whose calls fail, lie or are overtaken as a test has scripted. Clones are handles to the
/// same script. The keys of a batch each count as one call of their kind.
///
/// Each kind of call has a queue of its own; a call takes the step at its front, and reaches the
/// inner store unharmed when the queue is empty.
///
/// ```
/// use host_test::{Fault, Faulty, MemoryStore, StoreCall};
/// use identity_graph::{KvError, Store};
///
/// let store = Faulty::new(MemoryStore::new());
/// store.pass(StoreCall::Get);
/// store.next(StoreCall::Get, Fault::Fail(KvError::Throttled));
/// assert_eq!(store.get("k"), Ok(None));
/// assert_eq!(store.get("k"), Err(KvError::Throttled));
/// assert_eq!(store.get("k"), Ok(None));
/// ```
pub struct Faulty<S> {
    inner: S,
    script: Rc<RefCell<Script>>,
}

#[derive(Default)]
struct Script {
    steps: BTreeMap<StoreCall, VecDeque<Step>>,
    lasting: BTreeMap<StoreCall, Fault>,
    calls: StoreCalls,
}

impl<S: Clone> Clone for Faulty<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), script: Rc::clone(&self.script) }
    }
}

impl<S> Faulty<S> {
    /// A store that behaves, so far.
    pub fn new(inner: S) -> Self {
        Self { inner, script: Rc::default() }
    }

    /// The next call of this kind that has no step yet meets this fault.
    ///
    /// # Panics
    /// When the fault makes no sense for the kind, e.g. a delete that reads a stale value.
    pub fn next(&self, kind: StoreCall, fault: Fault) {
        assert!(fault.can_befall(kind), "a {kind:?} cannot meet this fault");
        self.push(kind, Step::Fault(fault));
    }

    /// The next call of this kind that has no step yet is let through.
    pub fn pass(&self, kind: StoreCall) {
        self.push(kind, Step::Pass);
    }

    /// Runs `other` just before the next call of this kind that has no step yet reaches the store:
    /// another writer gets in between. The writer needs its own way to the store, since this call is
    /// under way.
    pub fn before(&self, kind: StoreCall, other: impl FnOnce() + 'static) {
        self.push(kind, Step::Before(Box::new(other)));
    }

    /// Every call of this kind that has no step meets this fault, until [`heal`](Self::heal).
    ///
    /// # Panics
    /// As [`next`](Self::next).
    pub fn always(&self, kind: StoreCall, fault: Fault) {
        assert!(fault.can_befall(kind), "a {kind:?} cannot meet this fault");
        self.script.borrow_mut().lasting.insert(kind, fault);
    }

    /// Forgets every step and lasting fault.
    pub fn heal(&self) {
        let mut script = self.script.borrow_mut();
        script.steps.clear();
        script.lasting.clear();
    }

    /// True when every step has been taken: what was scripted did happen.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.script.borrow().steps.values().all(VecDeque::is_empty)
    }

    /// The calls so far, whether or not they reached the inner store.
    #[must_use]
    pub fn store_calls(&self) -> StoreCalls {
        self.script.borrow().calls
    }

    /// The calls since the last call of this, which starts a new count.
    #[must_use = "the count starts anew"]
    pub fn take_store_calls(&self) -> StoreCalls {
        std::mem::take(&mut self.script.borrow_mut().calls)
    }

    fn push(&self, kind: StoreCall, step: Step) {
        self.script.borrow_mut().steps.entry(kind).or_default().push_back(step);
    }

    /// Takes the next step of a kind; another writer's turn is over when this returns.
    fn step(&self, kind: StoreCall) -> Option<Fault> {
        let step = {
            let mut script = self.script.borrow_mut();
            let step = script.steps.get_mut(&kind).and_then(VecDeque::pop_front);
            step.or_else(|| script.lasting.get(&kind).cloned().map(Step::Fault))
        };
        match step {
            None | Some(Step::Pass) => None,
            Some(Step::Fault(fault)) => Some(fault),
            Some(Step::Before(other)) => {
                other();
                None
            }
        }
    }

    fn call(&self, kind: StoreCall) -> Option<Fault> {
        self.script.borrow_mut().calls.record(kind);
        self.step(kind)
    }
}

/// The answer to a call that the fault keeps from the store, `None` when the call is to be made.
fn instead_of_read(fault: Option<Fault>) -> Option<Read> {
    match fault? {
        Fault::Fail(error) => Some(Err(error)),
        Fault::Miss => Some(Ok(None)),
        Fault::Stale(item) => Some(Ok(Some(item))),
        Fault::LoseAnswer | Fault::ApplyThenConflict | Fault::Conflict(_) => None,
    }
}

fn instead_of_write(fault: Option<&Fault>) -> Option<Written> {
    match fault? {
        Fault::Fail(error) => Some(Err(*error)),
        Fault::Conflict(item) => Some(Ok(WriteOutcome::Conflict(item.clone()))),
        Fault::LoseAnswer | Fault::ApplyThenConflict | Fault::Miss | Fault::Stale(_) => None,
    }
}

/// The answer to a write that was carried out.
fn after_write(fault: Option<&Fault>, written: Written) -> Written {
    match fault {
        Some(Fault::LoseAnswer) => Err(KvError::UnknownOutcome),
        Some(Fault::ApplyThenConflict) => Ok(WriteOutcome::Conflict(None)),
        _ => written,
    }
}

impl<S: Store<Error = KvError>> Store for Faulty<S> {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        instead_of_read(self.call(StoreCall::Get)).unwrap_or_else(|| self.inner.get(key))
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        match instead_of_read(self.call(StoreCall::Head)) {
            None => self.inner.head(key),
            Some(read) => {
                Ok(read?
                    .map(|item| ItemHead { metadata: item.metadata, generation: item.generation }))
            }
        }
    }

    fn put(&self, write: Write<'_>) -> Written {
        let fault = self.call(StoreCall::Put);
        instead_of_write(fault.as_ref())
            .unwrap_or_else(|| after_write(fault.as_ref(), self.inner.put(write)))
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        match self.call(StoreCall::Delete) {
            Some(Fault::Fail(error)) => Err(error),
            Some(Fault::LoseAnswer) => self.inner.delete(key).and(Err(KvError::UnknownOutcome)),
            _ => self.inner.delete(key),
        }
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        match self.call(StoreCall::Count) {
            Some(Fault::Fail(error)) => Err(error),
            _ => self.inner.count(prefix, limit),
        }
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        self.script.borrow_mut().calls.record_get_many(keys.len());
        let instead: Vec<_> =
            keys.iter().map(|_| instead_of_read(self.step(StoreCall::Get))).collect();
        let asked: Vec<&str> =
            keys.iter().zip(&instead).filter(|(_, i)| i.is_none()).map(|(key, _)| *key).collect();
        let mut answers = self.inner.get_many(&asked).into_iter();
        instead.into_iter().filter_map(|instead| instead.or_else(|| answers.next())).collect()
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        self.script.borrow_mut().calls.record_put_many(writes.len());
        let faults: Vec<_> = writes.iter().map(|_| self.step(StoreCall::Put)).collect();
        let reaching = |fault: &Option<Fault>| instead_of_write(fault.as_ref()).is_none();
        let made: Vec<_> =
            writes.iter().zip(&faults).filter(|(_, f)| reaching(f)).map(|(w, _)| *w).collect();
        let mut answers = self.inner.put_many(&made).into_iter();
        let answer = |fault: &Option<Fault>| {
            let fault = fault.as_ref();
            instead_of_write(fault).or_else(|| answers.next().map(|w| after_write(fault, w)))
        };
        faults.iter().filter_map(answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use identity_graph::Precondition;

    use super::*;
    use crate::memory::MemoryStore;

    fn store() -> (MemoryStore, Faulty<MemoryStore>) {
        let memory = MemoryStore::new();
        (memory.clone(), Faulty::new(memory))
    }

    fn write(key: &str) -> Write<'_> {
        Write { key, body: b"b", metadata: "", time_to_live: 9, condition: Precondition::Absent }
    }

    #[test]
    fn a_failed_call_leaves_the_store_alone() {
        let (memory, faulty) = store();
        for kind in
            [StoreCall::Get, StoreCall::Head, StoreCall::Put, StoreCall::Delete, StoreCall::Count]
        {
            faulty.next(kind, Fault::Fail(KvError::Unavailable));
        }
        assert_eq!(faulty.get("k"), Err(KvError::Unavailable));
        assert_eq!(faulty.head("k"), Err(KvError::Unavailable));
        assert_eq!(faulty.put(write("k")), Err(KvError::Unavailable));
        assert_eq!(faulty.delete("k"), Err(KvError::Unavailable));
        assert_eq!(faulty.count("k", 1), Err(KvError::Unavailable));
        assert_eq!(memory.store_calls(), StoreCalls::default());
        let one_each = StoreCalls {
            gets: 1,
            heads: 1,
            puts: 1,
            deletes: 1,
            counts: 1,
            ..StoreCalls::default()
        };
        assert_eq!(faulty.take_store_calls(), one_each);
        assert!(faulty.is_done());
    }

    #[test]
    fn a_lost_answer_is_of_a_write_that_took_place() {
        let (memory, faulty) = store();
        faulty.next(StoreCall::Put, Fault::LoseAnswer);
        faulty.next(StoreCall::Delete, Fault::LoseAnswer);
        assert_eq!(faulty.put(write("k")), Err(KvError::UnknownOutcome));
        assert_eq!(memory.len(), 1);
        assert_eq!(faulty.delete("k"), Err(KvError::UnknownOutcome));
        assert!(memory.is_empty());
    }

    #[test]
    fn a_write_is_refused_after_it_took_place_or_without_taking_place() {
        let (memory, faulty) = store();
        faulty.next(StoreCall::Put, Fault::ApplyThenConflict);
        faulty.next(StoreCall::Put, Fault::Conflict(None));
        assert_eq!(faulty.put(write("a")), Ok(WriteOutcome::Conflict(None)));
        assert_eq!(faulty.put(write("b")), Ok(WriteOutcome::Conflict(None)));
        assert_eq!(memory.keys(), ["a"]);
    }

    #[test]
    fn reads_miss_or_see_an_older_value() {
        let (memory, faulty) = store();
        memory.seed("k", "old", Some("old"));
        let old = memory.row("k").unwrap().item();
        memory.seed("k", "new", None);
        faulty.next(StoreCall::Get, Fault::Miss);
        faulty.next(StoreCall::Get, Fault::Stale(old.clone()));
        faulty.next(StoreCall::Head, Fault::Stale(old.clone()));
        assert_eq!(faulty.get("k"), Ok(None));
        assert_eq!(faulty.get("k"), Ok(Some(old.clone())));
        assert_eq!(faulty.head("k").unwrap().unwrap().generation, old.generation);
        assert_eq!(faulty.get("k").unwrap().unwrap().body, b"new");
    }

    #[test]
    fn another_writer_gets_in_between() {
        let (memory, faulty) = store();
        let other = memory.clone();
        faulty.before(StoreCall::Put, move || {
            other.seed("k", "theirs", None);
        });
        assert_eq!(faulty.put(write("k")), Ok(WriteOutcome::Conflict(None)));
        assert_eq!(memory.row("k").unwrap().body, b"theirs");
    }

    #[test]
    fn in_batches_each_key_takes_a_step() {
        let (memory, faulty) = store();
        for fault in [Fault::Fail(KvError::Throttled), Fault::LoseAnswer] {
            faulty.pass(StoreCall::Put);
            faulty.next(StoreCall::Put, fault);
        }
        let written = faulty.put_many(&[write("a"), write("b"), write("c"), write("d")]);
        let stored = Ok(WriteOutcome::Stored);
        let (throttled, unknown) = (Err(KvError::Throttled), Err(KvError::UnknownOutcome));
        assert_eq!(written, [stored.clone(), throttled, stored, unknown]);
        assert_eq!(memory.keys(), ["a", "c", "d"]);

        faulty.pass(StoreCall::Get);
        faulty.next(StoreCall::Get, Fault::Miss);
        let read = faulty.get_many(&["a", "c", "d", "none"]);
        let seen: Vec<bool> = read.into_iter().map(|read| read.unwrap().is_some()).collect();
        assert_eq!(seen, [true, false, true, false]);
    }

    #[test]
    fn a_lasting_fault_gives_way_to_steps_and_ends_when_healed() {
        let (_, faulty) = store();
        faulty.always(StoreCall::Get, Fault::Fail(KvError::Throttled));
        faulty.pass(StoreCall::Get);
        assert_eq!(faulty.get("k"), Ok(None));
        assert_eq!(faulty.clone().get("k"), Err(KvError::Throttled));
        assert_eq!(faulty.get("k"), Err(KvError::Throttled));
        faulty.heal();
        assert_eq!(faulty.get("k"), Ok(None));
    }

    #[test]
    #[should_panic(expected = "a Delete cannot meet this fault")]
    fn a_fault_that_makes_no_sense_is_a_mistake_of_the_test() {
        store().1.next(StoreCall::Delete, Fault::Miss);
    }
}
