//! A host that does something else is told by scenario and step.

use identity_graph_scenarios::{Disagreement, Native, Subject, play};
use serde_json::{Value, json};

/// Two steps of which the second is an upsert that is expected to come to this.
fn played(expect: &Value, faults: &Value) -> Result<(), Disagreement> {
    let row = json!({
        "v": 1,
        "created": 1_789_999_000,
        "last_seen": 1_789_999_000,
        "consent": { "ok": true, "updated": 1_789_999_000 },
        "geo": { "country": "FR" },
    });
    let steps = json!([
        { "delete": "b1" },
        {
            "call": "upsert-partner-id",
            "ec-id": "a1",
            "id": { "partner": "ids.acme.example", "uid": "A-1" },
            "missing": "skip",
            "now": 1_790_000_000,
            "faults": faults,
            "expect": expect,
        },
    ]);
    let scenario =
        json!({ "name": "a UID is stored", "rows": { "a1": { "body": row } }, "steps": steps });
    let subject = json!({ "name": "Example", "why": "For the test.", "scenarios": [scenario] });
    let subject = Subject::parse(&subject.to_string()).unwrap();
    play(&subject.scenarios[0], |store| Box::new(Native(store)))
}

fn stored() -> Value {
    json!({ "a1": { "has": { "ids": { "ids.acme.example": { "uid": "A-1" } } }, "lifetime": 31_535_000 } })
}

#[track_caller]
fn disagrees(expect: &Value, faults: &Value, parts: &[&str]) {
    let why = played(expect, faults).unwrap_err().to_string();
    let place = "\"a UID is stored\", step 2 (graph.upsert-partner-id): ";
    assert!(why.starts_with(place), "{why}");
    for part in parts {
        assert!(why.contains(part), "{why} does not say {part}");
    }
}

#[test]
fn what_is_as_expected_is_no_disagreement() {
    let calls = json!({ "get": 1, "put": 1 });
    let expect = json!({ "ok": "written", "rows": stored(), "calls": calls });
    assert_eq!(played(&expect, &json!([])), Ok(()));
}

#[test]
fn another_answer_is_told() {
    let expect = json!({ "ok": "unchanged", "rows": stored() });
    disagrees(
        &expect,
        &json!([]),
        &["the answer should be ok \"unchanged\", and is ok \"written\""],
    );
    let expect = json!({ "error": "conflict", "rows": stored() });
    disagrees(&expect, &json!([]), &["error \"conflict\"", "ok \"written\""]);
}

#[test]
fn another_row_is_told() {
    let row = json!({ "a1": { "has": { "ids": { "ids.acme.example": { "uid": "A-2" } } } } });
    disagrees(&json!({ "ok": "written", "rows": row }), &json!([]), &["the row a1", "A-2", "A-1"]);
    let absent = json!({ "ok": "written", "rows": { "a1": null } });
    disagrees(&absent, &json!([]), &["the row a1 should be absent"]);
    let metadata = json!({ "a1": { "metadata": { "country": "DE" } } });
    let expect = json!({ "ok": "written", "rows": metadata });
    disagrees(&expect, &json!([]), &["the metadata of the row a1", "DE", "FR"]);
    let lifetime = json!({ "ok": "written", "rows": { "a1": { "lifetime": 5 } } });
    disagrees(&lifetime, &json!([]), &["the lifetime of the row a1 should be 5, and is 31535000"]);
}

#[test]
fn a_row_that_changed_though_nobody_said_so_is_told() {
    let expect = json!({ "ok": "written" });
    disagrees(&expect, &json!([]), &["the row a1 should be as before the call"]);
}

#[test]
fn other_store_operations_are_told() {
    let expect = json!({ "ok": "written", "rows": stored(), "calls": { "get": 2, "put": 1 } });
    let told =
        "the store operations should be {\"get\": 2, \"put\": 1}, and is {\"get\": 1, \"put\": 1}";
    disagrees(&expect, &json!([]), &[told]);
}

#[test]
fn a_fault_that_never_came_to_pass_is_told() {
    let expect = json!({ "ok": "written", "rows": stored() });
    let faults = json!([{ "at": "put", "nth": 2, "fault": "throttled" }]);
    disagrees(&expect, &faults, &["fault 1", "not met"]);
}

#[test]
fn what_is_not_of_the_format_is_told_by_scenario_and_step() {
    let file = |step: Value| {
        let scenario = json!({ "name": "odd", "steps": [{ "delete": "a1" }, step] });
        let subject = json!({ "name": "Example", "why": "Odd.", "scenarios": [scenario] });
        Subject::parse(&subject.to_string()).unwrap_err().to_string()
    };
    let call = |more: &str| {
        let text = format!("{{\"call\":\"get\",\"ec-id\":\"a1\",\"now\":1,\"expect\":{{{more}}}}}");
        serde_json::from_str(&text).unwrap()
    };
    for (step, part) in [
        (json!({}), "a step is `call`, `put` or `delete`"),
        (json!({ "call": "got", "expect": { "ok": null } }), "unknown variant `got`"),
        (json!({ "put": "a1" }), "a row has either `body` or `text`"),
        (json!({ "delete": "a1", "now": 1 }), "`delete` stands alone"),
        (call(""), "`expect` has either `ok` or `error`"),
        (call("\"ok\":null,\"row\":{}"), "unknown field `row`"),
    ] {
        let why = file(step);
        assert!(why.contains("scenario \"odd\": step 2: ") && why.contains(part), "{why}");
    }
}
