//! Withdrawal of consent.

use host_test::{Fault, StoreCall};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderValue, Request};
use identity_graph::KvError;

use crate::support::*;

const GPC: (&str, &str) = ("sec-gpc", "1");

#[test]
fn a_withdrawal_is_one_write_and_takes_the_cookies() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, calls(0, 1));
    let key = service.only_key();
    service.advance(5);
    let response = browser.open_with(&service, calls(0, 1), &[GPC]);
    assert_eq!(service.body(&key), tombstone(NOW + 5));
    assert!(browser.has_none());
    let expired = response.headers().get("set-cookie").unwrap();
    assert_eq!(expired, "ts-ec=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0");
}

#[test]
fn a_browser_without_an_id_that_sends_the_signal_costs_nothing() {
    let service = Service::new();
    let mut browser = Browser::default();
    for _ in 0..2 {
        let response = browser.open_with(&service, NO_CALLS, &[GPC]);
        assert!(!response.headers().contains_key("set-cookie"));
    }
    assert!(service.store.is_empty());
}

#[test]
fn a_signal_that_says_no_is_none() {
    let service = Service::new();
    Browser::default().open_with(&service, calls(0, 1), &[("sec-gpc", "0")]);
    assert_eq!(service.store.len(), 1);
}

#[test]
fn a_withdrawal_that_fails_is_finished_by_the_next_request_of_any_kind() {
    for error in [KvError::Throttled, KvError::Unavailable] {
        let service = Service::new();
        let mut browser = Browser::default();
        browser.open(&service, calls(0, 1));
        let key = service.only_key();
        service.faults.next(StoreCall::Put, Fault::Fail(error));
        browser.open_with(&service, calls(0, 1), &[GPC]);
        assert_eq!(browser.get("ts-ec"), Some(key.as_str()), "the browser keeps the ID");
        assert_eq!(browser.get("ts-ec-withdraw"), Some("1"));
        assert_eq!(service.body(&key)["consent"]["ok"], true);

        // An image, without the signal.
        service.advance(1);
        browser.load(&service, calls(0, 1), &[]);
        assert_eq!(service.body(&key), tombstone(NOW + 1));
        assert!(browser.has_none());
    }
}

#[test]
fn a_withdrawal_that_is_not_stored_yet_holds_everywhere() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.set_eids(&[(PARTNER, "x")]);
    browser.open(&service, calls(0, 1));
    let key = service.only_key();
    service.faults.always(StoreCall::Put, Fault::Fail(KvError::Throttled));
    browser.open_with(&service, calls(0, 1), &[GPC]);
    let (status, body) = browser.identify(&service, calls(0, 1), &[]);
    assert_eq!((status, &body["error"]), (403, &"consent_denied".into()));
    service.faults.heal();
    let (status, _) = browser.identify(&service, calls(0, 1), &[]);
    assert_eq!(status, 403);
    assert_eq!(service.body(&key), tombstone(NOW));
    assert_eq!(browser.get("ts-ec"), None);
}

#[test]
fn a_withdrawal_replaces_a_row_that_cannot_be_read() {
    let service = Service::new();
    service.store.seed(EC, "not JSON", None);
    Browser::with(EC).load(&service, calls(0, 1), &[GPC]);
    assert_eq!(service.body(EC), tombstone(NOW));
}

#[test]
fn an_id_of_another_form_is_taken_without_asking_the_store() {
    let service = Service::new();
    let mut browser = Browser::with("short");
    browser.open_with(&service, NO_CALLS, &[GPC]);
    assert!(browser.has_none());
}

#[test]
fn after_a_withdrawal_a_browser_with_consent_gets_a_new_id() {
    let service = Service::new();
    let mut browser = Browser::with(EC);
    browser.open_with(&service, calls(0, 1), &[GPC]);
    service.advance(1);
    browser.open(&service, calls(0, 1));
    assert_ne!(browser.get("ts-ec"), Some(EC));
    assert_eq!(service.body(EC), tombstone(NOW));
}

#[track_caller]
fn withdraw_with(service: &Service, puts: u64, cookies: &[u8]) -> Vec<String> {
    let cookies = HeaderValue::from_bytes(cookies).expect("a header");
    let request = Request::get("/").header(GPC.0, GPC.1).header(COOKIE, cookies);
    let response = service.serve(calls(0, puts), request.body(Vec::new()).expect("a request"));
    let set = response.headers().get_all(SET_COOKIE).iter();
    set.map(|cookie| cookie.to_str().expect("text").to_owned()).collect()
}

#[test]
fn cookies_of_others_that_are_not_text_do_not_hide_the_id() {
    for other in [&b"name=\xfc"[..], "name=ü".as_bytes(), b"\xff\xfe", b"==", b""] {
        let service = Service::new();
        let tag = tag(EC);
        let tag = ["; ts-ec-tag=", &tag].concat();
        let cookies = [other, b"; ts-ec=", EC.as_bytes(), tag.as_bytes(), b";", other].concat();
        assert_eq!(withdraw_with(&service, 1, &cookies).len(), 2);
        assert_eq!(service.body(EC), tombstone(NOW));
    }
}

#[test]
fn every_id_that_a_browser_has_is_withdrawn_and_taken_in_both_scopes() {
    let mut service = Service::new();
    service.config.push_str("cookie_domain = \"news.example\"\n");
    let other = EC.replace("Ab12Cd", "Zz99Zz");
    let cookies = format!("ts-ec={EC}; ts-ec=short; ts-ec={other}; ts-ec={EC}");
    let tags = format!("; ts-ec-tag={}; ts-ec-tag={}", tag(EC), tag(&other));
    let cookies = cookies + &tags;
    // The second cannot be stored yet: nothing is taken.
    service.faults.pass(StoreCall::Put);
    service.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
    let set = withdraw_with(&service, 2, cookies.as_bytes());
    assert!(set.len() == 1 && set[0].starts_with("ts-ec-withdraw=1;"), "{set:?}");

    service.advance(1);
    let set = withdraw_with(&service, 2, cookies.as_bytes());
    let attributes = "HttpOnly; SameSite=Lax; Secure; Path=/;";
    let expired = [
        format!("ts-ec=; {attributes} Max-Age=0"),
        format!("ts-ec=; {attributes} Domain=news.example; Max-Age=0"),
        format!("ts-ec-tag=; {attributes} Max-Age=0"),
        format!("ts-ec-tag=; {attributes} Domain=news.example; Max-Age=0"),
    ];
    assert_eq!(set, expired);
    for id in [EC, &other] {
        assert_eq!(service.body(id)["consent"]["ok"], false);
    }
}

#[test]
fn a_forged_request_withdraws_at_most_4_ids() {
    let service = Service::new();
    let ids = (0..50).map(|n| format!("{n:064x}.Ab12Cd"));
    let cookies: Vec<_> = ids.map(|id| format!("ts-ec={id};ts-ec-tag={}", tag(&id))).collect();
    withdraw_with(&service, 4, cookies.join(";").as_bytes());
    assert_eq!(service.store.len(), 4);
}
