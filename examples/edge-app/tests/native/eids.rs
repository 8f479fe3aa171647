//! User IDs that pages bring: with a request of their scripts, or in the cookie.

use host_test::{Fault, StoreCall};
use http::Request;
use identity_graph::KvError;
use serde_json::{Value, json};

use crate::support::*;

fn eid(source: &str, uid: &str) -> Value {
    json!({ "source": source, "uids": [{ "id": uid, "atype": 1 }] })
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// What was left out: source, field and reason.
fn left_out(body: &Value) -> Vec<(&str, &str, &str)> {
    let left_out = body["left_out"].as_array().expect("a list").iter();
    left_out.map(|left| (text(left, "source"), text(left, "field"), text(left, "reason"))).collect()
}

#[test]
fn ids_that_are_known_after_the_page_has_loaded_arrive_without_another_page() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, calls(0, 1));
    let key = service.only_key();
    service.advance(5);
    let eids =
        json!(
            [eid("ids.acme.example", "x"), eid("nobody.example", "y"), eid("id5-sync.com", "0"),]
        );
    let (status, body) = browser.post(&service, calls(1, 1), &eids);
    assert_eq!((status, &body["stored"]), (200, &json!(["ids.acme.example"])));
    assert_eq!(
        left_out(&body),
        [
            ("nobody.example", "source", "not_registered"),
            ("id5-sync.com", "uids.id", "invalid_uid"),
        ]
    );
    let row = service.body(&key);
    assert_eq!(row["ids"], json!({ PARTNER: { "uid": "x", "synced": NOW + 5, "atype": 1 } }));
    assert_eq!(row["last_seen"], NOW + 5);

    // Sent again, and carried by the cookie as well, they are no news.
    let (status, body) = browser.post(&service, NO_CALLS, &eids);
    assert_eq!((status, &body["stored"]), (200, &json!([])));
    assert_eq!(body["unchanged"], json!(["ids.acme.example"]));
    browser.set_eids(&[("ids.acme.example", "x")]);
    browser.open(&service, NO_CALLS);
}

#[test]
fn a_visitor_who_consents_on_the_first_page_gets_an_id_with_what_it_knows() {
    let service = Service::new();
    service.country.set("fr");
    let mut browser = Browser::default();
    browser.open(&service, NO_CALLS);
    let eids = json!([eid(PARTNER, "x")]);
    let (status, body) = browser.post(&service, NO_CALLS, &eids);
    assert_eq!((status, &body["error"]), (403, &json!("consent_unknown")));
    browser.set("euconsent-v2", TCF);
    let (status, body) = browser.post(&service, calls(0, 1), &eids);
    assert_eq!((status, &body["stored"]), (200, &json!([PARTNER])));
    let key = service.only_key();
    assert_eq!(browser.get("ts-ec"), Some(key.as_str()));
    assert_eq!(service.body(&key)["ids"][PARTNER]["uid"], "x");
    assert_eq!(service.body(&key)["pub_properties"]["origin_domain"], "news.example");
    browser.open(&service, NO_CALLS);
}

#[test]
fn a_refusal_that_comes_with_eids_is_a_withdrawal() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, calls(0, 1));
    let key = service.only_key();
    browser.set("us_privacy", "1YYN");
    let (status, body) = browser.post(&service, calls(0, 1), &json!([eid(PARTNER, "x")]));
    assert_eq!((status, &body["error"]), (403, &json!("consent_denied")));
    assert_eq!(service.body(&key), tombstone(NOW));
    assert_eq!(browser.get("ts-ec"), None);
}

#[test]
fn eids_are_taken_from_pages_of_the_same_origin_alone() {
    let service = Service::new();
    let send = |headers: &[(&str, &str)], cost| {
        let mut request = Request::post(EIDS).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = json!([eid(PARTNER, "x")]).to_string().into_bytes();
        Browser::default().exchange(&service, cost, request, body)
    };
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "https://www.publisher.example")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ] {
        let response = send(headers, NO_CALLS);
        let (status, body) = answer(&response);
        assert_eq!((status, &body["error"]), (403, &json!("origin_not_allowed")), "{headers:?}");
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    }
    // What nobody looks at makes no row.
    let same_origin = ("sec-fetch-site", "same-origin");
    for header in [("user-agent", "curl/8.5.0"), ("sec-purpose", "prefetch;prerender")] {
        let (status, body) = answer(&send(&[same_origin, header], NO_CALLS));
        assert_eq!((status, &body["error"]), (403, &json!("no_visit")));
    }
    // A browser that does not say more.
    assert_eq!(send(&[("origin", "https://news.example:8080")], calls(0, 1)).status(), 200);
}

