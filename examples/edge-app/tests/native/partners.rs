//! What partners and the operator ask for.

use host_test::{Fault, StoreCall, StoreCalls};
use http::Request;
use identity_graph::KvError;
use serde_json::{Value, json};

use crate::support::*;

const OPERATOR: &str = "local-operator-token";

/// A batch of so many reads, and of so many writes.
fn batch(reads: u64, writes: u64) -> StoreCalls {
    StoreCalls {
        get_manys: 1,
        get_many_keys: reads,
        put_manys: u64::from(writes > 0),
        put_many_keys: writes,
        ..NO_CALLS
    }
}

fn seed(service: &Service, key: &str, row: &Value) {
    service.store.seed(key, row.to_string(), None);
}

fn known() -> Value {
    let mut row = live(NOW - 60);
    row["ids"] =
        json!({ PARTNER: { "uid": "u-1", "synced": NOW - 60 }, "b.example": { "uid": "u-2" } });
    row["network"] = json!({ "cluster_size": 3, "cluster_checked": NOW - 60 });
    row
}

#[test]
fn identify_shows_a_partner_its_own_uid_for_one_read() {
    let service = Service::new();
    seed(&service, EC, &known());
    let answer = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    let expected = json!({
        "ec": EC,
        "consent": "ok",
        "degraded": false,
        "source_domain": PARTNER,
        "uid": "u-1",
        "eid": { "source": PARTNER, "uids": [{ "id": "u-1", "atype": 1 }] },
        "cluster_size": 3,
    });
    assert_eq!(answer, (200, expected));
}

