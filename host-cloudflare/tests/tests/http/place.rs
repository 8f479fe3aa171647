//! What the place where the Worker runs says of a request.

use std::collections::BTreeSet;

use serde_json::json;

use crate::json::mapping;
use crate::service::{ACME, Browser, Service, now};

pub(crate) fn the_address_of_the_browser_is_the_one_that_cloudflare_saw(service: &Service) {
    let id = |ip| {
        let mut browser = Browser::default();
        browser.open(service, &[("cf-connecting-ip", ip), ("x-forwarded-for", "198.51.100.7")]);
        browser.id()
    };
    // printf %s 192.0.2.1 | openssl dgst -sha256 -hmac replace-this-passphrase-by-a-random-one
    let hash = "c445a0cb862f20efe8aef54cb0ec199e670d18e2079e5844ca65489a221e726b";
    assert_eq!(
        id("192.0.2.1").split_once('.').map(|(hash, _)| hash.to_owned()).as_deref(),
        Some(hash)
    );
    assert_ne!(id("192.0.2.2")[..64], id("192.0.2.1")[..64]);
}

/// A request that reached the Worker under another name came from another machine.
pub(crate) fn the_secrets_of_the_repository_are_refused_elsewhere(service: &Service) {
    let headers = [("host", "www.publisher.example"), ("sec-fetch-dest", "document")];
    let response = service.send("GET", "/", &headers, &[]);
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers().get("set-cookie"), None);
    let body = String::from_utf8_lossy(response.body()).into_owned();
    assert!(body.contains("invalid_configuration") && !body.contains("passphrase"), "{body}");
    assert!(service.logs("EC_CONFIG: passphrase is the placeholder of the repository"));
}

/// Browsers of many networks have their rows in many objects.
pub(crate) fn a_batch_over_many_objects_is_all_stored(service: &Service) {
    let id = |n: u32| {
        let ip = format!("203.0.{}.{}", n / 200, n % 200 + 1);
        let mut browser = Browser::default();
        browser.open(service, &[("cf-connecting-ip", &ip)]);
        browser.id()
    };
    let ids: Vec<_> = (0..300).map(id).collect();
    let objects: BTreeSet<_> = ids.iter().map(|id| &id[..2]).collect();
    assert!(objects.len() > 100, "{} objects", objects.len());
    let uid = |n: usize| format!("acme-{n:03}");
    let mappings = ids.iter().enumerate().map(|(n, id)| mapping(id, &uid(n), now()));
    let answer = service.sync(ACME, &mappings.collect::<Vec<_>>());
    assert_eq!(answer, (200, json!({ "accepted": 300, "rejected": 0, "errors": [] })));
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(service.stored(id)["ids"]["ids.acme.example"]["uid"], uid(n));
    }
}
