//! Times that cannot be: in milliseconds, or further ahead than clocks differ. None of them freezes a
//! row or costs anything but itself.

use host_test::{TestGraph, for_both, for_both_with};
use identity_graph::{
    CreateOutcome, Failure,
    IfMissing::Skip,
    NewEntry, Policy, TouchOutcome,
    UpsertOutcome::{self, Stale, Written},
    VisitOutcome,
};
use serde_json::json;

use crate::support::*;

/// Stored times that nobody can believe at [`NOW`].
const AHEAD: [u64; 4] = [NOW + 301, NOW + YEAR, NOW * 1_000, u64::MAX];

fn asserted_at(
    synced: impl Into<Option<u64>>,
) -> impl Fn(&TestGraph) -> Result<UpsertOutcome, Failure> {
    let synced = synced.into();
    move |t| t.graph.upsert_partner_id(EC, uid(PARTNER, "new", synced), Skip, NOW)
}

#[test]
fn a_stored_time_ahead_of_the_clock_does_not_freeze_its_partner() {
    for ahead in AHEAD {
        for synced in [0, NOW - YEAR, NOW] {
            for_both(|test| {
                live(BEFORE).uid(PARTNER, "old", ahead).seed(test);
                let written = writes(test, calls(1, 1), Ok(Written), asserted_at(synced));
                assert_eq!(written["ids"][PARTNER], json!({ "uid": "new", "synced": synced }));
            });
        }
    }
}

#[test]
fn a_stored_time_within_the_skew_is_believed() {
    for_both(|test| {
        live(BEFORE).uid(PARTNER, "old", NOW + 300).seed(test);
        leaves(test, calls(1, 0), Ok(Stale), asserted_at(NOW));
        leaves(test, calls(1, 0), Ok(Stale), asserted_at(NOW + 300));
    });
    for_both_with(Policy { clock_skew: 0, ..Policy::default() }, |test| {
        live(BEFORE).uid(PARTNER, "old", NOW + 1).seed(test);
        writes(test, calls(1, 1), Ok(Written), asserted_at(NOW));
    });
}

#[test]
fn an_assertion_ahead_of_the_clock_counts_as_made_now() {
    for ahead in [NOW + 301, NOW + YEAR] {
        for_both(|test| {
            live(BEFORE).uid(PARTNER, "old", NOW - 1).seed(test);
            let written = writes(test, calls(1, 1), Ok(Written), asserted_at(ahead));
            assert_eq!(written["ids"][PARTNER]["synced"], json!(NOW));
            live(BEFORE).uid(PARTNER, "old", NOW - 1).seed(test);
            let waves = sum(&[get_many(1), put_many(1)]);
            let written = writes(test, waves, Ok(vec![Ok(Written)]), |t| {
                t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "new", ahead)], NOW)
            });
            assert_eq!(written["ids"][PARTNER]["synced"], json!(NOW));
            test.store.remove(EC);
            let visit = NewEntry { ids: vec![uid(PARTNER, "new", ahead)], ..NewEntry::at(NOW) };
            let made = Ok(VisitOutcome::Created);
            let written = writes(test, calls(1, 1), made, |t| done(t.graph.visit(EC, visit)));
            assert_eq!(written["ids"][PARTNER]["synced"], json!(NOW));
        });
    }
    for_both(|test| {
        live(BEFORE).seed(test);
        let written = writes(test, calls(1, 1), Ok(Written), asserted_at(NOW + 300));
        assert_eq!(written["ids"][PARTNER]["synced"], json!(NOW + 300));
    });
}

#[test]
fn an_assertion_in_milliseconds_is_refused_alone() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let ids = vec![uid(PARTNER, "new", NOW * 1_000), uid("good.example", "u", NOW)];
        let outcomes = Ok(vec![REFUSED, Written]);
        let written = writes(test, calls(1, 1), outcomes, |t| {
            t.graph.upsert_partner_ids(EC, ids, Skip, NOW).map(bare_ids)
        });
        assert_eq!(written["ids"], json!({ "good.example": { "uid": "u", "synced": NOW } }));
        let mappings = [mapping(EC, "new", NOW * 1_000)];
        leaves(test, NO_CALLS, Ok(vec![Ok(REFUSED)]), |t| {
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
        });
    });
}

#[test]
fn a_last_visit_ahead_of_the_clock_is_moved_back_by_a_visit() {
    for ahead in AHEAD {
        for_both(|test| {
            live(ahead).seed(test);
            let touched = Ok(TouchOutcome::Written);
            let written = writes(test, calls(1, 1), touched, |t| t.graph.update_last_seen(EC, NOW));
            assert_eq!(written["last_seen"], json!(NOW));
            assert_eq!(row(test).expires_at, Some(NOW + YEAR));
            live(ahead).seed(test);
            let visited = Ok(VisitOutcome::Written);
            let written =
                writes(test, calls(1, 1), visited, |t| done(t.graph.visit(EC, NewEntry::at(NOW))));
            assert_eq!(written["last_seen"], json!(NOW));
            assert_eq!(row(test).expires_at, Some(NOW + YEAR));
        });
    }
}

/// Else a partner would keep such a row alive: each of its writes would set a whole lifetime.
#[test]
fn a_last_visit_ahead_of_the_clock_is_mended_by_the_next_write() {
    for ahead in AHEAD {
        for_both(|test| {
            live(ahead).seed(test);
            let written = writes(test, calls(1, 1), Ok(Written), |t| upsert(t, Skip));
            assert_eq!(written["last_seen"], json!(NOW));
            assert_eq!(row(test).expires_at, Some(NOW + YEAR));
            let later = test.at(NOW + 30 * DAY);
            let id = uid(PARTNER, "later", later);
            assert_eq!(test.graph.upsert_partner_id(EC, id, Skip, later), Ok(Written));
            assert_eq!(row(test).expires_at, Some(NOW + YEAR), "no lifetime is extended");
        });
    }
}

