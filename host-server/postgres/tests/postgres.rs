//! PostgreSQL keeps the contract of `kv-cas`, and what the store promises beyond it. One server for all.

use std::net::TcpListener;
use std::sync::Arc;

use futures_util::future::join_all;

use host_server_postgres::PostgresStore;
use host_server_store::{AsyncStore, Page, StoreUrl};
use host_server_tests::{Postgres, StoreFixture, failed_cases};
use identity_graph::{KvError, Precondition, Write, WriteOutcome};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

async fn open(server: &Postgres, settings: &str) -> PostgresStore {
    PostgresStore::open(StoreUrl::parse(&server.url(settings)).unwrap()).await.unwrap()
}

fn write(key: &str) -> Write<'_> {
    Write { key, body: b"body", metadata: "m", time_to_live: 600, condition: Precondition::None }
}

#[test]
fn every_case_of_the_conformance_suite() {
    let (server, runtime) = (Postgres::start(), Runtime::new().unwrap());
    let store = Arc::new(runtime.block_on(open(&server, "")));
    let fixture = StoreFixture { store, runtime: runtime.handle().clone(), deviations: &[] };
    assert_eq!(failed_cases(&fixture), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_one_server() {
    let server = Postgres::start();
    values_past_their_lifetime_count_as_absent_and_are_swept(&server).await;
    a_lifetime_is_a_true_minimum(&server).await;
    batches_that_lock_each_others_rows_end(&server).await;
    a_write_that_waits_for_a_lock_is_given_up_with_certainty(&server).await;
    a_connection_lost_under_a_write_leaves_its_outcome_unknown(&server).await;
    pages_lead_through_all_keys(&server).await;
    tables_of_another_version_are_refused(&server).await;
    a_server_that_may_lose_acknowledged_writes_is_refused(&server).await;
    a_server_that_becomes_one_is_left(&server).await;
    a_host_that_never_answers_is_passed_over(&server).await;
    a_warning_of_something_else_leaves_a_write_stored(&server).await;
    let unreachable = {
        let url = server.url("timeout-ms=500");
        drop(server);
        PostgresStore::open(StoreUrl::parse(&url).unwrap()).await.unwrap_err()
    };
    assert!(unreachable.to_string().contains("cannot be reached"), "{unreachable}");
}

async fn values_past_their_lifetime_count_as_absent_and_are_swept(server: &Postgres) {
    let store = open(server, "").await;
    store.put(write("old")).await.unwrap();
    let generation = store.get("old").await.unwrap().unwrap().generation;
    let end =
        "UPDATE identity_graph SET expires_at = now() - interval '1 second' WHERE key = 'old'";
    let _ = server.sql(end);
    assert_eq!(store.get("old").await, Ok(None));
    assert_eq!(store.head("old").await, Ok(None));
    assert_eq!(store.get_many(&["old"]).await, [Ok(None)]);
    assert_eq!(store.count("old", 9).await, Ok(0));
    let update = Write { condition: Precondition::Matches(generation), ..write("old") };
    assert_eq!(store.put(update).await, Ok(WriteOutcome::Conflict(None)));
    assert_eq!(store.put_many(&[update]).await, [Ok(WriteOutcome::Conflict(None))]);
    assert_eq!(store.delete("old").await, Ok(false));
    store.put(write("old")).await.unwrap();
    let _ = server.sql(end);
    let create = Write { condition: Precondition::Absent, ..write("old") };
    assert_eq!(store.put(create).await, Ok(WriteOutcome::Stored));
    let _ = server.sql(end);
    assert_eq!(store.sweep().await, Ok(1));
    assert_eq!(server.sql("SELECT count(*) FROM identity_graph"), "0");
}

async fn a_lifetime_is_a_true_minimum(server: &Postgres) {
    let store = open(server, "").await;
    let before = server.sql("SELECT extract(epoch FROM clock_timestamp())::float8");
    store.put(write("k")).await.unwrap();
    let ends = "SELECT extract(epoch FROM expires_at)::float8 FROM identity_graph WHERE key = 'k'";
    let ends = server.sql(ends);
    let seconds = ends.parse::<f64>().unwrap() - before.parse::<f64>().unwrap();
    assert!(seconds >= 601.0, "{seconds}");
}

/// Each locks what the other wants, over and over.
async fn batches_that_lock_each_others_rows_end(server: &Postgres) {
    let store = Arc::new(open(server, "").await);
    let keys: Vec<String> = (0..50).map(|number| format!("batch{number}")).collect();
    let writes: Vec<_> = keys.iter().map(|key| write(key)).collect();
    assert!(store.put_many(&writes).await.iter().all(|stored| *stored == Ok(WriteOutcome::Stored)));
    let batch = |is_reversed: bool| {
        let (store, mut keys) = (Arc::clone(&store), keys.clone());
        if is_reversed {
            keys.reverse();
        }
        tokio::spawn(async move {
            let mut stored = 0;
            for _ in 0..20 {
                let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
                let found = store.get_many(&asked).await;
                let version = |index: usize| found[index].clone().unwrap().unwrap().generation;
                let updates: Vec<_> = (0..keys.len())
                    .map(|index| Write {
                        condition: Precondition::Matches(version(index)),
                        ..write(&keys[index])
                    })
                    .collect();
                for outcome in store.put_many(&updates).await {
                    stored += u32::from(outcome.expect("no batch fails") == WriteOutcome::Stored);
                }
            }
            stored
        })
    };
    let (one, other) = (batch(false), batch(true));
    let stored = one.await.unwrap() + other.await.unwrap();
    assert!((1_000..=2_000).contains(&stored), "{stored}: at least one of two is stored each time");
}

async fn a_write_that_waits_for_a_lock_is_given_up_with_certainty(server: &Postgres) {
    let store = open(server, "timeout-ms=300").await;
    store.put(write("locked")).await.unwrap();
    let item = store.get("locked").await.unwrap();
    let locker = lock(server, "locked").await;
    assert_eq!(store.put(write("locked")).await, Err(KvError::Unavailable));
    locker.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(store.get("locked").await.unwrap(), item);
}

async fn a_connection_lost_under_a_write_leaves_its_outcome_unknown(server: &Postgres) {
    let store = Arc::new(open(server, "timeout-ms=60000").await);
    store.put(write("lost")).await.unwrap();
    let locker = lock(server, "lost").await;
    let writer = Arc::clone(&store);
    let under_way = tokio::spawn(async move { writer.put(write("lost")).await });
    let end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    while server.sql(end) != "t" {}
    assert_eq!(under_way.await.unwrap(), Err(KvError::UnknownOutcome));
    locker.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(store.put(write("lost")).await, Ok(WriteOutcome::Stored), "on another connection");
}

async fn pages_lead_through_all_keys(server: &Postgres) {
    let store = open(server, "").await;
    let _ = server.sql("TRUNCATE identity_graph");
    for key in ["b", "a", "B"] {
        store.put(write(key)).await.unwrap();
    }
    let first = store.list(None, 2).await.unwrap();
    let expected = Page { keys: vec!["B".into(), "a".into()], next: Some("a".into()) };
    assert!(first == expected, "{:?}", first.keys);
    let last = store.list(first.next, 2).await.unwrap();
    assert!(last == Page { keys: vec!["b".into()], next: None }, "{:?}", last.keys);
}

async fn tables_of_another_version_are_refused(server: &Postgres) {
    let _ = server.sql("UPDATE identity_graph_schema SET version = 2");
    let refused = PostgresStore::open(StoreUrl::parse(&server.url("")).unwrap()).await.unwrap_err();
    assert!(refused.to_string().contains("of version 2"), "{refused}");
    let _ = server.sql("UPDATE identity_graph_schema SET version = 1");
}

async fn a_server_that_may_lose_acknowledged_writes_is_refused(server: &Postgres) {
    let open = || PostgresStore::open(StoreUrl::parse(&server.url("")).unwrap());
    let _ = server.sql("ALTER ROLE graph SET synchronous_commit = off");
    let refused = open().await.unwrap_err();
    assert!(refused.to_string().contains("synchronous_commit is off"), "{refused}");
    let _ = server.sql("ALTER ROLE graph RESET synchronous_commit");

    set_fsync(server, "off");
    let refused = open().await.unwrap_err();
    assert!(refused.to_string().contains("fsync is off"), "{refused}");
    set_fsync(server, "on");
}

fn set_fsync(server: &Postgres, value: &str) {
    let _ = server.sql(&format!("ALTER SYSTEM SET fsync = {value}"));
    let _ = server.sql("SELECT pg_reload_conf()");
    while server.sql("SHOW fsync") != value {}
}

/// It was sound when the store was opened.
async fn a_server_that_becomes_one_is_left(server: &Postgres) {
    let store = open(server, "").await;
    set_fsync(server, "off");
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE application_name = 'ec-graph'";
    let _ = server.sql(end);
    // The connection may break under the first; what comes after it needs a new one.
    let _ = store.put(write("unsafe")).await;
    assert_eq!(store.put(write("unsafe")).await, Err(KvError::Unavailable));
    set_fsync(server, "on");
    assert_eq!(store.put(write("safe")).await, Ok(WriteOutcome::Stored));
}

async fn a_host_that_never_answers_is_passed_over(server: &Postgres) {
    // Connections are taken by the kernel, and that is all.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mute, port) = (mute.local_addr().unwrap().port(), server.port());
    let hosts = format!("127.0.0.1:{mute},127.0.0.1:{port}");
    let url = format!("postgres://graph@{hosts}/postgres?timeout-ms=3000");
    let store = PostgresStore::open(StoreUrl::parse(&url).unwrap()).await.unwrap();
    let keys: Vec<String> = (0..8).map(|number| format!("passed{number}")).collect();
    let puts = keys.iter().map(|key| store.put(write(key)));
    assert_eq!(join_all(puts).await, vec![Ok(WriteOutcome::Stored); 8], "on connections of each");
}

async fn a_warning_of_something_else_leaves_a_write_stored(server: &Postgres) {
    let store = open(server, "").await;
    let _ = server.sql(
        "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS \
            'BEGIN RAISE WARNING ''of no matter''; RETURN NEW; END'; \
         CREATE TRIGGER warn BEFORE INSERT ON identity_graph FOR EACH ROW EXECUTE FUNCTION warn()",
    );
    assert_eq!(store.put(write("warned")).await, Ok(WriteOutcome::Stored));
    let _ = server.sql("DROP TRIGGER warn ON identity_graph");
}

/// Another client, who has a row locked until it ends or rolls back.
async fn lock(server: &Postgres, key: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&server.url(""), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("BEGIN").await.unwrap();
    client.execute("SELECT FROM identity_graph WHERE key = $1 FOR UPDATE", &[&key]).await.unwrap();
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn never_stored_for_what_a_promoted_standby_lacks() {
    let mut primary = Postgres::start();
    drop(open(&primary, "").await);
    let mut standby = primary.start_standby();
    let _ = primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (standby)'");
    let _ = primary.sql("SELECT pg_reload_conf()");
    while primary.sql("SELECT sync_state FROM pg_stat_replication") != "quorum" {}

    // One store over both, which finds the one that takes writes.
    let (one, other) = (primary.port(), standby.port());
    let url =
        format!("postgres://graph@127.0.0.1:{one},127.0.0.1:{other}/postgres?timeout-ms=3000");
    let store = Arc::new(PostgresStore::open(StoreUrl::parse(&url).unwrap()).await.unwrap());
    assert_eq!(store.put(write("row")).await, Ok(WriteOutcome::Stored));
    let row = store.get("row").await.unwrap();

    standby.end();
    assert_eq!(store.put(write("late")).await, Err(KvError::UnknownOutcome), "nobody answers");
    // Each of its own key: one that waits still holds its row.
    let put =
        |key| move |store: PostgresStore| async move { store.put(write(key)).await.map(drop) };
    let cancelled = cut_short(&primary, "pg_cancel_backend", put("cancelled")).await;
    assert_eq!(cancelled, Err(KvError::UnknownOutcome), "committed here alone, with a warning");
    let ended = cut_short(&primary, "pg_terminate_backend", put("ended")).await;
    assert_eq!(ended, Err(KvError::UnknownOutcome), "committed here alone, and broken off");
    let delete = |store: PostgresStore| async move { store.delete("row").await.map(drop) };
    let cancelled = cut_short(&primary, "pg_cancel_backend", delete).await;
    assert_eq!(cancelled, Err(KvError::UnknownOutcome), "deleted here alone");
    assert_eq!(store.get("row").await, Ok(None));
    assert_eq!(store.delete("row").await, Err(KvError::UnknownOutcome), "gone, but here alone");

    primary.end();
    standby.start_again();
    standby.promote();
    let keys = store.list(None, 9).await.unwrap().keys;
    assert_eq!(keys, ["row"], "what was stored, and no more");
    assert_eq!(store.get("row").await.unwrap(), row);
    assert_eq!(store.delete("row").await, Ok(true), "on the promoted one");
}

/// The outcome of a write that waits for a standby while somebody ends that wait.
async fn cut_short<F>(
    primary: &Postgres,
    how: &str,
    write: impl FnOnce(PostgresStore) -> F,
) -> Result<(), KvError>
where
    F: Future<Output = Result<(), KvError>> + Send + 'static,
{
    let waiting =
        || primary.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    // A write that was given up waits still.
    let before = waiting();
    let under_way = tokio::spawn(write(open(primary, "timeout-ms=60000").await));
    while waiting() == before {}
    let newest = "WHERE wait_event = 'SyncRep' ORDER BY query_start DESC LIMIT 1";
    assert_eq!(primary.sql(&format!("SELECT {how}(pid) FROM pg_stat_activity {newest}")), "t");
    under_way.await.unwrap()
}
