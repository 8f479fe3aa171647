//! Who may ask, and what the operator sees.

use host_test::{Fault, StoreCall};
use http::Request;
use identity_graph::KvError;
use serde_json::{Value, json};

use crate::support::*;

const OPERATOR: &str = "local-operator-token";

#[test]
fn an_empty_token_is_none_even_if_it_is_stored() {
    let mut service = Service::new();
    // `printf %s "" | sha256sum`
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for stored in [
        "0e0f32b32f222d209c23da5994f02cd3caf03a883ad8c0f491339d3f058bf34a",
        "541218ab11bd4a49a91e550bb2623d4622228816b58b388d95064562a8af02b6",
    ] {
        assert!(service.config.contains(stored));
        service.config = service.config.replace(stored, empty);
    }
    for token in ["", " "] {
        assert_eq!(get(&service, NO_CALLS, "/_ts/api/v1/identify", Some(token)).0, 401);
        assert_eq!(get(&service, NO_CALLS, &format!("/_ts/admin/ec/{EC}"), Some(token)).0, 401);
    }
}

#[test]
fn visitors_are_not_told_what_is_wrong_with_the_configuration() {
    let mut service = Service::new();
    service.config.push_str("secret_name = 1");
    let (status, body) = get(&service, NO_CALLS, "/", None);
    assert_eq!((status, &body["error"]), (500, &json!("invalid_configuration")));
    let message = body["message"].as_str().unwrap();
    assert!(!message.contains("secret") && !message.contains("line"), "{message}");
}

#[test]
fn tokens_that_are_not_known_are_refused_before_the_graph_is_touched() {
    let service = Service::new();
    seed(&service, EC, &known());
    let batch = json!({ "mappings": [mapping(EC, "u", NOW)] }).to_string();
    for token in ["", " ", "wrong", OPERATOR] {
        let (status, body) = send_batch(&service, NO_CALLS, token, batch.as_str());
        assert_eq!((status, &body["error"]), (401, &json!("invalid_token")));
        let (status, _) = get(&service, NO_CALLS, "/_ts/api/v1/identify", Some(token));
        assert_eq!(status, 401);
    }
    let admin = format!("/_ts/admin/ec/{EC}");
    for token in [None, Some("wrong"), Some(TOKEN)] {
        let (status, body) = get(&service, NO_CALLS, &admin, token);
        assert_eq!((status, &body["error"]), (401, &json!("invalid_token")));
    }
    let request = Request::get(&admin).header("authorization", format!("Basic {OPERATOR}"));
    let response = service.serve(NO_CALLS, request.body(Vec::new()).unwrap());
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
}

#[test]
fn a_row_that_is_written_meanwhile_is_not_shown_half_old() {
    let service = Service::new();
    seed(&service, EC, &known());
    let store = service.store.clone();
    service.faults.pass(StoreCall::Get);
    service.faults.before(StoreCall::Get, move || {
        store.seed(EC, tombstone(NOW).to_string(), None);
    });
    let path = format!("/_ts/admin/ec/{EC}");
    let (_, body) = get(&service, calls(2, 0), &path, Some(OPERATOR));
    assert_eq!(
        (&body["stored"]["body"], &body["understood"]),
        (&json!(known().to_string()), &Value::Null)
    );
}

#[test]
fn the_operator_sees_a_row_as_stored_and_as_understood() {
    let service = Service::new();
    let mut row = known();
    row["hints"] = json!({ "from": "the future" });
    let generation = service.store.seed(EC, row.to_string(), Some("{\"ok\":true}"));
    let path = format!("/_ts/admin/ec/{EC}");
    let (status, body) = get(&service, calls(2, 0), &path, Some(OPERATOR));
    assert_eq!(status, 200);
    assert_eq!(
        body["stored"],
        json!({
            "body": row.to_string(),
            "encoding": "text",
            "metadata": "{\"ok\":true}",
            "generation": generation.to_string(),
            "problem": null,
        })
    );
    assert_eq!(body["understood"]["cluster_size"], 3);
    assert_eq!(body["understood"]["ids"]["b.example"], json!({ "uid": "u-2", "synced": null }));
    assert_eq!(body["understood"]["geo"]["country"], "US");
}

#[test]
fn the_operator_sees_what_cannot_be_read_and_why() {
    let service = Service::new();
    let path = format!("/_ts/admin/ec/{EC}");
    for (stored, encoding, shown) in [(&b"[]"[..], "text", "[]"), (b"\xff", "base64", "/w==")] {
        service.store.seed(EC, stored, None);
        let (status, body) = get(&service, calls(1, 0), &path, Some(OPERATOR));
        assert_eq!((status, &body["understood"]), (200, &Value::Null));
        assert_eq!(
            (&body["stored"]["encoding"], &body["stored"]["body"]),
            (&json!(encoding), &json!(shown))
        );
        assert!(body["stored"]["problem"].is_string());
    }
}

#[test]
fn the_operator_is_told_what_is_not_there_without_the_whole_id() {
    let service = Service::new();
    let (status, body) = get(&service, calls(1, 0), &format!("/_ts/admin/ec/{EC}"), Some(OPERATOR));
    assert_eq!((status, &body["error"]), (404, &json!("not_found")));
    assert!(!body.to_string().contains(EC));
    let (status, body) = get(&service, NO_CALLS, "/_ts/admin/ec/short", Some(OPERATOR));
    assert_eq!((status, &body["error"]), (400, &json!("invalid_ec_id")));
}

#[test]
fn a_store_that_fails_is_named_with_what_to_do() {
    let service = Service::new();
    for (error, code) in [(KvError::Throttled, "throttled"), (KvError::Unavailable, "unavailable")]
    {
        service.faults.next(StoreCall::Get, Fault::Fail(error));
        let (status, body) =
            get(&service, calls(1, 0), &format!("/_ts/admin/ec/{EC}"), Some(OPERATOR));
        assert_eq!((status, &body["error"]), (503, &json!(code)));
    }
}

#[test]
fn other_addresses_and_methods_are_refused() {
    let service = Service::new();
    for path in ["/_ts/", "/_ts/api/v1/identify/", "/_ts/api/v2/identify", "/_ts/admin/"] {
        assert_eq!(get(&service, NO_CALLS, path, Some(OPERATOR)).0, 404, "{path}");
    }
    for (method, path, allowed) in [
        ("POST", "/_ts/api/v1/identify", "GET, OPTIONS"),
        ("GET", "/_ts/api/v1/eids", "POST"),
        ("OPTIONS", "/_ts/api/v1/eids", "POST"),
        ("GET", "/_ts/api/v1/batch-sync", "POST"),
        ("DELETE", "/_ts/admin/ec/x", "GET"),
        ("POST", "/", "GET, HEAD"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Vec::new()).unwrap();
        let response = service.serve(NO_CALLS, request);
        assert_eq!(response.status(), 405, "{method} {path}");
        assert_eq!(response.headers()["allow"], allowed);
    }
}
