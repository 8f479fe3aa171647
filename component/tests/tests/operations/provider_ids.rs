//! EC IDs of providers: rows like others, but of no network.

use host_test::{StoreCalls, for_both};
use identity_graph::{
    CreateOutcome, IfMissing::Skip, Mapping, NewEntry, TouchOutcome, UpsertOutcome, VisitOutcome,
};
use serde_json::json;

use crate::support::*;

fn ids() -> Vec<String> {
    let longest = format!("{}~{}", "p".repeat(16), "x".repeat(239));
    ["a~b", "id5~ID5", "acme~A.b_c~D-9", &longest].map(str::to_owned).into()
}

#[test]
fn every_operation_works_on_a_providers_id_under_its_very_text() {
    for id in ids() {
        for_both(|test| {
            let graph = &test.graph;
            let entry =
                |now| NewEntry { ids: vec![uid(PARTNER, "u", now)], ..NewEntry::at(test.at(now)) };
            assert_eq!(done(graph.create(&id, entry(NOW))), Ok(()));
            assert_eq!(test.store.keys(), std::slice::from_ref(&id));
            assert_eq!(
                done(graph.create_or_revive(&id, entry(NOW))),
                Ok(CreateOutcome::AlreadyLive)
            );
            assert_eq!(done(graph.visit(&id, entry(NOW))), Ok(VisitOutcome::Unchanged));
            assert!(graph.get(&id, NOW).unwrap().is_some());
            assert!(graph.get_metadata(&id).unwrap().is_some());
            assert!(graph.inspect(&id).unwrap().is_some());
            let later = uid("other.example", "x", NOW);
            let upserted = graph.upsert_partner_id(&id, later, Skip, NOW);
            assert_eq!(upserted, Ok(UpsertOutcome::Written));
            let synced = graph.sync_partner_ids(PARTNER, &[mapping(&id, "v", NOW + 1)], NOW + 1);
            assert_eq!(synced, Ok(vec![Ok(UpsertOutcome::Written)]));
            let removal = [Mapping::removal(&*id, NOW + 2)];
            let removed = graph.sync_partner_ids("other.example", &removal, NOW + 2);
            assert_eq!(removed, Ok(vec![Ok(UpsertOutcome::Written)]));
            assert_eq!(graph.update_last_seen(&id, test.at(NOW + 400)), Ok(TouchOutcome::Written));
            let stored = json!({ PARTNER: { "uid": "v", "synced": NOW + 1 } });
            assert_eq!(body_of(test, &id)["ids"], stored);
            assert_eq!(graph.write_withdrawal_tombstone(&id, NOW + 500), Ok(()));
            assert_eq!(done(graph.visit(&id, entry(NOW + 501))), Ok(VisitOutcome::Revived));
            assert_eq!(graph.delete(&id), Ok(true));
            assert!(test.store.is_empty());
        });
    }
}

#[test]
fn it_has_no_cluster_and_asking_for_one_takes_no_call() {
    for id in ids() {
        for_both(|test| {
            live(BEFORE).seed_under(test, &id);
            leaves(test, NO_CALLS, Ok(None), |t| t.graph.evaluate_cluster(&id, NOW));
            let mut snapshot = test.graph.get(&id, NOW).unwrap().unwrap();
            let _ = test.take_store_calls();
            leaves(test, NO_CALLS, Ok(None), |_| snapshot.evaluate_cluster(NOW));
            // It does not spend the snapshot.
            let ids = vec![uid(PARTNER, "u", NOW)];
            let written = Ok(vec![UpsertOutcome::Written]);
            answers(test, calls(0, 1), written, |_| snapshot.upsert_partner_ids(ids, NOW));
        });
    }
}

#[test]
fn it_is_case_sensitive_and_neither_is_counted_nor_taken_for_another() {
    for_both(|test| {
        for id in ["acme~Visitor", "acme~visitor", "acme~Visitor-1"] {
            test.graph.create(id, NewEntry::at(test.at(NOW))).unwrap();
        }
        assert_eq!(test.store.len(), 3);
        live(BEFORE).seed(test);
        let counted = StoreCalls { counts: 1, ..calls(1, 1) };
        answers(test, counted, Ok(Some(1)), |t| t.graph.evaluate_cluster(EC, NOW));
    });
}
