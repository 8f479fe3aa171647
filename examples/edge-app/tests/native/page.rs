//! Page views.

use host_test::{Fault, StoreCall, StoreCalls};
use http::Request;
use identity_graph::KvError;
use serde_json::json;

use crate::support::*;

#[test]
fn a_first_view_is_one_write_with_everything_that_is_known() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.set("euconsent-v2", TCF);
    browser.set("__gpp", GPP);
    browser.set("__gpp_sid", "7");
    browser.set_eids(&[("id5-sync.com", "ID5*a"), ("Acme.example", "x")]);
    let hints = [("sec-ch-ua-mobile", "?1"), ("sec-ch-ua-platform", "\"Android\"")];
    let response = browser.open_with(&service, calls(0, 1), &hints);

    let key = service.only_key();
    assert_eq!(browser.get("ts-ec"), Some(key.as_str()));
    let set: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(
        set[0].to_str().unwrap(),
        format!("ts-ec={key}; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=31536000")
    );
    assert_eq!(
        service.body(&key),
        json!({
            "v": 1,
            "created": NOW,
            "last_seen": NOW,
            "consent": {
                "tcf": TCF,
                "gpp": GPP,
                "gpp_sid": "7",
                "ok": true,
                "updated": NOW,
            },
            "geo": { "country": "US", "region": "OR", "asn": 64_500, "dma": 820 },
            "device": {
                "is_mobile": 1,
                "ja4_class": "t13d1516h2",
                "platform_class": "android",
                "h2_fp_hash": "871625608e7d",
            },
            "pub_properties": { "origin_domain": "news.example", "seen_domains": ["news.example"] },
            "ids": {
                "id5-sync.com": { "uid": "ID5*a", "synced": NOW, "atype": 1 },
                "acme.example": { "uid": "x", "synced": NOW, "atype": 1 },
            },
        })
    );
}

#[test]
fn what_a_page_requests_itself_mints_no_ids() {
    let service = Service::new();
    for headers in [
        &[("sec-fetch-dest", "image")][..],
        &[("sec-fetch-dest", "iframe")],
        &[("sec-fetch-dest", "empty"), ("accept", "text/html")],
        &[("sec-fetch-dest", "document"), ("sec-purpose", "prefetch;prerender")],
        &[("accept", "image/avif,*/*")],
        &[],
    ] {
        let mut browser = Browser::default();
        browser.send(&service, NO_CALLS, "/", headers);
        assert!(browser.has_none(), "{headers:?}");
    }
    assert!(service.store.is_empty());
}

#[test]
fn a_browser_that_does_not_say_opens_a_page_when_it_wants_html() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.send(&service, calls(0, 1), "/", &[("accept", "text/html,*/*;q=0.8")]);
    assert_eq!(browser.get("ts-ec"), Some(service.only_key().as_str()));
}

#[test]
fn a_returning_view_without_news_costs_nothing() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.set_eids(&[("acme.example", "x")]);
    browser.open(&service, calls(0, 1));
    service.advance(299);
    for _ in 0..50 {
        let response = browser.open(&service, NO_CALLS);
        assert!(!response.headers().contains_key("set-cookie"));
    }
}

#[test]
fn a_visit_is_noted_again_after_the_debounce() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, calls(0, 1));
    service.advance(300);
    let response = browser.open(&service, calls(1, 1));
    let key = service.only_key();
    assert_eq!(service.body(&key)["last_seen"], NOW + 300);
    // The ID in the browser lives as long as the row.
    let set = response.headers().get("set-cookie").unwrap().to_str().unwrap();
    assert!(set.starts_with(&format!("ts-ec={key};")) && set.ends_with("Max-Age=31536000"));
    browser.open(&service, NO_CALLS);
}

#[test]
fn a_new_uid_is_one_read_and_one_write_and_then_no_news() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, calls(0, 1));
    service.advance(2);
    browser.set_eids(&[("acme.example", "x"), ("b.example", "y")]);
    browser.open(&service, calls(1, 1));
    let ids = &service.body(&service.only_key())["ids"];
    assert_eq!(ids["acme.example"], json!({ "uid": "x", "synced": NOW + 2, "atype": 1 }));
    assert_eq!(ids["b.example"], json!({ "uid": "y", "synced": NOW + 2, "atype": 1 }));
    browser.open(&service, NO_CALLS);
}

