//! What a policy decides: how old a row may be, whether a cluster is counted anew, and which of two
//! assertions stands.

use host_test::{StoreCalls, TestGraph, for_both_with};
use identity_graph::{
    CreateOutcome, Failure,
    IfMissing::Skip,
    Mapping, NewEntry, Order, PartnerUid, Policy, TouchOutcome,
    UpsertOutcome::{self, NotFound, Stale, Unchanged, Withdrawn, Written},
    VisitOutcome,
};
use serde_json::{Value, json};

use crate::support::*;

fn assert_one(id: PartnerUid, now: u64) -> impl Fn(&TestGraph) -> Result<UpsertOutcome, Failure> {
    move |t| t.graph.upsert_partner_id(EC, id.clone(), Skip, now)
}

fn remove_at(now: u64) -> impl Fn(&TestGraph) -> Result<Vec<UpsertOutcome>, Failure> {
    move |t| t.graph.remove_partner_ids(EC, vec![PARTNER.into()], now)
}

/// A row that is last seen so long ago counts or does not, and a partner's write keeps it so long.
fn assert_age(policy: Policy, age: u64, lifetime: Option<u64>) {
    for_both_with(policy, |test| {
        let _ = test.at(NOW);
        let is_there = lifetime.is_some();
        live(NOW - age).seed(test);
        assert_eq!(test.graph.get(EC, NOW).unwrap().is_some(), is_there, "{age}");
        assert_eq!(test.graph.evaluate_cluster(EC, NOW).unwrap().is_some(), is_there, "{age}");
        live(NOW - age).seed(test);
        let touched = test.graph.update_last_seen(EC, NOW).unwrap();
        assert_eq!(touched == TouchOutcome::NotFound, !is_there, "{age}");
        live(NOW - age).seed(test);
        let visited = done(test.graph.visit(EC, NewEntry::at(NOW))).unwrap();
        assert_eq!(visited == VisitOutcome::Created, !is_there, "{age}");
        live(NOW - age).seed(test);
        let started = done(test.graph.create_or_revive(EC, NewEntry::at(NOW))).unwrap();
        assert_eq!(started == CreateOutcome::Created, !is_there, "{age}");
        live(NOW - age).seed(test);
        let outcome = if is_there { Written } else { NotFound };
        assert_eq!(upsert(test, Skip), Ok(outcome), "{age}");
        assert_eq!(row(test).expires_at, lifetime.map(|left| NOW + left), "{age}");
    });
}

#[test]
fn a_row_counts_up_to_the_age_of_the_policy_and_keeps_what_is_left_of_its_lifetime() {
    let default = Policy::default();
    assert_age(default, YEAR - 1, Some(1));
    assert_age(default, YEAR, None);
    // It no longer counts long before the store may remove it.
    let aged = Policy { entry_ttl: 4_000, max_age: Some(1_000), ..default };
    assert_age(aged, 999, Some(3_001));
    assert_age(aged, 1_000, None);
    // It counts longer than what it was given.
    let outlived = Policy { entry_ttl: 1_000, max_age: Some(4_000), ..default };
    assert_age(outlived, 999, Some(1));
    assert_age(outlived, 1_000, Some(1_000));
    assert_age(outlived, 3_999, Some(1_000));
    assert_age(outlived, 4_000, None);
}

#[test]
fn without_an_age_a_row_lives_as_long_as_the_store_keeps_it() {
    let policy = Policy::trusted_server();
    assert_age(policy, 400, Some(YEAR - 400));
    assert_age(policy, YEAR - 1, Some(1));
    for age in [YEAR, YEAR + 1, 3 * YEAR, u64::from(u32::MAX) + 400, NOW] {
        if age <= NOW {
            assert_age(policy, age, Some(YEAR));
        }
    }
}

#[test]
fn a_tombstone_wins_for_as_long_as_it_is_stored() {
    for_both_policies(|test, _| {
        tombstone(NOW - 3 * YEAR).seed(test);
        leaves(test, calls(1, 0), Ok(Withdrawn), |t| upsert(t, Skip));
        leaves(test, calls(1, 0), Ok(vec![Withdrawn]), remove_at(NOW));
        leaves(test, get_many(1), Ok(vec![Ok(Withdrawn)]), |t| {
            t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "s", NOW)], NOW)
        });
        leaves(test, calls(1, 0), Ok(TouchOutcome::Withdrawn), |t| {
            t.graph.update_last_seen(EC, NOW)
        });
        leaves(test, calls(1, 0), Ok(None), |t| t.graph.evaluate_cluster(EC, NOW));
        let shown = test.graph.get(EC, NOW).unwrap().unwrap();
        assert!(!shown.entry().consent.ok);
    });
}

