//! A browser, and the place that the application runs in.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use edge_app::{Client, Config, Platform, Response, handle};
use hmac::{Hmac, KeyInit, Mac};
use host_test::{Faulty, MemoryStore, StoreCalls};
use http::header::{COOKIE, SET_COOKIE};
use http::request::Builder;
use http::{Request, StatusCode};
use identity_graph::{Failure, Geo, Graph, IdentityGraph, Policy};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::jar::Jar;
pub(crate) use crate::json::{Answer, answer, errors, mapping, tombstone};

pub(crate) const NOW: u64 = 1_790_000_000;
pub(crate) const PARTNER: &str = "ids.acme.example";
pub(crate) const TOKEN: &str = "local-acme-token";
pub(crate) const EIDS: &str = "/_ts/api/v1/eids";
pub(crate) const IDENTIFY: &str = "/_ts/api/v1/identify";
/// Partners beside those of the repository's configuration, whose UIDs come from pages alone.
const SOURCES: [&str; 3] = ["acme.example", "b.example", "new.example"];
pub(crate) const EC: &str =
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Ab12Cd";

/// A TC string that consents to the purposes 1 to 3 and to the vendors 2, 6 and 8.
pub(crate) const TCF: &str = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA";
/// The same without a purpose.
pub(crate) const TCF_REFUSED: &str = "COvFyGBOvFyGBAbAAAENAPCAAAAAAAAAAAAAAEEUACCKAAA";
/// A GPP string whose section for the United States says that nobody has opted out.
pub(crate) const GPP: &str = "DBABL~BVQqAAAAAg";

pub(crate) const NO_CALLS: StoreCalls = StoreCalls::NONE;

/// Single reads and writes.
pub(crate) const fn calls(gets: u64, puts: u64) -> StoreCalls {
    StoreCalls { gets, puts, ..NO_CALLS }
}

/// A read, and a cluster that is counted and stored.
pub(crate) const COUNTED: StoreCalls = StoreCalls { counts: 1, ..calls(1, 1) };

/// A batch that changes one row.
pub(crate) const ONE_SYNCED: StoreCalls =
    StoreCalls { get_manys: 1, get_many_keys: 1, put_manys: 1, put_many_keys: 1, ..NO_CALLS };

/// The service with its stores.
pub(crate) struct Service {
    pub(crate) store: MemoryStore,
    pub(crate) faults: Faulty<MemoryStore>,
    pub(crate) config: String,
    /// Where its browsers are.
    pub(crate) country: Cell<&'static str>,
    now: Cell<u64>,
    /// What it has told of its requests.
    pub(crate) lines: RefCell<Vec<String>>,
}

impl Service {
    pub(crate) fn new() -> Self {
        let store = MemoryStore::new();
        store.set_now(NOW);
        let partner = |source| format!("[[ec.partners]]\nsource_domain = \"{source}\"\n");
        let config = include_str!("../../edge-app.toml").to_owned();
        let config = config + &SOURCES.map(partner).concat();
        Self {
            faults: Faulty::new(store.clone()),
            store,
            config,
            country: Cell::new("us"),
            now: Cell::new(NOW),
            lines: RefCell::default(),
        }
    }

    /// Adds a line to the section of the routes.
    pub(crate) fn configure(&mut self, line: &str) {
        self.config = self.config.replace("[ec]\n", &format!("[ec]\n{line}\n"));
    }

    pub(crate) fn advance(&self, seconds: u32) {
        self.now.set(self.now.get() + u64::from(seconds));
        self.store.set_now(self.now.get());
    }

    /// Serves a request that costs this.
    #[track_caller]
    pub(crate) fn serve(&self, cost: StoreCalls, request: Request<Vec<u8>>) -> Response {
        let config = Config::parse(&self.config, true);
        let _ = self.faults.take_store_calls();
        let (parts, body) = request.into_parts();
        let response = handle(self, &config, Request::from_parts(parts, body.as_slice()));
        assert_eq!(self.faults.take_store_calls(), cost);
        response
    }

    #[track_caller]
    pub(crate) fn body(&self, key: &str) -> Value {
        let row = self.store.row(key).expect("there is a row");
        serde_json::from_slice(&row.body).expect("a written body is JSON")
    }

    /// The key of the only row.
    #[track_caller]
    pub(crate) fn only_key(&self) -> String {
        let keys = self.store.keys();
        assert_eq!(keys.len(), 1, "there is one row");
        keys[0].clone()
    }
}

impl Platform for Service {
    fn graph(&self) -> Result<Box<dyn IdentityGraph>, Failure> {
        let graph = Graph::new(self.faults.clone(), Policy::default());
        Ok(Box::new(graph.expect("the default policy is valid")))
    }

    fn client(&self, address: Option<IpAddr>) -> Client {
        Client {
            ip: address.or(Some("192.0.2.1".parse().expect("an address"))),
            geo: Some(Geo::from_lookup(self.country.get(), "OR", 64_500, 820)),
            ja4: Some("t13d1516h2_8daaf6152771_e5627efa2ab1".to_owned()),
            h2: Some("1:65536;4:6291456|15663105|0|m,a,s,p".to_owned()),
        }
    }

    fn now(&self) -> u64 {
        self.now.get()
    }

    fn request(&self, line: &str) {
        self.lines.borrow_mut().push(line.to_owned());
    }

    fn milliseconds(&self) -> Option<u64> {
        Some(7)
    }
}

/// A browser.
#[derive(Default)]
pub(crate) struct Browser {
    pub(crate) cookies: Jar,
}

