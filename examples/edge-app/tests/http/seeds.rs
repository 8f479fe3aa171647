//! Rows that others have left in the store; see `fastly.toml`.

use serde_json::{Value, json};

use crate::json::{errors, mapping};
use crate::service::{ACME, Browser, Service, ZETA};

const LIVE: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.LiveAa";
const FUTURE: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Future";
const WITHDRAWN: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Withdr";
const CORRUPT: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Corrup";

pub(crate) fn a_corrupt_row_is_shown_skipped_and_withdrawn(service: &Service) {
    let row = service.row(CORRUPT);
    let stored = r#"{"v":1,"created":1774500000,"consent":{"ok":tr"#;
    assert_eq!((&row["stored"]["body"], &row["understood"]), (&json!(stored), &Value::Null));
    assert_eq!(row["stored"]["problem"], "it is not JSON at byte 44");

    let mut healthy = Browser::default();
    healthy.open(service, &[]);
    let answer = service.sync(ZETA, &[mapping(CORRUPT, "z", 2), mapping(&healthy.id(), "z", 2)]);
    assert_eq!((answer.0, errors(&answer.1)), (207, vec![(0, "", "corrupt")]));
    assert_eq!(service.stored(&healthy.id())["ids"]["zeta.example"]["uid"], "z");

    let mut browser = Browser::with(CORRUPT);
    browser.cookies.set_eids(&[("pubcid.org", "n")]);
    browser.open(service, &[]);
    let (status, body) = browser.identify(service, ACME);
    assert_eq!((status, &body["degraded"], &body["uid"]), (200, &json!(true), &Value::Null));
    assert_eq!(body["consent"], "unknown");
    assert_eq!(service.row(CORRUPT), row, "nothing has touched it");

    browser.open(service, &[("sec-gpc", "1")]);
    assert_eq!(service.stored(CORRUPT)["consent"]["ok"], false);
    assert_eq!(browser.cookies.get("ts-ec"), None);
    assert!(service.logs("page view of 3f3f3f3f… is not stored: corrupt"));
    assert!(!service.log().contains(CORRUPT), "no whole ID is logged");
}

pub(crate) fn fields_of_a_later_version_survive(service: &Service) {
    let before = service.stored(FUTURE);
    let mut browser = Browser::with(FUTURE);
    browser.cookies.set_eids(&[("pubcid.org", "n")]);
    browser.open(service, &[]);
    assert_eq!(service.sync(ACME, &[mapping(FUTURE, "acme-0010", 1)]).0, 200);
    let (status, body) = browser.identify(service, ACME);
    assert_eq!((status, &body["uid"]), (200, &json!("acme-0010")));

    let row = service.row(FUTURE);
    let after = service.stored(FUTURE);
    assert_eq!(after["ids"]["pubcid.org"]["uid"], "n");
    assert_eq!(
        after["ids"]["ids.acme.example"],
        json!({ "uid": "acme-0010", "atype": null, "synced": 1 })
    );
    assert_eq!(after["consent"], before["consent"]);
    // The visit says where it comes from; what it knows nothing of stays.
    assert_eq!(after["geo"]["tz"], before["geo"]["tz"]);
    assert_eq!(after["hints"], before["hints"]);
    let metadata = row["stored"]["metadata"].as_str().expect("text");
    let metadata: Value = serde_json::from_str(metadata).expect("JSON");
    assert_eq!(metadata["score"], 0.5);
}

pub(crate) fn a_stored_identity_is_served(service: &Service) {
    let (status, body) = Browser::with(LIVE).identify(service, ACME);
    assert_eq!((status, &body["uid"]), (200, &json!("acme-0001")));
    assert_eq!(service.row(LIVE)["understood"]["geo"]["region"], "IDF");
}

pub(crate) fn a_stored_withdrawal_holds(service: &Service) {
    let before = service.row(WITHDRAWN);
    let mut browser = Browser::with(WITHDRAWN);
    let (status, body) = browser.identify(service, ACME);
    assert_eq!((status, &body["error"]), (403, &json!("consent_denied")));
    assert_eq!(
        service.sync(ACME, &[mapping(WITHDRAWN, "u", 1)]).1["errors"][0]["reason"],
        "withdrawn"
    );
    browser.cookies.set_eids(&[("pubcid.org", "n")]);
    browser.open(service, &[]);
    assert_ne!(browser.id(), WITHDRAWN);
    assert_eq!(service.row(WITHDRAWN), before);
}
