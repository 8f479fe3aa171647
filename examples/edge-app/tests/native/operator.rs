//! The operator's page.

use edge_app::Response;
use host_test::{Fault, StoreCall, StoreCalls};
use http::Request;
use http::header::{COOKIE, SET_COOKIE};
use identity_graph::KvError;
use serde_json::json;

use crate::support::*;

const OPERATOR: &str = "local-operator-token";
const SAME_ORIGIN: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];

/// Sends a form of the page.
#[track_caller]
fn send(
    service: &Service,
    cost: StoreCalls,
    session: Option<&str>,
    headers: &[(&str, &str)],
    form: &str,
) -> Response {
    let mut request = Request::post("/_ts/admin").header("host", "news.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(session) = session {
        request = request.header(COOKIE, session);
    }
    service.serve(cost, request.body(form.as_bytes().to_vec()).expect("a request"))
}

/// The cookie of an operator who has signed in.
#[track_caller]
fn session(service: &Service) -> String {
    let form = format!("do=sign-in&token={OPERATOR}");
    let response = send(service, NO_CALLS, None, SAME_ORIGIN, &form);
    assert_eq!(
        (response.status().as_u16(), &response.headers()["location"]),
        (303, &"/_ts/admin".parse().unwrap())
    );
    let set = response.headers()[SET_COOKIE].to_str().expect("text");
    let (pair, attributes) = set.split_once("; ").expect("attributes");
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Secure; Path=/_ts/admin; Max-Age=3600");
    pair.to_owned()
}

#[track_caller]
fn act(service: &Service, cost: StoreCalls, action: &str, ec_id: &str) -> (u16, String) {
    let session = session(service);
    let form = format!("do={action}&ec_id={ec_id}");
    page(&send(service, cost, Some(&session), SAME_ORIGIN, &form))
}

fn page(response: &Response) -> (u16, String) {
    let text = String::from_utf8(response.body().clone()).expect("text");
    (response.status().as_u16(), text)
}

/// A row with a UID that expires, and a partner whose metadata would be markup.
fn seed(service: &Service) {
    let mut row = live(NOW - 1_000);
    row["last_seen"] = json!(NOW - 500);
    row["ids"][PARTNER] = json!({ "uid": "u-1", "synced": NOW - 800, "expires": NOW + 600 });
    row["note"] = json!("<script>alert(1)</script>");
    service.store.seed(EC, row.to_string(), None);
}

#[test]
fn a_row_is_shown_as_a_timeline_without_its_id_in_an_address() {
    let service = Service::new();
    seed(&service);
    let (status, page) = act(&service, calls(2, 0), "look-up", EC);
    assert_eq!(status, 200);
    for text in [
        "created 2026-09-21 13:56:40 UTC, last seen 2026-09-21 14:05:00 UTC",
        "given or changed 2026-09-21 13:56:40 UTC",
        "synced 2026-09-21 14:00:00 UTC, expires 2026-09-21 14:23:20 UTC",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ] {
        assert!(page.contains(text), "{text}\n{page}");
    }
    assert!(!page.contains("<script"));
    // Forms alone have it.
    assert!(!page.contains("href=") && !page.contains("?ec_id"));
    assert!(service.lines.borrow().iter().all(|line| !line.contains(EC)));
}

#[test]
fn what_cannot_be_read_is_shown_as_it_is_stored() {
    let service = Service::new();
    service.store.seed(EC, "{\"v\":1,<b>", None);
    let (status, page) = act(&service, calls(1, 0), "look-up", EC);
    assert_eq!(status, 200);
    assert!(page.contains("{&quot;v&quot;:1,&lt;b&gt;") && page.contains("It cannot be read"));
}

#[test]
fn a_withdrawal_of_the_operators_is_a_tombstone() {
    let service = Service::new();
    seed(&service);
    let (status, page) = act(&service, calls(2, 1), "withdraw", EC);
    assert!(status == 200 && page.contains("this ID is withdrawn"), "{page}");
    assert_eq!(service.body(EC), tombstone(NOW));
}

#[test]
fn a_deletion_leaves_nothing() {
    let service = Service::new();
    seed(&service);
    let deletion = StoreCalls { deletes: 1, ..NO_CALLS };
    let (status, page) = act(&service, deletion, "delete", EC);
    assert!(status == 200 && page.contains("the row is deleted"), "{page}");
    assert!(service.store.is_empty());
    let (status, page) = act(&service, deletion, "delete", EC);
    assert!(status == 200 && page.contains("there was no row"), "{page}");
}

