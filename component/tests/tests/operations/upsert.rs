//! `upsert_partner_id` and `upsert_partner_ids`.

use host_test::{TestGraph, for_both};
use identity_graph::{
    IfMissing::{self, CreateMinimal, Skip},
    UpsertOutcome::{self, Full, NotFound, Stale, Unchanged, Withdrawn, Written},
};
use serde_json::{Value, json};

use crate::support::*;

const EITHER: [IfMissing; 2] = [Skip, CreateMinimal];

/// Checks that the UID "new" of [`upsert`], asserted at [`NOW`], meets this end on the row.
#[expect(clippy::needless_pass_by_value, reason = "what is expected is written where it is called")]
fn meets(seed: &Seed, expected: UpsertOutcome) {
    for missing in EITHER {
        for_both(|test| {
            seed.seed(test);
            if expected == Written {
                let mut wanted: Value = serde_json::from_str(&seed.body()).unwrap();
                wanted["ids"][PARTNER] = json!({ "uid": "new", "synced": NOW });
                assert_eq!(writes(test, calls(1, 1), Ok(Written), |t| upsert(t, missing)), wanted);
            } else {
                leaves(test, calls(1, 0), Ok(expected.clone()), |t| upsert(t, missing));
            }
        });
    }
}

#[test]
fn a_live_entry_takes_a_first_uid_of_a_partner() {
    meets(&live(BEFORE), Written);
    meets(&live(BEFORE).uid("other.example", "x", NOW + 5), Written);
    meets(&live(BEFORE).with("ids", json!({})), Written);
}

#[test]
fn a_uid_asserted_earlier_is_replaced() {
    meets(&live(BEFORE).uid(PARTNER, "old", NOW - 1), Written);
    meets(&live(BEFORE).uid(PARTNER, "old", 0), Written);
}

#[test]
fn a_uid_asserted_at_the_same_time_or_later_stays() {
    meets(&live(BEFORE).uid(PARTNER, "other", NOW), Stale);
    meets(&live(BEFORE).uid(PARTNER, "other", NOW + 1), Stale);
    meets(&live(BEFORE).uid(PARTNER, "other", NOW + 300), Stale);
}

#[test]
fn the_same_uid_is_written_for_its_time_alone_once_that_is_older_than_the_resync() {
    for synced in [NOW - DAY, NOW - 1, NOW, NOW + 1, NOW + 300] {
        meets(&live(BEFORE).uid(PARTNER, "new", synced), Unchanged);
    }
    for synced in [0, NOW - DAY - 1] {
        meets(&live(BEFORE).uid(PARTNER, "new", synced), Written);
    }
    meets(&live(BEFORE).uid_without_time(PARTNER, "new"), Written);
}

#[test]
fn a_uid_without_a_time_is_older_than_any_that_has_one() {
    meets(&live(BEFORE).uid_without_time(PARTNER, "old"), Written);
    for_both(|test| {
        live(BEFORE).uid_without_time(PARTNER, "old").seed(test);
        let asserted_at = |synced| {
            move |t: &TestGraph| {
                t.graph.upsert_partner_id(EC, uid(PARTNER, "new", synced), Skip, NOW)
            }
        };
        leaves(test, calls(1, 0), Ok(Stale), asserted_at(0));
        let written = writes(test, calls(1, 1), Ok(Written), asserted_at(1));
        assert_eq!(written["ids"][PARTNER], json!({ "uid": "new", "synced": 1 }));
    });
}

#[test]
fn without_its_own_time_a_uid_is_asserted_now() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let id = uid(PARTNER, "new", None);
        let written = writes(test, calls(1, 1), Ok(Written), |t| {
            t.graph.upsert_partner_id(EC, id, Skip, NOW)
        });
        assert_eq!(written["ids"][PARTNER], json!({ "uid": "new", "synced": NOW }));
    });
}

#[test]
fn a_tombstone_refuses_however_old_it_is() {
    meets(&tombstone(BEFORE), Withdrawn);
    meets(&tombstone(0), Withdrawn);
    meets(&tombstone(NOW - 2 * DAY), Withdrawn);
    meets(&tombstone(NOW + 1), Withdrawn);
    meets(&tombstone(BEFORE).uid(PARTNER, "new", 0), Withdrawn);
}

#[test]
fn a_missing_row_is_told_apart_from_a_withdrawn_one() {
    for_both(|test| {
        leaves(test, calls(1, 0), Ok(NotFound), |t| upsert(t, Skip));
        tombstone(BEFORE).seed(test);
        leaves(test, calls(1, 0), Ok(Withdrawn), |t| upsert(t, Skip));
        expired().seed(test);
        leaves(test, calls(1, 0), Ok(NotFound), |t| upsert(t, Skip));
    });
}

#[test]
fn a_missing_row_is_made_where_that_is_asked_for() {
    for_both(|test| {
        let written = writes(test, calls(1, 1), Ok(Written), |t| upsert(t, CreateMinimal));
        assert_eq!(written, new_body());
        assert_eq!(row(test).expires_at, Some(NOW + YEAR));
    });
}

