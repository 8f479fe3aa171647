//! The rows of a scenario that no worker wrote: of this version, of earlier and later ones, and of
//! programs with other habits.

use identity_graph::Policy;
use identity_graph::limits::MAX_BODY_BYTES;
use serde_json::{Value, json};

use super::scenario::{PARTNERS, START};
use crate::dice::Dice;

/// What a key holds before anything happens; `None` for nothing.
pub(super) fn at_start(dice: &mut Dice, policy: &Policy) -> Option<Vec<u8>> {
    let age = *dice.pick(&[400, 5_000, u64::from(policy.entry_ttl) + 100]);
    let at = START - age;
    let body = match dice.below(12) {
        0..=2 => return None,
        3..=5 => live(dice, at),
        6 => older(at),
        7 => newer(at),
        8 => json!({
            "v": 1, "created": START - 30, "last_seen": START - 30,
            "consent": { "ok": false, "updated": START - dice.below(60) },
            "geo": { "country": "ZZ" },
        }),
        9 => ahead(at),
        10 => odd(dice, at),
        _ => json!([]),
    };
    Some(written(&body))
}

/// What another program writes in the middle of a scenario.
pub(super) fn in_between(dice: &mut Dice, at: u64) -> Vec<u8> {
    match dice.below(5) {
        0 => b"not JSON".to_vec(),
        1 => full(at),
        2 => written(&older(at)),
        3 => written(&odd(dice, at)),
        _ => written(&newer(at)),
    }
}

fn live(dice: &mut Dice, at: u64) -> Value {
    let mut ids = json!({});
    for partner in PARTNERS {
        if dice.happens(500) {
            let uid = format!("uid-{}", dice.below(4));
            ids[partner] = json!({ "uid": uid, "synced": at - dice.below(1_000) });
            if dice.happens(150) {
                ids[partner]["expires"] = (START + dice.below(60)).into();
            }
        }
    }
    json!({
        "v": 1, "created": at - 50, "last_seen": at,
        "consent": { "tcf": "CQinvented", "ok": true, "updated": at - 50 },
        "geo": { "country": "FR", "region": "IDF" },
        "device": { "is_mobile": 1, "known_browser": true },
        "network": { "cluster_size": 2, "cluster_checked": at },
        "ids": ids,
    })
}

/// The row with its numbers in another notation, as another program may write them.
fn written(row: &Value) -> Vec<u8> {
    row.to_string().replace("2.5]", "2.50]").replace("1000.0]", "1e3]").into_bytes()
}

/// A row to which next to nothing can be added.
fn full(at: u64) -> Vec<u8> {
    let mut row = newer(at);
    row["pad"] = "".into();
    let left = MAX_BODY_BYTES - written(&row).len();
    row["pad"] = "x".repeat(left).into();
    written(&row)
}

/// A row as an earlier version wrote it.
fn older(at: u64) -> Value {
    json!({
        "v": 1, "created": at,
        "consent": { "ok": true, "updated": at },
        "geo": { "country": "US", "region": "CA", "dma": 807 },
        "pub_properties": {
            "origin_domain": "news.example",
            "seen_domains": { "news.example": { "visits": 3 } },
        },
        "network": { "cluster_size": 4 },
        "ids": { "third_ssp": { "uid": "uid-9" } },
    })
}

/// A row as a later version may write it.
fn newer(at: u64) -> Value {
    json!({
        "v": 1, "created": at,
        "consent": { "ok": true, "updated": at, "basis": { "kind": "optin", "at": [1, 2.5] } },
        "geo": { "country": "US", "tz": "America/Denver" },
        "hints": { "a": [true, null, 1e3] },
        "ids": { "ids.acme.example": { "uid": "uid-9", "atype": 3, "ext": { "x": "y" } } },
        "removed": { "ids.other.example": at },
    })
}

/// A row that was written by a clock far ahead.
fn ahead(at: u64) -> Value {
    let ahead = at + 40_000_000;
    json!({
        "v": 1, "created": ahead, "last_seen": ahead,
        "consent": { "ok": true, "updated": ahead },
        "geo": { "country": "US" },
        "ids": { "ids.acme.example": { "uid": "uid-1", "synced": ahead } },
    })
}

/// A row with something else in a partner's place, or of a version that nobody knows.
fn odd(dice: &mut Dice, at: u64) -> Value {
    let mut row = newer(at);
    row["ids"]["third_ssp"] = "uid-8".into();
    if dice.happens(300) {
        row["v"] = 2.into();
    }
    row
}
