//! The JSON that the service is sent, that it answers, and that it stores.

use http::Response;
use serde_json::{Value, json};

/// Status and JSON of an answer.
pub(crate) type Answer = (u16, Value);

#[track_caller]
pub(crate) fn answer(response: &Response<Vec<u8>>) -> Answer {
    let body = match response.body().as_slice() {
        [] => Value::Null,
        body => serde_json::from_slice(body).expect("JSON"),
    };
    (response.status().as_u16(), body)
}

/// One mapping of a batch.
pub(crate) fn mapping(ec_id: &str, uid: &str, timestamp: u64) -> Value {
    json!({ "ec_id": ec_id, "partner_uid": uid, "timestamp": timestamp })
}

/// Index, field (empty where the row decides) and reason of what a batch did not store. Each has a rule.
#[track_caller]
pub(crate) fn errors(body: &Value) -> Vec<(u64, &str, &str)> {
    let errors = body["errors"].as_array().expect("a list").iter().map(|error| {
        assert!(error["rule"].as_str().is_some_and(|rule| rule.len() > 5), "{error}");
        let field = error.get("field").map_or("", |field| field.as_str().expect("text"));
        let reason = error["reason"].as_str().expect("text");
        (error["index"].as_u64().expect("a number"), field, reason)
    });
    errors.collect()
}

/// The row of an ID that was withdrawn at this time.
pub(crate) fn tombstone(at: u64) -> Value {
    json!({
        "v": 1,
        "created": at,
        "last_seen": at,
        "consent": { "ok": false, "updated": at },
        "geo": { "country": "ZZ" },
    })
}
