//! Arguments outside their limits: named, and kept from the store.

use std::fmt::Debug;

use host_test::{Build, MemoryStore, TestGraph, for_both, for_both_with};
use identity_graph::{
    CreateOutcome, Device, Failure, Geo, Graph, IfMissing, InvalidArgument, LeftOut, NewEntry,
    Order, PartnerUid, Policy, UpsertOutcome::Written, VisitOutcome,
};
use serde_json::json;
#[cfg(feature = "component")]
use {
    host_test::Instance,
    identity_graph::{KvError, Store},
};

use crate::support::*;

fn refuses<T: Debug + PartialEq>(
    test: &TestGraph,
    call: impl FnOnce(&TestGraph) -> Result<T, Failure>,
) {
    leaves(test, NO_CALLS, Err(INVALID), call);
}

#[test]
fn an_ec_id_of_another_form() {
    let hash = &EC[..64];
    let bad = [
        String::new(),
        hash[1..].to_owned(),
        format!("{hash}0"),
        format!("g{}", &hash[1..]),
        format!("{hash}."),
        format!("{hash}.Ab12C"),
        format!("{hash}.Ab12Cde"),
        format!("{hash}.Ab12C!"),
        format!("{hash}.Ab12C\u{e9}"),
        format!("{hash}-Ab12Cd"),
        format!(" {EC}"),
        format!("{EC}\n"),
        "x".repeat(1 << 20),
    ];
    for_both(|test| {
        for bad in &bad {
            let id = || uid(PARTNER, "u", 1);
            let skip = IfMissing::Skip;
            refuses(test, |t| t.graph.get(bad, NOW).map(|found| found.is_some()));
            refuses(test, |t| done(t.graph.visit(bad, NewEntry::at(NOW))));
            refuses(test, |t| t.graph.remove_partner_ids(bad, vec![PARTNER.into()], NOW));
            refuses(test, |t| t.graph.remove_partner_ids(bad, vec![], NOW));
            refuses(test, |t| t.graph.get_metadata(bad));
            refuses(test, |t| t.graph.inspect(bad));
            refuses(test, |t| done(t.graph.create(bad, NewEntry::at(NOW))));
            refuses(test, |t| done(t.graph.create_or_revive(bad, NewEntry::at(NOW))));
            refuses(test, |t| t.graph.upsert_partner_id(bad, id(), skip, NOW));
            refuses(test, |t| t.graph.upsert_partner_ids(bad, vec![id()], skip, NOW));
            refuses(test, |t| t.graph.upsert_partner_ids(bad, vec![], skip, NOW));
            refuses(test, |t| t.graph.update_last_seen(bad, NOW));
            refuses(test, |t| t.graph.write_withdrawal_tombstone(bad, NOW));
            refuses(test, |t| t.graph.delete(bad));
            refuses(test, |t| t.graph.evaluate_cluster(bad, NOW));
            leaves(test, NO_CALLS, Ok(vec![Err(INVALID)]), |t| {
                let outcomes = t.graph.sync_partner_ids(PARTNER, &[mapping(bad, "u", 1)], NOW)?;
                Ok(each_bare(outcomes))
            });
        }
    });
}

#[test]
fn a_provider_id_of_another_form() {
    let too_long = [format!("{}~b", "p".repeat(17)), format!("p~{}", "x".repeat(240))];
    let bad = ["~", "~b", "a~", "A~b", "a.b~c", "a-b~c", " a~b", "a~b c", "a~b\n", "a~\u{e9}"];
    for bad in bad.into_iter().chain(too_long.iter().map(String::as_str)) {
        for_both(|test| {
            refuses(test, |t| done(t.graph.visit(bad, NewEntry::at(NOW))));
            refuses(test, |t| t.graph.write_withdrawal_tombstone(bad, NOW));
        });
    }
}

