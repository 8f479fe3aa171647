//! Withdrawal of consent.

use host_test::{Fault, StoreCall};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request};
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
    service.configure("cookie_domain = \"news.example\"");
    let other = EC.replace("Ab12Cd", "Zz99Zz");
    let cookies = format!("ts-ec={EC}; ts-ec=short; ts-ec={other}; ts-ec={EC}");
    let tags = format!("; ts-ec-tag={}; ts-ec-tag={}", tag(EC), tag(&other));
    let cookies = cookies + &tags;
    // The second cannot be stored yet: nothing is taken.
    service.faults.pass(StoreCall::Put);
    service.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
    let set = withdraw_with(&service, 2, cookies.as_bytes());
    assert!(set.len() == 1 && set[0].starts_with("ts-ec-withdraw=1."), "{set:?}");

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
fn more_than_4_ids_are_withdrawn_4_with_each_request_and_the_cookies_go_with_the_last() {
    let service = Service::new();
    let ids = (0..10).map(|n| format!("{n:064x}.Ab12Cd"));
    let ids: Vec<_> = ids.map(|id| format!("ts-ec={id};ts-ec-tag={}", tag(&id))).collect();
    let ids = ids.join(";");
    let mut mark = String::new();
    for (stored, puts) in [(4, 4), (8, 4), (10, 2)] {
        let set = withdraw_with(&service, puts, format!("{ids};{mark}").as_bytes());
        assert_eq!(service.store.len(), stored);
        if stored < 10 {
            assert!(set.len() == 1 && set[0].starts_with("ts-ec-withdraw=1."), "{set:?}");
            set[0].split(';').next().unwrap().clone_into(&mut mark);
        } else {
            let expired = |cookie: &String| cookie.contains("Max-Age=0");
            assert!(set.len() == 3 && set.iter().all(expired), "{set:?}");
        }
    }
}

#[test]
fn a_mark_that_is_forged_or_cut_off_withdraws_anew() {
    for mark in ["", "1.", "1.short", "1.nodigest!", "x.y", "1..", "2"] {
        let service = Service::new();
        let cookies = format!("ts-ec={EC}; ts-ec-tag={}; ts-ec-withdraw={mark}", tag(EC));
        withdraw_with(&service, 1, cookies.as_bytes());
        assert_eq!(service.body(EC), tombstone(NOW), "{mark}");
    }
}

#[test]
fn a_request_that_is_given_up_leaves_its_withdrawal_to_the_next() {
    let service = Service::new();
    let config = edge_app::Config::parse(&service.config, true).expect("it is valid").routes;
    let given_up = |headers: &[(&'static str, String)]| {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let response = edge_routes::gave_up(&config, None, &map, "later");
        assert_eq!(response.status(), 503);
        let set = response.headers().get_all(SET_COOKIE).iter();
        set.map(|cookie| cookie.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (gpc, id) = ((GPC.0, GPC.1.to_owned()), ("cookie", format!("ts-ec={EC}")));
    let set = given_up(&[gpc.clone(), id.clone()]);
    assert!(set.len() == 1 && set[0].starts_with("ts-ec-withdraw=1;"), "{set:?}");
    // Nothing to withdraw, not asked for, and marked already.
    assert!(given_up(&[gpc]).is_empty());
    assert!(given_up(&[id]).is_empty());
    assert!(given_up(&[("cookie", format!("ts-ec={EC}; ts-ec-withdraw=1.abcdefgh"))]).is_empty());
}

#[test]
fn a_withdrawal_that_identify_cannot_store_is_left_to_the_next_request() {
    let service = Service::new();
    service.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
    let mut browser = Browser::with(EC);
    let (status, _) = browser.identify(&service, calls(0, 1), &[GPC]);
    assert_eq!(status, 403);
    assert_eq!(browser.get("ts-ec-withdraw"), Some("1"));
    browser.load(&service, calls(0, 1), &[]);
    assert_eq!(service.body(EC), tombstone(NOW));
    assert!(browser.has_none());
}
