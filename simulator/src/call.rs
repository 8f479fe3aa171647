//! Store calls as values, and a store that answers them from a list.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use identity_graph::{ItemHead, KvError, Precondition, Read, Store, Write, Written};

/// One write of a worker. `Debug` shows what [`Write`] shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Put {
    /// The key.
    pub key: String,
    /// The value.
    pub body: Vec<u8>,
    /// What is stored beside it.
    pub metadata: String,
    /// Seconds for which the value is kept at least.
    pub time_to_live: u32,
    /// What must be true of the key.
    pub condition: Precondition,
}

impl Put {
    /// The write as a store takes it.
    #[must_use]
    pub fn write(&self) -> Write<'_> {
        Write {
            key: &self.key,
            body: &self.body,
            metadata: &self.metadata,
            time_to_live: self.time_to_live,
            condition: self.condition,
        }
    }
}

impl From<&Write<'_>> for Put {
    fn from(write: &Write<'_>) -> Self {
        Self {
            key: write.key.to_owned(),
            body: write.body.to_vec(),
            metadata: write.metadata.to_owned(),
            time_to_live: write.time_to_live,
            condition: write.condition,
        }
    }
}

impl fmt::Debug for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.write(), f)
    }
}

/// What a worker asks of the store.
#[derive(Clone, PartialEq, Eq)]
pub enum Call {
    /// [`Store::get`] of a key.
    Get(String),
    /// [`Store::head`] of a key.
    Head(String),
    /// [`Store::put`].
    Put(Put),
    /// [`Store::delete`] of a key.
    Delete(String),
    /// [`Store::count`] of a prefix up to a limit.
    Count(String, u32),
    /// [`Store::get_many`].
    GetMany(Vec<String>),
    /// [`Store::put_many`].
    PutMany(Vec<Put>),
}

/// What a worker hears.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Call::Get`].
    Read(Read),
    /// To [`Call::Head`].
    Head(Result<Option<ItemHead>, KvError>),
    /// To [`Call::Put`].
    Written(Written),
    /// To [`Call::Delete`].
    Deleted(Result<bool, KvError>),
    /// To [`Call::Count`].
    Counted(Result<u32, KvError>),
    /// To [`Call::GetMany`], one for each key.
    Reads(Vec<Read>),
    /// To [`Call::PutMany`], one for each write.
    Writes(Vec<Written>),
}

/// The store as a worker sees it: it knows the answers to the first calls and notes the first call
/// beyond them. All calls from there on fail, which brings the operation to its end; how it ends is
/// of no interest. Clones are handles to the same script.
#[derive(Clone, Default)]
pub struct Script(Rc<ScriptState>);

#[derive(Default)]
struct ScriptState {
    heard: RefCell<Rc<[(Call, Answer)]>>,
    at: Cell<usize>,
    beyond: RefCell<Option<Call>>,
}

impl Script {
    /// Begins anew, with these answers.
    pub(super) fn rewind(&self, heard: &Rc<[(Call, Answer)]>) {
        *self.0.heard.borrow_mut() = Rc::clone(heard);
        self.0.at.set(0);
        self.0.beyond.borrow_mut().take();
    }

    /// The first call that had no answer.
    pub(super) fn beyond(&self) -> Option<Call> {
        self.0.beyond.borrow_mut().take()
    }

    /// The next answer. Panics when a worker asks for something else than it did the last time on the
    /// same answers: what it asks must depend on its answers alone.
    fn answer(&self, call: Call) -> Option<Answer> {
        let at = self.0.at.get();
        self.0.at.set(at + 1);
        let heard = self.0.heard.borrow();
        let Some((expected, answer)) = heard.get(at) else {
            self.0.beyond.borrow_mut().get_or_insert(call);
            return None;
        };
        assert!(*expected == call, "a worker asked for something else on the same answers");
        Some(answer.clone())
    }
}

const OVER: KvError = KvError::Unavailable;

impl Store for Script {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        match self.answer(Call::Get(key.to_owned())) {
            Some(Answer::Read(read)) => read,
            _ => Err(OVER),
        }
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        match self.answer(Call::Head(key.to_owned())) {
            Some(Answer::Head(head)) => head,
            _ => Err(OVER),
        }
    }

    fn put(&self, write: Write<'_>) -> Written {
        match self.answer(Call::Put((&write).into())) {
            Some(Answer::Written(written)) => written,
            _ => Err(OVER),
        }
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        match self.answer(Call::Delete(key.to_owned())) {
            Some(Answer::Deleted(deleted)) => deleted,
            _ => Err(OVER),
        }
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        match self.answer(Call::Count(prefix.to_owned(), limit)) {
            Some(Answer::Counted(counted)) => counted,
            _ => Err(OVER),
        }
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let call = Call::GetMany(keys.iter().map(ToString::to_string).collect());
        match self.answer(call) {
            Some(Answer::Reads(reads)) => reads,
            _ => vec![Err(OVER); keys.len()],
        }
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        match self.answer(Call::PutMany(writes.iter().map(Put::from).collect())) {
            Some(Answer::Writes(written)) => written,
            _ => vec![Err(OVER); writes.len()],
        }
    }
}
