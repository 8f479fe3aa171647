//! What each route asks of the store: the table of docs/application.md, counted by the server's own counters.

use std::collections::BTreeMap;

use crate::json::mapping;
use crate::server::own;
use crate::service::{ACME, Browser, OPERATOR, Service, now};

pub(crate) const LIVE: &str =
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.LiveAa";
const WITHDRAWN: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Withdr";
const CORRUPT: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Corrup";

const IDENTIFY: &str = "/_ts/api/v1/identify";
/// What a browser says of a page of the same origin.
const PAGE: (&str, &str) = ("sec-fetch-site", "same-origin");

/// The values of one counter, by its labels.
pub(crate) fn counter(service: &Service, name: &str) -> BTreeMap<String, u64> {
    let response = service.send("GET", "/metrics", &[], &[]);
    let text = String::from_utf8(response.into_body()).expect("text");
    let values = text.lines().filter_map(|line| {
        let (labels, value) = line.strip_prefix(name)?.strip_prefix('{')?.split_once("} ")?;
        Some((labels.to_owned(), value.parse().expect("a number")))
    });
    values.collect()
}

/// What has been asked of the store meanwhile, by call.
#[track_caller]
fn costs<T>(service: &Service, expected: &[(&str, u64)], request: impl FnOnce() -> T) -> T {
    let calls = || counter(service, "ec_graph_store_seconds_count");
    let before = calls();
    let answer = request();
    let mut asked = calls();
    asked.retain(|call, count| {
        *count -= before.get(call).unwrap_or(&0);
        *count > 0
    });
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(call, count)| (format!("call=\"{call}\""), *count)).collect();
    assert_eq!(asked, expected);
    answer
}

const READ_AND_WRITE: &[(&str, u64)] = &[("get", 1), ("put", 1)];

#[test]
fn a_page_view_costs_what_it_brings() {
    let service = own();
    let mut browser = Browser::default();
    costs(&service, &[("put", 1)], || browser.open(&service, &[]));
    costs(&service, &[], || browser.open(&service, &[]));
    costs(&service, &[], || browser.get(&service, "/logo.png", &[("sec-fetch-dest", "image")]));
    browser.cookies.set_eids(&[("pubcid.org", "n")]);
    costs(&service, READ_AND_WRITE, || browser.open(&service, &[]));
    browser.cookies.0.remove("ts-ec-seen");
    browser.cookies.0.remove("ts-eids");
    costs(&service, &[("get", 1)], || browser.open(&service, &[]));
    costs(&service, READ_AND_WRITE, || Browser::with(&"0".repeat(64)).open(&service, &[]));
    costs(&service, READ_AND_WRITE, || Browser::with(WITHDRAWN).open(&service, &[]));
    let mut post = |uid: &str| {
        let eids = format!("[{{\"source\":\"id5-sync.com\",\"uids\":[{{\"id\":\"{uid}\"}}]}}]");
        let headers = [PAGE, ("content-type", "application/json")];
        browser.send(&service, "POST", "/_ts/api/v1/eids", &headers, eids.as_bytes())
    };
    costs(&service, READ_AND_WRITE, || post("p"));
    costs(&service, &[], || post("p"));
    costs(&service, &[], || post("0"));
    costs(&service, &[("put", 1)], || browser.open(&service, &[("sec-gpc", "1")]));
}

#[test]
fn what_partners_and_the_operator_ask_costs_what_it_needs() {
    let service = own();
    let identify = || Browser::with(LIVE).identify(&service, ACME);
    costs(&service, &[("get", 1), ("count", 1), ("put", 1)], identify);
    costs(&service, &[("get", 1)], identify);
    let of_page = || Browser::with(LIVE).get(&service, IDENTIFY, &[PAGE]);
    costs(&service, &[("get", 1)], of_page);
    let preflight = [("origin", "https://www.publisher.example")];
    costs(&service, &[], || service.send("OPTIONS", IDENTIFY, &preflight, &[]));
    let sync = |uid| service.sync(ACME, &[mapping(LIVE, uid, now())]);
    costs(&service, &[("get-many", 1), ("put-many", 1)], || sync("a"));
    costs(&service, &[("get-many", 1)], || sync("a"));
    let row = |id: &str| service.ask("GET", &format!("/_ts/admin/ec/{id}"), OPERATOR, &[]);
    costs(&service, &[("get", 2)], || row(LIVE));
    costs(&service, &[("get", 1)], || row(CORRUPT));
    costs(&service, &[], || service.ask("GET", IDENTIFY, "wrong", &[]));
}