#[test]
fn without_a_recheck_a_stored_size_stands_and_a_missing_one_is_counted_once() {
    const COUNTED: StoreCalls = StoreCalls { gets: 1, counts: 1, puts: 1, ..NO_CALLS };
    let evaluate = |now| move |t: &TestGraph| t.graph.evaluate_cluster(EC, now);
    let trusted = Policy::trusted_server();
    for recheck in [None, Some(60)] {
        for_both_with(Policy { cluster_recheck: recheck, ..trusted }, |test| {
            let without_time = live(BEFORE).with("network", json!({ "cluster_size": 42 }));
            for seed in [
                live(BEFORE).clustered(42, NOW - 60),
                live(BEFORE).clustered(42, NOW - 9 * YEAR),
                live(BEFORE).clustered(42, NOW + YEAR),
                without_time,
            ] {
                seed.seed(test);
                if recheck.is_none() {
                    leaves(test, calls(1, 0), Ok(Some(42)), evaluate(NOW));
                } else {
                    writes(test, COUNTED, Ok(Some(1)), evaluate(NOW));
                }
            }
            live(BEFORE).seed(test);
            let written = writes(test, COUNTED, Ok(Some(1)), evaluate(NOW));
            assert_eq!(written["network"], json!({ "cluster_size": 1, "cluster_checked": NOW }));
            let _ = test.at(NOW + 59);
            leaves(test, calls(1, 0), Ok(Some(1)), evaluate(NOW + 59));
            if recheck.is_none() {
                leaves(test, calls(1, 0), Ok(Some(1)), evaluate(NOW + YEAR - 2_000));
            }
        });
    }
}

#[test]
fn a_partner_that_sends_one_constant_time_can_update_where_arrival_counts() {
    for_both_policies(|test, policy| {
        let by_arrival = policy.order == Order::Arrival;
        live(BEFORE).seed(test);
        let first = assert_one(uid(PARTNER, "first", 1), NOW);
        let written = writes(test, calls(1, 1), Ok(Written), first);
        let synced = if by_arrival { NOW } else { 1 };
        assert_eq!(written["ids"][PARTNER], json!({ "uid": "first", "synced": synced }));
        let second = assert_one(uid(PARTNER, "second", 1), NOW + 60);
        let batch = |t: &TestGraph| {
            t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "third", 1)], NOW + 120)
        };
        if by_arrival {
            let written = writes(test, calls(1, 1), Ok(Written), second);
            let expected = json!({ "uid": "second", "synced": NOW + 60 });
            assert_eq!(written["ids"][PARTNER], expected);
            let waves = sum(&[get_many(1), put_many(1)]);
            let written = writes(test, waves, Ok(vec![Ok(Written)]), batch);
            let expected = json!({ "uid": "third", "synced": NOW + 120 });
            assert_eq!(written["ids"][PARTNER], expected);
        } else {
            leaves(test, calls(1, 0), Ok(Stale), second);
            leaves(test, get_many(1), Ok(vec![Ok(Stale)]), batch);
        }
    });
}

/// What is stored, its time, and whether a UID at `NOW` replaces it by its time.
const STORED: [(u64, bool); 6] = [
    (0, true),
    (NOW - 1, true),
    (NOW, false),
    (NOW + 1, false),
    (NOW + 300, false),
    (NOW + 301, true),
];

#[test]
fn another_uid_replaces_whatever_stands_where_arrival_counts_and_no_time_goes_back() {
    for (stored, is_later) in STORED {
        for_both_policies(|test, policy| {
            let seed = live(BEFORE).uid(PARTNER, "stored", stored);
            seed.seed(test);
            let call = assert_one(uid(PARTNER, "new", NOW), NOW);
            if policy.order == Order::Time && !is_later {
                return leaves(test, calls(1, 0), Ok(Stale), call);
            }
            let written = writes(test, calls(1, 1), Ok(Written), call);
            // A time that cannot be believed counts for nothing.
            let synced = if stored > NOW + 300 { NOW } else { NOW.max(stored) };
            assert_eq!(written["ids"][PARTNER], json!({ "uid": "new", "synced": synced }));
            // As a part of a visit, too.
            seed.seed(test);
            let visit = NewEntry { ids: vec![uid(PARTNER, "new", 7)], ..NewEntry::at(NOW) };
            let visited = |t: &TestGraph| Ok(t.graph.visit(EC, visit)?.ids);
            let stands = policy.order == Order::Arrival || !(7..=NOW + 300).contains(&stored);
            let outcome = if stands { Written } else { Stale };
            let written = writes(test, calls(1, 1), Ok(vec![outcome]), visited);
            let expected = if stands { "new" } else { "stored" };
            assert_eq!(written["ids"][PARTNER]["uid"], json!(expected));
        });
    }
}

