//! Who asks: crawlers, previews, browsers with IDs from elsewhere, browsers behind a proxy.

use host_test::{Fault, StoreCall};
use identity_graph::KvError;
use serde_json::json;

use crate::support::*;

const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const GOOGLEBOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const GPC: (&str, &str) = ("sec-gpc", "1");

#[test]
fn crawlers_previews_and_browsers_without_their_cookies_make_no_rows() {
    let service = Service::new();
    for header in [
        ("user-agent", GOOGLEBOT),
        ("user-agent", "curl/8.5.0"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-purpose", "preview"),
        ("x-moz", "prefetch"),
        ("fastly-cookie-overflow", "1"),
    ] {
        let mut browser = Browser::default();
        let response = browser.open_with(&service, NO_CALLS, &[header]);
        assert!(browser.has_none(), "{header:?}");
        assert!(!response.headers().contains_key("set-cookie"));
    }
    assert!(service.store.is_empty());
}

#[test]
fn a_page_that_is_fetched_ahead_of_time_notes_no_visit_but_withdraws() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, calls(0, 1));
    let key = service.only_key();
    service.advance(300);
    let ahead = ("sec-purpose", "prefetch");
    browser.open_with(&service, NO_CALLS, &[ahead]);
    browser.open_with(&service, calls(0, 1), &[ahead, GPC]);
    assert_eq!(service.body(&key), tombstone(NOW + 300));
}

#[test]
fn without_hints_the_device_is_what_the_browser_calls_itself() {
    let service = Service::new();
    Browser::default().open_with(&service, calls(0, 1), &[("user-agent", SAFARI)]);
    let device = &service.body(&service.only_key())["device"];
    assert_eq!((&device["is_mobile"], &device["platform_class"]), (&json!(1), &json!("ios")));
}

#[test]
fn hints_say_more_than_the_name_of_the_browser() {
    let service = Service::new();
    let headers = [
        ("user-agent", SAFARI),
        ("sec-ch-ua-mobile", "?0"),
        ("sec-ch-ua-platform", "\"Chrome OS\""),
    ];
    Browser::default().open_with(&service, calls(0, 1), &headers);
    let device = &service.body(&service.only_key())["device"];
    assert_eq!((&device["is_mobile"], &device["platform_class"]), (&json!(0), &json!("chrome os")));
}

#[test]
fn a_minted_id_comes_with_its_tag() {
    let service = Service::new();
    let mut browser = Browser::default();
    let response = browser.open(&service, calls(0, 1));
    let key = service.only_key();
    assert_eq!(browser.get("ts-ec-tag"), Some(tag(&key).as_str()));
    let set = response.headers().get_all("set-cookie").iter().nth(1).unwrap();
    let attributes = "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=31536000";
    assert_eq!(set.to_str().unwrap(), format!("ts-ec-tag={}; {attributes}", tag(&key)));
}

#[test]
fn an_id_from_elsewhere_makes_no_row_and_is_shared_by_no_two_browsers() {
    let service = Service::new();
    let mut ids = Vec::new();
    for wrong in ["", "AAAA", &tag("another"), "AAAAAAAAAAAAAAAAAAAAAA", "not base64!"] {
        let mut browser = Browser::with_strange(EC);
        browser.set("ts-ec-tag", wrong);
        // The read that shows no row, and the write of an ID that is minted here.
        browser.open(&service, calls(1, 1));
        let id = browser.get("ts-ec").unwrap().to_owned();
        assert_eq!(browser.get("ts-ec-tag"), Some(tag(&id).as_str()));
        assert!(id != EC && !ids.contains(&id), "{wrong}");
        ids.push(id);
    }
    assert!(service.store.row(EC).is_none());
}

/// As of all IDs from before there were tags, and after a change of the passphrase.
#[test]
fn an_id_without_a_tag_that_has_a_row_is_kept_and_gets_its_tag() {
    let service = Service::new();
    service.store.seed(EC, live(NOW - 1_000).to_string(), None);
    let mut browser = Browser::with_strange(EC);
    browser.open(&service, calls(1, 1));
    assert_eq!(service.body(EC)["last_seen"], NOW);
    assert_eq!(browser.get("ts-ec"), Some(EC));
    assert_eq!(browser.get("ts-ec-tag"), Some(tag(EC).as_str()));
    browser.open(&service, NO_CALLS);
}

