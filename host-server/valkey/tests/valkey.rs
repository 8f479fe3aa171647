//! Valkey keeps the contract of `kv-cas`, and what the store promises beyond it. One server for all.

use std::collections::BTreeSet;
use std::sync::Arc;

use host_server_store::{AsyncStore, StoreUrl};
use host_server_tests::{StoreFixture, VALKEY_DEVIATIONS, Valkey, failed_cases};
use host_server_valkey::ValkeyStore;
use identity_graph::{KvError, Precondition, Write, WriteOutcome};
use tokio::runtime::Runtime;

async fn open(server: &Valkey, settings: &str) -> ValkeyStore {
    ValkeyStore::open(StoreUrl::parse(&server.url(settings)).unwrap()).await.unwrap()
}

fn write(key: &str) -> Write<'_> {
    Write { key, body: b"body", metadata: "m", time_to_live: 600, condition: Precondition::None }
}

#[test]
fn every_case_of_the_conformance_suite() {
    let (server, runtime) = (Valkey::start(), Runtime::new().unwrap());
    let store = Arc::new(runtime.block_on(open(&server, "")));
    let runtime = runtime.handle().clone();
    let fixture = StoreFixture { store, runtime, deviations: VALKEY_DEVIATIONS };
    assert_eq!(failed_cases(&fixture), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_one_server() {
    let mut server = Valkey::start();
    clusters_are_counted_by_their_hash(&server).await;
    rows_and_clusters_end_with_their_lifetime(&server).await;
    a_server_that_forgot_the_scripts_learns_them_again(&server).await;
    pages_lead_through_all_keys(&server).await;
    too_few_replicas_leave_a_write_in_doubt_and_a_conflict_a_conflict(&server).await;
    a_server_that_evicts_is_refused(&server).await;
    let store = open(&server, "timeout-ms=300").await;
    server.end();
    // In doubt while the connection breaks, and certain once it is known to be refused.
    let broken = store.put(write("k")).await;
    assert!(matches!(broken, Err(KvError::UnknownOutcome | KvError::Unavailable)), "{broken:?}");
    let url = StoreUrl::parse(&server.url("timeout-ms=300")).unwrap();
    let unreachable = ValkeyStore::open(url).await.unwrap_err();
    assert!(unreachable.to_string().contains("cannot be reached"), "{unreachable}");
}

async fn clusters_are_counted_by_their_hash(server: &Valkey) {
    let store = open(server, "").await;
    let (hash, other) = ("a1".repeat(32), "b2".repeat(32));
    let keys = [format!("{hash}.Aaaaaa"), format!("{hash}.Bbbbbb"), hash.clone(), other];
    for key in &keys {
        store.put(write(key)).await.unwrap();
        store.put(write(key)).await.unwrap();
    }
    for (limit, counted) in [(0, 0), (2, 2), (3, 3), (u32::MAX, 3)] {
        assert_eq!(store.count(&hash, limit).await, Ok(counted));
    }
    assert_eq!(store.delete(&keys[0]).await, Ok(true));
    assert_eq!(store.delete(&keys[0]).await, Ok(false));
    assert_eq!(store.count(&hash, 9).await, Ok(2));
    assert_eq!(store.count("conformance", 9).await, Err(KvError::Invalid));
}

/// By the server's own clock, whose ends are moved into the past.
async fn rows_and_clusters_end_with_their_lifetime(server: &Valkey) {
    let store = open(server, "").await;
    let hash = "c3".repeat(32);
    let (one, two) = (format!("{hash}.Aaaaaa"), format!("{hash}.Bbbbbb"));
    store.put(write(&one)).await.unwrap();
    let generation = store.get(&one).await.unwrap().unwrap().generation;
    let left = server.ask(&["pttl", &format!("ec:{{{hash}}}.Aaaaaa")]);
    assert!(left.parse::<u64>().unwrap() > 600_000, "{left} ms: the lifetime is a true minimum");
    let left = server.ask(&["pttl", &format!("ec-cluster:{{{hash}}}")]);
    assert!(
        left.parse::<u64>().unwrap() > 600_000,
        "{left} ms: the cluster ends with its last row"
    );

    let _ = server.ask(&["pexpireat", &format!("ec:{{{hash}}}.Aaaaaa"), "1"]);
    let _ = server.ask(&["zadd", &format!("ec-cluster:{{{hash}}}"), "1", ".Aaaaaa"]);
    assert_eq!(store.count(&hash, 9).await, Ok(0), "a member whose row has ended");
    assert_eq!(store.get(&one).await, Ok(None));
    let update = Write { condition: Precondition::Matches(generation), ..write(&one) };
    assert_eq!(store.put(update).await, Ok(WriteOutcome::Conflict(None)));
    store.put(write(&two)).await.unwrap();
    let members = server.ask(&["zrange", &format!("ec-cluster:{{{hash}}}"), "0", "-1"]);
    assert_eq!(members, ".Bbbbbb", "the next write removes it");
}

async fn a_server_that_forgot_the_scripts_learns_them_again(server: &Valkey) {
    let store = open(server, "").await;
    let hash = "d4".repeat(32);
    let create = Write { condition: Precondition::Absent, ..write(&hash) };
    let _ = server.ask(&["script", "flush"]);
    assert_eq!(store.put(create).await, Ok(WriteOutcome::Stored));
    let _ = server.ask(&["script", "flush"]);
    assert_eq!(store.count(&hash, 9).await, Ok(1));
    let _ = server.ask(&["script", "flush"]);
    assert_eq!(store.delete(&hash).await, Ok(true));
}

async fn pages_lead_through_all_keys(server: &Valkey) {
    let store = open(server, "").await;
    let _ = server.ask(&["flushall"]);
    let keys: BTreeSet<String> = (0..50).map(|number| format!("{number:064x}.Aaaaaa")).collect();
    for key in &keys {
        store.put(write(key)).await.unwrap();
    }
    let (mut from, mut found) = (None, BTreeSet::new());
    loop {
        let page = store.list(from, 10).await.unwrap();
        found.extend(page.keys);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert!(found == keys, "{} keys of {}", found.len(), keys.len());
}

async fn too_few_replicas_leave_a_write_in_doubt_and_a_conflict_a_conflict(server: &Valkey) {
    let store = open(server, "replicas=1").await;
    let create = Write { condition: Precondition::Absent, ..write("alone") };
    assert_eq!(store.put(create).await, Err(KvError::UnknownOutcome));
    assert_eq!(store.put(create).await, Ok(WriteOutcome::Conflict(None)));
    // That there is nothing left is no more acknowledged than the delete before.
    assert_eq!(store.delete("alone").await, Err(KvError::UnknownOutcome));
    assert_eq!(store.delete("alone").await, Err(KvError::UnknownOutcome));
}

async fn a_server_that_evicts_is_refused(server: &Valkey) {
    let _ = server.ask(&["config", "set", "maxmemory-policy", "volatile-lru"]);
    let refused = ValkeyStore::open(StoreUrl::parse(&server.url("")).unwrap()).await.unwrap_err();
    assert!(refused.to_string().contains("set it to noeviction"), "{refused}");
    let _ = server.ask(&["config", "set", "maxmemory-policy", "noeviction"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn never_stored_for_what_a_promoted_replica_lacks() {
    let mut primary = Valkey::start();
    let replica = primary.start_replica();
    let store = open(&primary, "replicas=1&timeout-ms=1000").await;
    // A replica that has just come may not acknowledge at once.
    let mut stored = store.put(write("row")).await;
    for _ in 0..20 {
        if stored != Err(KvError::UnknownOutcome) {
            break;
        }
        stored = store.put(write("row")).await;
    }
    assert_eq!(stored, Ok(WriteOutcome::Stored));
    let row = store.get("row").await.unwrap();

    // The link is cut: the replica looks for its primary where nobody is.
    let _ = replica.ask(&["replicaof", "127.0.0.1", "1"]);
    let tombstone = Write { body: b"tombstone", ..write("row") };
    assert_eq!(store.put(tombstone).await, Err(KvError::UnknownOutcome));
    assert_eq!(store.delete("row").await, Err(KvError::UnknownOutcome));
    assert_eq!(store.delete("row").await, Err(KvError::UnknownOutcome));

    primary.end();
    let _ = replica.ask(&["replicaof", "no", "one"]);
    let promoted = open(&replica, "").await;
    assert_eq!(promoted.get("row").await.unwrap(), row, "all that was stored, and no more");
}