#[test]
fn a_row_past_its_lifetime_is_made_anew_where_that_is_asked_for() {
    for_both(|test| {
        expired().uid("other.example", "x", 5).seed(test);
        let written = writes(test, calls(1, 1), Ok(Written), |t| upsert(t, CreateMinimal));
        assert_eq!(written, new_body());
        assert_eq!(row(test).expires_at, Some(NOW + YEAR));
    });
}

#[test]
fn a_corrupt_row_is_named_and_left() {
    for missing in EITHER {
        for_both(|test| {
            seed_corrupt(test);
            leaves(test, calls(1, 0), Err(CORRUPT), |t| upsert(t, missing));
        });
    }
}

#[test]
fn several_uids_are_one_read_and_one_write_with_an_outcome_each() {
    for_both(|test| {
        live(BEFORE)
            .uid("same.example", "s", NOW - DAY)
            .uid("older.example", "o", NOW - 1)
            .uid("later.example", "l", NOW + 1)
            .seed(test);
        let ids = vec![
            uid("later.example", "x", NOW),
            uid("new.example", "n", NOW),
            uid("same.example", "s", NOW),
            uid("OLDER.example", "o2", NOW),
        ];
        let outcomes = vec![Stale, Written, Unchanged, Written];
        let written = writes(test, calls(1, 1), Ok(outcomes), |t| {
            t.graph.upsert_partner_ids(EC, ids, Skip, NOW)
        });
        let expected = json!({
            "same.example": { "uid": "s", "synced": NOW },
            "older.example": { "uid": "o2", "synced": NOW },
            "later.example": { "uid": "l", "synced": NOW + 1 },
            "new.example": { "uid": "n", "synced": NOW },
        });
        assert_eq!(written["ids"], expected);
    });
}

#[test]
fn several_uids_that_change_nothing_are_one_read() {
    for_both(|test| {
        live(BEFORE).uid("a.example", "a", NOW - DAY).uid("b.example", "b", NOW).seed(test);
        let ids = vec![uid("a.example", "a", NOW), uid("b.example", "x", NOW)];
        leaves(test, calls(1, 0), Ok(vec![Unchanged, Stale]), |t| {
            t.graph.upsert_partner_ids(EC, ids, Skip, NOW)
        });
    });
}

#[test]
fn of_several_uids_of_one_partner_the_latest_counts_and_of_equals_the_first() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let ids = vec![
            uid(PARTNER, "older", NOW - 1),
            uid(&PARTNER.to_uppercase(), "first", NOW),
            uid(PARTNER, "second", NOW),
            uid(PARTNER, "first", 3),
        ];
        let outcomes = vec![Stale, Written, Stale, Written];
        let written = writes(test, calls(1, 1), Ok(outcomes), |t| {
            t.graph.upsert_partner_ids(EC, ids, Skip, NOW)
        });
        assert_eq!(written["ids"], json!({ PARTNER: { "uid": "first", "synced": NOW } }));
    });
}

#[test]
fn several_uids_share_the_fate_of_a_row_that_takes_none() {
    for_both(|test| {
        let ids = || vec![uid("a.example", "a", 1), uid("b.example", "b", 2)];
        let call = |t: &TestGraph| t.graph.upsert_partner_ids(EC, ids(), Skip, NOW);
        leaves(test, calls(1, 0), Ok(vec![NotFound; 2]), call);
        tombstone(BEFORE).seed(test);
        leaves(test, calls(1, 0), Ok(vec![Withdrawn; 2]), call);
    });
}

#[test]
fn several_uids_make_one_minimal_row() {
    for_both(|test| {
        let ids = vec![uid("a.example", "a", 1), uid("b.example", "b", None)];
        let written = writes(test, calls(1, 1), Ok(vec![Written; 2]), |t| {
            t.graph.upsert_partner_ids(EC, ids, CreateMinimal, NOW)
        });
        let expected = json!({
            "a.example": { "uid": "a", "synced": 1 },
            "b.example": { "uid": "b", "synced": NOW },
        });
        assert_eq!(written["ids"], expected);
    });
}

#[test]
fn no_uids_are_no_store_call() {
    for_both(|test| {
        for missing in EITHER {
            leaves(test, NO_CALLS, Ok(vec![]), |t| {
                t.graph.upsert_partner_ids(EC, vec![], missing, NOW)
            });
        }
    });
}

#[test]
fn a_uid_for_which_a_row_has_no_room_is_full() {
    for_both(|test| {
        live(BEFORE).with("padding", json!("x".repeat(64 * 1024 - 400))).seed(test);
        let id = uid(PARTNER, &"u".repeat(512), NOW);
        leaves(test, calls(1, 0), Ok(Full), |t| {
            t.graph.upsert_partner_id(EC, id, Skip, NOW)
        });
        writes(test, calls(1, 1), Ok(Written), |t| upsert(t, Skip));
    });
}