#[test]
fn identify_shows_no_uid_that_has_expired_and_the_agent_type_that_came_with_it() {
    let service = Service::new();
    let mut row = known();
    row["ids"][PARTNER] =
        json!({ "uid": "u-1", "synced": NOW - 60, "atype": 571_187, "expires": NOW + 10 });
    seed(&service, EC, &row);
    let (_, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!(body["eid"]["uids"], json!([{ "id": "u-1", "atype": 571_187 }]));
    service.advance(10);
    let (status, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!((status, &body["consent"], &body["degraded"]), (200, &json!("ok"), &json!(false)));
    assert_eq!((&body["uid"], &body["eid"]), (&Value::Null, &Value::Null));
}

#[test]
fn identify_counts_a_cluster_that_is_due() {
    let service = Service::new();
    seed(&service, EC, &live(NOW - 60));
    let cost = StoreCalls { counts: 1, ..calls(1, 1) };
    let (_, body) = Browser::with(EC).identify(&service, cost, &[]);
    assert_eq!(body["cluster_size"], 1);
    let (_, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!((&body["cluster_size"], &body["uid"]), (&json!(1), &Value::Null));
}

#[test]
fn identify_says_when_the_row_cannot_be_read() {
    let service = Service::new();
    service.store.seed(EC, "[]", None);
    let (status, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!((status, &body["degraded"], &body["uid"]), (200, &json!(true), &Value::Null));
    assert_eq!(body["consent"], "unknown");
    seed(&service, EC, &known());
    service.faults.next(StoreCall::Get, Fault::Fail(KvError::Unavailable));
    let (status, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!((status, &body["degraded"], &body["uid"]), (200, &json!(true), &Value::Null));
    assert_eq!(body["consent"], "unknown");
}

#[test]
fn identify_knows_nothing_of_what_is_not_there() {
    let service = Service::new();
    assert_eq!(Browser::default().identify(&service, NO_CALLS, &[]), (204, Value::Null));
    assert_eq!(Browser::with("short").identify(&service, NO_CALLS, &[]).0, 204);
    let (status, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!((status, &body["degraded"], &body["uid"]), (200, &json!(false), &Value::Null));
    assert_eq!(body["consent"], "unknown");
    // Nor of what should not be there any more.
    let mut expired = known();
    expired["last_seen"] = json!(NOW - 31_536_000);
    seed(&service, EC, &expired);
    let (_, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!((&body["uid"], &body["cluster_size"]), (&Value::Null, &Value::Null));
    assert_eq!(body["consent"], "unknown");
}

#[test]
fn identify_is_denied_after_a_withdrawal() {
    let service = Service::new();
    // A tombstone is one as long as it is there.
    for at in [NOW - 1, NOW - 31_536_000] {
        seed(&service, EC, &tombstone(at));
        let (status, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
        assert_eq!((status, &body["error"]), (403, &json!("consent_denied")));
    }
}

#[test]
fn identify_is_denied_when_the_row_is_withdrawn_while_its_cluster_is_counted() {
    let service = Service::new();
    let mut row = known();
    row["network"] = Value::Null;
    seed(&service, EC, &row);
    let store = service.store.clone();
    service.faults.before(StoreCall::Put, move || {
        store.seed(EC, tombstone(NOW).to_string(), None);
    });
    // The read, the count, a write that conflicts, and the read that shows the tombstone.
    let cost = StoreCalls { counts: 1, ..calls(2, 1) };
    let (status, body) = Browser::with(EC).identify(&service, cost, &[]);
    assert_eq!((status, &body["error"]), (403, &json!("consent_denied")));
    assert_eq!(service.body(EC), tombstone(NOW));
}

#[test]
fn identify_does_without_a_cluster_that_cannot_be_counted() {
    let service = Service::new();
    let mut row = known();
    row["network"] = Value::Null;
    seed(&service, EC, &row);
    service.faults.next(StoreCall::Count, Fault::Fail(KvError::Unavailable));
    let cost = StoreCalls { counts: 1, ..calls(1, 0) };
    let (status, body) = Browser::with(EC).identify(&service, cost, &[]);
    assert_eq!((status, &body["consent"], &body["uid"]), (200, &json!("ok"), &json!("u-1")));
    assert_eq!(body["cluster_size"], Value::Null);
}

#[test]
fn a_batch_is_one_read_and_one_write_of_all_rows() {
    let service = Service::new();
    let ids: Vec<_> = (0..1_000).map(|n| format!("{n:064x}.Ab12Cd")).collect();
    for id in &ids {
        seed(&service, id, &live(NOW - 60));
    }
    let mappings: Vec<_> = ids.iter().map(|id| mapping(id, "u", NOW)).collect();
    let answer = sync(&service, batch(1_000, 1_000), &mappings);
    assert_eq!(answer, (200, json!({ "accepted": 1_000, "rejected": 0, "errors": [] })));
    for id in &ids {
        assert_eq!(service.body(id)["ids"][PARTNER], json!({ "uid": "u", "synced": NOW }));
    }
    // Sent again it changes nothing.
    let answer = sync(&service, batch(1_000, 0), &mappings);
    assert_eq!(answer.0, 200);
}

#[test]
fn each_mapping_has_its_own_reason() {
    let service = Service::new();
    let id = |n: u8| format!("{n:064x}.Ab12Cd");
    seed(&service, &id(0), &live(NOW - 60));
    seed(&service, &id(1), &tombstone(NOW - 60));
    seed(&service, &id(2), &known());
    service.store.seed(&id(3), "not JSON", None);
    let answer = sync(
        &service,
        batch(5, 1),
        &[
            mapping(&id(0), "u", NOW),
            mapping(&id(1), "u", NOW),
            mapping(&id(2), "u", NOW - 61),
            mapping(&id(3), "u", NOW),
            mapping(&id(4), "u", NOW),
            mapping("short", "u", NOW),
            mapping(&id(0), " ", NOW),
            mapping(&id(0), "u", NOW + 301),
            json!({ "ec_id": id(0), "partner_uid": "u" }),
            json!(7),
            mapping(&id(0).to_uppercase().replace("AB12CD", "Ab12Cd"), "u", NOW),
        ],
    );
    let reasons = [
        (1, "withdrawn"),
        (2, "stale"),
        (3, "corrupt"),
        (4, "not_found"),
        (5, "invalid_ec_id"),
        (6, "invalid_partner_uid"),
        (7, "timestamp_in_future"),
        (8, "invalid_mapping"),
        (9, "invalid_mapping"),
    ];
    let errors: Vec<_> =
        reasons.iter().map(|(index, reason)| json!({ "index": index, "reason": reason })).collect();
    assert_eq!(answer, (207, json!({ "accepted": 2, "rejected": 9, "errors": errors })));
    assert_eq!(service.body(&id(0))["ids"][PARTNER]["uid"], "u");
    assert_eq!(service.body(&id(2))["ids"], known()["ids"]);
    assert_eq!(service.store.row(&id(3)).unwrap().body, b"not JSON");
    assert!(service.store.row(&id(4)).is_none());
}

#[test]
fn a_mapping_of_null_removes_the_uid_and_one_without_it_does_not() {
    let service = Service::new();
    seed(&service, EC, &known());
    let answer = sync(&service, NO_CALLS, &[json!({ "ec_id": EC, "timestamp": NOW })]);
    assert_eq!(answer.1["errors"], json!([{ "index": 0, "reason": "invalid_mapping" }]));
    assert_eq!(service.body(EC), known());
    let removal = json!({ "ec_id": EC, "partner_uid": null, "timestamp": NOW });
    assert_eq!(sync(&service, ONE_SYNCED, &[removal]).0, 200);
    let ids = &service.body(EC)["ids"];
    assert!(ids.get(PARTNER).is_none_or(|partner| partner.get("uid").is_none()), "{ids}");
    assert_eq!(ids["b.example"]["uid"], "u-2");
}

#[test]
fn a_row_without_room_is_told_by_name() {
    let service = Service::new();
    let mut row = live(NOW - 60);
    for n in 0..64 {
        row["ids"][format!("p{n}.example")] = json!({ "uid": "u", "synced": NOW - 60 });
    }
    seed(&service, EC, &row);
    let (status, body) = sync(&service, batch(1, 0), &[mapping(EC, "u", NOW)]);
    assert_eq!((status, &body["errors"]), (207, &json!([{ "index": 0, "reason": "full" }])));
}

#[test]
fn a_throttled_row_fails_alone() {
    let service = Service::new();
    let ids: Vec<_> = (0..3).map(|n| format!("{n:064x}.Ab12Cd")).collect();
    for id in &ids {
        seed(&service, id, &live(NOW - 60));
    }
    service.faults.pass(StoreCall::Put);
    service.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
    let mappings: Vec<_> = ids.iter().map(|id| mapping(id, "u", NOW)).collect();
    let answer = sync(&service, batch(3, 3), &mappings);
    let errors = json!([{ "index": 1, "reason": "throttled" }]);
    assert_eq!(answer, (207, json!({ "accepted": 2, "rejected": 1, "errors": errors })));
}

#[test]
fn a_batch_that_is_too_large_or_malformed_touches_no_row() {
    let service = Service::new();
    seed(&service, EC, &live(NOW - 60));
    let refused = |body: Vec<u8>| {
        let (status, body) = send_batch(&service, NO_CALLS, TOKEN, body);
        (status, body["error"].as_str().unwrap().to_owned(), body["message"].to_string())
    };
    let (status, code, _) =
        refused(json!({ "mappings": vec![mapping(EC, "u", NOW); 1_001] }).to_string().into());
    assert_eq!((status, code.as_str()), (413, "batch_too_large"));
    // What comes after the first that is too many is not even read.
    let body = format!("{{\"mappings\":[{}no JSON", "1,".repeat(1_001));
    let (status, code, _) = refused(body.into());
    assert_eq!((status, code.as_str()), (413, "batch_too_large"));
    let (status, code, _) = refused(vec![b' '; 2 * 1024 * 1024 + 1]);
    assert_eq!((status, code.as_str()), (413, "body_too_large"));
    for body in ["", "{", "[]", "{\"mappings\":\"secret\"}", "{}", "\u{0}", "{\"mappings\":7}"] {
        let (status, code, message) = refused(body.into());
        assert_eq!((status, code.as_str()), (400, "invalid_body"), "{body}");
        assert!(message.contains("line 1") && !message.contains("secret"), "{message}");
    }
    // A length that is announced is enough.
    let request = Request::post("/_ts/api/v1/batch-sync")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-length", "9999999")
        .body(Vec::new());
    assert_eq!(service.serve(NO_CALLS, request.unwrap()).status(), 413);
}

#[test]
fn an_empty_token_is_none_even_if_it_is_stored() {
    let mut service = Service::new();
    // `printf %s "" | sha256sum`
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let record = json!({ "source_domain": PARTNER }).to_string();
    service.partner_records.borrow_mut().insert(empty.to_owned(), record);
    service.config = service
        .config
        .replace("0e0f32b32f222d209c23da5994f02cd3caf03a883ad8c0f491339d3f058bf34a", empty);
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
fn a_partner_record_that_is_malformed_is_the_operators_matter() {
    let service = Service::new();
    for record in ["not JSON", "{}", "{\"source_domain\":\"a b\"}"] {
        for stored in service.partner_records.borrow_mut().values_mut() {
            record.clone_into(stored);
        }
        let (status, body) = sync(&service, NO_CALLS, &[]);
        assert_eq!((status, &body["error"]), (500, &json!("invalid_partner_record")));
    }
}

#[test]
fn a_partner_may_be_written_in_capitals() {
    let service = Service::new();
    for record in service.partner_records.borrow_mut().values_mut() {
        *record = record.replace(PARTNER, &PARTNER.to_uppercase());
    }
    seed(&service, EC, &known());
    let (_, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!((&body["uid"], &body["source_domain"]), (&json!("u-1"), &json!(PARTNER)));
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
        ("POST", "/_ts/api/v1/identify", "GET"),
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