#[test]
fn a_list_that_is_too_large_or_malformed_stores_nothing() {
    let service = Service::new();
    let send = |body: &str, content_type: &str| {
        let request = Request::post(EIDS)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", content_type);
        let body = body.as_bytes().to_vec();
        let response = Browser::default().exchange(&service, NO_CALLS, request, body);
        let (status, body) = answer(&response);
        assert!(!body.to_string().contains("secret"));
        (status, body["error"].as_str().unwrap_or_default().to_owned())
    };
    let json = "application/json; charset=utf-8";
    let of = |status, code: &str| (status, code.to_owned());
    // A form of another page could send these without being asked first.
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        assert_eq!(send("[]", content_type), of(415, "unsupported_media_type"));
    }
    for body in ["", "{}", "[", "{\"eids\":\"secret\"}", "[secret]"] {
        assert_eq!(send(body, json), of(400, "invalid_body"), "{body}");
    }
    assert_eq!(send(&" ".repeat(65_537), json), of(413, "body_too_large"));
    assert_eq!(send(&json!(vec![0; 101]).to_string(), json), of(413, "too_many_eids"));
    // Nothing to store is no reason to make an ID.
    assert_eq!(send("[1]", json), of(200, ""));
    assert!(service.store.is_empty());
}

#[test]
fn what_the_store_does_not_confirm_is_not_said_to_be_stored() {
    let eids = json!([eid(PARTNER, "x")]);
    for fault in [KvError::Throttled, KvError::Unavailable] {
        let service = Service::new();
        let mut browser = Browser::default();
        browser.open(&service, calls(0, 1));
        service.faults.next(StoreCall::Put, Fault::Fail(fault));
        service.advance(5);
        let (status, body) = browser.post(&service, calls(1, 1), &eids);
        assert_eq!((status, &body["stored"]), (503, &Value::Null));
        let (status, body) = browser.post(&service, calls(1, 1), &eids);
        assert_eq!((status, &body["stored"]), (200, &json!([PARTNER])));
    }
    // Of a browser without an ID, too; it keeps the one that may have been stored.
    let service = Service::new();
    let mut browser = Browser::default();
    service.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
    assert_eq!(browser.post(&service, calls(0, 1), &eids).0, 503);
    let id = browser.get("ts-ec").expect("the browser keeps the ID").to_owned();
    assert_eq!(browser.post(&service, calls(1, 1), &eids).0, 200);
    assert_eq!(service.only_key(), id);
}

#[test]
fn a_uid_that_loses_to_a_partners_is_told_as_left_out() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, calls(0, 1));
    let key = service.only_key();
    assert_eq!(sync(&service, ONE_SYNCED, &[mapping(&key, "theirs", NOW + 100)]).0, 200);
    let eids = json!([eid(PARTNER, "browsers"), eid("b.example", "y")]);
    let (status, body) = browser.post(&service, calls(1, 1), &eids);
    assert_eq!((status, &body["stored"]), (200, &json!(["b.example"])));
    assert_eq!(left_out(&body), [(PARTNER, "", "stale")]);
    assert_eq!(service.body(&key)["ids"][PARTNER]["uid"], "theirs");
}

#[test]
fn what_comes_with_a_uid_is_stored_and_told() {
    let service = Service::new();
    let mut browser = Browser::default();
    let ext = json!({ "rtiPartner": "TDID", "expires": NOW + 3_600 });
    let eid = json!({
        "source": PARTNER,
        "inserter": "www.news.example",
        "uids": [{ "id": "x", "atype": 571_187, "ext": ext }],
    });
    assert_eq!(browser.post(&service, calls(0, 1), &json!([eid])).0, 200);
    let stored = &service.body(&service.only_key())["ids"][PARTNER];
    assert_eq!((&stored["atype"], &stored["expires"]), (&json!(571_187), &json!(NOW + 3_600)));
    let page = [("sec-fetch-site", "same-origin")];
    let told =
        |cost| answer(&Browser::with(&service.only_key()).send(&service, cost, IDENTIFY, &page));
    assert_eq!(told(calls(1, 0)).1["eids"], json!([eid]));
    service.advance(3_600);
    assert_eq!(told(calls(1, 0)).1["eids"], json!([]));
}

#[test]
fn the_cookie_gives_registered_sources_in_every_form() {
    // `encodeURIComponent(btoa(...))` of a list with ids.acme.example and another source, and the base64 with
    // its `+` turned into spaces.
    let eids = json!([eid(PARTNER, "a>>>???~~~zz"), eid("nobody.example", "y")]).to_string();
    let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, eids);
    for cookie in [
        base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"),
        base64.replace('+', " "),
        format!("\"{base64}\""),
    ] {
        let service = Service::new();
        let mut browser = Browser::default();
        browser.set("ts-eids", &cookie);
        browser.open(&service, calls(0, 1));
        let ids = &service.body(&service.only_key())["ids"];
        let stored = json!({ PARTNER: { "uid": "a>>>???~~~zz", "synced": NOW, "atype": 1 } });
        assert_eq!(*ids, stored, "{cookie}");
    }
}
