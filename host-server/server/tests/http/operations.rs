//! What the server adds to the routes, for those who run it.

use std::sync::Arc;

use host_server_runtime::{AsyncStore, Page, async_trait};
use identity_graph::{KvError, Read, Write, Written};
use serde_json::json;

use crate::costs::counter;
use crate::json::mapping;
use crate::server::{over, own};
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

#[test]
fn what_is_answered_is_counted() {
    let service = own();
    let mut browser = Browser::default();
    browser.cookies.set_eids(&[("new.example", "n"), ("ids.acme.example", "a")]);
    browser.open(&service, &[("sec-ch-ua-platform", &"x".repeat(65))]);
    service.sync(ACME, &[mapping(&browser.id(), "b", now() + 1), mapping("short", "b", 1)]);
    service.ask("GET", "/_ts/api/v1/identify", "wrong", &[]);

    let requests = counter(&service, "ec_graph_requests_total");
    assert_eq!(requests["route=\"page\",status=\"200\""], 1);
    assert_eq!(requests["route=\"batch-sync\",status=\"207\""], 1);
    assert_eq!(requests["route=\"identify\",status=\"401\""], 1);
    let calls = counter(&service, "ec_graph_calls_total");
    assert_eq!(calls["operation=\"create\",outcome=\"created\""], 1);
    assert_eq!(calls["operation=\"sync-partner-ids\",outcome=\"done\""], 1);
    let uids = counter(&service, "ec_graph_uids_total");
    assert_eq!((uids["outcome=\"written\""], uids["outcome=\"invalid-argument\""]), (3, 1));
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