/// Every way in which a UID reaches the graph: it is refused in its place, and the good one beside
/// it is stored.
fn refuses_uid_alone(bad: &PartnerUid) {
    let ids = || vec![uid("good.example", "u", 1), bad.clone()];
    let visit = || NewEntry { ids: ids(), ..NewEntry::at(NOW) };
    let expected = || Ok(vec![Written, REFUSED]);
    let only_good = json!({ "good.example": { "uid": "u", "synced": 1 } });
    for_both(|test| {
        for missing in [IfMissing::Skip, IfMissing::CreateMinimal] {
            live(BEFORE).seed(test);
            leaves(test, NO_CALLS, Ok(REFUSED), |t| {
                let one = t.graph.upsert_partner_id(EC, bad.clone(), missing, NOW)?;
                Ok(bare_ids(vec![one]).remove(0))
            });
            let written = writes(test, calls(1, 1), expected(), |t| {
                t.graph.upsert_partner_ids(EC, ids(), missing, NOW).map(bare_ids)
            });
            assert_eq!(written["ids"], only_good);
        }
        live(BEFORE).seed(test);
        let written = writes(test, calls(1, 1), expected(), |t| {
            Ok(bare_ids(t.graph.visit(EC, visit())?.ids))
        });
        assert_eq!(written["ids"], only_good);
        live(BEFORE).seed(test);
        let mut snapshot = test.graph.get(EC, NOW).unwrap().unwrap();
        let _ = test.take_store_calls();
        let written = writes(test, calls(0, 1), expected(), |_| {
            snapshot.upsert_partner_ids(ids(), NOW).map(bare_ids)
        });
        assert_eq!(written["ids"], only_good);
        drop(snapshot);
        test.store.remove(EC);
        let written = writes(test, calls(0, 1), expected(), |t| {
            Ok(bare_ids(t.graph.create(EC, visit())?.ids))
        });
        assert_eq!(written["ids"], only_good);
        test.store.remove(EC);
        let written = writes(test, calls(0, 1), expected(), |t| {
            Ok(bare_ids(t.graph.create_or_revive(EC, visit())?.ids))
        });
        assert_eq!(written["ids"], only_good);
    });
}

#[test]
fn a_partner_key_of_another_form_is_refused_alone() {
    for bad in ["", " ", "acme ssp", "acme/ssp", "acme\0", "\u{e4}cme", &"p".repeat(256)] {
        refuses_uid_alone(&uid(bad, "u", 1));
        for_both(|test| {
            live(BEFORE).seed(test);
            leaves(test, NO_CALLS, Ok(vec![Ok(REFUSED); 2]), |t| {
                let mappings = [mapping(EC, "u", 1), mapping("no id", "u", 1)];
                Ok(each_bare(t.graph.sync_partner_ids(bad, &mappings, NOW)?))
            });
            leaves(test, NO_CALLS, Ok(vec![]), |t| t.graph.sync_partner_ids(bad, &[], NOW));
            leaves(test, NO_CALLS, Ok(vec![REFUSED]), |t| {
                t.graph.remove_partner_ids(EC, vec![bad.to_owned()], NOW).map(bare_ids)
            });
        });
    }
}

#[test]
fn a_uid_that_is_blank_too_long_or_has_control_characters_is_refused_alone() {
    let long = ["u".repeat(513), "\u{e9}".repeat(257)];
    for bad in ["", " ", "\u{2003}", "\t", "a\nb", "a\0", "a\u{7f}", "a\u{85}", &long[0], &long[1]]
    {
        refuses_uid_alone(&uid(PARTNER, bad, 1));
        for_both(|test| {
            leaves(test, NO_CALLS, Ok(vec![Ok(REFUSED)]), |t| {
                let outcomes = t.graph.sync_partner_ids(PARTNER, &[mapping(EC, bad, 1)], NOW)?;
                Ok(each_bare(outcomes))
            });
        });
    }
}

#[test]
fn the_longest_partner_key_and_uid_are_stored() {
    for_both(|test| {
        live(BEFORE).seed(test);
        let (partner, id) = ("p".repeat(255), "\u{e9}".repeat(256));
        let written = writes(test, calls(1, 1), Ok(Written), |t| {
            t.graph.upsert_partner_id(EC, uid(&partner, &id, 1), IfMissing::Skip, NOW)
        });
        assert_eq!(written["ids"][partner]["uid"], id);
    });
}