#[test]
fn what_the_store_does_not_confirm_is_not_said_to_be_done() {
    let service = Service::new();
    seed(&service);
    service.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
    let (status, page) = act(&service, calls(0, 1), "withdraw", EC);
    assert_eq!(status, 503);
    assert!(page.contains("safe to send again") && !page.contains("is withdrawn"));
    assert_eq!(service.body(EC)["consent"]["ok"], true);
}

#[test]
fn a_form_of_another_site_does_nothing() {
    let service = Service::new();
    seed(&service);
    let session = session(&service);
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://news.example")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ] {
        let form = format!("do=delete&ec_id={EC}");
        let response = send(&service, NO_CALLS, Some(&session), headers, &form);
        assert_eq!(response.status(), 403, "{headers:?}");
    }
    // A browser that does not know the first header.
    let origin = [("origin", "https://news.example")];
    let form = format!("do=look-up&ec_id={EC}");
    assert_eq!(send(&service, calls(2, 0), Some(&session), &origin, &form).status(), 200);
}

#[test]
fn without_a_session_nothing_is_shown_and_nothing_done() {
    let service = Service::new();
    seed(&service);
    let genuine = session(&service);
    let (_, tag) = genuine.split_once('.').expect("two parts");
    let later = format!("ts-operator={}.{tag}", NOW + 86_400);
    let form = format!("do=delete&ec_id={EC}");
    for cookie in [None, Some("ts-operator=1.AAAA"), Some("ts-operator="), Some(later.as_str())] {
        let (status, shown) = page(&send(&service, NO_CALLS, cookie, SAME_ORIGIN, &form));
        assert!(status == 401 && shown.contains("sign in again"), "{cookie:?}");
    }
    let wrong = send(&service, NO_CALLS, None, SAME_ORIGIN, "do=sign-in&token=wrong");
    assert!(wrong.status() == 401 && !wrong.headers().contains_key(SET_COOKIE));
    service.advance(3_600);
    let ended = send(&service, NO_CALLS, Some(&genuine), SAME_ORIGIN, &form);
    assert_eq!(ended.status(), 401, "a session lasts an hour");
    assert!(!service.store.is_empty());
}

#[test]
fn the_address_of_a_row_is_a_page_to_a_browser_and_json_to_a_program() {
    let service = Service::new();
    seed(&service);
    let get = |cost, headers: &[(&str, &str)]| {
        let mut request = Request::get(format!("/_ts/admin/ec/{EC}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        service.serve(cost, request.body(Vec::new()).expect("a request"))
    };
    let html = ("accept", "text/html,*/*;q=0.8");
    let session = session(&service);
    assert_eq!(get(NO_CALLS, &[html]).status(), 401);
    assert_eq!(get(NO_CALLS, &[("cookie", &session)]).status(), 401, "JSON wants the token");
    let response = get(calls(2, 0), &[html, ("cookie", &session)]);
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    let policy = headers["content-security-policy"].to_str().expect("text");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.ends_with("form-action 'self'; base-uri 'none'; frame-ancestors 'none'"));
    assert_eq!(headers["cache-control"], "private, no-store");
    assert_eq!(headers["referrer-policy"], "same-origin");
    let token = format!("Bearer {OPERATOR}");
    let response = get(calls(2, 0), &[("authorization", &token)]);
    assert_eq!(response.headers()["content-type"], "application/json");
}

#[test]
fn signing_out_takes_the_session() {
    let service = Service::new();
    let session = session(&service);
    let response = send(&service, NO_CALLS, Some(&session), SAME_ORIGIN, "do=sign-out");
    let set = response.headers()[SET_COOKIE].to_str().expect("text");
    assert!(set.starts_with("ts-operator=; ") && set.ends_with("Max-Age=0"), "{set}");
    let get = |cookie: Option<&str>| {
        let mut request = Request::get("/_ts/admin");
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, cookie);
        }
        page(&service.serve(NO_CALLS, request.body(Vec::new()).expect("a request"))).1
    };
    assert!(get(None).contains("Operator's token"));
    assert!(get(Some(&session)).contains("Look up"));
}