#[test]
fn news_and_a_due_visit_are_one_write() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, calls(0, 1));
    service.advance(400);
    browser.set_eids(&[("acme.example", "x")]);
    browser.open(&service, calls(1, 1));
    let body = service.body(&service.only_key());
    assert_eq!(body["last_seen"], NOW + 400);
    assert_eq!(body["ids"]["acme.example"]["uid"], "x");
    service.advance(2);
    browser.open(&service, NO_CALLS);
}

/// Else the row of a browser that brings a new UID with every view would end a year after its first.
#[test]
fn a_browser_that_brings_news_with_every_view_has_its_visits_noted() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, calls(0, 1));
    let key = service.only_key();
    service.advance(30 * 86_400);
    for (second, uid) in ["new", "newer"].into_iter().enumerate() {
        browser.set_eids(&[("acme.example", uid)]);
        browser.open(&service, calls(1, 1));
        assert_eq!(service.body(&key)["last_seen"], json!(NOW + 30 * 86_400 + second as u64));
        assert_eq!(service.body(&key)["ids"]["acme.example"]["uid"], json!(uid));
        service.advance(1);
    }
}

#[test]
fn a_uid_that_changes_twice_in_a_second_is_stored_in_the_next() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.set_eids(&[("acme.example", "x")]);
    browser.open(&service, calls(0, 1));
    browser.set_eids(&[("acme.example", "y")]);
    browser.open(&service, calls(1, 0));
    service.advance(1);
    browser.open(&service, calls(1, 1));
    let ids = &service.body(&service.only_key())["ids"];
    assert_eq!(ids["acme.example"], json!({ "uid": "y", "synced": NOW + 1, "atype": 1 }));
    browser.open(&service, NO_CALLS);
}

#[test]
fn a_uid_that_the_browser_merely_carries_does_not_come_back_over_a_partners() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.set_eids(&[(PARTNER, "old")]);
    browser.open(&service, calls(0, 1));
    let key = service.only_key();
    service.advance(10);
    let (status, _) = sync(&service, ONE_SYNCED, &[mapping(&key, "new", NOW + 10)]);
    assert_eq!(status, 200);

    // Not when another source has news, and not when the visit is due.
    service.advance(10);
    browser.set_eids(&[(PARTNER, "old"), ("b.example", "y")]);
    browser.open(&service, calls(1, 1));
    service.advance(400);
    browser.open(&service, calls(1, 1));
    let ids = &service.body(&key)["ids"];
    // The agent type that the browser's had is not the partner's.
    assert_eq!(ids[PARTNER], json!({ "uid": "new", "synced": NOW + 10, "atype": null }));
    assert_eq!(ids["b.example"]["uid"], "y");
}

#[test]
fn a_uid_that_was_missing_from_a_view_does_not_come_back_over_a_partners() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.set_eids(&[(PARTNER, "A")]);
    browser.open(&service, calls(0, 1));
    let key = service.only_key();
    service.advance(10);
    assert_eq!(sync(&service, ONE_SYNCED, &[mapping(&key, "B", NOW + 10)]).0, 200);

    service.advance(10);
    browser.set_eids(&[("new.example", "n")]);
    browser.open(&service, calls(1, 1));
    service.advance(10);
    browser.set_eids(&[(PARTNER, "A"), ("new.example", "n")]);
    browser.open(&service, NO_CALLS);
    let theirs = json!({ "uid": "B", "synced": NOW + 10, "atype": null });
    assert_eq!(service.body(&key)["ids"][PARTNER], theirs);

    // One that the browser has had in between is a change, though.
    for uid in ["C", "A"] {
        service.advance(10);
        browser.set_eids(&[(PARTNER, uid)]);
        browser.open(&service, calls(1, 1));
        assert_eq!(service.body(&key)["ids"][PARTNER]["uid"], uid);
    }
}

#[test]
fn a_uid_that_yields_to_a_partner_whose_clock_is_ahead_stays_news() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, calls(0, 1));
    let key = service.only_key();
    assert_eq!(sync(&service, ONE_SYNCED, &[mapping(&key, "theirs", NOW + 100)]).0, 200);
    browser.set_eids(&[(PARTNER, "browsers"), ("b.example", "y")]);
    browser.open(&service, calls(1, 1));
    assert_eq!(service.body(&key)["ids"][PARTNER]["uid"], "theirs");
    browser.open(&service, calls(1, 0));
    browser.set_eids(&[("b.example", "y")]);
    browser.open(&service, NO_CALLS);
    browser.set_eids(&[(PARTNER, "browsers"), ("b.example", "y")]);
    service.advance(101);
    browser.open(&service, calls(1, 1));
    assert_eq!(service.body(&key)["ids"][PARTNER]["uid"], "browsers");
    browser.open(&service, NO_CALLS);
}

