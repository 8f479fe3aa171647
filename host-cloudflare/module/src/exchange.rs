//! How a route, which waits, and the script, which is called, take turns.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// What a route waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Calls of Durable Objects, all at once. One answer each, in order; none where an object did not
    /// answer.
    Objects(Vec<ObjectCall>),
    /// The body of the request, when it has at most so many bytes: one answer. None when it broke off;
    /// no answer at all when it is larger.
    Body(u64),
}

/// A call of one Durable Object.
#[derive(Clone, PartialEq, Eq)]
pub struct ObjectCall {
    /// Which of the 256.
    pub object: u8,
    /// What [`carry_out`](crate::carry_out) takes there.
    pub call: Vec<u8>,
}

impl std::fmt::Debug for ObjectCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectCall")
            .field("object", &self.object)
            .field("bytes", &self.call.len())
            .finish()
    }
}

/// The answers to an [`Ask`].
pub(crate) type Answers = Vec<Option<Vec<u8>>>;

/// Where a question lies until it is taken, and an answer until the route goes on. A route asks one
/// thing at a time.
#[derive(Clone, Default)]
pub(crate) struct Exchange(Rc<Lying>);

#[derive(Default)]
struct Lying {
    ask: Cell<Option<Ask>>,
    answers: Cell<Option<Answers>>,
}

impl Exchange {
    /// Asks, and waits for the answers.
    pub(crate) async fn ask(&self, ask: Ask) -> Answers {
        self.0.ask.set(Some(ask));
        poll_fn(|_| self.0.answers.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// What the route asks.
    pub(crate) fn take(&self) -> Option<Ask> {
        self.0.ask.take()
    }

    /// Lays down the answers.
    pub(crate) fn answer(&self, answers: Answers) {
        self.0.answers.set(Some(answers));
    }
}
