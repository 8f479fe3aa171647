//! Both halves of the module together, over 256 stores in memory: what each route asks of which object,
//! and what becomes of it when objects do not answer.

#![allow(missing_docs, reason = "the names of the tests say what they are")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use edge_routes::{Client, Response};
use host_cloudflare::{Arrival, Ask, Config, Step, Surroundings, Worker, carry_out};
use host_test::MemoryStore;
use http::{Request, StatusCode};
use serde_json::{Value, json};

const CONFIG: &str = include_str!("../../ec-graph.json");
const ACME: &str = "Bearer local-acme-token";
const NOW: u64 = 1_790_000_000;

#[derive(Default)]
struct Around {
    now: Cell<u64>,
    drawn: Cell<u64>,
    log: RefCell<Vec<String>>,
    requests: RefCell<Vec<String>>,
}

impl Surroundings for Around {
    fn now(&self) -> u64 {
        self.now.get()
    }

    fn random(&self) -> u64 {
        self.drawn.set(self.drawn.get() + 1);
        self.drawn.get()
    }

    fn log(&self, line: &str) {
        self.log.borrow_mut().push(line.to_owned());
    }

    fn request(&self, line: &str) {
        self.requests.borrow_mut().push(line.to_owned());
    }
}

/// The Worker and all objects.
struct Edge {
    worker: Worker,
    around: Rc<Around>,
    objects: BTreeMap<u8, MemoryStore>,
    /// Objects that do not answer.
    down: Vec<u8>,
    /// The objects that were asked at once, by time.
    asked: Vec<Vec<u8>>,
}

impl Edge {
    fn new() -> Self {
        let around = Rc::new(Around { now: Cell::new(NOW), ..Around::default() });
        let worker = Worker::new(Config::parse(CONFIG), Rc::clone(&around) as _);
        Self { worker, around, objects: BTreeMap::new(), down: Vec::new(), asked: Vec::new() }
    }

    /// Serves a request to its end; `asked` says what it took.
    fn serve(&mut self, request: Request<&[u8]>) -> Response {
        self.asked.clear();
        let (parts, body) = request.into_parts();
        let client = Client { ip: Some([192, 0, 2, 1].into()), ..Client::default() };
        let request = Request::from_parts(parts, ());
        let mut step = self.worker.start(Arrival { request, client, is_local: true });
        loop {
            let (number, answers) = match step {
                Step::Respond(response) => return response,
                Step::Ask(number, Ask::Body(limit)) if body.len() as u64 > limit => {
                    (number, vec![])
                }
                Step::Ask(number, Ask::Body(_)) => (number, vec![Some(body.to_vec())]),
                Step::Ask(number, Ask::Objects(calls)) => {
                    self.asked.push(calls.iter().map(|call| call.object).collect());
                    let answers = calls.iter().map(|call| self.carry_out(call.object, &call.call));
                    (number, answers.collect())
                }
            };
            step = self.worker.resume(number, answers).expect("it waits");
        }
    }

    fn carry_out(&mut self, object: u8, call: &[u8]) -> Option<Vec<u8>> {
        let rows = self.objects.entry(object).or_default().clone();
        (!self.down.contains(&object)).then(|| carry_out(call, rows))
    }

    fn page(&mut self, cookies: &str) -> Response {
        let page = Request::get("https://news.example/").header("sec-fetch-dest", "document");
        self.serve(page.header("cookie", cookies).body([].as_slice()).expect("a request"))
    }

    fn sync(&mut self, ids: &[String]) -> (StatusCode, Value) {
        let mapping = |id: &String| json!({ "ec_id": id, "partner_uid": "u", "timestamp": NOW });
        let batch = json!({ "mappings": ids.iter().map(mapping).collect::<Vec<_>>() }).to_string();
        let sync = Request::post("https://news.example/_ts/api/v1/batch-sync");
        let sync = sync.header("authorization", ACME).body(batch.as_bytes()).expect("a request");
        json_of(&self.serve(sync))
    }

    fn identify(&mut self, id: &str) -> (StatusCode, Value) {
        let identify = Request::get("https://news.example/_ts/api/v1/identify");
        let identify =
            identify.header("authorization", ACME).header("cookie", format!("ts-ec={id}"));
        json_of(&self.serve(identify.body([].as_slice()).expect("a request")))
    }

