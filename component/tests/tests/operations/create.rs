//! `create` and `create_or_revive`.

use host_test::{TestGraph, for_both};
use identity_graph::{
    CreateOutcome::{self, AlreadyLive, Created, Revived, Withdrawn},
    Device, Failure, Geo, NewEntry, Policy,
};
use serde_json::{Value, json};

use crate::support::*;

fn create(test: &TestGraph) -> Result<(), Failure> {
    done(test.graph.create(EC, visit_with(PARTNER, "new")))
}

fn create_or_revive(test: &TestGraph) -> Result<CreateOutcome, Failure> {
    done(test.graph.create_or_revive(EC, visit_with(PARTNER, "new")))
}

/// The row of a new entry that remembers when it had been withdrawn.
fn revived_body(withdrawn: u64) -> Value {
    let mut body = new_body();
    body["consent"]["withdrawn"] = json!(withdrawn);
    body
}

#[test]
fn a_first_visit_is_one_write_for_a_year() {
    for_both(|test| {
        let written = writes(test, calls(0, 1), Ok(()), create);
        assert_eq!(written, new_body());
        assert_eq!(row(test).expires_at, Some(NOW + YEAR));
        let metadata = row(test).metadata.unwrap();
        let metadata: Value = serde_json::from_str(&metadata).unwrap();
        assert_eq!(metadata, json!({ "ok": true, "country": "ZZ", "v": 1 }));
    });
}

#[test]
fn a_first_visit_stores_all_that_it_knows_in_its_one_write() {
    for_both(|test| {
        let entry = NewEntry {
            tcf: Some("CQinvented".into()),
            gpp: Some("DBinvented".into()),
            gpp_sid: Some("7".into()),
            geo: Some(Geo::from_lookup("us", "OR", 64_500, 820)),
            device: Some(Device {
                is_mobile: 1,
                ja4_class: Some("t13d9999h2".into()),
                platform_class: Some("ios".into()),
                h2_fp_hash: Some("0a1b2c".into()),
                known_browser: Some(true),
            }),
            domain: Some("news.example".into()),
            ids: vec![uid("B.example", "b", 7), uid("a.example", "a", None)],
            now: NOW,
        };
        let expected = json!({
            "v": 1,
            "created": NOW,
            "last_seen": NOW,
            "consent": {
                "tcf": "CQinvented", "gpp": "DBinvented", "gpp_sid": "7", "ok": true,
                "updated": NOW
            },
            "geo": { "country": "US", "region": "OR", "asn": 64_500, "dma": 820 },
            "pub_properties": {
                "origin_domain": "news.example", "seen_domains": ["news.example"]
            },
            "device": {
                "is_mobile": 1, "ja4_class": "t13d9999h2", "platform_class": "ios",
                "h2_fp_hash": "0a1b2c", "known_browser": true
            },
            "ids": {
                "a.example": { "uid": "a", "synced": NOW },
                "b.example": { "uid": "b", "synced": 7 },
            },
        });
        let written = writes(test, calls(0, 1), Ok(()), |t| done(t.graph.create(EC, entry.clone())));
        assert_eq!(written, expected);
        test.store.remove(EC);
        let written =
            writes(test, calls(0, 1), Ok(Created), |t| done(t.graph.create_or_revive(EC, entry.clone())));
        assert_eq!(written, expected);
    });
}

#[test]
fn the_key_is_the_id_with_lower_case_hex_and_its_own_suffix() {
    for_both(|test| {
        let (hash, suffix) = EC.split_at(64);
        let ec_id = hash.to_uppercase() + suffix;
        assert_eq!(done(test.graph.create(&ec_id, NewEntry::at(NOW))), Ok(()));
        assert_eq!(done(test.graph.create(hash, NewEntry::at(NOW))), Ok(()));
        assert_eq!(test.store.keys(), [hash, EC]);
    });
}

#[test]
fn create_leaves_whatever_holds_the_key() {
    for seed in [live(BEFORE), tombstone(BEFORE), tombstone(NOW - 2 * DAY), expired()] {
        let is_left = |test: &TestGraph| {
            seed.seed(test);
            leaves(test, calls(0, 1), Err(Failure::AlreadyExists), create);
        };
        for_both(is_left);
        for_both_handed_over(Policy::default(), is_left);
    }
}

