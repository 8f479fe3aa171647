//! TLS, with a server whose certificate a test's own authority has signed.

use host_server_postgres::PostgresStore;
use host_server_store::{AsyncStore, StoreUrl};
use host_server_tests::{Authority, Postgres};
use identity_graph::{Precondition, Write, WriteOutcome};

#[tokio::test]
async fn a_certificate_is_trusted_by_its_authority_and_its_name() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = Postgres::start_with_tls(&authority);
    let open = |host: &str, authority: &Authority| {
        let (port, file) = (server.port(), authority.file());
        let url = format!("postgres://graph@{host}:{port}/postgres?tls=on&ca={}", file.display());
        PostgresStore::open(StoreUrl::parse(&url).unwrap())
    };

    let store = open("127.0.0.1", &authority).await.unwrap();
    let condition = Precondition::Absent;
    let write = Write { key: "k", body: b"body", metadata: "", time_to_live: 600, condition };
    assert_eq!(store.put(write).await, Ok(WriteOutcome::Stored));
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE application_name = 'ec-graph'";
    assert_eq!(server.sql(encrypted), "t");

    for (host, authority) in [("127.0.0.1", &stranger), ("localhost", &authority)] {
        let refused = open(host, authority).await.unwrap_err().to_string();
        assert!(refused.contains("?ca=FILE"), "{host}: {refused}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_with_what_to_do() {
    let (authority, server) = (Authority::new(), Postgres::start());
    let url = server.url(&format!("tls=on&ca={}", authority.file().display()));
    let refused = PostgresStore::open(StoreUrl::parse(&url).unwrap()).await.unwrap_err();
    assert!(refused.to_string().contains("?tls=off"), "{refused}");
}
