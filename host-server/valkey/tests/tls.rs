//! TLS, with a server whose certificate a test's own authority has signed.

use host_server_store::{AsyncStore, StoreUrl};
use host_server_tests::{Authority, Valkey};
use host_server_valkey::ValkeyStore;
use identity_graph::{Precondition, Write, WriteOutcome};

#[tokio::test]
async fn a_certificate_is_trusted_by_its_authority_and_its_name() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = Valkey::start_with_tls(&authority);
    let open = |host: &str, authority: &Authority| {
        let (port, file) = (server.port(), authority.file());
        let url = format!("valkeys://{host}:{port}?ca={}", file.display());
        ValkeyStore::open(StoreUrl::parse(&url).unwrap())
    };

    let store = open("127.0.0.1", &authority).await.unwrap();
    let condition = Precondition::Absent;
    let write = Write { key: "k", body: b"body", metadata: "", time_to_live: 600, condition };
    assert_eq!(store.put(write).await, Ok(WriteOutcome::Stored));

    for (host, authority) in [("127.0.0.1", &stranger), ("localhost", &authority)] {
        let refused = open(host, authority).await.unwrap_err().to_string();
        assert!(refused.contains("?ca=FILE"), "{host}: {refused}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_with_what_to_do() {
    let (authority, server) = (Authority::new(), Valkey::start());
    let url = format!("valkeys://127.0.0.1:{}?ca={}", server.port(), authority.file().display());
    let refused = ValkeyStore::open(StoreUrl::parse(&url).unwrap()).await.unwrap_err();
    assert!(refused.to_string().contains("valkey://HOST is without TLS"), "{refused}");
}
