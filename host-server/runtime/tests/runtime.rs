//! What the runtime promises: calls hold no thread, and what goes wrong with one costs it alone.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use host_server_runtime::{
    AsyncStore, Graph, MemoryStore, Page, Runtime, Settings, async_trait, system_clock,
};
use identity_graph::{
    Failure, IfMissing, Item, KvError, Mapping, NewEntry, PartnerUid, Policy, Read, UpsertOutcome,
    VisitOutcome, Write, Written,
};
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

const NOW: u64 = 1_790_000_000;

fn ec_id(number: usize) -> String {
    format!("{number:064x}.Ab12Cd")
}

/// A store in memory of which single calls do something else before.
struct Odd {
    inner: MemoryStore,
    gets: AtomicUsize,
    /// Reads wait until so many of them are under way.
    together: Option<Barrier>,
    /// Reads wait until each is let in.
    gate: Option<Semaphore>,
    /// Batches answer more than an instance can hold.
    floods: bool,
}

impl Odd {
    fn new() -> Self {
        let inner = MemoryStore::new(system_clock());
        Self { inner, gets: AtomicUsize::new(0), together: None, gate: None, floods: false }
    }
}

#[async_trait]
impl AsyncStore for Odd {
    async fn get(&self, key: &str) -> Read {
        self.gets.fetch_add(1, Ordering::SeqCst);
        if let Some(together) = &self.together {
            together.wait().await;
        }
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        let read = self.inner.get(key).await;
        // Others get their turn between a read and what follows from it.
        tokio::task::yield_now().await;
        read
    }
    async fn put(&self, write: Write<'_>) -> Written {
        self.inner.put(write).await
    }
    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.inner.delete(key).await
    }
    async fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.inner.count(prefix, limit).await
    }
    async fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        if self.floods {
            let item = Item { body: vec![b' '; 1 << 20], metadata: None, generation: 1 };
            return vec![Ok(Some(item)); keys.len()];
        }
        self.inner.get_many(keys).await
    }
    async fn list(&self, from: Option<String>, limit: u32) -> Result<Page, KvError> {
        self.inner.list(from, limit).await
    }
}

fn open(settings: &Settings, store: Odd) -> (Runtime, Arc<Odd>, Graph) {
    let runtime = Runtime::new(settings).unwrap();
    let store = Arc::new(store);
    let graph = runtime.open(Arc::<Odd>::clone(&store), Policy::default()).unwrap();
    (runtime, store, graph)
}

fn mapping(number: usize) -> Mapping {
    let (ec_id, uid) = (ec_id(number), Some("u".to_owned()));
    Mapping { ec_id, uid, synced: NOW, atype: None, expires: None, ext: None }
}

