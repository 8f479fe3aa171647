//! What the log says of the server's failures.

use std::sync::{Arc, Mutex};

use host_server_postgres::PostgresStore;
use host_server_store::{AsyncStore, StoreUrl};
use host_server_tests::Postgres;
use identity_graph::{KvError, Precondition, Write};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

// On this thread alone, so that all is logged where the log is listened to.
#[tokio::test]
async fn a_refused_write_is_told_by_its_code_and_without_its_key() {
    let server = Postgres::start();
    let store = PostgresStore::open(StoreUrl::parse(&server.url("")).unwrap()).await.unwrap();
    // Refused in words that quote the row.
    let _ = server.sql(
        "ALTER TABLE identity_graph ADD CONSTRAINT named CHECK (key <> 'secret-key'), \
         ADD CONSTRAINT other CHECK (metadata <> 'secret-value')",
    );
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let listening = tracing::subscriber::set_default(subscriber);
    let write = Write {
        key: "secret-key",
        body: b"secret-value",
        metadata: "secret-value",
        time_to_live: 600,
        condition: Precondition::None,
    };
    assert_eq!(store.put(write).await, Err(KvError::Unavailable));
    drop(listening);
    let told = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(told.contains("WARN") && told.contains("SQLSTATE 23514"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}