/// Checks that a visit is made without these parts, which it names, in each way to make it.
fn leaves_out(entry: &NewEntry, fields: &[&str]) {
    let names = |left_out: Vec<LeftOut>| {
        assert!(left_out.iter().all(|part| !part.why.is_empty()));
        left_out.into_iter().map(|part| part.field).collect::<Vec<_>>()
    };
    for_both(|test| {
        let written = writes(test, calls(0, 1), Ok(()), |t| {
            let report = t.graph.create(EC, entry.clone())?;
            assert_eq!(names(report.left_out), fields);
            Ok(())
        });
        assert_eq!(written["consent"]["updated"], json!(NOW));
        test.store.remove(EC);
        let made_anew = writes(test, calls(0, 1), Ok(CreateOutcome::Created), |t| {
            let report = t.graph.create_or_revive(EC, entry.clone())?;
            assert_eq!(names(report.left_out), fields);
            Ok(report.outcome)
        });
        assert_eq!(made_anew, written);
        test.store.remove(EC);
        let made_by_a_visit = writes(test, calls(1, 1), Ok(VisitOutcome::Created), |t| {
            let report = t.graph.visit(EC, entry.clone())?;
            assert_eq!(names(report.left_out), fields);
            Ok(report.outcome)
        });
        assert_eq!(made_by_a_visit, written);
    });
}

#[test]
fn a_domain_that_is_no_hostname_is_left_out() {
    let long = ["a".repeat(64), ("a".repeat(63) + ".").repeat(4) + "a"];
    let bad =
        [".", "news.example..", "a..b", "-a.b", "a-.b", "a:8", "a/b", "a b", "\u{e9}.example"];
    for domain in bad.into_iter().chain(long.iter().map(String::as_str)) {
        leaves_out(&NewEntry { domain: Some(domain.into()), ..NewEntry::at(NOW) }, &["domain"]);
    }
}

#[test]
fn a_country_or_region_of_another_form_is_left_out() {
    let leaves_out_of_geo = |geo: Geo, fields: &[&str]| {
        leaves_out(&NewEntry { geo: Some(geo), ..NewEntry::at(NOW) }, fields);
    };
    for country in ["F", "FRA", "F1", "\u{e9}"] {
        let geo = Geo { country: country.into(), ..Geo::unknown() };
        leaves_out_of_geo(geo, &["geo.country"]);
    }
    for region in ["toolong99", "a b", "\u{e9}"] {
        let geo = Geo { region: Some(region.into()), ..Geo::unknown() };
        leaves_out_of_geo(geo, &["geo.region"]);
    }
}

#[test]
fn a_device_class_of_another_form_is_left_out() {
    let leaves_out_of_device = |device: Device, fields: &[&str]| {
        leaves_out(&NewEntry { device: Some(device), ..NewEntry::at(NOW) }, fields);
    };
    leaves_out_of_device(Device { is_mobile: 3, ..Device::default() }, &["device.is-mobile"]);
    for class in ["a\n", "\u{e9}", &"x".repeat(65)] {
        let class = || Some(class.to_owned());
        let ja4 = Device { ja4_class: class(), ..Device::default() };
        leaves_out_of_device(ja4, &["device.ja4-class"]);
        let platform = Device { platform_class: class(), ..Device::default() };
        leaves_out_of_device(platform, &["device.platform-class"]);
        let h2 = Device { h2_fp_hash: class(), ..Device::default() };
        leaves_out_of_device(h2, &["device.h2-fp-hash"]);
    }
}

#[test]
fn what_is_empty_was_not_given_and_is_not_named() {
    let empty = || Some(String::new());
    let entry = NewEntry {
        tcf: empty(),
        gpp: empty(),
        gpp_sid: empty(),
        geo: Some(Geo { country: String::new(), region: empty(), ..Geo::unknown() }),
        device: Some(Device {
            ja4_class: empty(),
            platform_class: empty(),
            h2_fp_hash: empty(),
            ..Device::default()
        }),
        domain: empty(),
        ..NewEntry::at(NOW)
    };
    leaves_out(&entry, &[]);
    for_both(|test| {
        let _ = test.at(NOW);
        test.graph.visit(EC, entry.clone()).unwrap();
        let row = body(test);
        assert_eq!(row["consent"], json!({ "ok": true, "updated": NOW }));
        assert_eq!(row["geo"], json!({ "country": "ZZ" }));
        assert_eq!(row["device"], json!({ "is_mobile": 2 }));
        assert_eq!(row.get("pub_properties"), None);
    });
}