#[test]
fn a_browser_that_lost_its_mark_costs_a_read() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.set_eids(&[("acme.example", "x")]);
    browser.open(&service, calls(0, 1));
    for mark in ["", "nonsense", "18446744073709551615"] {
        browser.set("ts-ec-seen", mark);
        browser.open(&service, calls(1, 0));
        browser.open(&service, NO_CALLS);
    }
}

#[test]
fn a_mark_from_the_future_does_not_keep_visits_from_being_noted() {
    let service = Service::new();
    service.store.seed(EC, live(NOW - 1_000).to_string(), None);
    let mut browser = Browser::with(EC);
    browser.set("ts-ec-seen", &(NOW + 86_400).to_string());
    browser.open(&service, calls(1, 1));
    assert_eq!(service.body(EC)["last_seen"], NOW);
}

#[test]
fn a_visit_that_is_noted_too_early_is_due_when_the_row_says() {
    let service = Service::new();
    let mut row = live(NOW - 200);
    // A page of another domain would be news.
    row["pub_properties"] =
        json!({ "origin_domain": "news.example", "seen_domains": ["news.example"] });
    service.store.seed(EC, row.to_string(), None);
    let mut browser = Browser::with(EC);
    browser.open(&service, calls(1, 0));
    service.advance(99);
    browser.open(&service, NO_CALLS);
    service.advance(1);
    browser.open(&service, calls(1, 1));
}

#[test]
fn a_head_request_stores_nothing() {
    let service = Service::new();
    let request = Request::head("/").header("sec-fetch-dest", "document").body(Vec::new());
    let response = service.serve(NO_CALLS, request.unwrap());
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("set-cookie"));
}

#[test]
fn a_first_view_that_fails_is_made_up_for_by_the_next() {
    for error in [KvError::Throttled, KvError::Unavailable] {
        let service = Service::new();
        let mut browser = Browser::default();
        browser.set_eids(&[("acme.example", "x")]);
        service.faults.next(StoreCall::Put, Fault::Fail(error));
        browser.open(&service, calls(0, 1));
        assert!(service.store.is_empty());
        let id = browser.get("ts-ec").expect("the browser keeps the ID").to_owned();
        service.advance(1);
        browser.open(&service, calls(1, 1));
        assert_eq!(service.only_key(), id);
        assert_eq!(service.body(&id)["ids"]["acme.example"]["uid"], "x");
        browser.open(&service, NO_CALLS);
    }
}

#[test]
fn a_first_view_whose_answer_is_lost_is_not_minted_twice() {
    let service = Service::new();
    let mut browser = Browser::default();
    service.faults.next(StoreCall::Put, Fault::LoseAnswer);
    browser.open(&service, calls(1, 1));
    assert_eq!(browser.get("ts-ec"), Some(service.only_key().as_str()));
    // Nothing was acknowledged, so the next view looks.
    browser.open(&service, calls(1, 0));
    assert_eq!(browser.get("ts-ec"), Some(service.only_key().as_str()));
    browser.open(&service, NO_CALLS);
}

#[test]
fn news_that_cannot_be_stored_are_news_to_the_next_view() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.open(&service, calls(0, 1));
    browser.set_eids(&[("acme.example", "x")]);
    service.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
    browser.open(&service, calls(1, 1));
    assert_eq!(service.body(&service.only_key()).get("ids"), None);
    service.advance(1);
    browser.open(&service, calls(1, 1));
    assert_eq!(service.body(&service.only_key())["ids"]["acme.example"]["uid"], "x");
}

#[test]
fn a_row_that_cannot_be_read_is_left_alone() {
    let service = Service::new();
    service.store.seed(EC, "{\"v\":1,", None);
    let mut browser = Browser::with(EC);
    browser.set_eids(&[("acme.example", "x")]);
    browser.open(&service, calls(1, 0));
    assert_eq!(service.store.row(EC).unwrap().body, b"{\"v\":1,");
    assert_eq!(browser.get("ts-ec"), Some(EC));
}

#[test]
fn an_id_without_a_row_gets_one() {
    let service = Service::new();
    let mut browser = Browser::with(EC);
    browser.open(&service, calls(1, 1));
    assert_eq!(service.body(EC)["created"], NOW);
    assert_eq!(browser.get("ts-ec"), Some(EC));
}

