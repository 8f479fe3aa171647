//! What redb promises beyond the contract, by a clock of the test's own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use host_server_redb::RedbStore;
use host_server_store::{AsyncStore, Clock, Page, StoreUrl, system_clock};
use identity_graph::{KvError, Precondition, Write, WriteOutcome};
use tempfile::TempDir;

struct Time(Arc<AtomicU64>);

impl Time {
    fn at(now: u64) -> Self {
        Self(Arc::new(AtomicU64::new(now)))
    }

    fn set(&self, now: u64) {
        self.0.store(now, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let time = Arc::clone(&self.0);
        Arc::new(move || time.load(Ordering::SeqCst))
    }
}

fn open(folder: &Path, clock: Clock) -> RedbStore {
    let path = folder.join("graph.redb");
    let url = StoreUrl::parse(&format!("redb://{}", path.display())).unwrap();
    RedbStore::open(url, clock).unwrap()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn write(key: &str, time_to_live: u32) -> Write<'_> {
    Write { key, body: b"body", metadata: "", time_to_live, condition: Precondition::None }
}

#[tokio::test]
async fn a_value_is_gone_31_seconds_after_its_lifetime_and_not_before() {
    let (folder, time) = (folder(), Time::at(100));
    let store = open(folder.path(), time.clock());
    store.put(write("k", 10)).await.unwrap();
    let create = Write { condition: Precondition::Absent, ..write("k", 10) };
    time.set(140);
    assert!(store.get("k").await.unwrap().is_some());
    assert!(matches!(store.put(create).await, Ok(WriteOutcome::Conflict(Some(_)))));
    time.set(141);
    assert_eq!(store.get("k").await, Ok(None));
    assert_eq!(store.head("k").await, Ok(None));
    assert_eq!(store.count("k", 9).await, Ok(0));
    assert_eq!(store.get_many(&["k"]).await, [Ok(None)]);
    assert_eq!(store.delete("k").await, Ok(false));
    assert_eq!(store.put(create).await, Ok(WriteOutcome::Stored));
}

/// A clock that goes by the next of these times whenever it is looked at, and stays at the last.
fn stepping(times: &'static [u64]) -> Clock {
    let looked = AtomicUsize::new(0);
    Arc::new(move || times[looked.fetch_add(1, Ordering::SeqCst).min(times.len() - 1)])
}

#[tokio::test]
async fn a_lifetime_does_not_begin_before_the_commit() {
    let folder = folder();
    // Begun, and ended 30 seconds later.
    let store = open(folder.path(), stepping(&[100, 130, 140]));
    assert_eq!(store.put(write("k", 10)).await, Ok(WriteOutcome::Stored));
    assert!(store.get("k").await.unwrap().is_some(), "10 seconds after the commit");
}

#[tokio::test]
async fn a_commit_that_took_from_lifetimes_is_not_acknowledged() {
    let folder = folder();
    let store = open(folder.path(), stepping(&[100, 131, 131]));
    assert_eq!(store.put(write("k", 10)).await, Err(KvError::UnknownOutcome));
}

#[tokio::test]
async fn a_store_that_is_written_to_does_not_grow_by_what_is_past_its_lifetime() {
    let (folder, time) = (folder(), Time::at(100));
    let store = open(folder.path(), time.clock());
    let names: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    let writes: Vec<_> = names.iter().map(|name| write(name, 10)).collect();
    store.put_many(&writes).await;
    time.set(141);
    let names: Vec<String> = (0..1_000).map(|number| format!("new{number}")).collect();
    let writes: Vec<_> = names.iter().map(|name| write(name, 10)).collect();
    store.put_many(&writes).await;
    assert_eq!(store.list(None, 10_000).await.unwrap().keys.len(), 1_000);
}

#[tokio::test]
async fn an_update_of_a_value_past_its_lifetime_is_refused() {
    let (folder, time) = (folder(), Time::at(100));
    let store = open(folder.path(), time.clock());
    store.put(write("k", 10)).await.unwrap();
    let generation = store.get("k").await.unwrap().unwrap().generation;
    time.set(141);
    let update = Write { condition: Precondition::Matches(generation), ..write("k", 10) };
    assert_eq!(store.put(update).await, Ok(WriteOutcome::Conflict(None)));
}

#[tokio::test]
async fn values_past_their_lifetime_leave_the_file_with_the_next_write() {
    let (folder, time) = (folder(), Time::at(100));
    let store = open(folder.path(), time.clock());
    for key in ["a", "b", "c"] {
        store.put(write(key, 10)).await.unwrap();
    }
    store.put(write("b", 1_000)).await.unwrap();
    time.set(141);
    store.put(write("d", 10)).await.unwrap();
    let kept = Page { keys: vec!["b".into(), "d".into()], next: None };
    assert_eq!(store.list(None, 9).await, Ok(kept));
}

#[tokio::test]
async fn what_was_stored_is_there_when_the_file_is_opened_again() {
    let folder = folder();
    let store = open(folder.path(), system_clock());
    store.put(write("k", 600)).await.unwrap();
    let item = store.get("k").await.unwrap();
    assert!(item.is_some());
    drop(store);
    assert_eq!(open(folder.path(), system_clock()).get("k").await.unwrap(), item);
}

#[tokio::test]
async fn a_file_that_is_open_is_refused_with_the_reason() {
    let folder = folder();
    let _store = open(folder.path(), system_clock());
    let path = folder.path().join("graph.redb");
    let url = StoreUrl::parse(&format!("redb://{}", path.display())).unwrap();
    let error = RedbStore::open(url, system_clock()).unwrap_err().to_string();
    assert!(error.contains("one process at a time"), "{error}");
}

#[test]
fn a_wrong_url_is_refused_with_what_to_correct() {
    for (url, expected) in [
        ("redb://", "the path is missing"),
        ("redb://x?cache=1", "known are: cache-mib"),
        ("redb:///no/such/folder/x.redb", "/no/such/folder/x.redb: "),
    ] {
        let error = RedbStore::open(StoreUrl::parse(url).unwrap(), system_clock()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn writers_who_wait_share_a_commit_and_each_learns_its_own_outcome() {
    let folder = folder();
    let store = Arc::new(open(folder.path(), system_clock()));
    let create = |writer: u32| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let key = (writer / 2).to_string();
            let create = Write { condition: Precondition::Absent, ..write(&key, 600) };
            store.put(create).await.unwrap() == WriteOutcome::Stored
        })
    };
    let writers: Vec<_> = (0..200).map(create).collect();
    let mut stored = 0;
    for writer in writers {
        stored += u32::from(writer.await.unwrap());
    }
    assert_eq!(stored, 100, "one of each two");
    assert_eq!(store.count("", 1_000).await, Ok(100));
}