#[test]
fn every_write_mends_the_times_of_all_partners() {
    for_both(|test| {
        for write in [
            (|t| t.graph.update_last_seen(EC, NOW).map(drop)) as fn(&TestGraph) -> _,
            |t| t.graph.evaluate_cluster(EC, NOW).map(drop),
            |t| t.graph.remove_partner_ids(EC, vec![PARTNER.into()], NOW).map(drop),
            |t| t.graph.visit(EC, visit_with(PARTNER, "new")).map(drop),
            |t| upsert(t, Skip).map(drop),
        ] {
            let _ = test.at(NOW);
            live(BEFORE)
                .uid("milli.example", "m", NOW * 1_000)
                .uid("ahead.example", "a", NOW + 301)
                .uid("skewed.example", "s", NOW + 300)
                .uid_without_time("none.example", "n")
                .seed(test);
            assert_eq!(write(test), Ok(()));
            let ids = &body(test)["ids"];
            for (partner, synced) in [
                ("milli.example", 0),
                ("ahead.example", 0),
                ("skewed.example", NOW + 300),
                ("none.example", 0),
            ] {
                assert_eq!(ids[partner]["synced"], json!(synced), "{partner}");
            }
        }
    });
}

#[test]
fn a_daily_visitor_keeps_the_row_under_the_longest_debounce() {
    let (entry_ttl, last_seen_debounce) = (172_800, 86_400);
    let policy = Policy { entry_ttl, last_seen_debounce, ..Policy::default() };
    for every in [DAY, DAY - 1, DAY / 2] {
        for_both_with(policy, |test| {
            test.graph.create(EC, NewEntry::at(test.at(NOW))).unwrap();
            for visit in 1..30 {
                let now = test.at(NOW + visit * every);
                done(test.graph.visit(EC, NewEntry::at(now))).unwrap();
                assert_eq!(body(test)["created"], json!(NOW), "it is still the first row");
            }
        });
    }
}

#[test]
fn a_tombstone_wins_whatever_its_time() {
    for ahead in AHEAD {
        for_both(|test| {
            tombstone(ahead).seed(test);
            let withdrawn = UpsertOutcome::Withdrawn;
            leaves(test, calls(1, 0), Ok(withdrawn), |t| upsert(t, Skip));
            leaves(test, calls(1, 1), Ok(CreateOutcome::Withdrawn), |t| {
                done(t.graph.create_or_revive(EC, NewEntry::at(NOW)))
            });
            leaves(test, calls(1, 0), Ok(VisitOutcome::Withdrawn), |t| {
                done(t.graph.visit(EC, NewEntry::at(NOW)))
            });
        });
    }
}

#[test]
fn a_consent_ahead_of_the_clock_is_replaced_by_a_visit() {
    for ahead in AHEAD {
        for_both(|test| {
            let consent = json!({ "tcf": "CQahead", "ok": true, "updated": ahead });
            live(NOW).with("consent", consent).seed(test);
            let entry = NewEntry { tcf: Some("CQnew".into()), ..NewEntry::at(NOW) };
            let visited = Ok(VisitOutcome::Written);
            let written = writes(test, calls(1, 1), visited, |t| done(t.graph.visit(EC, entry)));
            let expected = json!({ "tcf": "CQnew", "ok": true, "updated": NOW });
            assert_eq!(written["consent"], expected);
        });
    }
}

/// Other programs renew a row without saying when it was seen.
#[test]
fn a_row_without_last_seen_is_live_however_long_ago_it_was_made() {
    for made in [NOW - YEAR, NOW - 5 * YEAR, 0] {
        let seed = || live(made).without("last_seen").uid("kept.example", "k", 5);
        for_both(|test| {
            seed().seed(test);
            assert!(test.graph.get(EC, NOW).unwrap().is_some());
            let _ = test.take_store_calls();
            leaves(test, calls(1, 1), Ok(CreateOutcome::AlreadyLive), |t| {
                done(t.graph.create_or_revive(EC, NewEntry::at(NOW)))
            });
            for write in [
                (|t| t.graph.update_last_seen(EC, NOW).map(drop)) as fn(&TestGraph) -> _,
                |t| t.graph.visit(EC, NewEntry::at(NOW)).map(drop),
                |t| upsert(t, Skip).map(drop),
            ] {
                seed().seed(test);
                let written = writes(test, calls(1, 1), Ok(()), write);
                assert_eq!(written["created"], json!(made), "it is the same row");
                assert_eq!(written["last_seen"], json!(NOW));
                assert_eq!(written["ids"]["kept.example"]["uid"], json!("k"));
                assert_eq!(row(test).expires_at, Some(NOW + YEAR));
            }
        });
    }
}

#[test]
fn a_clock_that_is_behind_brings_nothing_back_from_before_a_withdrawal() {
    for_both(|test| {
        tombstone(NOW - 10).seed(test);
        let report = test.graph.visit(EC, NewEntry::at(NOW)).unwrap();
        assert_eq!(report.outcome, VisitOutcome::Revived);
        let late = uid(PARTNER, "of-before", NOW - 500);
        let outcome = test.graph.upsert_partner_id(EC, late, Skip, NOW - 400).unwrap();
        assert_eq!(outcome, Stale);
        assert!(body(test)["ids"].is_null());
    });
}
