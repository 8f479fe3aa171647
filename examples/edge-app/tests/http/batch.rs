//! Batches of a partner.

use serde_json::json;

use crate::json::mapping;
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
    assert_eq!(answer.1["errors"], json!([{ "index": 0, "reason": "stale" }]));
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
    let errors = json!([
        { "index": 1, "reason": "invalid_ec_id" },
        { "index": 2, "reason": "not_found" },
        { "index": 3, "reason": "invalid_partner_uid" },
        { "index": 4, "reason": "timestamp_in_future" },
        { "index": 5, "reason": "invalid_mapping" },
    ]);
    assert_eq!(answer, (207, json!({ "accepted": 2, "rejected": 5, "errors": errors })));
    assert_eq!(service.stored(&one)["ids"]["ids.acme.example"]["uid"], "first");
    assert_eq!(service.stored(&two)["ids"]["ids.acme.example"]["uid"], "last");
}
