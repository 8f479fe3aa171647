//! What a visitor's consent allows, and what of it is stored and told.

use host_test::{Fault, StoreCall};
use http::Request;
use identity_graph::KvError;
use serde_json::{Value, json};

use crate::support::*;

/// A GPP string whose section for the United States opts out.
const GPP_OPTED_OUT: &str = "DBABL~BVQVAAAAAg";

fn in_france() -> Service {
    let service = Service::new();
    service.country.set("fr");
    service
}

/// A browser that has consented, and its row.
fn consented(service: &Service) -> (Browser, String) {
    let mut browser = Browser::default();
    browser.set("euconsent-v2", TCF);
    browser.open(service, calls(0, 1));
    (browser, service.only_key())
}

/// The partner, with this ID on the Global Vendor List.
fn set_vendor(service: &mut Service, tcf_vendor_id: Option<u16>) {
    let line = tcf_vendor_id.map(|id| format!("tcf_vendor_id = {id}\n"));
    service.config = service.config.replace("tcf_vendor_id = 2\n", &line.unwrap_or_default());
}

fn seed_with_uid(service: &Service, country: &str, consent: Value) {
    let mut row = live(NOW - 60);
    row["geo"] = json!({ "country": country });
    row["consent"] = consent;
    row["ids"] = json!({ PARTNER: { "uid": "u-1", "synced": NOW - 60 } });
    row["network"] = json!({ "cluster_size": 3, "cluster_checked": NOW - 60 });
    service.store.seed(EC, row.to_string(), None);
}

#[test]
fn where_visitors_are_asked_first_nothing_is_stored_before_they_consent() {
    for (name, value) in [
        ("unrelated", "1"),
        ("euconsent-v2", TCF_REFUSED),
        ("euconsent-v2", "CQinvented"),
        ("us_privacy", "1YNN"),
        ("__gpp", GPP),
    ] {
        let service = in_france();
        let mut browser = Browser::default();
        browser.set(name, value);
        browser.set_eids(&[(PARTNER, "x")]);
        let response = browser.open(&service, NO_CALLS);
        assert!(!response.headers().contains_key("set-cookie"), "{value}");
        assert!(service.store.is_empty());
    }
    let (browser, key) = consented(&in_france());
    assert_eq!(browser.get("ts-ec"), Some(key.as_str()));
}

#[test]
fn a_refusal_after_consent_is_a_withdrawal_by_whichever_signal_it_comes() {
    for (country, name, value) in [
        ("fr", "euconsent-v2", TCF_REFUSED),
        ("us", "euconsent-v2", TCF_REFUSED),
        ("us", "__gpp", GPP_OPTED_OUT),
        ("us", "__gpp", "DBABL~BVVQAAAAAA.YA"),
        ("us", "us_privacy", "1YYN"),
        ("us", "usprivacy", "1YYY"),
    ] {
        let service = Service::new();
        service.country.set(country);
        let (mut browser, key) = consented(&service);
        service.advance(5);
        browser.set(name, value);
        // With any request, not with page views alone.
        browser.load(&service, calls(0, 1), &[]);
        assert_eq!(service.body(&key), tombstone(NOW + 5), "{value}");
        assert_eq!((browser.get("ts-ec"), browser.get("ts-ec-seen")), (None, None));
        // And then it costs nothing more.
        browser.open(&service, NO_CALLS);
        assert_eq!(service.store.len(), 1);
    }
}

#[test]
fn the_browsers_signal_withdraws_where_the_law_says() {
    let service = Service::new();
    let (mut browser, key) = consented(&service);
    browser.open_with(&service, calls(0, 1), &[("sec-gpc", "1")]);
    assert_eq!(service.body(&key), tombstone(NOW));

    // What a visitor has answered to this very site says more than a setting for all sites.
    let service = in_france();
    let (mut browser, key) = consented(&service);
    service.advance(300);
    browser.open_with(&service, calls(1, 1), &[("sec-gpc", "1")]);
    assert_eq!(service.body(&key)["consent"]["ok"], true);
}

#[test]
fn a_refusal_that_cannot_be_stored_is_finished_by_the_next_request() {
    let service = in_france();
    let (mut browser, key) = consented(&service);
    service.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
    browser.set("euconsent-v2", TCF_REFUSED);
    browser.open(&service, calls(0, 1));
    assert_eq!(browser.get("ts-ec"), Some(key.as_str()), "the browser keeps the ID");
    service.advance(1);
    browser.load(&service, calls(0, 1), &[]);
    assert_eq!(service.body(&key), tombstone(NOW + 1));
}

#[test]
fn where_nobody_can_tell_nothing_is_written_and_nothing_withdrawn() {
    for (name, value) in [
        ("euconsent-v2", ""),
        ("euconsent-v2", "CQinvented"),
        ("us_privacy", "1YYN"),
        ("__gpp", "DBABM"),
    ] {
        let service = in_france();
        let (mut browser, key) = consented(&service);
        let before = service.body(&key);
        // After the debounce, and with news.
        service.advance(400);
        browser.set_eids(&[(PARTNER, "x")]);
        browser.set(name, value);
        let response = browser.open(&service, NO_CALLS);
        assert!(!response.headers().contains_key("set-cookie"), "{value}");
        assert_eq!(service.body(&key), before);
        assert_eq!(browser.get("ts-ec"), Some(key.as_str()));
        // With its consent it goes on as before.
        browser.set(name, "");
        browser.set("euconsent-v2", TCF);
        browser.open(&service, calls(1, 1));
        assert_eq!(service.body(&key)["ids"][PARTNER]["uid"], "x");
    }
}