impl Browser {
    /// One whose ID was minted here.
    pub(crate) fn with(ec_id: &str) -> Self {
        let mut browser = Self::with_strange(ec_id);
        browser.set("ts-ec-tag", &tag(ec_id));
        browser
    }

    /// One whose ID comes from nobody knows where.
    pub(crate) fn with_strange(ec_id: &str) -> Self {
        let mut browser = Self::default();
        browser.set("ts-ec", ec_id);
        browser
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.cookies.set(name, value);
    }

    pub(crate) fn set_eids(&mut self, eids: &[(&str, &str)]) {
        self.cookies.set_eids(eids);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.cookies.get(name)
    }

    pub(crate) fn has_none(&self) -> bool {
        self.cookies.0.is_empty()
    }

    /// Sends a request with these headers that costs this, and keeps the cookies of the answer.
    #[track_caller]
    pub(crate) fn send(
        &mut self,
        service: &Service,
        cost: StoreCalls,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.exchange(service, cost, request, Vec::new())
    }

    /// Sends these EIDs as a script of a page does.
    #[track_caller]
    pub(crate) fn post(&mut self, service: &Service, cost: StoreCalls, eids: &Value) -> Answer {
        let request = Request::post(EIDS)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json");
        answer(&self.exchange(service, cost, request, eids.to_string().into_bytes()))
    }

    /// Sends a request with the cookies, and keeps those of the answer.
    #[track_caller]
    pub(crate) fn exchange(
        &mut self,
        service: &Service,
        cost: StoreCalls,
        request: Builder,
        body: Vec<u8>,
    ) -> Response {
        let mut request = request.header("host", "News.example:8080");
        if let Some(cookies) = self.cookies.header() {
            request = request.header(COOKIE, cookies);
        }
        let response = service.serve(cost, request.body(body).expect("a request"));
        for cookie in response.headers().get_all(SET_COOKIE) {
            self.cookies.keep(cookie.to_str().expect("text"));
        }
        response
    }

    /// Opens a page.
    #[track_caller]
    pub(crate) fn open(&mut self, service: &Service, cost: StoreCalls) -> Response {
        self.open_with(service, cost, &[])
    }

    #[track_caller]
    pub(crate) fn open_with(
        &mut self,
        service: &Service,
        cost: StoreCalls,
        headers: &[(&str, &str)],
    ) -> Response {
        let headers: Vec<_> =
            [("sec-fetch-dest", "document")].iter().chain(headers).copied().collect();
        let response = self.send(service, cost, "/news/today", &headers);
        assert_eq!(response.status(), StatusCode::OK, "the page comes, whatever the store does");
        response
    }

    /// What a page requests itself, such as an image.
    #[track_caller]
    pub(crate) fn load(&mut self, service: &Service, cost: StoreCalls, headers: &[(&str, &str)]) {
        let headers: Vec<_> =
            [("sec-fetch-dest", "image")].iter().chain(headers).copied().collect();
        let response = self.send(service, cost, "/logo.png", &headers);
        assert_eq!(response.status(), StatusCode::OK);
    }

    #[track_caller]
    pub(crate) fn identify(
        &mut self,
        service: &Service,
        cost: StoreCalls,
        headers: &[(&str, &str)],
    ) -> Answer {
        let authorization = format!("Bearer {TOKEN}");
        let headers: Vec<_> =
            [("authorization", authorization.as_str())].iter().chain(headers).copied().collect();
        answer(&self.send(service, cost, "/_ts/api/v1/identify", &headers))
    }
}

/// The tag of an ID under the passphrase of the repository: 128 bits of an HMAC.
pub(crate) fn tag(ec_id: &str) -> String {
    let key = b"replace-this-passphrase-by-a-random-one";
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(format!("minted {ec_id}").as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..16])
}

#[track_caller]
pub(crate) fn get(service: &Service, cost: StoreCalls, path: &str, token: Option<&str>) -> Answer {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    answer(&service.serve(cost, request.body(Vec::new()).expect("a request")))
}

/// A batch of the partner.
#[track_caller]
pub(crate) fn sync(service: &Service, cost: StoreCalls, mappings: &[Value]) -> Answer {
    send_batch(service, cost, TOKEN, json!({ "mappings": mappings }).to_string())
}

#[track_caller]
pub(crate) fn send_batch(
    service: &Service,
    cost: StoreCalls,
    token: &str,
    body: impl Into<Vec<u8>>,
) -> Answer {
    let request = Request::post("/_ts/api/v1/batch-sync")
        .header("authorization", format!("Bearer {token}"))
        .body(body.into())
        .expect("a request");
    answer(&service.serve(cost, request))
}

/// A live row that was made and visited at this time.
pub(crate) fn live(at: u64) -> Value {
    json!({
        "v": 1,
        "created": at,
        "last_seen": at,
        "consent": { "ok": true, "updated": at },
        "geo": { "country": "US" },
    })
}

pub(crate) fn seed(service: &Service, key: &str, row: &Value) {
    service.store.seed(key, row.to_string(), None);
}

/// A live row with a UID of the partner and one of another, and a cluster that was counted.
pub(crate) fn known() -> Value {
    let mut row = live(NOW - 60);
    row["ids"] =
        json!({ PARTNER: { "uid": "u-1", "synced": NOW - 60 }, "b.example": { "uid": "u-2" } });
    row["network"] = json!({ "cluster_size": 3, "cluster_checked": NOW - 60 });
    row
}
