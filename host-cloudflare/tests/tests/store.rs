//! The store of a Durable Object: the contract of `kv-cas`, the scenarios with the component over it, and
//! what time does. They run in workerd; see `worker/bench.js`.

#![allow(missing_docs, reason = "the names of the tests say what they are")]

use std::fs;

use host_cloudflare_tests::{Shared, Workerd, host_cloudflare};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Bench {
    workerd: Workerd,
    _rows: TempDir,
}

static BENCH: Shared<Bench> = Shared::new(|| {
    let rows = tempfile::tempdir().expect("a folder for the rows");
    Bench { workerd: Workerd::serve("tests/worker/workerd.capnp", rows.path()), _rows: rows }
});

/// What the bench says of a test, which has an object of its own.
fn ask(what: &str, with: &Value) -> Value {
    let bench = BENCH.get();
    let request = ureq::post(bench.workerd.url(&format!("/test/{what}/{what}")));
    match request.send(with.to_string()) {
        Ok(mut answer) => {
            let answer = answer.body_mut().read_to_string().expect("text");
            serde_json::from_str(&answer).expect("JSON")
        }
        Err(error) => panic!("{what}: {error}; workerd says:\n{}", bench.workerd.log()),
    }
}

/// At least so many were played, and all went well.
#[track_caller]
fn passed(answer: &Value, least: u64) {
    assert_eq!(answer["failures"], json!([]));
    let played = answer["played"].as_u64().expect("a number");
    assert!(played >= least, "{played} were played, and not {least}");
}

fn scenarios() -> Value {
    let folder = host_cloudflare().with_file_name("scenarios");
    let files = fs::read_dir(folder).expect("the scenarios are there").flatten();
    let files = files.map(|file| file.path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let texts = files.map(|path| fs::read_to_string(path).expect("text"));
    texts.map(|text| serde_json::from_str::<Value>(&text).expect("JSON")).collect()
}

#[test]
fn the_store_keeps_the_contract() {
    passed(&ask("conformance", &json!([])), 40);
}

#[test]
fn the_component_over_it_plays_the_scenarios() {
    passed(&ask("scenarios", &scenarios()), 60);
}

#[test]
fn the_component_plays_all_scenarios_over_a_store_in_memory() {
    passed(&ask("scripted", &scenarios()), 60);
}

#[test]
fn what_has_expired_is_not_shown_and_then_removed() {
    assert_eq!(
        ask("expiry", &json!([])),
        json!({
            "fresh": { "shown": true, "counted": 2_500, "kept": 2_500 },
            "expired": { "shown": false, "counted": 500, "kept": 2_500 },
            // An expired row holds no value: it does not refuse, and it has no version.
            "again": "stored",
            "onTheOld": "conflict",
            "swept": { "shown": true, "counted": 501, "kept": 501 },
            "pauses": 2,
        })
    );
}

#[test]
fn an_object_removes_what_has_expired_day_by_day() {
    assert_eq!(ask("alarms", &json!([])), json!({ "first": true, "again": true }));
}

/// What docs/cloudflare.md says of the costs.
#[test]
fn a_write_is_one_row_that_is_written() {
    let costs = ask("costs", &json!([]));
    for what in ["create", "replace", "withdraw"] {
        assert_eq!(costs[what]["written"], 1, "{what}: {costs}");
    }
    assert_eq!(costs["get"], json!({ "written": 0, "read": 1 }));
}
