//! Rows as they were written before.

use identity_graph::{Graph, Mapping, Policy, UpsertOutcome};
use trusted_server_example::store::KvStore;
use trusted_server_example::types::{
    BatchLine, EcDevice, EcError, EcVisit, FormFactor, IdOutcome, VisitedOutcome,
};

use crate::support::{
    BESIDE, LISTED, MAPPED, NOW, OCHRE, TestKv, UMBER, ec_id, entry, id, root, uid,
};

#[test]
fn a_row_made_years_ago_is_live_whatever_its_shape() {
    for body in [LISTED, MAPPED] {
        let kv = TestKv::with(body);
        let entry = entry(&kv, NOW);
        assert!(entry.consent.granted);
        assert_eq!((entry.created, entry.last_seen), (1_560_000_000, None));
        assert_eq!(entry.domains, ["kiosk.example", "arts.example"]);
        assert_eq!((entry.place.country.as_str(), entry.cluster_size), ("SE", Some(4)));
        assert_eq!(uid(&kv, NOW, UMBER).as_deref(), Some("um-1"));
        let outcome = kv.at(NOW).upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap();
        assert_eq!(outcome, IdOutcome::Stored);
        let beside = kv.at(NOW).get_metadata(&ec_id()).unwrap().unwrap();
        assert_eq!((beside.granted, beside.cluster_size), (true, Some(4)));
    }
}

#[test]
fn one_that_says_it_was_seen_years_ago_is_live_too() {
    let seen = r#""created":1560000000,"last_seen":1560000300"#;
    let kv = TestKv::with(&LISTED.replace(r#""created":1560000000"#, seen));
    assert_eq!(entry(&kv, NOW).last_seen, Some(1_560_000_300));
}

#[test]
fn a_partner_whose_time_never_moves_can_update() {
    let kv = TestKv::with(LISTED);
    for new in ["um-2", "um-3"] {
        let line = BatchLine { ec_id: ec_id(), uid: new.to_owned() };
        let fates = kv.at(NOW).batch_sync(UMBER, vec![line]).unwrap();
        assert!(matches!(fates[..], [Ok(IdOutcome::Stored)]));
        assert_eq!(uid(&kv, NOW, UMBER).as_deref(), Some(new));
    }
    // By their times, the second of two equal ones is stale.
    let graph = Graph::new(KvStore(&kv), Policy::default()).unwrap();
    let lines = [Mapping::new(ec_id(), "um-4", 1)];
    assert_eq!(graph.sync_partner_ids(UMBER, &lines, NOW).unwrap(), [Ok(UpsertOutcome::Stale)]);
}

#[test]
fn only_a_visit_extends_a_lifetime() {
    let (year, kv) = (31_536_000, TestKv::with(LISTED));
    kv.at(NOW).update_last_seen(&ec_id()).unwrap();
    assert_eq!(kv.time_to_live(), year);
    kv.at(NOW + 1_000).upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap();
    assert_eq!(kv.time_to_live(), year - 1_000);
    kv.at(NOW + 2_000).update_last_seen(&ec_id()).unwrap();
    assert_eq!(kv.time_to_live(), year);
}

#[test]
fn a_stored_cluster_size_stands() {
    let kv = TestKv::with(LISTED);
    let graph = kv.at(NOW);
    let mut read = graph.snapshot(&ec_id()).unwrap().unwrap();
    assert_eq!(graph.evaluate_cluster(&mut read).unwrap(), Some(4));
    assert_eq!(kv.calls(), (1, 0, 0));
    assert_eq!(kv.body(), LISTED);
}

#[test]
fn a_row_of_version_2_is_refused_by_all_but_withdrawal_delete_and_inspect() {
    let body = LISTED.replace(r#""v":1"#, r#""v":2"#);
    let kv = TestKv::default();
    let seed = || kv.rows.seed(&ec_id(), &body, Some(&BESIDE.replace(r#""v":1"#, r#""v":2"#)));
    seed();
    let (graph, ec_id) = (kv.at(NOW), ec_id());
    let line = BatchLine { ec_id: ec_id.clone(), uid: "um-2".to_owned() };
    let batch = graph.batch_sync(UMBER, vec![line]).unwrap().remove(0);
    for error in [
        graph.get(&ec_id).err(),
        graph.get_metadata(&ec_id).err(),
        graph.create_or_revive(&ec_id, EcVisit::default()).err(),
        graph.upsert_partner_id(&ec_id, id(UMBER, "um-2")).err(),
        graph.update_last_seen(&ec_id).err(),
        graph.withdraw_known(&ec_id).err(),
        batch.err(),
    ] {
        let error = error.unwrap();
        assert!(matches!(error, EcError::BadRow(_)), "{error}");
        assert!(root(&error).contains("version is 2"), "{}", root(&error));
    }
    assert_eq!(kv.body(), body);
    assert!(graph.inspect(&ec_id).unwrap().unwrap().problem.is_some());
    graph.write_withdrawal_tombstone(&ec_id).unwrap();
    assert!(!entry(&kv, NOW).consent.granted);
    seed();
    assert!(graph.delete(&ec_id).unwrap());
    assert!(!graph.delete(&ec_id).unwrap());
}

#[test]
fn an_odd_ja4_costs_that_field() {
    let kv = TestKv::default();
    let device = EcDevice {
        form: FormFactor::Mobile,
        ja4: Some("t13d\u{7}".to_owned()),
        platform: Some("ios".to_owned()),
        h2: None,
        known_browser: Some(true),
    };
    let partner_ids = vec![id(UMBER, "um-1"), id(OCHRE, "$UID")];
    let visit = EcVisit { device: Some(device), partner_ids, ..EcVisit::default() };
    let visited = kv.at(NOW).create(&ec_id(), visit).unwrap();
    assert_eq!(visited.outcome, VisitedOutcome::Created);
    assert_eq!(visited.left_out, ["device.ja4-class"]);
    assert!(matches!(visited.partner_ids[..], [IdOutcome::Stored, IdOutcome::Malformed(_)]));
    let device = entry(&kv, NOW).device.unwrap();
    assert_eq!((device.ja4, device.platform.as_deref()), (None, Some("ios")));
    assert_eq!((device.form, device.known_browser), (FormFactor::Mobile, Some(true)));
    assert_eq!(uid(&kv, NOW, UMBER).as_deref(), Some("um-1"));
}

#[test]
fn an_id_that_is_taken_is_not_created_again() {
    let kv = TestKv::with(LISTED);
    let taken = kv.at(NOW).create(&ec_id(), EcVisit::default());
    assert!(matches!(taken, Err(EcError::Taken)));
    let visited = kv.at(NOW).create_or_revive(&ec_id(), EcVisit::default()).unwrap();
    assert_eq!(visited.outcome, VisitedOutcome::AlreadyLive);
    assert_eq!(kv.body(), LISTED);
}