#[test]
fn an_id_without_a_tag_stays_where_its_row_cannot_be_read() {
    let service = Service::new();
    let mut browser = Browser::with_strange(EC);
    service.faults.next(StoreCall::Get, Fault::Fail(KvError::Unavailable));
    browser.open(&service, calls(1, 0));
    assert_eq!(browser.get("ts-ec"), Some(EC));
}

#[test]
fn a_withdrawal_of_an_id_from_elsewhere_costs_a_read_and_no_row() {
    let service = Service::new();
    let mut browser = Browser::with_strange(EC);
    browser.open_with(&service, calls(1, 0), &[GPC]);
    assert!(browser.has_none());
    assert!(service.store.is_empty());
}

#[test]
fn a_withdrawal_of_an_id_without_a_tag_holds_where_there_is_a_row_or_nobody_can_tell() {
    for (row, fault) in [(true, false), (false, true)] {
        let service = Service::new();
        if row {
            service.store.seed(EC, live(NOW - 60).to_string(), None);
        }
        if fault {
            service.faults.next(StoreCall::Get, Fault::Fail(KvError::Unavailable));
        }
        let mut browser = Browser::with_strange(EC);
        browser.open_with(&service, calls(1, 1), &[GPC]);
        assert_eq!(service.body(EC), tombstone(NOW));
        assert!(browser.has_none());
    }
}

/// The secret is "edge-secret".
const PROXY: &str = "[ec.proxy]
address_header = \"fastly-client-ip\"
secret_header = \"x-edge-secret\"
secret_sha256 = \"0b863617d30f02eb2cc8e2f26787bdf34a19a06b7ab72c7da72185ed734fce13\"
";

#[test]
fn the_address_of_a_header_counts_with_the_secret_alone() {
    let of = |headers: &[(&str, &str)]| {
        let mut service = Service::new();
        service.config.push_str(PROXY);
        Browser::default().open_with(&service, calls(0, 1), headers);
        service.only_key().split_once('.').unwrap().0.to_owned()
    };
    let (address, secret) = (("fastly-client-ip", "203.0.113.7"), ("x-edge-secret", "edge-secret"));
    let connection = of(&[]);
    assert_eq!(of(&[address]), connection);
    assert_eq!(of(&[address, ("x-edge-secret", "guessed")]), connection);
    let reader = of(&[address, secret]);
    assert_ne!(reader, connection);
    assert_ne!(of(&[("fastly-client-ip", "192.0.2.99"), secret]), reader);
}

/// All browsers behind the proxy would be of one network.
#[test]
fn where_the_proxy_tells_no_address_no_id_is_minted() {
    let mut service = Service::new();
    service.config.push_str(PROXY);
    service.config.push_str("[ec.consent]\nelsewhere = \"opt-out\"\n");
    let mut browser = Browser::default();
    browser.open_with(&service, NO_CALLS, &[("x-edge-secret", "edge-secret")]);
    assert!(browser.has_none());
}

#[test]
fn a_page_may_be_kept_for_the_way_back_where_no_cookie_is_set() {
    let service = Service::new();
    let mut browser = Browser::default();
    let cache_control = |response: &edge_app::Response| {
        response.headers()["cache-control"].to_str().expect("text").to_owned()
    };
    assert_eq!(cache_control(&browser.open(&service, calls(0, 1))), "private, no-store");
    assert_eq!(cache_control(&browser.open(&service, NO_CALLS)), "private, no-cache");
    let crawled = Browser::default().open_with(&service, NO_CALLS, &[("user-agent", GOOGLEBOT)]);
    assert_eq!(cache_control(&crawled), "private, no-cache");
    let withdrawn = browser.open_with(&service, calls(0, 1), &[GPC]);
    assert_eq!(cache_control(&withdrawn), "private, no-store");
}
