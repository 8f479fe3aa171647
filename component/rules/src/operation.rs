//! An operation without input and output: it says which store call to make, and is told the answer.
//!
//! [`Graph`](crate::Graph) drives operations over a [`Store`](crate::Store). A program whose store is
//! asynchronous drives them itself.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::cas_loop::UNCONFIRMED;
use crate::error::GraphError;
use crate::redact::Key;
use crate::row::{EncodedRow, Row};
use crate::snapshot::Snapshot;
use crate::store::{Item, ItemHead, KvError, StoreError, Write, WriteOutcome};
use crate::types::EcId;

/// The store call that an operation asks for, named as in [`Store`](crate::Store), which says what
/// each does. `Debug` shows the start of a key only.
pub enum Call<'a> {
    /// Read a value.
    Get(&'a str),
    /// Read a value's metadata and generation.
    Head(&'a str),
    /// Write a value under its precondition.
    Put(Write<'a>),
    /// Remove a value.
    Delete(&'a str),
    /// Count the keys that start with `prefix`, up to `limit`.
    Count {
        /// What the keys start with.
        prefix: &'a str,
        /// Where counting stops.
        limit: u32,
    },
    /// As many reads, in flight together where the store can.
    GetMany(Vec<&'a str>),
    /// As many writes, likewise.
    PutMany(Vec<Write<'a>>),
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get(key) => f.debug_tuple("Get").field(&Key(key)).finish(),
            Self::Head(key) => f.debug_tuple("Head").field(&Key(key)).finish(),
            Self::Put(write) => f.debug_tuple("Put").field(write).finish(),
            Self::Delete(key) => f.debug_tuple("Delete").field(&Key(key)).finish(),
            Self::Count { prefix, limit } => {
                f.debug_struct("Count").field("prefix", &Key(prefix)).field("limit", limit).finish()
            }
            Self::GetMany(keys) => f.debug_tuple("GetMany").field(&keys.len()).finish(),
            Self::PutMany(writes) => f.debug_tuple("PutMany").field(&writes.len()).finish(),
        }
    }
}

/// What the store answered, of the kind of the [`Call`].
#[derive(Debug)]
pub enum Answer {
    /// Of [`Call::Get`].
    Get(Result<Option<Item>, StoreError>),
    /// Of [`Call::Head`].
    Head(Result<Option<ItemHead>, StoreError>),
    /// Of [`Call::Put`].
    Put(Result<WriteOutcome, StoreError>),
    /// Of [`Call::Delete`].
    Delete(Result<bool, StoreError>),
    /// Of [`Call::Count`].
    Count(Result<u32, StoreError>),
    /// Of [`Call::GetMany`]: one for each key, in order.
    GetMany(Vec<Result<Option<Item>, StoreError>>),
    /// Of [`Call::PutMany`]: one for each write, in order.
    PutMany(Vec<Result<WriteOutcome, StoreError>>),
}

/// An operation that makes no store call itself.
///
/// [`Rules`](crate::Rules) starts one. It may be dropped at any store call: the graph is left as if the
/// caller had died there, which every operation survives.
///
/// ```
/// use identity_graph::{Answer, Call, GraphError, Operation};
///
/// /// A store whose calls are awaited.
/// trait AsyncStore {
///     /// Makes one call: `Call::Get(key)` is answered by `Answer::Get(..)`, and so on.
///     async fn answer(&self, call: Call<'_>) -> Answer;
/// }
///
/// async fn drive<T>(store: &impl AsyncStore, mut operation: Operation<T>) -> Result<T, GraphError> {
///     while let Some(call) = operation.call() {
///         let answer = store.answer(call).await;
///         operation.answer(answer);
///     }
///     operation.finish()
/// }
/// ```
///
/// The example `async_store` of this crate has such a store.
#[must_use = "an operation does nothing until it is driven"]
pub struct Operation<T>(Box<dyn Machine<T> + Send>);

impl<T> Operation<T> {
    pub(crate) fn new(machine: impl Machine<T> + Send + 'static) -> Self {
        Self(Box::new(machine))
    }

    /// The store call to make next; `None` once the operation is over.
    #[must_use]
    pub fn call(&self) -> Option<Call<'_>> {
        self.0.call()
    }

    /// Takes the store's answer to that call. One of another kind counts as no answer.
    pub fn answer(&mut self, answer: Answer) {
        self.0.answer(answer);
    }

    /// The outcome, once [`call`](Self::call) says that the operation is over.
    ///
    /// # Errors
    /// As the operation's method of [`Graph`](crate::Graph) says; before the end
    /// [`GraphError::Unavailable`].
    pub fn finish(self) -> Result<T, GraphError> {
        self.0.finish()
    }

    /// The outcome of an operation that was started on this snapshot, which then shows what was written,
    /// or what was read anew. Another snapshot stays as it is.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_on(mut self, snapshot: &mut Snapshot) -> Result<T, GraphError> {
        if self.0.is_about(snapshot.id()) {
            snapshot.settle(self.0.change());
        }
        self.0.finish()
    }

    /// An operation that needs no store call.
    pub(crate) fn over(result: Result<T, GraphError>) -> Self
    where
        T: Send + 'static,
    {
        Self::new(Over(result))
    }

    pub(crate) fn calls(&mut self) -> &mut dyn Calls {
        &mut *self.0
    }
}

impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("call", &self.call()).finish()
    }
}

