//! What the server adds to the routes, for those who run it.

use std::sync::Arc;

use host_server_runtime::{AsyncStore, Page, async_trait};
use identity_graph::{KvError, Read, Write, Written};
use serde_json::json;

use crate::costs::{LIVE, counter};
use crate::json::mapping;
use crate::server::{configured, over, own, own_secrets, seeded};
use crate::service::{ACME, Browser, now};

/// A store that is down.
struct Down;

#[async_trait]
impl AsyncStore for Down {
    async fn get(&self, _key: &str) -> Read {
        Err(KvError::Unavailable)
    }
    async fn put(&self, _write: Write<'_>) -> Written {
        Err(KvError::Unavailable)
    }
    async fn delete(&self, _key: &str) -> Result<bool, KvError> {
        Err(KvError::Unavailable)
    }
    async fn count(&self, _prefix: &str, _limit: u32) -> Result<u32, KvError> {
        Err(KvError::Unavailable)
    }
    async fn list(&self, _from: Option<String>, _limit: u32) -> Result<Page, KvError> {
        Err(KvError::Unavailable)
    }
}

#[test]
fn it_is_ready_when_its_store_answers_and_healthy_anyway() {
    let status =
        |service: &crate::service::Service, path| service.send("GET", path, &[], &[]).status();
    let service = own();
    assert_eq!(
        (status(&service, "/healthz"), status(&service, "/readyz")),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );
    let service = over(Arc::new(Down));
    assert_eq!(status(&service, "/healthz"), 200);
    assert_eq!(status(&service, "/readyz"), 503);
}

#[test]
fn a_store_that_is_down_costs_no_page() {
    let service = over(Arc::new(Down));
    let mut browser = Browser::default();
    browser.open(&service, &[]);
    let id = browser.id();
    browser.open(&service, &[("sec-gpc", "1")]);
    assert_eq!(browser.cookies.get("ts-ec-withdraw"), Some("1"), "the withdrawal is tried again");
    let (status, answer) = service.sync(ACME, &[mapping(&id, "u", now())]);
    assert_eq!((status, &answer["errors"][0]["reason"]), (207, &json!("unavailable")));
    let calls = counter(&service, "ec_graph_calls_total");
    assert_eq!(calls["operation=\"create\",outcome=\"unavailable\""], 1);
    assert_eq!(calls["operation=\"write-withdrawal-tombstone\",outcome=\"unavailable\""], 1);
    assert!(service.logs("withdrawal of "));
    assert!(!service.log().contains(&id), "no whole ID is logged");
}

/// A store with a defect.
struct Broken;

#[async_trait]
impl AsyncStore for Broken {
    async fn get(&self, _key: &str) -> Read {
        panic!("as it is meant to");
    }
    async fn put(&self, _write: Write<'_>) -> Written {
        panic!("as it is meant to");
    }
    async fn delete(&self, _key: &str) -> Result<bool, KvError> {
        panic!("as it is meant to");
    }
    async fn count(&self, _prefix: &str, _limit: u32) -> Result<u32, KvError> {
        panic!("as it is meant to");
    }
    async fn list(&self, _from: Option<String>, _limit: u32) -> Result<Page, KvError> {
        panic!("as it is meant to");
    }
}

#[test]
fn a_withdrawal_that_ends_in_503_is_left_to_the_next_request() {
    let service = over(Arc::new(Broken));
    let mut browser = Browser::default();
    browser.cookies.set("ts-ec", LIVE);
    let response = browser.get(&service, "/", &[("sec-gpc", "1")]);
    assert_eq!(response.status(), 503);
    assert_eq!(browser.cookies.get("ts-ec-withdraw"), Some("1"));
    assert_eq!(browser.id(), LIVE, "what is to be withdrawn is kept until it is");
}

#[test]
fn what_is_answered_is_counted() {
    let service = own();
    let mut browser = Browser::default();
    browser.cookies.set_eids(&[("pubcid.org", "n"), ("ids.acme.example", "a")]);
    browser.open(&service, &[("sec-ch-ua-platform", &"x".repeat(65))]);
    let missing = mapping(&"0".repeat(64), "b", 1);
    let malformed = mapping("short", "b", 1);
    service.sync(ACME, &[mapping(&browser.id(), "b", now() + 1), missing, malformed]);
    service.ask("GET", "/_ts/api/v1/identify", "wrong", &[]);

    let requests = counter(&service, "ec_graph_requests_total");
    assert_eq!(requests["route=\"page\",status=\"200\""], 1);
    assert_eq!(requests["route=\"batch-sync\",status=\"207\""], 1);
    assert_eq!(requests["route=\"identify\",status=\"401\""], 1);
    let refused = counter(&service, "ec_graph_refused_total");
    assert_eq!(refused["reason=\"invalid_token\",route=\"identify\""], 1);
    assert_eq!(refused["reason=\"invalid_ec_id\",route=\"batch-sync\""], 1);
    assert_eq!(refused["reason=\"not_found\",route=\"batch-sync\""], 1);
    let calls = counter(&service, "ec_graph_calls_total");
    assert_eq!(calls["operation=\"create\",outcome=\"created\""], 1);
    assert_eq!(calls["operation=\"sync-partner-ids\",outcome=\"done\""], 1);
    let uids = counter(&service, "ec_graph_uids_total");
    assert_eq!((uids["outcome=\"written\""], uids["outcome=\"not-found\""]), (3, 1));
    let left_out = counter(&service, "ec_graph_left_out_total");
    assert_eq!(left_out.values().sum::<u64>(), 1, "{left_out:?}");
    let crawler = [("sec-fetch-dest", "document"), ("user-agent", "curl/8.5.0")];
    service.send("GET", "/", &crawler, &[]);
    let noted = counter(&service, "ec_graph_noted_total");
    assert_eq!(noted["what=\"consent\",why=\"ok\""], 1);
    assert_eq!(noted["what=\"outcome\",why=\"created\""], 1);
    assert_eq!(noted["what=\"outcome\",why=\"invalid_token\""], 1);
    assert_eq!(noted["what=\"left-out\",why=\"crawler\""], 1);
    let answers = counter(&service, "ec_graph_store_answers_total");
    assert_eq!(answers["call=\"put\",outcome=\"stored\""], 1);
    assert_eq!(answers["call=\"get-many\",outcome=\"found\""], 1);
}

#[test]
fn with_the_secrets_of_the_repository_it_serves_nobody_through_a_proxy() {
    let (example, own) = (own(), configured(own_secrets(), Arc::new(seeded())));
    let page = |service: &crate::service::Service, header| {
        let headers = [("sec-fetch-dest", "document"), header];
        let response = service.send("GET", "/", &headers, &[]);
        let body = String::from_utf8(response.body().clone()).expect("text");
        (response.status().as_u16(), body)
    };
    let calls = || counter(&example, "ec_graph_calls_total").values().sum::<u64>();
    for header in [
        ("forwarded", "for=192.0.2.1"),
        ("via", "1.1 proxy"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-host", "news.example"),
        ("x-real-ip", "192.0.2.1"),
    ] {
        let (status, body) = page(&example, header);
        assert_eq!(status, 403, "{header:?}");
        assert!(body.contains("example_secrets") && body.contains("of your own"), "{body}");
        assert_eq!(page(&own, header).0, 200, "{header:?}");
    }
    assert_eq!(calls(), 0, "the graph is not asked");
    assert_eq!(page(&example, ("accept", "text/html")).0, 200);
    assert_eq!(calls(), 1);
}