    fn row(&self, id: &str) -> Option<Value> {
        let row = self.objects.get(&object(id))?.row(id)?;
        Some(serde_json::from_slice(&row.body).expect("JSON"))
    }

    /// Stores a row as others left it.
    fn seed(&mut self, id: &str) {
        let row = json!({
            "v": 1, "created": NOW, "last_seen": NOW, "consent": { "ok": true, "updated": NOW },
            "geo": { "country": "US" },
        });
        self.objects.entry(object(id)).or_default().seed(id, row.to_string(), None);
    }
}

fn json_of(response: &Response) -> (StatusCode, Value) {
    (response.status(), serde_json::from_slice(response.body()).unwrap_or(Value::Null))
}

/// Which mappings of a batch are not stored, and why.
fn errors(answer: &Value) -> Vec<(&Value, &Value)> {
    let errors = answer["errors"].as_array().expect("a list").iter();
    errors.map(|error| (&error["index"], &error["reason"])).collect()
}

fn cookie<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let cookies = response.headers().get_all("set-cookie").into_iter();
    let mut pairs =
        cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next()?.split_once('='));
    pairs.find(|(of, _)| *of == name).map(|(_, value)| value)
}

/// The object that holds the row of an ID with a hash.
fn object(id: &str) -> u8 {
    u8::from_str_radix(&id[..2], 16).expect("two digits")
}

fn id(n: usize) -> String {
    format!("{:02x}{}.{n:06}", n % 256, "0".repeat(62))
}

#[test]
fn a_view_asks_one_object_or_none() {
    let mut edge = Edge::new();
    let first = edge.page("");
    let id = cookie(&first, "ts-ec").expect("an ID").to_owned();
    let seen = cookie(&first, "ts-ec-seen").expect("it is stored").to_owned();
    let tag = cookie(&first, "ts-ec-tag").expect("it was minted here").to_owned();
    assert_eq!(edge.asked, [[object(&id)]], "a first view");
    assert!(edge.row(&id).is_some());

    edge.page(&format!("ts-ec={id}; ts-ec-seen={seen}"));
    assert!(edge.asked.is_empty(), "a view without news");

    edge.around.now.set(NOW + 400);
    edge.page(&format!("ts-ec={id}; ts-ec-seen={seen}"));
    assert_eq!(edge.asked, [[object(&id)], [object(&id)]], "a view that is noted");
    assert_eq!(edge.row(&id).expect("a row")["last_seen"], NOW + 400);

    let page = Request::get("https://news.example/").header("sec-gpc", "1");
    let page = page.header("cookie", format!("ts-ec={id}; ts-ec-tag={tag}"));
    edge.serve(page.body([].as_slice()).expect("a request"));
    assert_eq!(edge.asked, [[object(&id)]], "a withdrawal");
    assert_eq!(edge.row(&id).expect("a tombstone")["consent"]["ok"], false);

    let lines: Vec<Value> = edge
        .around
        .requests
        .take()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let outcomes: Vec<_> = lines.iter().map(|line| &line["outcome"]).collect();
    assert_eq!(outcomes, ["created", "seen", "written", "withdrawn"]);
}

#[test]
fn the_operator_deletes_a_row() {
    let mut edge = Edge::new();
    let id = id(0x3f);
    edge.seed(&id);
    let mut send = |form: &str, session: &str| {
        let request = Request::post("https://news.example/_ts/admin");
        let request = request.header("sec-fetch-site", "same-origin").header("cookie", session);
        edge.serve(request.body(form.as_bytes()).expect("a request"))
    };
    let signed_in = send("do=sign-in&token=local-operator-token", "");
    let session = format!("ts-operator={}", cookie(&signed_in, "ts-operator").expect("a session"));
    let deleted = send(&format!("do=delete&ec_id={id}"), &session);
    assert_eq!(deleted.status(), StatusCode::OK);
    assert_eq!(edge.asked, [[0x3f]]);
    assert!(edge.row(&id).is_none());
}

