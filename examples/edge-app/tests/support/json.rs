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
