//! One write per second and key: C1 and C3.

use host_test::{Fault, StoreCall, for_both};
use identity_graph::{Failure, KvError};
#[cfg(feature = "component")]
use {
    host_test::Instance,
    identity_graph::{
        CreateOutcome, IdentityGraph, IfMissing::Skip, NewEntry, Store, TouchOutcome, UpsertOutcome,
    },
    identity_graph_simulator::model::{Knobs, Kv, Place},
};

use crate::support::*;

#[cfg(feature = "component")]
const STORE: &str = "ec_identity_store";

/// The model of Fastly's store on a good day, and the component over it.
#[cfg(feature = "component")]
fn over_the_model() -> (Place, impl IdentityGraph) {
    let kv = Kv::new(1, Knobs::fair(), NOW * 1_000);
    let place = Place::all(kv, 1).remove(0);
    let store = Box::new(place.clone()) as Box<dyn Store<Error = KvError>>;
    (place, Instance::new([(STORE, store)]).open(STORE).expect("the store is there"))
}

/// Everything that arrives with a first visit is in its one write, of which a second could not
/// follow within the second.
#[cfg(feature = "component")]
#[test]
fn c1_a_first_visit_is_one_write_with_all_its_uids() {
    let (place, graph) = over_the_model();
    let ids = vec![uid("a.example", "1", NOW), uid("b.example", "2", None)];
    let entry = NewEntry { ids, ..NewEntry::at(NOW) };
    assert_eq!(done(graph.create_or_revive(EC, entry)), Ok(CreateOutcome::Created));
    place.settle();
    let stored = graph.get(EC, NOW).unwrap().expect("the row is there").entry();
    assert_eq!(stored.ids.len(), 2);
    let late = uid("c.example", "3", NOW);
    assert_eq!(graph.upsert_partner_id(EC, late, Skip, NOW), Err(Failure::Throttled));
    assert_eq!(graph.update_last_seen(EC, NOW), Ok(TouchOutcome::Debounced));
}

/// A withdrawal right after an upsert is refused for its rate and says so; the caller keeps the ID
/// and comes back.
#[cfg(feature = "component")]
#[test]
fn c3_a_withdrawal_refused_for_its_rate_is_named_and_can_be_repeated() {
    let (place, graph) = over_the_model();
    graph.create_or_revive(EC, NewEntry::at(NOW)).expect("nothing is there");
    place.wait_ms(1_000);
    let id = uid(PARTNER, "new", NOW + 1);
    assert_eq!(graph.upsert_partner_id(EC, id, Skip, NOW + 1), Ok(UpsertOutcome::Written));
    place.wait_ms(300);
    assert_eq!(graph.write_withdrawal_tombstone(EC, NOW + 1), Err(Failure::Throttled));
    place.wait_ms(1_000);
    assert_eq!(graph.write_withdrawal_tombstone(EC, NOW + 2), Ok(()));
    place.settle();
    let stored = graph.get(EC, NOW).unwrap().expect("the tombstone is there").entry();
    assert!(!stored.consent.ok && stored.ids.is_empty());
}

/// One refusal costs one write: it is the caller's to come back.
#[test]
fn c3_a_refused_withdrawal_is_not_tried_again_at_once() {
    for_both(|test| {
        live(BEFORE).seed(test);
        test.faults.next(StoreCall::Put, Fault::Fail(KvError::Throttled));
        leaves(test, calls(0, 1), Err(Failure::Throttled), |t| {
            t.graph.write_withdrawal_tombstone(EC, NOW)
        });
    });
}