#[test]
fn a_removal_takes_out_whatever_stands_where_arrival_counts() {
    for (stored, is_later) in STORED {
        for_both_policies(|test, policy| {
            live(BEFORE).uid(PARTNER, "stored", stored).seed(test);
            if policy.order == Order::Time && !is_later {
                return leaves(test, calls(1, 0), Ok(vec![Stale]), remove_at(NOW));
            }
            let written = writes(test, calls(1, 1), Ok(vec![Written]), remove_at(NOW));
            assert_eq!(written["ids"], json!({}));
            assert_eq!(written["removed"], json!({ PARTNER: NOW }));
            leaves(test, calls(1, 0), Ok(vec![Unchanged]), remove_at(NOW));
        });
    }
    for_both_policies(|test, policy| {
        live(BEFORE).uid(PARTNER, "stored", NOW).seed(test);
        let removal = [Mapping::removal(EC, 1)];
        let call = |t: &TestGraph| t.graph.sync_partner_ids(PARTNER, &removal, NOW);
        if policy.order == Order::Time {
            return leaves(test, get_many(1), Ok(vec![Ok(Stale)]), call);
        }
        let waves = sum(&[get_many(1), put_many(1)]);
        let written = writes(test, waves, Ok(vec![Ok(Written)]), call);
        assert_eq!(written["removed"], json!({ PARTNER: NOW }));
    });
}

#[test]
fn a_remembered_removal_keeps_no_later_uid_out_where_arrival_counts() {
    for removed in [NOW - 1, NOW, NOW + 300] {
        for_both_policies(|test, policy| {
            live(BEFORE).with("removed", json!({ PARTNER: removed })).seed(test);
            let call = assert_one(uid(PARTNER, "new", NOW), NOW);
            if policy.order == Order::Time && removed >= NOW {
                return leaves(test, calls(1, 0), Ok(Stale), call);
            }
            let written = writes(test, calls(1, 1), Ok(Written), call);
            let expected = json!({ "uid": "new", "synced": NOW });
            assert_eq!(written["ids"][PARTNER], expected);
            assert_eq!(written["removed"], json!({}), "a newer UID makes the removal void");
        });
    }
}

#[test]
fn of_several_items_of_a_call_the_last_counts_where_arrival_does() {
    let ids = vec![
        uid(PARTNER, "latest", NOW),
        uid("z.example", "z", 3),
        uid(PARTNER, "last", NOW - 9),
        uid(PARTNER, "middle", NOW - 5),
        uid(PARTNER, "last", NOW - 20),
    ];
    let expected = |policy: Policy| match policy.order {
        Order::Time => ("latest", vec![Written, Written, Stale, Stale, Stale]),
        Order::Arrival => ("last", vec![Stale, Written, Written, Stale, Written]),
    };
    for_both_policies(|test, policy| {
        let (winner, outcomes) = expected(policy);
        let is = |written: &Value| assert_eq!(written["ids"][PARTNER]["uid"], json!(winner));
        let entry = || NewEntry { ids: ids.clone(), ..NewEntry::at(NOW) };
        live(BEFORE).seed(test);
        is(&writes(test, calls(1, 1), Ok(outcomes.clone()), |t| {
            t.graph.upsert_partner_ids(EC, ids.clone(), Skip, NOW)
        }));
        live(BEFORE).seed(test);
        is(&writes(test, calls(1, 1), Ok(outcomes.clone()), |t| {
            Ok(t.graph.visit(EC, entry())?.ids)
        }));
        test.store.remove(EC);
        is(&writes(test, calls(0, 1), Ok(outcomes.clone()), |t| {
            Ok(t.graph.create(EC, entry())?.ids)
        }));
        live(BEFORE).seed(test);
        let mappings: Vec<_> =
            ids.iter().map(|id| mapping(EC, &id.uid, id.synced.unwrap())).collect();
        let of_one = match policy.order {
            Order::Time => [Written, Stale, Stale, Stale, Stale],
            Order::Arrival => [Stale, Stale, Written, Stale, Written],
        };
        let waves = sum(&[get_many(1), put_many(1)]);
        is(&writes(test, waves, Ok(of_one.map(Ok).to_vec()), |t| {
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW)
        }));
    });
}

