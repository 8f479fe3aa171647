//! The operations of a store, asynchronous.

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use identity_graph::contract::OneAnswer;
use identity_graph::{ItemHead, KvError, Read, Write, Written};

/// Reads or writes of a batch that are in flight together, where a store has nothing better.
const IN_FLIGHT: usize = 64;

/// A key-value store that keeps the contract of `kv-cas`: see the WIT interface and
/// [`identity_graph::Store`], whose operations these are.
///
/// A call whose future is dropped may still be carried out: to its caller it has the outcome of
/// [`KvError::UnknownOutcome`].
///
/// ```
/// use host_server_store::{AsyncStore, Page, async_trait};
/// use identity_graph::{KvError, Read, Write, Written};
///
/// /// A store that is down.
/// struct Down;
///
/// #[async_trait]
/// impl AsyncStore for Down {
///     async fn get(&self, _key: &str) -> Read {
///         Err(KvError::Unavailable)
///     }
///     async fn put(&self, _write: Write<'_>) -> Written {
///         Err(KvError::Unavailable)
///     }
///     async fn delete(&self, _key: &str) -> Result<bool, KvError> {
///         Err(KvError::Unavailable)
///     }
///     async fn count(&self, _prefix: &str, _limit: u32) -> Result<u32, KvError> {
///         Err(KvError::Unavailable)
///     }
///     async fn list(&self, _from: Option<String>, _limit: u32) -> Result<Page, KvError> {
///         Err(KvError::Unavailable)
///     }
/// }
/// ```
#[async_trait]
pub trait AsyncStore: Send + Sync + 'static {
    /// Reads a value.
    async fn get(&self, key: &str) -> Read;

    /// Reads a value's metadata and generation. A store that can tell them without the body answers
    /// them of bodies, too, that are too large to be read.
    async fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        let item = self.get(key).await?;
        Ok(item.map(|item| ItemHead { metadata: item.metadata, generation: item.generation }))
    }

    /// Writes a value under its precondition.
    async fn put(&self, write: Write<'_>) -> Written;

    /// Removes a value; true when there was one.
    async fn delete(&self, key: &str) -> Result<bool, KvError>;

    /// Number of keys that start with `prefix`, counted up to `limit`.
    async fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError>;

    /// As many [`get`](Self::get)s, in order. Once the bodies make up 16 MiB, what is left is not read
    /// and answered [`KvError::NotRead`].
    async fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let reads: Vec<_> = keys.iter().map(|key| self.get(key)).collect();
        let mut reads = stream::iter(reads).buffered(IN_FLIGHT);
        let mut answer = OneAnswer::new();
        let mut answers = Vec::with_capacity(keys.len());
        while !answer.is_full() {
            let Some(read) = reads.next().await else { break };
            answers.push(answer.next(read));
        }
        answers.resize(keys.len(), Err(KvError::NotRead));
        answers
    }

    /// As many [`put`](Self::put)s of distinct keys, in order.
    async fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let writes: Vec<_> = writes.iter().map(|write| self.put(*write)).collect();
        stream::iter(writes).buffered(IN_FLIGHT).collect().await
    }

    /// Some of the keys, about `limit` of them, from the start or from where another page ended. For
    /// those who move or check a whole store.
    ///
    /// Keys that are there throughout come at least once; in a store without order a key may come
    /// twice, and a page be empty. Values past their lifetime may be among them.
    async fn list(&self, from: Option<String>, limit: u32) -> Result<Page, KvError>;

    /// Whether the store takes calls now, for those who send it requests. A store that answers reads
    /// while it refuses writes says so here. A store around another one asks that one.
    ///
    /// # Errors
    /// [`KvError::Unavailable`], as of any call that is not answered.
    async fn ready(&self) -> Result<(), KvError> {
        self.head("readyz").await.map(drop)
    }
}

/// Some of a store's keys.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The keys.
    pub keys: Vec<String>,
    /// What to ask for next, which means something to this store only; `None` of the last page.
    pub next: Option<String>,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Page {
    /// A page of a store that has its keys in order: the next one begins after the last of `keys`.
    #[must_use]
    pub fn ordered(keys: Vec<String>, limit: u32) -> Self {
        let is_last = keys.len() < limit as usize || limit == 0;
        let next = if is_last { None } else { keys.last().cloned() };
        Self { keys, next }
    }
}
