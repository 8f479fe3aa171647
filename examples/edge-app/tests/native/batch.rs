//! Batches of partners.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use host_test::{Fault, StoreCall, StoreCalls};
use http::Request;
use identity_graph::KvError;
use serde_json::{Value, json};

use crate::support::*;

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
    let expected = [
        (1, "", "withdrawn"),
        (2, "", "stale"),
        (3, "", "corrupt"),
        (4, "", "not_found"),
        (5, "ec_id", "invalid_ec_id"),
        (6, "partner_uid", "invalid_partner_uid"),
        (7, "timestamp", "timestamp_in_future"),
        (8, "timestamp", "invalid_mapping"),
        (9, "mapping", "invalid_mapping"),
    ];
    assert_eq!(errors(&answer.1), expected);
    assert_eq!(
        (answer.0, &answer.1["accepted"], &answer.1["rejected"]),
        (207, &json!(2), &json!(9))
    );
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
    assert_eq!(errors(&answer.1), [(0, "partner_uid", "invalid_mapping")]);
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
    assert_eq!((status, errors(&body)), (207, vec![(0, "", "full")]));
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
    assert_eq!((answer.0, &answer.1["accepted"]), (207, &json!(2)));
    assert_eq!(errors(&answer.1), [(1, "", "throttled")]);
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

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[test]
fn a_compressed_batch_is_read_and_one_that_grows_too_much_is_not() {
    let service = Service::new();
    seed(&service, EC, &live(NOW - 60));
    let send = |cost, body: &[u8], encoding| {
        let request = Request::post("/_ts/api/v1/batch-sync")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-encoding", encoding)
            .body(gzip(body))
            .unwrap();
        answer(&service.serve(cost, request))
    };
    let batch = json!({ "mappings": [mapping(EC, "u", NOW)] }).to_string();
    assert_eq!(send(ONE_SYNCED, batch.as_bytes(), "gzip").0, 200);
    assert_eq!(service.body(EC)["ids"][PARTNER]["uid"], "u");
    for (body, encoding, status, code) in [
        (vec![b' '; (2 << 20) + 1], "gzip", 413, "body_too_large"),
        (batch.clone().into_bytes(), "br", 415, "unsupported_encoding"),
        (batch.into_bytes(), "identity", 400, "invalid_body"),
    ] {
        let answer = send(NO_CALLS, &body, encoding);
        assert_eq!((answer.0, &answer.1["error"]), (status, &json!(code)));
    }
}

#[test]
fn a_mapping_says_how_long_its_uid_lives_and_what_comes_with_it() {
    let service = Service::new();
    seed(&service, EC, &live(NOW - 60));
    let mut mapping = mapping(EC, "u", NOW);
    mapping["partner_uid"] = json!(12_345.0);
    mapping["timestamp"] = json!(1_790_000_000.0);
    mapping["atype"] = json!(571_187);
    mapping["expires"] = json!(NOW + 60);
    mapping["ext"] = json!({ "rtiPartner": "TDID" });
    assert_eq!(sync(&service, ONE_SYNCED, &[mapping]).0, 200);
    let (_, body) = Browser::with(EC).identify(&service, COUNTED, &[]);
    let ext = json!({ "rtiPartner": "TDID", "expires": NOW + 60 });
    let uids = json!([{ "id": "12345", "atype": 571_187, "ext": ext }]);
    assert_eq!(body["eid"], json!({ "source": PARTNER, "uids": uids }));
    service.advance(60);
    let (_, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!(body["uid"], Value::Null);
}

#[test]
fn a_uid_that_a_partner_takes_back_does_not_come_back_with_the_browser() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.set_eids(&[(PARTNER, "x")]);
    browser.open(&service, calls(0, 1));
    let key = service.only_key();
    service.advance(10);
    let removal = json!({ "ec_id": key, "partner_uid": null, "timestamp": NOW + 10 });
    assert_eq!(sync(&service, ONE_SYNCED, &[removal]).0, 200);
    service.advance(400);
    browser.open(&service, calls(1, 1));
    let uid = &service.body(&key)["ids"][PARTNER]["uid"];
    assert_eq!(*uid, Value::Null);
}