#[test]
fn new_partners_come_in_in_the_order_of_the_call_under_either_order() {
    let ids = ["d", "a", "c", "b"].map(|name| uid(&format!("{name}.example"), name, 5)).to_vec();
    for policy in [Policy::default(), Policy::trusted_server()] {
        for_both_with(Policy { max_partners: 2, ..policy }, |test| {
            live(BEFORE).seed(test);
            let outcomes = vec![Written, Written, UpsertOutcome::Full, UpsertOutcome::Full];
            writes(test, calls(1, 1), Ok(outcomes), |t| {
                t.graph.upsert_partner_ids(EC, ids.clone(), Skip, NOW)
            });
        });
    }
}

#[test]
fn what_was_asserted_before_a_withdrawal_is_stale_under_either_order() {
    for_both_policies(|test, policy| {
        let by_arrival = policy.order == Order::Arrival;
        let consent = json!({ "ok": true, "updated": NOW, "withdrawn": NOW - 1 });
        let seed = live(NOW).with("consent", consent).uid(PARTNER, "stored", NOW);
        seed.seed(test);
        for synced in [0, NOW - 1] {
            for now in [NOW - 60, NOW - 1] {
                let call = assert_one(uid("b.example", "b", synced), now);
                leaves(test, calls(1, 0), Ok(Stale), call);
                leaves(test, calls(1, 0), Ok(Stale), assert_one(uid(PARTNER, "u", synced), now));
            }
        }
        leaves(test, calls(1, 0), Ok(vec![Stale]), remove_at(NOW - 1));
        leaves(test, calls(1, 0), Ok(vec![Unchanged]), |t| {
            t.graph.remove_partner_ids(EC, vec!["b.example".into()], NOW - 1)
        });
        // The time of the call decides, or that of the assertion.
        let call = assert_one(uid("b.example", "b", NOW - 1), NOW);
        if by_arrival {
            writes(test, calls(1, 1), Ok(Written), call);
            writes(test, calls(1, 1), Ok(vec![Written]), remove_at(NOW));
        } else {
            leaves(test, calls(1, 0), Ok(Stale), call);
        }
    });
}

#[test]
fn an_equal_uid_is_written_for_what_it_says_or_past_the_resync() {
    for_both_policies(|test, policy| {
        let by_arrival = policy.order == Order::Arrival;
        let stored = |synced| live(NOW).uid(PARTNER, "same", synced);
        let same = |synced| uid(PARTNER, "same", synced);
        for synced in [NOW - DAY, NOW, NOW + 300] {
            stored(synced).seed(test);
            leaves(test, calls(1, 0), Ok(Unchanged), assert_one(same(NOW), NOW));
        }
        // With another write its time moves on, and never back.
        for synced in [NOW - 60, NOW + 300] {
            stored(synced).seed(test);
            let ids = vec![same(NOW), uid("b.example", "b", NOW)];
            let written = writes(test, calls(1, 1), Ok(vec![Unchanged, Written]), |t| {
                t.graph.upsert_partner_ids(EC, ids, Skip, NOW)
            });
            assert_eq!(written["ids"][PARTNER]["synced"], json!(NOW.max(synced)));
        }
        stored(NOW - DAY - 1).seed(test);
        let written = writes(test, calls(1, 1), Ok(Written), assert_one(same(NOW), NOW));
        assert_eq!(written["ids"][PARTNER]["synced"], json!(NOW));
        for more in [
            PartnerUid { atype: Some(3), ..same(NOW) },
            PartnerUid { expires: Some(NOW + 60), ..same(NOW) },
            PartnerUid { ext: Some("{\"a\":1}".into()), ..same(NOW) },
        ] {
            for synced in [NOW - 1, NOW, NOW + 300] {
                stored(synced).seed(test);
                let call = assert_one(more.clone(), NOW);
                if by_arrival || synced < NOW {
                    let written = writes(test, calls(1, 1), Ok(Written), call);
                    assert_eq!(written["ids"][PARTNER]["synced"], json!(NOW.max(synced)));
                    assert_eq!(written["ids"][PARTNER].as_object().unwrap().len(), 3);
                } else {
                    leaves(test, calls(1, 0), Ok(Unchanged), call);
                }
            }
        }
    });
}

