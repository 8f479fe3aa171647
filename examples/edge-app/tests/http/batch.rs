//! Batches of a partner.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::json::{answer, errors, mapping};
use crate::service::{ACME, Browser, Service, now};

pub(crate) fn a_thousand_mappings_are_all_stored(service: &Service) {
    let ids: Vec<_> = (0..1_000)
        .map(|_| {
            let mut browser = Browser::default();
            browser.open(service, &[]);
            browser.id()
        })
        .collect();
    let at = now();
    let mappings: Vec<_> =
        ids.iter().enumerate().map(|(n, id)| mapping(id, &format!("acme-{n:04}"), at)).collect();
    let answer = service.sync(ACME, &mappings);
    assert_eq!(answer, (200, json!({ "accepted": 1_000, "rejected": 0, "errors": [] })));
    for (n, id) in ids.iter().enumerate() {
        let expected = json!({ "uid": format!("acme-{n:04}"), "synced": at });
        assert_eq!(service.stored(id)["ids"]["ids.acme.example"], expected);
    }
    // Sent again it is accepted, and an older one is not.
    assert_eq!(service.sync(ACME, &mappings).0, 200);
    let answer = service.sync(ACME, &[mapping(&ids[0], "older", at - 1)]);
    assert_eq!(errors(&answer.1), [(0, "", "stale")]);
}

pub(crate) fn a_batch_goes_on_past_mappings_that_fail(service: &Service) {
    let [one, two] = [(); 2].map(|()| {
        let mut browser = Browser::default();
        browser.open(service, &[]);
        browser.id()
    });
    let at = now();
    let unknown = format!("{}.Nobody", "0".repeat(64));
    let answer = service.sync(
        ACME,
        &[
            mapping(&one, "first", at),
            mapping("short", "u", at),
            mapping(&unknown, "u", at),
            mapping(&one, &"u".repeat(513), at),
            mapping(&one, "u", at + 86_400),
            json!({ "ec_id": one }),
            mapping(&two, "last", at),
        ],
    );
    let expected = [
        (1, "ec_id", "invalid_ec_id"),
        (2, "", "not_found"),
        (3, "partner_uid", "invalid_partner_uid"),
        (4, "timestamp", "timestamp_in_future"),
        (5, "partner_uid", "invalid_mapping"),
    ];
    assert_eq!(errors(&answer.1), expected);
    assert_eq!((answer.0, &answer.1["accepted"]), (207, &json!(2)));
    assert_eq!(service.stored(&one)["ids"]["ids.acme.example"]["uid"], "first");
    assert_eq!(service.stored(&two)["ids"]["ids.acme.example"]["uid"], "last");
}

pub(crate) fn a_compressed_batch_is_stored(service: &Service) {
    let mut browser = Browser::default();
    browser.open(service, &[]);
    let id = browser.id();
    let send = |body: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).expect("memory takes it");
        let body = encoder.finish().expect("memory takes it");
        let authorization = format!("Bearer {ACME}");
        let headers = [("authorization", authorization.as_str()), ("content-encoding", "gzip")];
        answer(&service.send("POST", "/_ts/api/v1/batch-sync", &headers, &body))
    };
    // As a program writes it that holds numbers as floats.
    let at = now();
    let mapping = format!(r#"{{"ec_id":"{id}","partner_uid":12345.0,"timestamp":{at}.0}}"#);
    assert_eq!(send(format!(r#"{{"mappings":[{mapping}]}}"#).as_bytes()).0, 200);
    let expected = json!({ "uid": "12345", "synced": at });
    assert_eq!(service.stored(&id)["ids"]["ids.acme.example"], expected);
    // A few kilobytes that would be megabytes.
    let (status, body) = send(&vec![b' '; 16 << 20]);
    assert_eq!((status, &body["error"]), (413, &json!("body_too_large")));
}

pub(crate) fn a_partner_takes_its_uid_back(service: &Service) {
    let mut browser = Browser::default();
    browser.cookies.set_eids(&[("ids.acme.example", "browsers")]);
    browser.open(service, &[]);
    let id = browser.id();
    let removal = json!({ "ec_id": id, "partner_uid": null, "timestamp": now() + 60 });
    assert_eq!(service.sync(ACME, &[removal]).0, 200);
    browser.cookies.set_eids(&[("ids.acme.example", "browsers"), ("pubcid.org", "p")]);
    browser.open(service, &[]);
    let ids = &service.stored(&id)["ids"];
    assert_eq!(
        (&ids["ids.acme.example"]["uid"], &ids["pubcid.org"]["uid"]),
        (&json!(null), &json!("p"))
    );
}
