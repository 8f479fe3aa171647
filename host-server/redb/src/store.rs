//! The store.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use host_server_store::{
    AsyncStore, Clock, OpenError, Page, StoreUrl, async_trait, expires_at, new_generation,
};
use identity_graph::contract::{OneAnswer, check_key, check_write};
use identity_graph::{ItemHead, KvError, Read, Write, WriteOutcome, Written};
use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase};

use crate::rows::{self, Change, NewRow};
use crate::writer::Writer;

/// A store in one file.
pub struct RedbStore {
    // Dropped first: the writer ends before the file is closed.
    writer: Writer,
    database: Arc<Database>,
    clock: Clock,
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").finish_non_exhaustive()
    }
}

impl RedbStore {
    /// Opens `redb://PATH`, and makes the file where there is none. Settings:
    ///
    /// - `cache-mib`: memory for pages of the file (128)
    pub fn open(mut url: StoreUrl, clock: Clock) -> Result<Self, OpenError> {
        let cache = url.number("cache-mib", 1..=1_048_576, 128)?;
        url.finish()?;
        let path = url.path();
        if path.is_empty() {
            return Err(url.error("the path is missing; expected redb://PATH"));
        }
        Self::create(Path::new(path), cache as usize * (1 << 20), clock)
            .map_err(|error| url.error(format!("{path}: {error}")))
    }

    /// Opens a file with so many bytes of cache.
    fn create(path: &Path, cache: usize, clock: Clock) -> Result<Self, String> {
        let mut builder = Database::builder();
        builder.set_cache_size(cache);
        let database = builder.create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => {
                "another process has it open; one process at a time can use the file".to_owned()
            }
            error => error.to_string(),
        })?;
        // So that reads find the tables.
        let transaction = database.begin_write().map_err(|error| error.to_string())?;
        rows::Tables::open(&transaction).map_err(|error| error.to_string())?;
        transaction.commit().map_err(|error| error.to_string())?;
        let database = Arc::new(database);
        let writer = Writer::start(Arc::clone(&database), Arc::clone(&clock))
            .map_err(|error| error.to_string())?;
        Ok(Self { writer, database, clock })
    }

    fn read(&self) -> Result<ReadTransaction, KvError> {
        self.database.begin_read().map_err(|_| KvError::Unavailable)
    }

    /// Runs what reads more than a row where it may take its time.
    async fn off_thread<T: Send + 'static>(
        &self,
        read: impl FnOnce(&ReadTransaction, u64) -> Result<T, KvError> + Send + 'static,
    ) -> Result<T, KvError> {
        let (transaction, now) = (self.read()?, (self.clock)());
        let read = tokio::task::spawn_blocking(move || read(&transaction, now));
        read.await.unwrap_or(Err(KvError::Unavailable))
    }

    fn put_change(&self, write: &Write<'_>) -> Result<Change, KvError> {
        check_write(write)?;
        let row = NewRow {
            expires_at: expires_at(&self.clock, write.time_to_live),
            generation: new_generation()?,
            metadata: write.metadata.to_owned(),
            body: write.body.to_vec(),
        };
        Ok(Change::Put { key: write.key.to_owned(), row, condition: write.condition })
    }

    async fn change(&self, change: Change) -> Written {
        let outcomes = self.writer.change(vec![change]).await;
        outcomes.into_iter().next().unwrap_or(Err(KvError::UnknownOutcome))
    }
}

#[async_trait]
impl AsyncStore for RedbStore {
    async fn get(&self, key: &str) -> Read {
        check_key(key)?;
        rows::get(&self.read()?, key, (self.clock)())
    }

    async fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        check_key(key)?;
        rows::read(&self.read()?, key, (self.clock)(), |row| Ok(rows::head(row)))
    }

    async fn put(&self, write: Write<'_>) -> Written {
        self.change(self.put_change(&write)?).await
    }

    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        check_key(key)?;
        let outcome = self.change(Change::Delete { key: key.to_owned() }).await?;
        Ok(outcome == WriteOutcome::Stored)
    }

    async fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        let prefix = prefix.to_owned();
        self.off_thread(move |transaction, now| rows::count(transaction, &prefix, limit, now)).await
    }

    async fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let owned: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let read = move |transaction: &ReadTransaction, now| {
            let mut answer = OneAnswer::new();
            let read = |key: &String| {
                if answer.is_full() {
                    return Err(KvError::NotRead);
                }
                answer.next(check_key(key).and_then(|()| rows::get(transaction, key, now)))
            };
            Ok(owned.iter().map(read).collect())
        };
        self.off_thread(read).await.unwrap_or_else(|error| vec![Err(error); keys.len()])
    }

    async fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let mut answers = Vec::with_capacity(writes.len());
        let mut changes = Vec::with_capacity(writes.len());
        for write in writes {
            match self.put_change(write) {
                Ok(change) => {
                    changes.push(change);
                    answers.push(None);
                }
                Err(error) => answers.push(Some(Err(error))),
            }
        }
        let mut outcomes = self.writer.change(changes).await.into_iter();
        let mut next = || outcomes.next().unwrap_or(Err(KvError::UnknownOutcome));
        answers.into_iter().map(|answer| answer.unwrap_or_else(&mut next)).collect()
    }

    async fn list(&self, from: Option<String>, limit: u32) -> Result<Page, KvError> {
        let keys =
            move |transaction: &ReadTransaction, _| rows::keys(transaction, from.as_deref(), limit);
        Ok(Page::ordered(self.off_thread(keys).await?, limit))
    }
}
