//! What the scripts of a page send and are told.

use serde_json::{Value, json};

use crate::json::{Answer, answer};
use crate::service::{ACME, Browser, Service};

const IDENTIFY: &str = "/_ts/api/v1/identify";
const EIDS: &str = "/_ts/api/v1/eids";
/// A page of the same origin.
const PAGE: (&str, &str) = ("sec-fetch-site", "same-origin");
/// One that the configuration lists.
const LISTED: (&str, &str) = ("origin", "https://www.publisher.example");

#[track_caller]
fn post(browser: &mut Browser, service: &Service, eids: &Value) -> Answer {
    let headers = [PAGE, ("content-type", "application/json")];
    answer(&browser.send(service, "POST", EIDS, &headers, eids.to_string().as_bytes()))
}

#[track_caller]
fn ask(browser: &mut Browser, service: &Service) -> Answer {
    answer(&browser.get(service, IDENTIFY, &[PAGE]))
}

pub(crate) fn ids_that_are_known_after_the_page_has_loaded_arrive(service: &Service) {
    let mut browser = Browser::default();
    browser.open(service, &[]);
    let id = browser.id();
    let eids = json!([
        { "source": "pubcid.org", "uids": [{ "id": "p", "atype": 1 }] },
        { "source": "nobody.example", "uids": [{ "id": "n" }] },
    ]);
    let (status, body) = post(&mut browser, service, &eids);
    assert_eq!((status, &body["stored"]), (200, &json!(["pubcid.org"])));
    let left_out = &body["left_out"][0];
    assert_eq!((&left_out["index"], &left_out["reason"]), (&json!(1), &json!("not_registered")));
    let ids = service.stored(&id)["ids"].clone();
    assert_eq!((&ids["pubcid.org"]["uid"], ids.get("nobody.example")), (&json!("p"), None));
    let generation = service.row(&id)["stored"]["generation"].clone();
    let (_, body) = post(&mut browser, service, &eids);
    assert_eq!((&body["stored"], &body["unchanged"]), (&json!([]), &json!(["pubcid.org"])));
    assert_eq!(service.row(&id)["stored"]["generation"], generation);

    // With a refusal nothing arrives, and what there is goes.
    browser.cookies.set("us_privacy", "1YYN");
    assert_eq!(post(&mut browser, service, &eids).0, 403);
    assert_eq!(service.stored(&id)["consent"]["ok"], false);
}

pub(crate) fn a_page_is_told_its_eids(service: &Service) {
    let mut browser = Browser::default();
    assert_eq!(ask(&mut browser, service).0, 204);
    let eid = json!({
        "source": "pubcid.org",
        "matcher": "pubcid.org",
        "uids": [{ "id": "p", "atype": 1, "ext": { "stype": "ppuid", "expires": 4_070_908_800_u64 } }],
    });
    assert_eq!(post(&mut browser, service, &json!([eid])).0, 200);
    let (status, body) = ask(&mut browser, service);
    let expected = json!({ "consent": "ok", "degraded": false, "eids": [eid] });
    assert_eq!((status, body), (200, expected));
}

pub(crate) fn a_page_of_a_listed_origin_may_ask(service: &Service) {
    let mut browser = Browser::default();
    browser.cookies.set_eids(&[("ids.acme.example", "a")]);
    browser.open(service, &[]);
    let preflight = [LISTED, ("access-control-request-method", "GET")];
    let authorization = format!("Bearer {ACME}");
    let requests = [
        service.send("OPTIONS", IDENTIFY, &preflight, &[]),
        browser.get(service, IDENTIFY, &[LISTED]),
        browser.get(service, IDENTIFY, &[LISTED, ("authorization", &authorization)]),
    ];
    for (response, status) in requests.iter().zip([204, 200, 200]) {
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["access-control-allow-origin"], LISTED.1);
        assert_eq!(response.headers()["access-control-allow-credentials"], "true");
    }
    assert_eq!(answer(&requests[1]).1["eids"][0]["uids"][0]["id"], "a");
    assert_eq!(answer(&requests[2]).1["uid"], "a");
}

pub(crate) fn pages_of_other_origins_are_refused(service: &Service) {
    let mut browser = Browser::default();
    browser.open(service, &[]);
    let before = service.row(&browser.id());
    let other = ("origin", "https://evil.example");
    let json = ("content-type", "application/json");
    let eids = br#"[{"source":"pubcid.org","uids":[{"id":"evil"}]}]"#;
    for response in [
        service.send("OPTIONS", IDENTIFY, &[other, ("access-control-request-method", "GET")], &[]),
        browser.get(service, IDENTIFY, &[other]),
        browser.send(service, "POST", EIDS, &[other, json], eids),
        browser.send(service, "POST", EIDS, &[LISTED, ("sec-fetch-site", "same-site"), json], eids),
    ] {
        let (status, body) = answer(&response);
        assert_eq!((status, &body["error"]), (403, &json!("origin_not_allowed")));
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    }
    assert_eq!(service.row(&browser.id()), before);
}