#[test]
fn create_leaves_a_corrupt_row_too() {
    let is_left = |test: &TestGraph| {
        seed_corrupt(test);
        leaves(test, calls(0, 1), Err(Failure::AlreadyExists), create);
    };
    for_both(is_left);
    for_both_handed_over(Policy::default(), is_left);
}

#[test]
fn an_absent_key_is_created_in_one_write() {
    for_both(|test| {
        assert_eq!(writes(test, calls(0, 1), Ok(Created), create_or_revive), new_body());
        assert_eq!(row(test).expires_at, Some(NOW + YEAR));
    });
}

#[test]
fn a_live_entry_stays_as_it_is_and_costs_one_read_more() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "old", 1).seed(test);
        leaves(test, calls(1, 1), Ok(AlreadyLive), create_or_revive);
    });
}

#[test]
fn an_older_withdrawal_gives_way_to_new_consent_in_two_writes() {
    for at in [NOW - 1, BEFORE, NOW - 2 * DAY, 0] {
        for_both(|test| {
            tombstone(at).with("note", json!("of the withdrawal")).seed(test);
            let written = writes(test, calls(1, 2), Ok(Revived), create_or_revive);
            assert_eq!(written, revived_body(at));
            assert_eq!(row(test).expires_at, Some(NOW + YEAR));
        });
    }
}

#[test]
fn a_withdrawal_of_the_same_second_or_later_stays() {
    for at in [NOW, NOW + 1, u64::MAX] {
        for_both(|test| {
            tombstone(at).seed(test);
            leaves(test, calls(1, 1), Ok(Withdrawn), create_or_revive);
        });
    }
}

#[test]
fn the_withdrawal_counts_and_not_when_the_tombstone_was_made() {
    for_both(|test| {
        let consent = json!({ "ok": false, "updated": NOW });
        tombstone(BEFORE).with("consent", consent).seed(test);
        leaves(test, calls(1, 1), Ok(Withdrawn), create_or_revive);
    });
}

#[test]
fn a_row_past_its_lifetime_is_replaced_by_a_new_one() {
    for_both(|test| {
        expired().seed(test);
        assert_eq!(writes(test, calls(1, 2), Ok(Created), create_or_revive), new_body());
        assert_eq!(row(test).expires_at, Some(NOW + YEAR));
    });
}

#[test]
fn a_corrupt_row_is_named_and_left() {
    for_both(|test| {
        seed_corrupt(test);
        leaves(test, calls(1, 1), Err(CORRUPT), create_or_revive);
    });
}

#[test]
fn a_conflict_that_hands_the_row_over_saves_the_read() {
    for_both_handed_over(Policy::default(), |test| {
        live(BEFORE).seed(test);
        leaves(test, calls(0, 1), Ok(AlreadyLive), create_or_revive);
        tombstone(NOW).seed(test);
        leaves(test, calls(0, 1), Ok(Withdrawn), create_or_revive);
        tombstone(BEFORE).seed(test);
        let written = writes(test, calls(0, 2), Ok(Revived), create_or_revive);
        assert_eq!(written, revived_body(BEFORE));
        expired().seed(test);
        assert_eq!(writes(test, calls(0, 2), Ok(Created), create_or_revive), new_body());
        seed_corrupt(test);
        leaves(test, calls(0, 1), Err(CORRUPT), create_or_revive);
    });
}

#[test]
fn an_entry_beyond_the_limit_of_a_row_is_refused_before_the_store() {
    for_both(|test| {
        let entry = NewEntry { tcf: Some("C".repeat(64 * 1024)), ..NewEntry::at(NOW) };
        leaves(test, NO_CALLS, Err(Failure::TooLarge), |t| done(t.graph.create(EC, entry.clone())));
        leaves(test, NO_CALLS, Err(Failure::TooLarge), |t| {
            done(t.graph.create_or_revive(EC, entry.clone()))
        });
    });
}

#[test]
fn calling_again_changes_nothing() {
    for_both(|test| {
        writes(test, calls(0, 1), Ok(Created), create_or_revive);
        let first = row(test);
        // The row is the very one that would be written, and all the same this call has not.
        leaves(test, calls(1, 1), Ok(AlreadyLive), create_or_revive);
        assert_eq!(row(test), first);
        let later = |t: &TestGraph| done(t.graph.create_or_revive(EC, NewEntry::at(NOW + 1)));
        leaves(test, calls(1, 1), Ok(AlreadyLive), later);
    });
}
