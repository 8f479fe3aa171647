//! Old workers and new ones on the same rows, and the way back.

use identity_graph::{Graph, IfMissing, Order, PartnerUid, Policy, UpsertOutcome};
use trusted_server_example::store::KvStore;
use trusted_server_example::types::{EcVisit, IdOutcome, Seen, VisitedOutcome};

use crate::old_worker;
use crate::support::{LISTED, MAPPED, NOW, OCHRE, TestKv, UMBER, ec_id, entry, id, uid};

fn old_upsert(kv: &TestKv<'_>, uid: &str) {
    assert!(old_worker::upsert(&kv.rows, &ec_id(), UMBER, uid).unwrap());
}

/// By time or by arrival, what becomes of a UID that was asserted long ago.
fn late_assertion(kv: &TestKv<'_>, order: Order) -> UpsertOutcome {
    let policy = Policy { order, ..Policy::trusted_server() };
    let graph = Graph::new(KvStore(&kv.rows), policy).unwrap();
    let late = PartnerUid::new(OCHRE, "oc-late").synced(NOW - 1_000);
    graph.upsert_partner_id(&ec_id(), late, IfMissing::Skip, NOW).unwrap()
}

#[test]
fn an_old_worker_reads_what_is_written_here() {
    for body in [LISTED, MAPPED] {
        let kv = TestKv::with(body);
        let graph = kv.at(NOW);
        graph.upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap();
        graph.update_last_seen(&ec_id()).unwrap();
        let (row, _) = old_worker::get(&kv.rows, &ec_id()).unwrap().unwrap();
        assert_eq!((row.created, row.consent.ok), (1_560_000_000, true));
        assert_eq!((row.ids[UMBER].uid.as_str(), row.ids[OCHRE].uid.as_str()), ("um-1", "oc-1"));
        assert_eq!(row.network.unwrap().cluster_size, Some(4));
        // The first version insisted on these.
        let all: serde_json::Value = serde_json::from_str(&kv.body()).unwrap();
        assert!(all["last_seen"].is_u64());
        let ids = all["ids"].as_object().unwrap();
        assert!(ids.len() == 2 && ids.values().all(|id| id["synced"].is_u64()));
        graph.write_withdrawal_tombstone(&ec_id()).unwrap();
        let (row, _) = old_worker::get(&kv.rows, &ec_id()).unwrap().unwrap();
        assert!(!row.consent.ok && row.ids.is_empty());
        assert!(!old_worker::upsert(&kv.rows, &ec_id(), UMBER, "um-2").unwrap());
    }
}

#[test]
fn what_an_old_worker_drops_is_written_again_by_the_next_visit() {
    let kv = TestKv::with(LISTED);
    kv.at(NOW).upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap();
    assert_eq!(kv.at(NOW).update_last_seen(&ec_id()).unwrap(), Seen::Recently);
    old_upsert(&kv, "um-2");
    assert!(!kv.body().contains("last_seen") && !kv.body().contains("synced"));
    // The row is live all the same. The visit that was noted is forgotten, which costs a write.
    assert_eq!(uid(&kv, NOW, UMBER).as_deref(), Some("um-2"));
    assert_eq!(kv.at(NOW + 1).update_last_seen(&ec_id()).unwrap(), Seen::Noted);
    assert_eq!(kv.at(NOW + 2).update_last_seen(&ec_id()).unwrap(), Seen::Recently);
    assert_eq!(entry(&kv, NOW).last_seen, Some(NOW + 1));
    // By arrival the missing time keeps nothing out.
    let outcome = kv.at(NOW + 3).upsert_partner_id(&ec_id(), id(UMBER, "um-3")).unwrap();
    assert_eq!(outcome, IdOutcome::Stored);
}

