//! Arguments outside their limits: named, and kept from the store.

use std::fmt::Debug;

use host_test::{Build, MemoryStore, TestGraph, for_both, for_both_with};
use identity_graph::{
    Device, Failure, Geo, Graph, IfMissing, InvalidArgument, NewEntry, PartnerUid, Policy,
    UpsertOutcome::Written,
};
#[cfg(feature = "component")]
use {host_test::Instance, identity_graph::Store};

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
            refuses(test, |t| t.graph.get(bad).map(|found| found.is_some()));
            refuses(test, |t| t.graph.get_metadata(bad));
            refuses(test, |t| t.graph.inspect(bad));
            refuses(test, |t| t.graph.create(bad, NewEntry::at(NOW)));
            refuses(test, |t| t.graph.create_or_revive(bad, NewEntry::at(NOW)));
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

/// Every way in which a UID reaches the graph.
fn refuses_uid(bad: &PartnerUid) {
    for_both(|test| {
        live(BEFORE).seed(test);
        let visit = |ids| NewEntry { ids, ..NewEntry::at(NOW) };
        let among_good = || vec![uid("good.example", "u", 1), bad.clone()];
        let mut snapshot = test.graph.get(EC).unwrap().unwrap();
        for missing in [IfMissing::Skip, IfMissing::CreateMinimal] {
            refuses(test, |t| t.graph.upsert_partner_id(EC, bad.clone(), missing, NOW));
            refuses(test, |t| t.graph.upsert_partner_ids(EC, among_good(), missing, NOW));
        }
        refuses(test, |_| snapshot.upsert_partner_ids(among_good(), NOW));
        refuses(test, |t| t.graph.create(EC, visit(among_good())));
        refuses(test, |t| t.graph.create_or_revive(EC, visit(among_good())));
        let good = vec![uid("good.example", "u", 1)];
        writes(test, calls(0, 1), Ok(vec![Written]), |_| snapshot.upsert_partner_ids(good, NOW));
    });
}

#[test]
fn a_partner_key_of_another_form() {
    for bad in ["", " ", "acme ssp", "acme/ssp", "acme\0", "\u{e4}cme", &"p".repeat(256)] {
        refuses_uid(&uid(bad, "u", 1));
        for_both(|test| {
            refuses(test, |t| t.graph.sync_partner_ids(bad, &[mapping(EC, "u", 1)], NOW));
            refuses(test, |t| t.graph.sync_partner_ids(bad, &[], NOW));
        });
    }
}

#[test]
fn a_uid_that_is_blank_too_long_or_has_control_characters() {
    let long = ["u".repeat(513), "\u{e9}".repeat(257)];
    for bad in ["", " ", "\u{2003}", "\t", "a\nb", "a\0", "a\u{7f}", "a\u{85}", &long[0], &long[1]]
    {
        refuses_uid(&uid(PARTNER, bad, 1));
        for_both(|test| {
            leaves(test, NO_CALLS, Ok(vec![Err(INVALID)]), |t| {
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

fn refuses_visit(entry: &NewEntry) {
    for_both(|test| {
        refuses(test, |t| t.graph.create(EC, entry.clone()));
        refuses(test, |t| t.graph.create_or_revive(EC, entry.clone()));
    });
}

#[test]
fn a_domain_that_is_no_lower_case_hostname() {
    let long = ["a".repeat(64), ("a".repeat(63) + ".").repeat(4) + "a"];
    let bad =
        ["", ".", "News.example", "news.example.", "a..b", "-a.b", "a-.b", "a_b", "a:8", "a/b"];
    for domain in bad.into_iter().chain(long.iter().map(String::as_str)) {
        refuses_visit(&NewEntry { domain: Some(domain.into()), ..NewEntry::at(NOW) });
    }
}

#[test]
fn a_country_or_region_of_another_form() {
    let refuses_geo = |geo: Geo| refuses_visit(&NewEntry { geo: Some(geo), ..NewEntry::at(NOW) });
    for country in ["", "F", "FRA", "F1", "\u{e9}"] {
        refuses_geo(Geo { country: country.into(), ..Geo::unknown() });
    }
    for region in ["", "toolong99", "a b", "\u{e9}"] {
        refuses_geo(Geo { region: Some(region.into()), ..Geo::unknown() });
    }
}

#[test]
fn a_device_class_of_another_form() {
    let device = Device {
        is_mobile: 0,
        ja4_class: None,
        platform_class: None,
        h2_fp_hash: None,
        known_browser: None,
    };
    let refuses_device =
        |device: Device| refuses_visit(&NewEntry { device: Some(device), ..NewEntry::at(NOW) });
    refuses_device(Device { is_mobile: 3, ..device.clone() });
    for class in ["", "a\n", "\u{e9}", &"x".repeat(65)] {
        let class = || Some(class.to_owned());
        refuses_device(Device { ja4_class: class(), ..device.clone() });
        refuses_device(Device { platform_class: class(), ..device.clone() });
        refuses_device(Device { h2_fp_hash: class(), ..device.clone() });
    }
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
            let instance = Instance::new([("s", Box::new(store()) as Box<dyn Store>)]);
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
        Policy { tombstone_ttl: 0, ..policy },
        Policy { max_cas_attempts: 0, ..policy },
        Policy { max_cas_attempts: 11, ..policy },
        Policy { max_cas_attempts: u8::MAX, ..policy },
    ] {
        assert!(open_all(bad).iter().all(|failure| *failure == Some(INVALID)), "{bad:?}");
    }
}

#[test]
fn a_policy_at_its_limits() {
    let least = Policy {
        entry_ttl: 1,
        tombstone_ttl: 1,
        last_seen_debounce: 0,
        max_cas_attempts: 1,
        cluster_recheck: 0,
    };
    let most = Policy {
        entry_ttl: u32::MAX,
        tombstone_ttl: u32::MAX,
        last_seen_debounce: u32::MAX,
        max_cas_attempts: 10,
        cluster_recheck: u32::MAX,
    };
    for policy in [least, most] {
        assert!(open_all(policy).iter().all(Option::is_none), "{policy:?}");
        for_both_with(policy, |test| {
            writes(test, calls(0, 1), Ok(()), |t| t.graph.create(EC, NewEntry::at(NOW)));
            assert_eq!(row(test).expires_at, Some(NOW + u64::from(policy.entry_ttl)));
            writes(test, calls(0, 1), Ok(()), |t| t.graph.write_withdrawal_tombstone(EC, NOW));
            assert_eq!(row(test).expires_at, Some(NOW + u64::from(policy.tombstone_ttl)));
        });
    }
}

#[cfg(feature = "component")]
#[test]
fn a_store_that_does_not_exist() {
    let instance = Instance::new([("s", Box::new(MemoryStore::new()) as Box<dyn Store>)]);
    assert_eq!(instance.open("t").err(), Some(Failure::NoSuchStore));
    assert_eq!(instance.open_with("t", Policy::default()).err(), Some(Failure::NoSuchStore));
    let policy = Policy { entry_ttl: 0, ..Policy::default() };
    assert!(instance.open_with("t", policy).is_err());
    assert!(instance.open("s").is_ok());
}