#[test]
fn a_row_past_its_lifetime_is_made_anew() {
    let service = Service::new();
    let metadata = r#"{"ok":true,"country":"FR","v":1}"#;
    service.store.seed(EC, live(NOW - 31_536_000).to_string(), Some(metadata));
    let mut browser = Browser::with(EC);
    // A read that does not show it, a creation that finds it, a head that tells it from a tombstone,
    // and the read and the write that replace it.
    browser.open(&service, StoreCalls { heads: 1, ..calls(2, 2) });
    assert_eq!(service.body(EC)["created"], NOW);
    browser.open(&service, NO_CALLS);
}

#[test]
fn a_withdrawn_id_is_not_used_again() {
    for eids in [&[][..], &[("acme.example", "x")]] {
        let service = Service::new();
        service.store.seed(EC, tombstone(NOW - 5).to_string(), None);
        let mut browser = Browser::with(EC);
        browser.set_eids(eids);
        browser.open(&service, calls(1, 1));
        assert_eq!(service.body(EC), tombstone(NOW - 5));
        let new = browser.get("ts-ec").unwrap();
        assert_ne!(new, EC);
        assert_eq!(service.body(new)["created"], NOW);
    }
}

#[test]
fn a_withdrawn_id_is_not_used_again_where_reads_lag() {
    for at in [NOW, NOW - 5] {
        let service = Service::new();
        service.store.seed(EC, tombstone(at).to_string(), None);
        let mut browser = Browser::with(EC);
        service.faults.next(StoreCall::Get, Fault::Miss);
        // The miss, a creation that is refused, and a head that shows no live row; the next view sees
        // the tombstone.
        browser.open(&service, StoreCalls { heads: 1, ..calls(1, 1) });
        assert_eq!((browser.get("ts-ec"), browser.get("ts-ec-seen")), (Some(EC), None));
        browser.open(&service, calls(1, 1));
        assert_eq!(service.body(EC), tombstone(at));
        assert_ne!(browser.get("ts-ec"), Some(EC));
    }
}

#[test]
fn an_id_of_another_form_is_replaced() {
    let service = Service::new();
    let mut browser = Browser::with("../../etc/passwd");
    browser.open(&service, calls(0, 1));
    assert_eq!(browser.get("ts-ec"), Some(service.only_key().as_str()));
}

#[test]
fn what_a_request_says_of_itself_does_not_cost_the_visit() {
    let long = "x".repeat(100);
    for (header, value) in [("sec-ch-ua-platform", long.as_str()), ("host", "[::1]:80")] {
        let service = Service::new();
        let mut request = Request::get("/").header(header, value);
        for (name, value) in [
            ("sec-fetch-dest", "document"),
            ("host", "news.example"),
            ("sec-ch-ua-platform", "\"Linux\""),
        ] {
            if name != header {
                request = request.header(name, value);
            }
        }
        service.serve(calls(0, 1), request.body(Vec::new()).unwrap());
        // What is malformed is left out alone.
        let body = service.body(&service.only_key());
        assert_eq!(body["device"]["ja4_class"], "t13d1516h2");
        assert_eq!(body["device"].get("platform_class").is_some(), header == "host");
        assert_eq!(body.get("pub_properties").is_some(), header != "host");
    }
}

#[test]
fn a_changed_consent_string_is_stored_with_the_next_visit_that_is_due() {
    let service = Service::new();
    let mut browser = Browser::default();
    browser.set("euconsent-v2", TCF);
    browser.open(&service, calls(0, 1));
    service.advance(300);
    let with_more_purposes = TCF.replace("AAO", "AAP");
    browser.set("euconsent-v2", &with_more_purposes);
    browser.open(&service, calls(1, 1));
    let consent = &service.body(&service.only_key())["consent"];
    assert_eq!(*consent, json!({ "tcf": with_more_purposes, "ok": true, "updated": NOW + 300 }));
}

#[test]
fn a_uid_that_the_row_has_no_room_for_is_not_tried_with_every_view() {
    let service = Service::new();
    let mut row = live(NOW - 60);
    for n in 0..64 {
        row["ids"][format!("p{n}.example")] = json!({ "uid": "u", "synced": NOW - 60 });
    }
    row["pub_properties"] =
        json!({ "origin_domain": "news.example", "seen_domains": ["news.example"] });
    service.store.seed(EC, row.to_string(), None);
    let mut browser = Browser::with(EC);
    browser.set_eids(&[("new.example", "x")]);
    browser.open(&service, calls(1, 0));
    browser.open(&service, NO_CALLS);
    assert_eq!(service.body(EC), row);
}
