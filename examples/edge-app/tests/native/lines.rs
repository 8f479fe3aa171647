//! What the operator is told of each request.

use host_test::{Fault, StoreCall};
use identity_graph::KvError;
use serde_json::{Value, json};

use crate::support::*;

/// What has been told since the last time, without an ID.
#[track_caller]
fn told(service: &Service) -> Value {
    let lines: Vec<_> = service.lines.borrow_mut().drain(..).collect();
    assert_eq!(lines.len(), 1, "a request is one line");
    for secret in service.store.keys().iter().map(String::as_str).chain([EC, TCF, "uid-1"]) {
        assert!(!lines[0].contains(secret));
    }
    serde_json::from_str(&lines[0]).expect("JSON")
}

#[track_caller]
fn line(route: &str, status: u16, consent: Option<&str>, outcome: &str, calls: &[&str]) -> Value {
    json!({
        "route": route,
        "status": status,
        "consent": consent,
        "outcome": outcome,
        "left_out": [],
        "calls": calls,
        "ms": 7,
    })
}

#[test]
fn the_line_of_a_page_says_what_was_decided_and_done() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.set("euconsent-v2", TCF);
    browser.set_eids(&[(PARTNER, "uid-1")]);
    browser.open(&service, calls(0, 1));
    assert_eq!(told(&service), line("page", 200, Some("ok"), "created", &["create"]));
    browser.open(&service, NO_CALLS);
    assert_eq!(told(&service), line("page", 200, Some("ok"), "seen", &[]));
    service.advance(300);
    browser.open(&service, calls(1, 1));
    assert_eq!(told(&service), line("page", 200, Some("ok"), "written", &["get", "visit"]));
    service.advance(300);
    service.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
    browser.open(&service, calls(1, 1));
    assert_eq!(told(&service), line("page", 200, Some("ok"), "throttled", &["get", "visit"]));
    let withdrawal = ["write-withdrawal-tombstone"];
    browser.open_with(&service, calls(0, 1), &[("sec-gpc", "1")]);
    assert_eq!(told(&service), line("page", 200, Some("denied"), "withdrawn", &withdrawal));
}

#[test]
fn the_line_says_what_was_left_out_and_why() {
    let service = Service::new();
    Browser::default().open_with(&service, NO_CALLS, &[("purpose", "prefetch")]);
    assert_eq!(told(&service)["left_out"], json!(["preview"]));
    let mut browser = Browser::default();
    browser.set("ts-eids", "!");
    browser.open(&service, calls(0, 1));
    assert_eq!(told(&service)["left_out"], json!(["eids-cookie"]));
    let strange = json!([{ "source": "nobody.example", "uids": [{ "id": "x" }] }]);
    browser.post(&service, NO_CALLS, &strange);
    assert_eq!(told(&service)["left_out"], json!(["not_registered"]));
    let hint = ("sec-ch-ua-platform", "x".repeat(100));
    Browser::default().open_with(&service, calls(0, 1), &[(hint.0, &hint.1)]);
    assert_eq!(told(&service)["left_out"], json!(["device.platform-class"]));
}

#[test]
fn what_is_refused_is_told_by_its_code() {
    let service = Service::new();
    get(&service, NO_CALLS, "/_ts/api/v1/identify", Some("wrong"));
    assert_eq!(told(&service), line("identify", 401, None, "invalid_token", &[]));
    get(&service, NO_CALLS, "/_ts/nothing", None);
    assert_eq!(told(&service), line("unknown", 404, None, "not_found", &[]));
}