/// What asks for store calls.
pub(crate) trait Calls {
    /// The next call; `None` at the end.
    fn call(&self) -> Option<Call<'_>>;
    /// Takes the answer to it.
    fn answer(&mut self, answer: Answer);
}

/// What carries out an operation.
pub(crate) trait Machine<T>: Calls {
    /// The outcome, at the end.
    fn finish(self: Box<Self>) -> Result<T, GraphError>;

    /// Whether it changes the row of this ID.
    fn is_about(&self, _: &EcId) -> bool {
        false
    }

    /// What became of the row that it was started on.
    fn change(&mut self) -> Change {
        Change::default()
    }
}

/// What became of a row.
#[derive(Default)]
pub(crate) struct Change {
    /// What the store said is stored.
    pub(crate) written: Option<EncodedRow>,
    /// The row that was read anew and is left as it is.
    pub(crate) seen: Option<Box<Row>>,
    /// A write was applied, may have been, or was refused since the row is another one by now.
    pub(crate) has_moved_on: bool,
}

/// What is made of an answer.
pub(crate) trait Then<T>: FnOnce(Answer) -> Result<T, GraphError> + Send + 'static {}

impl<T, F: FnOnce(Answer) -> Result<T, GraphError> + Send + 'static> Then<T> for F {}

/// An operation of one store call.
pub(crate) struct OneCall<T, F> {
    call: fn(&str) -> Call<'_>,
    key: EcId,
    then: Option<F>,
    result: Option<Result<T, GraphError>>,
}

impl<T, F: Then<T>> OneCall<T, F> {
    pub(crate) fn new(call: fn(&str) -> Call<'_>, key: EcId, then: F) -> Self {
        Self { call, key, then: Some(then), result: None }
    }

    /// Carries it out at once.
    pub(crate) fn ask(self, ask: impl FnOnce(Call<'_>) -> Answer) -> Result<T, GraphError> {
        let Self { call, key, then, .. } = self;
        then.map_or(Err(UNCONFIRMED), |then| then(ask(call(key.as_str()))))
    }
}

impl<T, F: Then<T>> Calls for OneCall<T, F> {
    fn call(&self) -> Option<Call<'_>> {
        self.then.is_some().then(|| (self.call)(self.key.as_str()))
    }

    fn answer(&mut self, answer: Answer) {
        if let Some(then) = self.then.take() {
            self.result = Some(then(answer));
        }
    }
}

impl<T, F: Then<T>> Machine<T> for OneCall<T, F> {
    fn finish(self: Box<Self>) -> Result<T, GraphError> {
        self.result.unwrap_or(Err(UNCONFIRMED))
    }
}

/// An operation that is over.
struct Over<T>(Result<T, GraphError>);

impl<T> Calls for Over<T> {
    fn call(&self) -> Option<Call<'_>> {
        None
    }

    fn answer(&mut self, _: Answer) {}
}

impl<T> Machine<T> for Over<T> {
    fn finish(self: Box<Self>) -> Result<T, GraphError> {
        self.0
    }
}

/// What counts as the answer where none came, or one to another call.
pub(crate) const SILENCE: StoreError = StoreError::of(KvError::UnknownOutcome);

impl Answer {
    pub(crate) fn into_read(self) -> Result<Option<Item>, StoreError> {
        if let Self::Get(answer) = self { answer } else { Err(SILENCE) }
    }

    pub(crate) fn into_head(self) -> Result<Option<ItemHead>, StoreError> {
        if let Self::Head(answer) = self { answer } else { Err(SILENCE) }
    }

    pub(crate) fn into_written(self) -> Result<WriteOutcome, StoreError> {
        if let Self::Put(answer) = self { answer } else { Err(SILENCE) }
    }

    pub(crate) fn into_deleted(self) -> Result<bool, StoreError> {
        if let Self::Delete(answer) = self { answer } else { Err(SILENCE) }
    }

    pub(crate) fn into_count(self) -> Result<u32, StoreError> {
        if let Self::Count(answer) = self { answer } else { Err(SILENCE) }
    }
}