#[test]
fn a_time_that_does_not_count_is_no_milliseconds_all_the_same() {
    for_both_policies(|test, _| {
        live(BEFORE).seed(test);
        let ids = vec![uid(PARTNER, "new", NOW * 1_000)];
        leaves(test, NO_CALLS, Ok(vec![REFUSED]), |t| {
            t.graph.upsert_partner_ids(EC, ids, Skip, NOW).map(bare_ids)
        });
        leaves(test, NO_CALLS, Ok(vec![Ok(REFUSED)]), |t| {
            let mappings = [mapping(EC, "new", NOW * 1_000)];
            t.graph.sync_partner_ids(PARTNER, &mappings, NOW).map(each_bare)
        });
    });
}

#[test]
fn a_browser_and_a_partner_that_disagree_overwrite_each_other_where_arrival_counts() {
    for_both_policies(|test, policy| {
        live(BEFORE).seed(test);
        let browser = uid(PARTNER, "from the cookie", NOW - 100);
        let batch = [mapping(EC, "from the batch", NOW - 50)];
        let mut puts = 0;
        for round in 0..3 {
            let now = test.at(NOW + round);
            let _ = test.take_store_calls();
            test.graph.upsert_partner_id(EC, browser.clone(), Skip, now).unwrap();
            test.graph.sync_partner_ids(PARTNER, &batch, now).unwrap();
            puts += test.take_store_calls().writes();
        }
        assert_eq!(body(test)["ids"][PARTNER]["uid"], json!("from the batch"));
        assert_eq!(puts, if policy.order == Order::Arrival { 6 } else { 2 });
    });
}

#[test]
fn a_row_of_a_newer_version_is_corrupt_to_all_but_a_withdrawal_a_delete_and_inspect() {
    for v in [0, 2, 255] {
        for_both_policies(|test, _| {
            let seed = live(BEFORE).uid(PARTNER, "u", 5).with("v", json!(v));
            seed.seed(test);
            leaves(test, calls(1, 0), Err(CORRUPT), |t| upsert(t, Skip));
            leaves(test, calls(1, 0), Err(CORRUPT), remove_at(NOW));
            leaves(test, get_many(1), Ok(vec![Err(CORRUPT)]), |t| {
                t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "s", NOW)], NOW).map(each_bare)
            });
            leaves(test, calls(1, 0), Err(CORRUPT), |t| t.graph.update_last_seen(EC, NOW));
            leaves(test, calls(1, 0), Err(CORRUPT), |t| t.graph.evaluate_cluster(EC, NOW));
            leaves(test, calls(1, 0), Err(CORRUPT), |t| done(t.graph.visit(EC, NewEntry::at(NOW))));
            leaves(test, calls(1, 1), Err(CORRUPT), |t| {
                done(t.graph.create_or_revive(EC, NewEntry::at(NOW)))
            });
            leaves(test, calls(1, 0), Err(CORRUPT), |t| t.graph.get(EC, NOW).map(|_| ()));
            let raw = test.graph.inspect(EC).unwrap().expect("the row is there");
            assert!(raw.problem.is_some());
            let withdrawn = Ok(());
            let written = writes(test, calls(0, 1), withdrawn, |t| {
                t.graph.write_withdrawal_tombstone(EC, NOW)
            });
            assert_eq!(written, tombstone_body(NOW));
            seed.seed(test);
            assert_eq!(test.graph.delete(EC), Ok(true));
        });
    }
}

#[test]
fn a_conditional_write_has_as_many_tries_as_the_policy_says() {
    for_both_policies(|test, policy| {
        live(BEFORE).seed(test);
        let store = test.store.clone();
        for attempt in 1..=policy.max_cas_attempts {
            let (store, at) = (store.clone(), NOW - 500 + u64::from(attempt));
            test.faults.before(host_test::StoreCall::Put, move || live(at).seed_in(&store, EC));
        }
        let tries = u64::from(policy.max_cas_attempts);
        answers(test, calls(tries, tries), Err(Failure::Conflict), |t| upsert(t, Skip));
        assert_eq!(tries, if policy.order == Order::Arrival { 5 } else { 3 });
    });
}