#[test]
fn a_cluster_that_is_known_costs_no_call_of_its_own() {
    let mut edge = Edge::new();
    let id = id(0x3f);
    edge.seed(&id);
    let (status, counted) = edge.identify(&id);
    assert_eq!((status, &counted["cluster_size"]), (StatusCode::OK, &json!(1)));
    assert_eq!(edge.asked, [[0x3f], [0x3f]], "it is counted");
    assert_eq!(edge.identify(&id), (status, counted));
    assert_eq!(edge.asked, [[0x3f]]);
    // A day later it is due again.
    edge.around.now.set(NOW + 2 * 86_400);
    edge.identify(&id);
    assert_eq!(edge.asked.len(), 2);
}

#[test]
fn a_batch_asks_each_object_once_and_all_at_the_same_time() {
    let mut edge = Edge::new();
    let mut ids: Vec<_> = (0..999).map(id).collect();
    for id in &ids {
        edge.seed(id);
    }
    ids.push("provider~1".to_owned());
    let (status, answer) = edge.sync(&ids);
    // The provider's ID has no row.
    assert_eq!((status, &answer["accepted"]), (StatusCode::MULTI_STATUS, &json!(999)));
    assert_eq!(errors(&answer), [(&json!(999), &json!("not_found"))]);
    assert_eq!(edge.asked, [(0..=255).collect::<Vec<_>>()]);
    for id in &ids[..999] {
        assert_eq!(edge.row(id).expect("a row")["ids"]["ids.acme.example"]["uid"], "u");
    }
}

#[test]
fn an_object_that_does_not_answer_costs_its_own_mappings_alone() {
    let mut edge = Edge::new();
    let ids: Vec<_> = [7, 8, 7 + 256, 9].map(id).to_vec();
    for id in &ids {
        edge.seed(id);
    }
    edge.down.push(7);
    let (status, answer) = edge.sync(&ids);
    assert_eq!(status, StatusCode::MULTI_STATUS);
    assert_eq!(answer["accepted"], 2);
    let unavailable = json!("unavailable");
    assert_eq!(errors(&answer), [(&json!(0), &unavailable), (&json!(2), &unavailable)]);
}

#[test]
fn without_its_object_a_page_comes_and_nothing_is_said_to_be_stored() {
    let mut edge = Edge::new();
    edge.down.extend(0..=255);
    let page = edge.page("");
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(cookie(&page, "ts-ec-seen"), None);
    let id = id(3);
    let page = Request::get("https://news.example/").header("sec-gpc", "1");
    let page = page.header("cookie", format!("ts-ec={id}")).body([].as_slice());
    let page = edge.serve(page.expect("a request"));
    assert_eq!(cookie(&page, "ts-ec"), None, "the browser keeps its ID");
    assert_eq!(cookie(&page, "ts-ec-withdraw"), Some("1"));
    let (_, answer) = edge.identify(&id);
    assert_eq!(answer["degraded"], true);
    let log = edge.around.log.borrow().join("\n");
    assert!(log.contains("unavailable") && !log.contains(&id), "{log}");
}

#[test]
fn requests_wait_side_by_side_and_can_be_given_up() {
    let mut edge = Edge::new();
    let start = |edge: &mut Edge| {
        let page = Request::get("https://news.example/").header("sec-fetch-dest", "document");
        let request = page.body(()).expect("a request");
        let client = Client { ip: Some([192, 0, 2, 1].into()), ..Client::default() };
        match edge.worker.start(Arrival { request, client, is_local: true }) {
            Step::Ask(number, Ask::Objects(calls)) => (number, calls),
            step => panic!("{step:?}"),
        }
    };
    let [(one, _), (two, calls)] = [start(&mut edge), start(&mut edge)];
    assert_ne!(one, two);
    edge.worker.forget(one);
    assert!(edge.worker.resume(one, vec![None]).is_none());
    let answer = edge.carry_out(calls[0].object, &calls[0].call);
    assert!(matches!(edge.worker.resume(two, vec![answer]), Some(Step::Respond(_))));
    assert!(edge.worker.resume(two, vec![None]).is_none(), "it is over");
}

#[test]
fn what_an_object_does_not_understand_it_does_not_do() {
    let store = MemoryStore::new();
    for call in [&[][..], b"?", &[1], &[1, 99], &[2, 6, 0]] {
        assert!(carry_out(call, store.clone()).is_empty());
    }
    assert_eq!(store.store_calls().reads() + store.store_calls().writes(), 0);
}
