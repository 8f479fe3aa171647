//! The store.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use host_server_store::{
    AsyncStore, Clock, FailureLog, OpenError, Page, StoreUrl, async_trait, new_generation,
};
use identity_graph::contract::{OneAnswer, check_key, check_write};
use identity_graph::{ItemHead, KvError, Read, Write, WriteOutcome, Written};
use redb::{Database, DatabaseError, ReadableDatabase};

use crate::rows::{self, Change, NewRow, Reader};
use crate::writer::Writer;

/// A store in one file.
pub struct RedbStore {
    // Dropped first: the writer ends before the file is closed.
    writer: Writer,
    database: Arc<Database>,
    clock: Clock,
    log: Arc<FailureLog>,
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
        Self::of(database, clock)
    }

    fn of(database: Database, clock: Clock) -> Result<Self, String> {
        // So that reads find the tables.
        let transaction = database.begin_write().map_err(|error| error.to_string())?;
        rows::Tables::open(&transaction).map_err(|error| error.to_string())?;
        transaction.commit().map_err(|error| error.to_string())?;
        let (database, log) = (Arc::new(database), Arc::new(FailureLog::new("redb")));
        let writer = Writer::start(Arc::clone(&database), Arc::clone(&clock), Arc::clone(&log))
            .map_err(|error| error.to_string())?;
        Ok(Self { writer, database, clock, log })
    }

    fn reader(&self) -> Result<Reader, KvError> {
        let transaction = self.database.begin_read().map_err(|error| {
            self.log.failed(format_args!("a read failed: {error}"));
            KvError::Unavailable
        })?;
        Ok(Reader { transaction, now: (self.clock)(), log: Arc::clone(&self.log) })
    }

    /// Runs what reads more than a row where it may take its time.
    async fn off_thread<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, KvError> + Send + 'static,
    ) -> Result<T, KvError> {
        let reader = self.reader()?;
        let read = tokio::task::spawn_blocking(move || read(&reader));
        read.await.unwrap_or(Err(KvError::Unavailable))
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
        self.reader()?.get(key)
    }

    async fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        check_key(key)?;
        self.reader()?.read(key, |row| Ok(rows::head(row)))
    }

    async fn put(&self, write: Write<'_>) -> Written {
        self.change(put(&write)?).await
    }

    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        check_key(key)?;
        let outcome = self.change(Change::Delete { key: key.to_owned() }).await?;
        Ok(outcome == WriteOutcome::Stored)
    }

    async fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        let prefix = prefix.to_owned();
        self.off_thread(move |reader| reader.count(&prefix, limit)).await
    }

    async fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let owned: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let read = move |reader: &Reader| {
            let mut answer = OneAnswer::new();
            let read = |key: &String| {
                if answer.is_full() {
                    return Err(KvError::NotRead);
                }
                answer.next(check_key(key).and_then(|()| reader.get(key)))
            };
            Ok(owned.iter().map(read).collect())
        };
        self.off_thread(read).await.unwrap_or_else(|error| vec![Err(error); keys.len()])
    }

    async fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let mut answers = Vec::with_capacity(writes.len());
        let mut changes = Vec::with_capacity(writes.len());
        for write in writes {
            match put(write) {
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
        let keys = move |reader: &Reader| reader.keys(from.as_deref(), limit);
        Ok(Page::ordered(self.off_thread(keys).await?, limit))
    }

    /// Whether the file takes writes: after an error it may still answer reads.
    async fn ready(&self) -> Result<(), KvError> {
        self.writer.ready().await
    }
}

fn put(write: &Write<'_>) -> Result<Change, KvError> {
    check_write(write)?;
    let row = NewRow {
        time_to_live: write.time_to_live,
        generation: new_generation()?,
        metadata: write.metadata.to_owned(),
        body: write.body.to_vec(),
    };
    Ok(Change::Put { key: write.key.to_owned(), row, condition: write.condition })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};

    use host_server_store::system_clock;
    use identity_graph::Precondition;
    use redb::StorageBackend;
    use redb::backends::InMemoryBackend;

    use super::*;

    /// A disk that can be told to fail.
    #[derive(Debug)]
    struct Disk(InMemoryBackend, Arc<AtomicBool>);

    impl Disk {
        fn works(&self) -> io::Result<()> {
            if self.1.load(Ordering::SeqCst) {
                Err(io::ErrorKind::StorageFull.into())
            } else {
                Ok(())
            }
        }
    }

    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }
        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.0.read(offset, out)
        }
        fn set_len(&self, length: u64) -> io::Result<()> {
            self.works().and_then(|()| self.0.set_len(length))
        }
        fn sync_data(&self) -> io::Result<()> {
            self.works().and_then(|()| self.0.sync_data())
        }
        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.works().and_then(|()| self.0.write(offset, data))
        }
    }

    #[tokio::test]
    async fn a_file_that_takes_no_more_writes_is_not_ready() {
        let is_full = Arc::new(AtomicBool::new(false));
        let disk = Disk(InMemoryBackend::new(), Arc::clone(&is_full));
        let database = Database::builder().create_with_backend(disk).unwrap();
        let store = RedbStore::of(database, system_clock()).unwrap();
        let condition = Precondition::None;
        let write = Write { key: "k", body: b"1", metadata: "", time_to_live: 600, condition };
        assert_eq!(store.put(write).await, Ok(WriteOutcome::Stored));
        assert_eq!(store.ready().await, Ok(()));

        is_full.store(true, Ordering::SeqCst);
        assert_eq!(store.put(write).await, Err(KvError::UnknownOutcome));
        is_full.store(false, Ordering::SeqCst);
        assert_eq!(store.put(write).await, Err(KvError::Unavailable), "until it is opened anew");
        assert_eq!(store.ready().await, Err(KvError::Unavailable));
    }
}
