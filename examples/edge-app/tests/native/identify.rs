//! What a browser is known by.

use host_test::{Fault, StoreCall, StoreCalls};
use http::Request;
use identity_graph::KvError;
use serde_json::{Value, json};

use crate::support::*;

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
    let ext = json!({ "expires": NOW + 10 });
    assert_eq!(body["eid"]["uids"], json!([{ "id": "u-1", "atype": 571_187, "ext": ext }]));
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
fn a_partner_may_be_written_in_capitals() {
    let mut service = Service::new();
    service.config = service.config.replace(PARTNER, &PARTNER.to_uppercase());
    seed(&service, EC, &known());
    let (_, body) = Browser::with(EC).identify(&service, calls(1, 0), &[]);
    assert_eq!((&body["uid"], &body["source_domain"]), (&json!("u-1"), &json!(PARTNER)));
}

/// The row of a visitor in France with UIDs of three partners, two of them registered with a vendor ID.
fn of_three_partners(tcf: &str) -> Value {
    let mut row = live(NOW - 60);
    row["geo"] = json!({ "country": "FR" });
    row["consent"] = json!({ "ok": true, "updated": NOW - 60, "tcf": tcf });
    row["ids"] = json!({
        PARTNER: { "uid": "u-1", "synced": NOW - 60 },
        "id5-sync.com": { "uid": "u-2", "synced": NOW - 60 },
        "zeta.example": { "uid": "u-3", "synced": NOW - 60 },
        "unknown.example": { "uid": "u-4", "synced": NOW - 60 },
    });
    row
}

const PAGE: (&str, &str) = ("sec-fetch-site", "same-origin");

#[test]
fn a_page_is_told_the_eids_that_consent_allows_for_one_read() {
    let service = Service::new();
    service.country.set("fr");
    // The vendors 2, 6 and 8 are consented to: neither ID5, nor a partner without a vendor ID.
    seed(&service, EC, &of_three_partners(TCF));
    let response = Browser::with(EC).send(&service, calls(1, 0), IDENTIFY, &[PAGE]);
    let eids = json!([{ "source": PARTNER, "uids": [{ "id": "u-1", "atype": 1 }] }]);
    let expected = json!({ "consent": "ok", "degraded": false, "eids": eids });
    assert_eq!(answer(&response), (200, expected));
    assert!(!response.headers().contains_key("access-control-allow-origin"));
}

#[test]
fn a_page_is_told_no_eids_without_consent_and_none_of_a_row_that_cannot_be_read() {
    let service = Service::new();
    let ask =
        |browser: &mut Browser, cost| answer(&browser.send(&service, cost, IDENTIFY, &[PAGE]));
    assert_eq!(ask(&mut Browser::default(), NO_CALLS), (204, Value::Null));
    let mut browser = Browser::with(EC);
    let unknown = |degraded| json!({ "consent": "unknown", "degraded": degraded, "eids": [] });
    assert_eq!(ask(&mut browser, calls(1, 0)), (200, unknown(false)));
    service.store.seed(EC, "[]", None);
    assert_eq!(ask(&mut browser, calls(1, 0)), (200, unknown(true)));
    service.country.set("fr");
    seed(&service, EC, &of_three_partners("CQinvented"));
    assert_eq!(ask(&mut browser, calls(1, 0)), (200, unknown(false)));
    seed(&service, EC, &tombstone(NOW - 1));
    assert_eq!(ask(&mut browser, calls(1, 0)).0, 403);
    seed(&service, EC, &of_three_partners(TCF));
    browser.set("euconsent-v2", TCF_REFUSED);
    let (status, body) = ask(&mut browser, calls(0, 1));
    assert_eq!((status, &body["error"]), (403, &json!("consent_denied")));
    assert_eq!(service.body(EC), tombstone(NOW));
}

#[test]
fn a_browser_asks_first_and_reads_the_answer_on_a_page_of_a_listed_origin() {
    let service = Service::new();
    seed(&service, EC, &known());
    let origin = ("origin", "https://www.publisher.example");
    let preflight = |origin: Option<&str>| {
        let mut request = Request::options(IDENTIFY)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        service.serve(NO_CALLS, request.body(Vec::new()).unwrap())
    };
    let response = preflight(Some(origin.1));
    assert_eq!(response.status(), 204);
    let headers = response.headers();
    assert_eq!(headers["access-control-allow-origin"], origin.1);
    assert_eq!(headers["access-control-allow-methods"], "GET");
    assert_eq!(headers["access-control-allow-headers"], "authorization");
    for other in [None, Some("https://evil.example"), Some("null"), Some("*")] {
        let response = preflight(other);
        assert_eq!(response.status(), 403, "{other:?}");
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    }

    // To the page, and to a partner's script on it; an error is read there as well.
    let authorization = format!("Bearer {TOKEN}");
    let token = ("authorization", authorization.as_str());
    let wrong = ("authorization", "Bearer wrong");
    let site = ("sec-fetch-site", "same-site");
    for (headers, cost, status) in [
        (&[origin, site][..], calls(1, 0), 200),
        (&[origin, site, token], calls(1, 0), 200),
        (&[origin, site, wrong], NO_CALLS, 401),
    ] {
        let response = Browser::with(EC).send(&service, cost, IDENTIFY, headers);
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["access-control-allow-origin"], origin.1);
        assert_eq!(response.headers()["access-control-allow-credentials"], "true");
        assert_eq!(response.headers()["vary"], "Origin");
    }
}

#[test]
fn pages_of_other_origins_are_told_nothing() {
    let service = Service::new();
    seed(&service, EC, &known());
    for (headers, status) in [
        (&[("origin", "https://evil.example")][..], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "none")], 403),
        (&[], 401),
    ] {
        let response = Browser::with(EC).send(&service, NO_CALLS, IDENTIFY, headers);
        assert_eq!(response.status(), status, "{headers:?}");
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    }
}
