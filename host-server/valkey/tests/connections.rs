//! What becomes of connections when writes wait, are given up, or meet another server.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use host_server_store::{AsyncStore, StoreUrl};
use host_server_tests::Valkey;
use host_server_valkey::ValkeyStore;
use identity_graph::{KvError, Precondition, Write, WriteOutcome};
use tokio::net::{TcpListener, TcpStream};

async fn open(port: u16, settings: &str) -> Arc<ValkeyStore> {
    let url = StoreUrl::parse(&format!("valkey://127.0.0.1:{port}?{settings}")).unwrap();
    Arc::new(ValkeyStore::open(url).await.unwrap())
}

fn write(key: &str) -> Write<'_> {
    Write { key, body: b"body", metadata: "m", time_to_live: 600, condition: Precondition::None }
}

/// Connections whose last command is this one.
fn clients(server: &Valkey, command: &str) -> usize {
    let last = format!(" cmd={command} ");
    server.ask(&["client", "list"]).lines().filter(|client| client.contains(&last)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_do_not_wait_for_writes_that_wait_for_replicas() {
    let server = Valkey::start();
    let store = open(server.port(), "connections=2&replicas=1&timeout-ms=60000").await;
    let put = |key: &'static str| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.put(write(key)).await })
    };
    let waiting = ["a", "b", "c", "d"].map(put);
    while clients(&server, "wait") < 2 {}
    for _ in 0..10 {
        assert!(store.get_many(&["a", "b", "c", "d"]).await.iter().all(Result::is_ok));
    }
    assert!(!waiting.iter().any(tokio::task::JoinHandle::is_finished));
    assert_eq!(clients(&server, "wait"), 2, "one write a connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_given_up_before_the_server_ran_it_is_not_run_later() {
    let server = Valkey::start();
    let store = open(server.port(), "timeout-ms=500").await;
    store.put(write("before")).await.unwrap();
    let _ = server.ask(&["client", "pause", "60000", "write"]);
    assert_eq!(store.put(write("late")).await, Err(KvError::UnknownOutcome));
    while clients(&server, "evalsha") > 0 {}
    let _ = server.ask(&["client", "unpause"]);
    assert_eq!(store.put(write("after")).await, Ok(WriteOutcome::Stored));
    assert_eq!(store.get("late").await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_became_a_replica_is_left_for_the_one_behind_the_same_address() {
    let primary = Valkey::start();
    let replica = primary.start_replica();
    let leads_to = Arc::new(AtomicU16::new(primary.port()));
    let store = open(address(Arc::clone(&leads_to)).await, "connections=1").await;
    assert_eq!(store.put(write("first")).await, Ok(WriteOutcome::Stored));
    assert!(store.get("first").await.unwrap().is_some());

    let _ = replica.ask(&["replicaof", "no", "one"]);
    let _ = primary.ask(&["replicaof", "127.0.0.1", "1"]);
    leads_to.store(replica.port(), Ordering::SeqCst);
    assert_eq!(store.put(write("refused")).await, Err(KvError::Unavailable));
    assert_eq!(store.put(write("second")).await, Ok(WriteOutcome::Stored));
    assert_eq!(replica.ask(&["exists", "ec:{second}"]), "1");
    assert!(store.get("second").await.unwrap().is_some(), "reads have left it, too");
}

/// An address whose connections lead to a server, and later ones to another.
async fn address(leads_to: Arc<AtomicU16>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let far = ("127.0.0.1", leads_to.load(Ordering::SeqCst));
            let mut far = TcpStream::connect(far).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_began_on_another_process_begin_anew() {
    let primary = Valkey::start();
    let store = open(primary.port(), "").await;
    let keys: BTreeSet<String> = (0..500).map(|number| format!("key{number}")).collect();
    for key in &keys {
        store.put(write(key)).await.unwrap();
    }
    // The replica has the same rows, at other places.
    let replica = primary.start_replica();
    let begun = store.list(None, 100).await.unwrap();
    let promoted = open(replica.port(), "").await;
    let (mut from, mut found) = (begun.next, BTreeSet::new());
    assert!(from.is_some());
    while let Some(marker) = from {
        let page = promoted.list(Some(marker), 100).await.unwrap();
        found.extend(page.keys);
        from = page.next;
    }
    assert!(found == keys, "{} keys of {}", found.len(), keys.len());
}
