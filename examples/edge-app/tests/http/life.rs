//! What becomes of an identity, from the first view on.

use serde_json::{Value, json};

use crate::json::{errors, mapping, tombstone};
use crate::service::{ACME, Browser, OPERATOR, Service, ZETA, now};

/// The example of the TCF specification, which consents to purpose 1.
const TCF: &str = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA";

pub(crate) fn an_identity_lives_and_is_withdrawn(service: &Service) {
    let start = now();
    let mut browser = Browser::default();
    browser.cookies.set("euconsent-v2", TCF);
    browser.cookies.set_eids(&[("id5-sync.com", "ID5*a"), ("ids.acme.example", "browsers")]);
    browser.open(service, &[("sec-ch-ua-mobile", "?1"), ("sec-ch-ua-platform", "\"Android\"")]);
    let id = browser.id();

    let mut row = service.stored(&id);
    let created = row["created"].as_u64().expect("a time");
    assert!((start..=now()).contains(&created));
    let geo = row.as_object_mut().expect("an object").remove("geo").expect("there is a place");
    assert!(geo["country"].is_string());
    assert_eq!(
        row,
        json!({
            "v": 1,
            "created": created,
            "last_seen": created,
            "consent": { "tcf": TCF, "ok": true, "updated": created },
            "device": { "is_mobile": 1, "platform_class": "android" },
            "pub_properties": { "origin_domain": "127.0.0.1", "seen_domains": ["127.0.0.1"] },
            "ids": {
                "id5-sync.com": { "uid": "ID5*a", "synced": created, "atype": 1 },
                "ids.acme.example": { "uid": "browsers", "synced": created, "atype": 1 },
            },
        })
    );

    // Views without news write nothing.
    let generation = service.row(&id)["stored"]["generation"].clone();
    for _ in 0..3 {
        browser.open(service, &[]);
    }
    assert_eq!(service.row(&id)["stored"]["generation"], generation);

    // A partner that says it later is believed, and then not overruled by what the browser carries.
    let answer = service.sync(ACME, &[mapping(&id, "servers", created + 60)]);
    assert_eq!(answer, (200, json!({ "accepted": 1, "rejected": 0, "errors": [] })));
    // What kind of agent the browser's UID stood for says nothing of the partner's.
    let servers = json!({ "uid": "servers", "synced": created + 60, "atype": null });
    assert_eq!(service.stored(&id)["ids"]["ids.acme.example"], servers);
    browser.cookies.set_eids(&[
        ("id5-sync.com", "ID5*a"),
        ("ids.acme.example", "browsers"),
        ("pubcid.org", "n"),
    ]);
    browser.open(service, &[]);
    let ids = service.stored(&id)["ids"].clone();
    assert_eq!(ids["ids.acme.example"], servers);
    assert_eq!(ids["pubcid.org"]["uid"], "n");

    // Each partner sees its own.
    let (status, body) = browser.identify(service, ACME);
    assert_eq!(status, 200);
    assert_eq!((&body["uid"], &body["consent"]), (&json!("servers"), &json!("ok")));
    assert_eq!(
        body["eid"],
        json!({ "source": "ids.acme.example", "uids": [{ "id": "servers", "atype": 1 }] })
    );
    assert!(body["cluster_size"].as_u64().is_some_and(|size| (1..=100).contains(&size)));
    assert_eq!(service.stored(&id)["network"]["cluster_size"], body["cluster_size"]);
    let (_, body) = browser.identify(service, ZETA);
    assert_eq!((&body["uid"], &body["ec"]), (&Value::Null, &json!(id)));

    // Withdrawal.
    browser.open(service, &[("sec-gpc", "1")]);
    assert_eq!(browser.cookies.get("ts-ec"), None);
    assert_eq!(browser.cookies.get("ts-ec-seen"), None);
    let row = service.stored(&id);
    assert_eq!(row, tombstone(row["created"].as_u64().expect("a time")));
    let answer = service.sync(ACME, &[mapping(&id, "again", created + 120)]);
    assert_eq!((answer.0, errors(&answer.1)), (207, vec![(0, "", "withdrawn")]));
    assert_eq!(service.stored(&id), row);
    assert_eq!(browser.identify(service, ACME).0, 204);
    assert_eq!(Browser::with(&id).identify(service, ACME).0, 403);

    // With consent there is a new identity, and the old one stays withdrawn, whoever still carries it.
    browser.open(service, &[]);
    assert_ne!(browser.id(), id);
    let mut late = Browser::with(&id);
    late.open(service, &[]);
    assert_ne!(late.id(), id);
    assert_eq!(service.stored(&id), row);
    assert!(!service.log().contains(&id), "no whole ID is logged");
}

pub(crate) fn an_id_from_elsewhere_is_shared_by_no_two_browsers(service: &Service) {
    let invented = format!("{}.AAAAAA", "0".repeat(64));
    let [one, two] = [(); 2].map(|()| {
        let mut browser = Browser::with(&invented);
        browser.open(service, &[]);
        browser.id()
    });
    assert!(one != invented && two != invented && one != two);
    let mut browser = Browser::with(&invented);
    browser.open(service, &[("sec-gpc", "1")]);
    assert!(browser.cookies.0.is_empty());
    let (status, _) = service.ask("GET", &format!("/_ts/admin/ec/{invented}"), OPERATOR, &[]);
    assert_eq!(status, 404, "neither a row nor a tombstone");
}

pub(crate) fn each_request_is_told_in_a_line(service: &Service) {
    let headers = [("sec-fetch-dest", "document"), ("user-agent", "invented-crawler/1.0")];
    let mut crawler = Browser::default();
    crawler.get(service, "/", &headers);
    assert!(crawler.cookies.0.is_empty());
    let says = "{\"route\":\"page\",\"status\":200,\"consent\":null,\"outcome\":null,\"left_out\":[\"crawler\"],\"calls\":[]";
    assert!(service.logs(says));
}

pub(crate) fn browsers_of_one_network_share_a_hash(service: &Service) {
    let [one, two] = [(); 2].map(|()| {
        let mut browser = Browser::default();
        browser.open(service, &[]);
        browser.id()
    });
    let ((hash, suffix), (other_hash, other_suffix)) =
        (one.split_once('.').expect("two parts"), two.split_once('.').expect("two parts"));
    // printf %s 127.0.0.1 | openssl dgst -sha256 -hmac replace-this-passphrase-by-a-random-one
    assert_eq!(hash, "e5127e7a56b0a8608e92fb4c5d17107c1d75fda3e1d1724714b69d962f8e2ceb");
    assert_eq!(hash, other_hash);
    assert_ne!(suffix, other_suffix);
}

pub(crate) fn a_page_load_mints_one_id(service: &Service) {
    let mut browser = Browser::default();
    browser.open(service, &[]);
    let cookies = browser.cookies.0.clone();
    // What is sent before the first answer is in carries no cookie; the rest does.
    for destination in ["image", "script", "style", "iframe", "empty"] {
        let mut early = Browser::default();
        early.get(service, "/asset", &[("sec-fetch-dest", destination)]);
        assert!(early.cookies.0.is_empty(), "{destination}");
        browser.get(service, "/asset", &[("sec-fetch-dest", destination)]);
    }
    assert_eq!(browser.cookies.0, cookies);
}
