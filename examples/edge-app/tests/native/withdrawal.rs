//! Withdrawal of consent.

use host_test::{Fault, OpKind};
use identity_graph::KvError;

use crate::support::*;

const GPC: (&str, &str) = ("sec-gpc", "1");

#[test]
fn a_withdrawal_is_one_write_and_takes_the_cookies() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, ops(0, 1));
    let key = service.only_key();
    service.advance(5);
    let response = browser.open_with(&service, ops(0, 1), &[GPC]);
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
        let response = browser.open_with(&service, NO_OPS, &[GPC]);
        assert!(!response.headers().contains_key("set-cookie"));
    }
    assert!(service.store.is_empty());
}

#[test]
fn a_signal_that_says_no_is_none() {
    let service = Service::new();
    Browser::default().open_with(&service, ops(0, 1), &[("sec-gpc", "0")]);
    assert_eq!(service.store.len(), 1);
}

#[test]
fn a_withdrawal_that_fails_is_finished_by_the_next_request_of_any_kind() {
    for error in [KvError::Throttled, KvError::Unavailable] {
        let service = Service::new();
        let mut browser = Browser::default();
        browser.open(&service, ops(0, 1));
        let key = service.only_key();
        service.faults.next(OpKind::Put, Fault::Fail(error));
        browser.open_with(&service, ops(0, 1), &[GPC]);
        assert_eq!(browser.get("ts-ec"), Some(key.as_str()), "the browser keeps the ID");
        assert_eq!(browser.get("ts-ec-withdraw"), Some("1"));
        assert_eq!(service.body(&key)["consent"]["ok"], true);

        // An image, without the signal.
        service.advance(1);
        browser.load(&service, ops(0, 1), &[]);
        assert_eq!(service.body(&key), tombstone(NOW + 1));
        assert!(browser.has_none());
    }
}

#[test]
fn a_withdrawal_that_is_not_stored_yet_holds_everywhere() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.set_eids(&[(PARTNER, "x")]);
    browser.open(&service, ops(0, 1));
    let key = service.only_key();
    service.faults.always(OpKind::Put, Fault::Fail(KvError::Throttled));
    browser.open_with(&service, ops(0, 1), &[GPC]);
    let (status, body) = browser.identify(&service, ops(0, 1), &[]);
    assert_eq!((status, &body["error"]), (403, &"consent_denied".into()));
    service.faults.heal();
    let (status, _) = browser.identify(&service, ops(0, 1), &[]);
    assert_eq!(status, 403);
    assert_eq!(service.body(&key), tombstone(NOW));
    assert_eq!(browser.get("ts-ec"), None);
}

#[test]
fn a_withdrawal_replaces_a_row_that_cannot_be_read() {
    let service = Service::new();
    service.store.seed(EC, "not JSON", None);
    Browser::with(EC).load(&service, ops(0, 1), &[GPC]);
    assert_eq!(service.body(EC), tombstone(NOW));
}

#[test]
fn an_id_of_another_form_is_taken_without_asking_the_store() {
    let service = Service::new();
    let mut browser = Browser::with("short");
    browser.open_with(&service, NO_OPS, &[GPC]);
    assert!(browser.has_none());
}

#[test]
fn after_a_withdrawal_a_browser_with_consent_gets_a_new_id() {
    let service = Service::new();
    let mut browser = Browser::with(EC);
    browser.open_with(&service, ops(0, 1), &[GPC]);
    service.advance(1);
    browser.open(&service, ops(0, 1));
    assert_ne!(browser.get("ts-ec"), Some(EC));
    assert_eq!(service.body(EC), tombstone(NOW));
}