#[test]
fn strings_are_found_under_other_names_and_cleaned() {
    let mut service = in_france();
    service
        .config
        .push_str("[ec.consent_cookies]\ntcf = [\"tc\", \"tc_old\"]\ngpp_sid = [\"sections\"]\n");
    let mut browser = Browser::default();
    browser.set("euconsent-v2", TCF);
    browser.open(&service, NO_CALLS);
    browser.set("tc", "");
    browser.set("tc_old", &format!("%22{TCF}%22"));
    browser.set("__gpp", &GPP.replace('~', "%7E"));
    browser.set("sections", "\"7\"");
    browser.open(&service, calls(0, 1));
    let consent = &service.body(&service.only_key())["consent"];
    assert_eq!(
        *consent,
        json!({ "tcf": TCF, "gpp": GPP, "gpp_sid": "7", "ok": true, "updated": NOW })
    );
}

#[test]
fn the_publishers_vendor_id_has_to_be_consented_to() {
    for (vendor_id, cost) in [("vendor_id = 2", calls(0, 1)), ("vendor_id = 3", NO_CALLS)] {
        let mut service = in_france();
        service.config.push_str("[ec.consent]\n");
        service.config.push_str(vendor_id);
        let mut browser = Browser::default();
        browser.set("euconsent-v2", TCF);
        browser.open(&service, cost);
    }
}

#[test]
fn elsewhere_holds_what_is_configured() {
    let mut service = Service::new();
    service.country.set("jp");
    Browser::default().open(&service, NO_CALLS);
    service.config.push_str("[ec.consent]\nelsewhere = \"opt-out\"\n");
    Browser::default().open(&service, calls(0, 1));
}

#[test]
fn a_policy_that_breaks_a_rule_stops_the_service() {
    let mut service = Service::new();
    service.config.push_str("[ec.consent]\nopt_in = [\"Germany\"]\n");
    let request = Request::get("/").body(Vec::new()).unwrap();
    assert_eq!(service.serve(NO_CALLS, request).status(), 500);
}

/// The strings of the request decide, or, when it has none, those of the row.
#[test]
fn a_partner_is_told_what_was_consented_to_for_it() {
    let told = json!("u-1");
    for (vendor, stored, sent, consent, uid) in [
        (Some(2), Some(TCF), None, "ok", &told),
        (Some(3), Some(TCF), None, "denied", &Value::Null),
        (None, Some(TCF), None, "unknown", &Value::Null),
        (Some(2), None, None, "unknown", &Value::Null),
        (Some(2), None, Some(TCF), "ok", &told),
        (Some(2), Some("CQinvented"), None, "unknown", &Value::Null),
        (Some(2), Some(TCF_REFUSED), None, "denied", &Value::Null),
        (Some(2), Some(TCF), Some("CQinvented"), "unknown", &Value::Null),
    ] {
        let mut service = in_france();
        set_vendor(&mut service, vendor);
        let mut row_consent = json!({ "ok": true, "updated": NOW - 60 });
        if let Some(tcf) = stored {
            row_consent["tcf"] = json!(tcf);
        }
        seed_with_uid(&service, "FR", row_consent);
        let mut browser = Browser::with(EC);
        if let Some(tcf) = sent {
            browser.set("euconsent-v2", tcf);
        }
        let (status, body) = browser.identify(&service, calls(1, 0), &[]);
        let answer = (status, &body["consent"], &body["uid"]);
        assert_eq!(answer, (200, &json!(consent), uid), "{vendor:?} {stored:?} {sent:?}");
        assert_eq!(body["eid"].is_null(), uid.is_null());
        assert_eq!(body["cluster_size"].is_null(), uid.is_null());
        assert_eq!(body["degraded"], false);
    }
}

#[test]
fn where_visitors_may_opt_out_a_partner_needs_no_vendor_id() {
    let mut service = Service::new();
    set_vendor(&mut service, None);
    seed_with_uid(&service, "US", json!({ "ok": true, "updated": NOW - 60, "gpp": GPP }));
    let (_, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!((&body["consent"], &body["uid"]), (&json!("ok"), &json!("u-1")));
    // Nobody was told of a sale.
    let mut browser = Browser::with(EC);
    browser.set("us_privacy", "1NNN");
    let (_, body) = browser.identify(&service, calls(1, 0), &[]);
    assert_eq!((&body["consent"], &body["uid"]), (&json!("unknown"), &Value::Null));
}

#[test]
fn a_refusal_that_comes_with_a_partners_question_is_a_withdrawal() {
    let service = in_france();
    let (mut browser, key) = consented(&service);
    browser.set("euconsent-v2", TCF_REFUSED);
    let (status, body) = browser.identify(&service, calls(0, 1), &[]);
    assert_eq!((status, &body["error"]), (403, &json!("consent_denied")));
    assert_eq!(service.body(&key), tombstone(NOW));
    assert_eq!(browser.get("ts-ec"), None);
}

/// A count and a write of a cluster's size are for those who are told it.
#[test]
fn a_cluster_is_not_counted_for_a_partner_that_is_told_nothing() {
    let mut service = in_france();
    set_vendor(&mut service, None);
    let mut row = live(NOW - 60);
    row["geo"] = json!({ "country": "FR" });
    service.store.seed(EC, row.to_string(), None);
    let (_, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!((&body["consent"], &body["cluster_size"]), (&json!("unknown"), &Value::Null));
}