#[test]
fn unknown_fields_survive_here_and_not_with_an_old_worker() {
    let (hint, usp) = (r#""hints":{"a":[1.50,null]}"#, r#""usp":"1YNN""#);
    let body = LISTED.replace(r#""ok":true"#, &format!(r#"{usp},"ok":true"#));
    let kv = TestKv::with(&body.replacen('{', &format!("{{{hint},"), 1));
    kv.at(NOW).upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap();
    assert!(kv.body().contains(hint) && kv.body().contains(usp));
    old_upsert(&kv, "um-2");
    assert!(!kv.body().contains("hints") && !kv.body().contains("usp"));
}

#[test]
fn the_end_of_a_uid_is_lost_with_an_old_worker() {
    let ended = r#""sync.ochre.example":{"uid":"oc-1","expires":1789999999}"#;
    let kv = TestKv::with(&LISTED.replacen(r#""ids":{"#, &format!(r#""ids":{{{ended},"#), 1));
    assert_eq!(uid(&kv, NOW, OCHRE), None);
    old_upsert(&kv, "um-2");
    assert_eq!(uid(&kv, NOW, OCHRE).as_deref(), Some("oc-1"), "it is shown again");
}

#[test]
fn a_withdrawal_before_the_present_consent_is_forgotten_with_an_old_worker() {
    let kv = TestKv::with(LISTED);
    kv.at(NOW - 500).write_withdrawal_tombstone(&ec_id()).unwrap();
    let visited = kv.at(NOW - 400).create_or_revive(&ec_id(), EcVisit::default()).unwrap();
    assert_eq!(visited.outcome, VisitedOutcome::Revived);
    assert_eq!(late_assertion(&kv, Order::Time), UpsertOutcome::Stale);
    old_upsert(&kv, "um-2");
    assert!(!kv.body().contains("withdrawn"));
    assert_eq!(late_assertion(&kv, Order::Time), UpsertOutcome::Written);
}

#[test]
fn a_removal_is_forgotten_with_an_old_worker() {
    let kv = TestKv::with(LISTED);
    let graph = Graph::new(KvStore(&kv.rows), Policy::trusted_server()).unwrap();
    graph.remove_partner_ids(&ec_id(), vec![OCHRE.to_owned()], NOW - 500).unwrap();
    assert_eq!(late_assertion(&kv, Order::Time), UpsertOutcome::Stale);
    old_upsert(&kv, "um-2");
    assert!(!kv.body().contains("removed"));
    assert_eq!(late_assertion(&kv, Order::Time), UpsertOutcome::Written);
}

#[test]
fn by_arrival_neither_of_them_kept_anything_out_before() {
    let kv = TestKv::with(LISTED);
    let graph = Graph::new(KvStore(&kv.rows), Policy::trusted_server()).unwrap();
    kv.at(NOW - 500).write_withdrawal_tombstone(&ec_id()).unwrap();
    kv.at(NOW - 400).create_or_revive(&ec_id(), EcVisit::default()).unwrap();
    graph.remove_partner_ids(&ec_id(), vec![OCHRE.to_owned()], NOW - 300).unwrap();
    assert_eq!(late_assertion(&kv, Order::Arrival), UpsertOutcome::Written);
}

#[test]
fn a_map_of_domains_is_a_list_once_it_was_written_here() {
    let kv = TestKv::with(MAPPED);
    assert!(old_worker::get(&kv.rows, &ec_id()).is_err(), "an old worker wants a list");
    kv.at(NOW).upsert_partner_id(&ec_id(), id(OCHRE, "oc-1")).unwrap();
    assert!(kv.body().contains("seen_domains_map"), "the visits are kept");
    old_upsert(&kv, "um-2");
    assert!(!kv.body().contains("visits"));
    assert_eq!(entry(&kv, NOW).domains, ["kiosk.example", "arts.example"]);
}

#[test]
fn old_and_new_workers_lose_nothing_of_each_other() {
    let kv = TestKv::with(LISTED);
    let graph = kv.at(NOW);
    // It was read before an old worker wrote.
    let mut read = graph.snapshot(&ec_id()).unwrap().unwrap();
    old_upsert(&kv, "um-2");
    let outcomes = graph.sync_browser_ids(&mut read, vec![id(OCHRE, "oc-1")]).unwrap();
    assert_eq!(outcomes, [IdOutcome::Stored]);
    assert_eq!(uid(&kv, NOW, UMBER).as_deref(), Some("um-2"));
    assert_eq!(uid(&kv, NOW, OCHRE).as_deref(), Some("oc-1"));
}
