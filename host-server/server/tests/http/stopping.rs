//! How the server ends.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use host_server::{Service, serve};
use host_server_runtime::{MemoryStore, system_clock};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::server::{example, logged};

#[test]
fn what_has_no_answer_when_its_patience_is_over_is_given_up_and_told() {
    let _ = logged();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = Arc::new(MemoryStore::new(system_clock()));
    let service = Service::new(example(), store).expect("the component loads");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (stop, stopped) = oneshot::channel();
    let served = runtime.spawn(async move {
        let stopped = async { stopped.await.expect("it is stopped") };
        serve(service, listener, stopped, Duration::ZERO).await
    });

    // A body whose rest never comes.
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = "POST /_ts/api/v1/batch-sync HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer local-acme-token\r\nContent-Length: 100\r\n\r\n{";
    stream.write_all(request.as_bytes()).expect("it takes the request");
    let metrics = || ureq::get(format!("http://{address}/metrics")).call();
    let is_there = || {
        let text = metrics().expect("it answers").body_mut().read_to_string().expect("text");
        text.contains("ec_graph_requests_in_flight 1")
    };
    while !is_there() {}

    stop.send(()).expect("it runs");
    runtime.block_on(served).expect("it ends").expect("it ends well");
    assert!(logged().contains("1 requests had no answer in time"), "{}", logged());
}
