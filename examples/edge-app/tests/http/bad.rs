//! What is refused, and in which words.

use serde_json::json;

use crate::json::{Answer, answer, mapping};
use crate::service::{ACME, Browser, OPERATOR, Service};

const IDENTIFY: &str = "/_ts/api/v1/identify";
const BATCH: &str = "/_ts/api/v1/batch-sync";

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.0, &answer.1["error"]), (status, &json!(code)));
    let message = answer.1["message"].as_str();
    assert!(message.is_some_and(|message| message.len() > 20), "a person is told what to do");
}

pub(crate) fn tokens_are_refused(service: &Service) {
    let batch = json!({ "mappings": [] }).to_string();
    let admin = format!("/_ts/admin/ec/{}", "0".repeat(64));
    for token in ["", "wrong", OPERATOR, "a b c"] {
        refused(&service.ask("GET", IDENTIFY, token, &[]), 401, "invalid_token");
        refused(&service.ask("POST", BATCH, token, batch.as_bytes()), 401, "invalid_token");
    }
    for token in ["", "wrong", ACME] {
        refused(&service.ask("GET", &admin, token, &[]), 401, "invalid_token");
    }
    for headers in [&[][..], &[("authorization", ACME)], &[("authorization", "Basic bG9jYWw=")]] {
        let response = service.send("POST", BATCH, headers, batch.as_bytes());
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        refused(&answer(&response), 401, "invalid_token");
    }
}

pub(crate) fn bodies_are_refused(service: &Service) {
    let mut browser = Browser::default();
    browser.open(service, &[]);
    let id = browser.id();
    let before = service.row(&id);
    for body in ["{", "[]", "{}", "{\"mappings\":\"secret\"}", "\u{1}"] {
        let answer = service.ask("POST", BATCH, ACME, body.as_bytes());
        assert!(!answer.1.to_string().contains("secret"));
        refused(&answer, 400, "invalid_body");
    }
    refused(&service.ask("POST", BATCH, ACME, &[]), 400, "invalid_body");
    let batch = json!({ "mappings": vec![mapping(&id, "u", 1); 1_001] }).to_string();
    refused(&service.ask("POST", BATCH, ACME, batch.as_bytes()), 413, "batch_too_large");
    let body = vec![b' '; 2 * 1024 * 1024 + 1];
    refused(&service.ask("POST", BATCH, ACME, &body), 413, "body_too_large");
    assert_eq!(service.row(&id), before, "nothing was stored");
}

pub(crate) fn ids_and_cookies_are_refused(service: &Service) {
    for id in ["", "short", &"0".repeat(65), &format!("{}.abc%2f0", "0".repeat(64))] {
        let path = format!("/_ts/admin/ec/{id}");
        refused(&service.ask("GET", &path, OPERATOR, &[]), 400, "invalid_ec_id");
    }
    let unknown = "0".repeat(64);
    let answer = service.ask("GET", &format!("/_ts/admin/ec/{unknown}"), OPERATOR, &[]);
    assert!(!answer.1.to_string().contains(&unknown));
    refused(&answer, 404, "not_found");

    for cookie in ["short", "%00", "..", &"g".repeat(64)] {
        let mut browser = Browser::with(cookie);
        assert_eq!(browser.identify(service, ACME).0, 204);
        browser.cookies.set("ts-eids", "not base64!");
        browser.cookies.set("ts-ec-seen", "nonsense");
        browser.open(service, &[]);
        assert_eq!(service.stored(&browser.id()).get("ids"), None, "a new ID replaces it");
    }
    let says = "cookie ts-eids of a page view cannot be read: it is neither base64 nor a JSON list";
    assert!(service.logs(says));
}

pub(crate) fn consent_that_cannot_be_read_is_logged_without_it(service: &Service) {
    let mut browser = Browser::default();
    browser.cookies.set("euconsent-v2", "CQinvented");
    browser.open(service, &[]);
    assert_eq!(browser.cookies.get("ts-ec"), None);
    let says =
        "consent of a page view is unknown: the TCF string cannot be read: it ends within a field";
    assert!(service.logs(says));
    assert!(!service.log().contains("CQinvented"));
}

pub(crate) fn addresses_and_methods_are_refused(service: &Service) {
    refused(&service.ask("GET", "/_ts/nothing", OPERATOR, &[]), 404, "not_found");
    for (method, path) in [
        ("POST", IDENTIFY),
        ("GET", BATCH),
        ("GET", "/_ts/api/v1/eids"),
        ("DELETE", "/_ts/admin/ec/x"),
        ("PUT", "/"),
    ] {
        refused(&service.ask(method, path, OPERATOR, &[]), 405, "method_not_allowed");
    }
}
