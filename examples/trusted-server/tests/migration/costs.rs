//! What each route costs in store calls: lookups, inserts and lists, before and after. The table of
//! `docs/trusted-server.md` is what stands here.

use trusted_server_example::types::{BatchLine, EcPartnerId, EcVisit, Seen};

use crate::old_worker;
use crate::support::{LISTED, NOW, OCHRE, TestKv, UMBER, ec_id, id};

const THREE: [(&str, &str); 3] = [(UMBER, "um-2"), (OCHRE, "oc-1"), ("id.sienna.example", "si-1")];

fn three() -> Vec<EcPartnerId> {
    THREE.iter().map(|(partner, uid)| id(partner, uid)).collect()
}

fn old_page(kv: &TestKv<'_>) {
    old_worker::get(kv, &ec_id()).unwrap();
    for (partner, uid) in THREE {
        // Whoever loses gives up, and the page is shown.
        let _ = old_worker::upsert(kv, &ec_id(), partner, uid);
    }
}

fn page(kv: &TestKv<'_>) {
    let graph = kv.at(NOW);
    let mut read = graph.snapshot(&ec_id()).unwrap().unwrap();
    let _ = graph.sync_browser_ids(&mut read, three());
}

#[test]
fn a_first_page_view_with_three_ids() {
    let kv = TestKv::default();
    old_worker::create(&kv, &ec_id(), NOW).unwrap();
    for (partner, uid) in THREE {
        old_worker::upsert(&kv, &ec_id(), partner, uid).unwrap();
    }
    assert_eq!(kv.calls(), (3, 4, 0));
    let kv = TestKv::default();
    let visit = EcVisit { partner_ids: three(), ..EcVisit::default() };
    kv.at(NOW).create(&ec_id(), visit).unwrap();
    assert_eq!(kv.calls(), (0, 1, 0));
}

#[test]
fn a_page_view_with_three_new_ids_and_one_with_nothing_new() {
    let kv = TestKv::with(LISTED);
    old_page(&kv);
    assert_eq!(kv.calls(), (4, 3, 0));
    old_page(&kv);
    assert_eq!(kv.calls(), (4, 0, 0));
    let kv = TestKv::with(LISTED);
    page(&kv);
    assert_eq!(kv.calls(), (1, 1, 0));
    page(&kv);
    assert_eq!(kv.calls(), (1, 0, 0));
}

#[test]
fn a_page_view_that_loses_every_race() {
    let contested = || TestKv::with(LISTED).meddle(|rows| rows.seed(&ec_id(), LISTED, None));
    let kv = contested();
    old_page(&kv);
    assert_eq!(kv.calls(), (16, 15, 0));
    let kv = contested();
    page(&kv);
    assert_eq!(kv.calls(), (5, 5, 0));
}

#[test]
fn a_batch_of_a_hundred_rows_of_which_half_change() {
    let seeded = || {
        let kv = TestKv::default();
        let ids: Vec<_> = (0..100).map(|at| format!("{at:064x}")).collect();
        for ec_id in &ids {
            kv.rows.seed(ec_id, LISTED, None);
        }
        (kv, ids)
    };
    let new = |at: usize| if at < 50 { "um-1" } else { "um-2" };
    let (kv, ids) = seeded();
    for (at, ec_id) in ids.iter().enumerate() {
        old_worker::upsert(&kv, ec_id, UMBER, new(at)).unwrap();
    }
    assert_eq!(kv.calls(), (100, 50, 0));
    let (kv, ids) = seeded();
    let line = |(at, ec_id)| BatchLine { ec_id, uid: new(at).to_owned() };
    let lines = ids.into_iter().enumerate().map(line).collect();
    let fates = kv.at(NOW).batch_sync(UMBER, lines).unwrap();
    assert!(fates.iter().all(Result::is_ok));
    assert_eq!(kv.calls(), (100, 50, 0));
}

#[test]
fn a_visit_that_is_noted_and_one_a_moment_later() {
    let kv = TestKv::with(LISTED);
    assert_eq!(kv.at(NOW).update_last_seen(&ec_id()).unwrap(), Seen::Noted);
    assert_eq!(kv.calls(), (1, 1, 0));
    assert_eq!(kv.at(NOW + 1).update_last_seen(&ec_id()).unwrap(), Seen::Recently);
    assert_eq!(kv.calls(), (1, 0, 0));
}

#[test]
fn a_withdrawal_and_a_signal_that_comes_again() {
    let kv = TestKv::with(LISTED);
    old_worker::withdraw(&kv, &ec_id(), NOW).unwrap();
    assert_eq!(kv.calls(), (0, 1, 0));
    let kv = TestKv::with(LISTED);
    kv.at(NOW).write_withdrawal_tombstone(&ec_id()).unwrap();
    assert_eq!(kv.calls(), (0, 1, 0));
    let kv = TestKv::with(LISTED);
    kv.at(NOW).withdraw_known(&ec_id()).unwrap();
    assert_eq!(kv.calls(), (1, 1, 0));
    kv.at(NOW).withdraw_known(&ec_id()).unwrap();
    assert_eq!(kv.calls(), (1, 0, 0));
}

#[test]
fn identify() {
    let kv = TestKv::with(LISTED);
    let (row, _) = old_worker::get(&kv, &ec_id()).unwrap().unwrap();
    old_worker::cluster(&kv, &ec_id(), &row).unwrap();
    assert_eq!(kv.calls(), (1, 0, 0));
    let graph = kv.at(NOW);
    let mut read = graph.snapshot(&ec_id()).unwrap().unwrap();
    assert_eq!(graph.evaluate_cluster(&mut read).unwrap(), Some(4));
    assert_eq!(kv.calls(), (1, 0, 0));
}

#[test]
fn identify_where_no_size_is_stored() {
    let unsized_row = LISTED.replace(r#""network":{"cluster_size":4},"#, "");
    let kv = TestKv::with(&unsized_row);
    let (row, _) = old_worker::get(&kv, &ec_id()).unwrap().unwrap();
    old_worker::cluster(&kv, &ec_id(), &row).unwrap();
    assert_eq!(kv.calls(), (2, 1, 1));
    let kv = TestKv::with(&unsized_row);
    let graph = kv.at(NOW);
    let mut read = graph.snapshot(&ec_id()).unwrap().unwrap();
    assert_eq!(graph.evaluate_cluster(&mut read).unwrap(), Some(1));
    assert_eq!(kv.calls(), (1, 1, 1));
}
