//! A store whose calls are counted and timed.

use std::sync::Arc;
use std::time::Instant;

use host_server_runtime::{AsyncStore, Page, async_trait};
use identity_graph::{ItemHead, KvError, Read, Write, WriteOutcome, Written};

use crate::metrics::Metrics;

pub(crate) struct Measured {
    pub(crate) store: Arc<dyn AsyncStore>,
    pub(crate) metrics: Metrics,
}

#[async_trait]
impl AsyncStore for Measured {
    async fn get(&self, key: &str) -> Read {
        let begun = Instant::now();
        let read = self.store.get(key).await;
        self.metrics.store("get", [found(&read)], begun);
        read
    }

    async fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        let begun = Instant::now();
        let read = self.store.head(key).await;
        self.metrics.store("head", [found(&read)], begun);
        read
    }

    async fn put(&self, write: Write<'_>) -> Written {
        let begun = Instant::now();
        let written = self.store.put(write).await;
        self.metrics.store("put", [stored(&written)], begun);
        written
    }

    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        let begun = Instant::now();
        let deleted = self.store.delete(key).await;
        let outcome = match &deleted {
            Ok(true) => "deleted",
            Ok(false) => "absent",
            Err(error) => name(*error),
        };
        self.metrics.store("delete", [outcome], begun);
        deleted
    }

    async fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        let begun = Instant::now();
        let count = self.store.count(prefix, limit).await;
        let outcome = count.as_ref().map_or_else(|error| name(*error), |_| "counted");
        self.metrics.store("count", [outcome], begun);
        count
    }

    async fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let begun = Instant::now();
        let reads = self.store.get_many(keys).await;
        self.metrics.store("get-many", reads.iter().map(found), begun);
        reads
    }

    async fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let begun = Instant::now();
        let written = self.store.put_many(writes).await;
        self.metrics.store("put-many", written.iter().map(stored), begun);
        written
    }

    async fn list(&self, from: Option<String>, limit: u32) -> Result<Page, KvError> {
        self.store.list(from, limit).await
    }

    async fn ready(&self) -> Result<(), KvError> {
        self.store.ready().await
    }
}

fn found<T>(read: &Result<Option<T>, KvError>) -> &'static str {
    match read {
        Ok(Some(_)) => "found",
        Ok(None) => "absent",
        Err(error) => name(*error),
    }
}

fn stored(written: &Written) -> &'static str {
    match written {
        Ok(WriteOutcome::Stored) => "stored",
        Ok(WriteOutcome::Conflict(_)) => "conflict",
        Err(error) => name(*error),
    }
}

/// As the WIT interface calls it.
fn name(error: KvError) -> &'static str {
    match error {
        KvError::NoSuchStore => "no-such-store",
        KvError::Invalid => "invalid",
        KvError::Throttled => "throttled",
        KvError::Unavailable => "unavailable",
        KvError::UnknownOutcome => "unknown-outcome",
        KvError::TooLarge => "too-large",
        KvError::NotRead => "not-read",
    }
}