/// Opens the graph in each way.
fn open_all(policy: Policy) -> Vec<Option<Failure>> {
    let store = || MemoryStore::new();
    let rule = |rule: InvalidArgument| Failure::InvalidArgument(rule.to_string());
    let open = |build: &Build| match build {
        Build::Native => Graph::new(store(), policy).err().map(rule).map(bare),
        #[cfg(not(feature = "component"))]
        Build::Component => unreachable!("not among all"),
        #[cfg(feature = "component")]
        Build::Component => {
            let instance =
                Instance::new([("s", Box::new(store()) as Box<dyn Store<Error = KvError>>)]);
            instance.open_with("s", policy).err().map(bare)
        }
    };
    Build::ALL.iter().map(open).collect()
}

#[test]
fn a_policy_out_of_range() {
    let policy = Policy::default();
    for bad in [
        Policy { entry_ttl: 0, ..policy },
        Policy { max_age: Some(0), last_seen_debounce: 0, clock_skew: 0, ..policy },
        Policy { max_age: Some(599), ..policy },
        Policy { max_age: Some(599), ..Policy::trusted_server() },
        Policy { tombstone_ttl: 0, ..policy },
        Policy { max_cas_attempts: 0, ..policy },
        Policy { max_cas_attempts: 11, ..policy },
        Policy { max_cas_attempts: u8::MAX, ..policy },
        Policy { max_partners: 0, ..policy },
        Policy { max_partners: 1_025, ..policy },
        Policy { last_seen_debounce: policy.entry_ttl / 2 + 1, ..policy },
        Policy { clock_skew: policy.entry_ttl / 2 + 1, ..policy },
        Policy { entry_ttl: 599, ..policy },
        Policy { entry_ttl: 1, last_seen_debounce: 1, clock_skew: 0, ..policy },
    ] {
        assert!(open_all(bad).iter().all(|failure| *failure == Some(INVALID)), "{bad:?}");
    }
}

#[test]
fn a_policy_at_its_limits() {
    let least = Policy {
        entry_ttl: 1,
        max_age: Some(1),
        tombstone_ttl: 1,
        last_seen_debounce: 0,
        max_cas_attempts: 1,
        cluster_recheck: Some(0),
        clock_skew: 0,
        resync: 0,
        max_partners: 1,
        order: Order::Time,
    };
    let most = Policy {
        entry_ttl: u32::MAX,
        max_age: Some(u32::MAX),
        tombstone_ttl: u32::MAX,
        last_seen_debounce: u32::MAX / 2,
        max_cas_attempts: 10,
        cluster_recheck: Some(u32::MAX),
        clock_skew: u32::MAX / 2,
        resync: u32::MAX,
        max_partners: 1_024,
        order: Order::Arrival,
    };
    let unbounded = Policy { max_age: None, cluster_recheck: None, ..most };
    for policy in [least, most, unbounded, Policy::trusted_server()] {
        assert!(open_all(policy).iter().all(Option::is_none), "{policy:?}");
        for_both_with(policy, |test| {
            writes(test, calls(0, 1), Ok(()), |t| done(t.graph.create(EC, NewEntry::at(NOW))));
            assert_eq!(row(test).expires_at, Some(NOW + u64::from(policy.entry_ttl)));
            writes(test, calls(0, 1), Ok(()), |t| t.graph.write_withdrawal_tombstone(EC, NOW));
            assert_eq!(row(test).expires_at, Some(NOW + u64::from(policy.tombstone_ttl)));
        });
    }
}

#[cfg(feature = "component")]
#[test]
fn a_store_that_does_not_exist() {
    let instance =
        Instance::new([("s", Box::new(MemoryStore::new()) as Box<dyn Store<Error = KvError>>)]);
    assert_eq!(instance.open("t").err(), Some(Failure::NoSuchStore));
    assert_eq!(instance.open_with("t", Policy::default()).err(), Some(Failure::NoSuchStore));
    let policy = Policy { entry_ttl: 0, ..Policy::default() };
    assert!(instance.open_with("t", policy).is_err());
    assert!(instance.open("s").is_ok());
}
