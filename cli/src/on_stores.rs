//! The day of traffic that ships with the program has the same outcomes on every store of a server as in
//! memory, and leaves the same rows; through the rules, and through the component in the server's runtime.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use host_server_postgres::PostgresStore;
use host_server_redb::RedbStore;
use host_server_runtime::{AsyncStore, Blocking, MemoryStore, Runtime, Settings, StoreUrl};
use host_server_tests::{BlockingGraph, Postgres, Valkey};
use host_server_valkey::ValkeyStore;
use identity_graph::{Graph, IdentityGraph, Policy};
use tokio::runtime::Runtime as Tokio;

use crate::player::act;
use crate::trace::{BUNDLED, Lines};

/// What became of a day: a line for each event, and the rows at its end.
#[derive(PartialEq)]
struct Day {
    outcomes: Vec<String>,
    rows: BTreeMap<String, Vec<u8>>,
}

/// The day, with the rules linked or the component in the server's runtime.
fn day(
    store: &Arc<dyn AsyncStore>,
    tokio: &Tokio,
    is_component: bool,
    mut at: impl FnMut(u64),
) -> Day {
    let (policy, handle) = (Policy::default(), tokio.handle().clone());
    let graph: Box<dyn IdentityGraph> = if is_component {
        let runtime = Runtime::new(&Settings::default()).unwrap();
        let graph = runtime.open(Arc::clone(store), policy).unwrap();
        Box::new(BlockingGraph::new(graph, handle))
    } else {
        Box::new(Graph::new(Blocking::new(Arc::clone(store), handle), policy).unwrap())
    };
    let mut lines = Lines::new(BUNDLED);
    let mut outcomes = Vec::new();
    while let Some(line) = lines.next().unwrap() {
        let event = line.event.unwrap_or_else(|_| panic!("line {} is no event", line.number));
        at(event.at);
        let reply = act(&*graph, event);
        let left_out = reply.left_out();
        outcomes.push(format!("{} {:?} {left_out:?}", reply.word(), reply.words()));
    }
    let rows = tokio.block_on(async {
        let (mut from, mut rows) = (None, BTreeMap::new());
        loop {
            let page = store.list(from, 1_000).await.unwrap();
            for key in page.keys {
                if let Some(item) = store.get(&key).await.unwrap() {
                    rows.insert(key, item.body);
                }
            }
            from = page.next;
            if from.is_none() {
                return rows;
            }
        }
    });
    Day { outcomes, rows }
}

/// The day in memory, where time is that of the traffic, or where nothing ever ends.
fn in_memory(tokio: &Tokio, goes_on: bool) -> Day {
    let time = Arc::new(AtomicU64::new(0));
    let now = Arc::clone(&time);
    let clock = Arc::new(move || now.load(Ordering::SeqCst));
    let store: Arc<dyn AsyncStore> = Arc::new(MemoryStore::new(clock));
    day(&store, tokio, false, |at| {
        if goes_on {
            time.store(at, Ordering::SeqCst);
        }
    })
}

/// Says where two days part, without an ID.
fn assert_same(day: &Day, expected: &Day) {
    let pairs = day.outcomes.iter().zip(&expected.outcomes).enumerate();
    for (number, (outcome, expected)) in pairs {
        assert_eq!(outcome, expected, "event {number}");
    }
    assert_eq!(day.outcomes.len(), expected.outcomes.len());
    assert_eq!(day.rows.len(), expected.rows.len(), "rows at the end");
    assert!(day.rows == expected.rows, "the same rows at the end");
}

#[test]
fn on_redb() {
    let tokio = Tokio::new().unwrap();
    let expected = in_memory(&tokio, true);
    for is_component in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("redb://{}", folder.path().join("day.redb").display());
        let time = Arc::new(AtomicU64::new(0));
        let now = Arc::clone(&time);
        let clock = Arc::new(move || now.load(Ordering::SeqCst));
        let store = RedbStore::open(StoreUrl::parse(&url).unwrap(), clock).unwrap();
        let store: Arc<dyn AsyncStore> = Arc::new(store);
        let day = day(&store, &tokio, is_component, |at| time.store(at, Ordering::SeqCst));
        assert_same(&day, &expected);
    }
}

#[test]
fn on_postgresql() {
    let (tokio, server) = (Tokio::new().unwrap(), Postgres::start());
    // The server's own clock is years from the day's, or the day's from it.
    let expected = in_memory(&tokio, false);
    for is_component in [false, true] {
        let url = StoreUrl::parse(&server.url("")).unwrap();
        let store = tokio.block_on(PostgresStore::open(url)).unwrap();
        let store: Arc<dyn AsyncStore> = Arc::new(store);
        assert_same(&day(&store, &tokio, is_component, drop), &expected);
        let _ = server.sql("TRUNCATE identity_graph");
    }
}

#[test]
fn on_valkey() {
    let (tokio, server) = (Tokio::new().unwrap(), Valkey::start());
    let expected = in_memory(&tokio, false);
    for is_component in [false, true] {
        let url = StoreUrl::parse(&server.url("")).unwrap();
        let store = tokio.block_on(ValkeyStore::open(url)).unwrap();
        let store: Arc<dyn AsyncStore> = Arc::new(store);
        assert_same(&day(&store, &tokio, is_component, drop), &expected);
        let _ = server.ask(&["flushall"]);
    }
}