/// So many first visits, all begun before any ends.
async fn visit_at_once(graph: &Graph, visits: usize) {
    let mut calls = JoinSet::new();
    for number in 0..visits {
        let graph = graph.clone();
        calls.spawn(async move { graph.visit(&ec_id(number), NewEntry::at(NOW)).await });
    }
    // In the order in which they end, so that a failure is told while others still wait.
    while let Some(call) = calls.join_next().await {
        assert_eq!(call.unwrap().unwrap().outcome, VisitOutcome::Created);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn fifteen_hundred_calls_wait_for_their_store_on_one_thread() {
    const CALLS: usize = 1_500;
    let together = Some(Barrier::new(CALLS));
    let (_, store, graph) = open(&Settings::default(), Odd { together, ..Odd::new() });
    visit_at_once(&graph, CALLS).await;
    assert_eq!(store.gets.load(Ordering::SeqCst), CALLS);
}

#[tokio::test]
async fn more_calls_than_may_be_in_flight_wait_for_their_turn() {
    let settings = Settings { max_calls: 2, ..Settings::default() };
    // One by one would never get past it.
    let together = Some(Barrier::new(2));
    let (_, _, graph) = open(&settings, Odd { together, ..Odd::new() });
    visit_at_once(&graph, 10).await;
}

#[tokio::test]
async fn a_trap_costs_its_call_says_so_and_is_counted() {
    let (runtime, _, graph) = open(&Settings::default(), Odd { floods: true, ..Odd::new() });
    let mappings: Vec<_> = (0..200).map(mapping).collect();
    let failure = graph.sync_partner_ids("p.example", &mappings, NOW).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Unavailable(why) if why.contains("the component trapped")),
        "{failure}"
    );
    assert_eq!(runtime.traps(), 1);
    let report = graph.visit(&ec_id(1), NewEntry::at(NOW)).await.unwrap();
    assert_eq!(report.outcome, VisitOutcome::Created);
    assert_eq!(runtime.traps(), 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_half_way_costs_nobody_else() {
    let gate = Some(Semaphore::new(0));
    let (runtime, store, graph) = open(&Settings::default(), Odd { gate, ..Odd::new() });
    let one = ec_id(1);
    {
        let call = pin!(graph.visit(&one, NewEntry::at(NOW)));
        assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(store.gets.load(Ordering::SeqCst), 1, "it waits for the store");
    }
    store.gate.as_ref().unwrap().add_permits(1);
    let report = graph.visit(&one, NewEntry::at(NOW)).await.unwrap();
    assert_eq!(report.outcome, VisitOutcome::Created);
    assert_eq!(runtime.traps(), 0);
}

#[tokio::test]
async fn what_is_done_on_a_snapshot_costs_no_second_read() {
    let (_, store, graph) = open(&Settings::default(), Odd::new());
    assert!(graph.get(&ec_id(1), NOW).await.unwrap().is_none());
    graph.create(&ec_id(1), NewEntry::at(NOW)).await.unwrap();
    store.gets.store(0, Ordering::SeqCst);
    let mut snapshot = graph.get(&ec_id(1), NOW).await.unwrap().unwrap();
    assert!(snapshot.entry().consent.ok);
    let ids = vec![PartnerUid::new("p.example", "u")];
    let entry = NewEntry { ids, ..NewEntry::at(NOW + 1) };
    let report = snapshot.visit(entry).await.unwrap();
    assert_eq!(report.ids, [UpsertOutcome::Written]);
    assert_eq!(store.gets.load(Ordering::SeqCst), 1);
    drop(snapshot);
    let snapshot = graph.get(&ec_id(1), NOW).await.unwrap().unwrap();
    assert_eq!(snapshot.entry().ids.len(), 1);
}

#[tokio::test]
async fn writers_who_race_for_a_row_all_get_their_uid_stored() {
    const WRITERS: usize = 8;
    let policy = Policy { max_cas_attempts: 10, ..Policy::default() };
    let runtime = Runtime::new(&Settings::default()).unwrap();
    let graph = runtime.open(Arc::new(Odd::new()), policy).unwrap();
    let call = |number| {
        let graph = graph.clone();
        tokio::spawn(async move {
            let id = PartnerUid::new(format!("p{number}.example"), "u");
            graph.upsert_partner_id(&ec_id(1), id, IfMissing::CreateMinimal, NOW).await
        })
    };
    let calls: Vec<_> = (0..WRITERS).map(call).collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(UpsertOutcome::Written));
    }
    assert_eq!(graph.get(&ec_id(1), NOW).await.unwrap().unwrap().entry().ids.len(), WRITERS);
}

#[tokio::test]
async fn a_policy_out_of_range_is_refused_when_the_graph_is_opened() {
    let policy = Policy { max_partners: 0, ..Policy::default() };
    let runtime = Runtime::new(&Settings::default()).unwrap();
    let failure = runtime.open(Arc::new(Odd::new()), policy).unwrap_err();
    assert!(failure.to_string().contains("max-partners"), "{failure}");
}

#[test]
fn the_compiled_component_is_kept_for_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Some(folder.path().join("compiled"));
    let settings = Settings { cache, ..Settings::default() };
    Runtime::new(&settings).unwrap();
    let size = size_of(folder.path());
    assert!(size > 100_000, "{size} bytes are kept");
    Runtime::new(&settings).unwrap();
}

fn size_of(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() { size_of(&entry.path()) } else { metadata.len() }
        })
        .sum()
}
