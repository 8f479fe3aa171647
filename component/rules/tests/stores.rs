//! What a store may be, and what of it reaches the caller.

// The ban is for the rules; a test may end at once.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::error::Error;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use identity_graph::limits::MAX_ANSWER_BYTES;
use identity_graph::{
    Graph, GraphError, IfMissing, Item, KvError, Mapping, NewEntry, Outage, PartnerUid, Policy,
    Precondition, Snapshot, Store, StoreError, UpsertOutcome, VisitOutcome, Write, WriteOutcome,
};
use thiserror::Error;

const NOW: u64 = 1_790_000_000;

/// A store of the least that there has to be.
#[derive(Default)]
struct Least {
    rows: Mutex<BTreeMap<String, Item>>,
}

impl Store for Least {
    type Error = KvError;

    fn get(&self, key: &str) -> Result<Option<Item>, KvError> {
        Ok(self.rows.lock().unwrap().get(key).cloned())
    }

    fn put(&self, write: Write<'_>) -> Result<WriteOutcome, KvError> {
        let mut rows = self.rows.lock().unwrap();
        let stored = rows.get(write.key).map(|item| item.generation);
        let holds = match write.condition {
            Precondition::None => true,
            Precondition::Absent => stored.is_none(),
            Precondition::Matches(generation) => stored == Some(generation),
        };
        if !holds {
            return Ok(WriteOutcome::Conflict(None));
        }
        let generation = stored.unwrap_or_default() + 1;
        let (body, metadata) = (write.body.to_vec(), Some(write.metadata.to_owned()));
        rows.insert(write.key.to_owned(), Item { body, metadata, generation });
        Ok(WriteOutcome::Stored)
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        Ok(self.rows.lock().unwrap().remove(key).is_some())
    }

    fn count(&self, _: &str, _: u32) -> Result<u32, KvError> {
        Ok(1)
    }
}

fn ec_id(digit: &str) -> String {
    digit.repeat(64)
}

fn lives<S: Store>(store: S) {
    let graph = Graph::new(store, Policy::default()).unwrap();
    let visit = NewEntry::at(NOW).domain("news.example");
    assert_eq!(graph.visit(&ec_id("1"), visit).unwrap().outcome, VisitOutcome::Created);
    let mappings = ["1", "2"].map(|digit| Mapping::new(ec_id(digit), "u", NOW));
    let outcomes = graph.sync_partner_ids("p.example", &mappings, NOW).unwrap();
    assert_eq!(outcomes, [Ok(UpsertOutcome::Written), Ok(UpsertOutcome::NotFound)]);
    assert!(graph.get_metadata(&ec_id("1")).unwrap().unwrap().ok);
    assert!(graph.delete(&ec_id("1")).unwrap());
}

#[test]
fn a_store_needs_four_calls_and_may_stand_behind_any_pointer() {
    let store = Least::default();
    lives(&store);
    lives(Box::new(Least::default()));
    lives(Box::new(Least::default()) as Box<dyn Store<Error = KvError>>);
    lives(Rc::new(Least::default()));
    lives(Arc::new(Least::default()));
}

#[test]
fn a_graph_is_cloned_with_its_store() {
    let graph = Graph::new(Rc::new(Least::default()), Policy::default()).unwrap();
    let other = graph.clone();
    other.visit(&ec_id("1"), NewEntry::at(NOW)).unwrap();
    assert!(graph.get(&ec_id("1"), NOW).unwrap().is_some());
}

#[test]
fn reads_one_after_the_other_end_where_the_answer_is_full() {
    let store = Least::default();
    for key in ["a", "b", "c"] {
        let body = vec![b' '; MAX_ANSWER_BYTES / 2];
        let item = Item { body, metadata: None, generation: 1 };
        store.rows.lock().unwrap().insert(key.to_owned(), item);
    }
    let answers = store.get_many(&["a", "none", "b", "c"]);
    let found: Vec<_> = answers.iter().map(|answer| answer.as_ref().map(Option::is_some)).collect();
    assert_eq!(found, [Ok(true), Ok(false), Ok(true), Err(&KvError::NotRead)]);
}

#[derive(Debug, Error, PartialEq)]
#[error("table 3f3f is locked")]
struct Locked;

/// Every call fails, and says why in the store's own words.
struct Failing(KvError);

impl Failing {
    fn fails<T>(&self) -> Result<T, StoreError> {
        Err(StoreError::new(self.0, Locked))
    }
}

impl Store for Failing {
    type Error = StoreError;

    fn get(&self, _: &str) -> Result<Option<Item>, StoreError> {
        self.fails()
    }

    fn put(&self, _: Write<'_>) -> Result<WriteOutcome, StoreError> {
        self.fails()
    }

    fn delete(&self, _: &str) -> Result<bool, StoreError> {
        self.fails()
    }

    fn count(&self, _: &str, _: u32) -> Result<u32, StoreError> {
        self.fails()
    }
}

#[test]
fn the_stores_own_error_reaches_the_caller_as_a_source_and_stands_in_no_message() {
    let check = |error: &GraphError| {
        assert_eq!(error.source().unwrap().downcast_ref::<Locked>(), Some(&Locked), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("3f3f"));
    };
    for kind in
        [KvError::Throttled, KvError::Unavailable, KvError::UnknownOutcome, KvError::Invalid]
    {
        let graph = Graph::new(Failing(kind), Policy::default()).unwrap();
        let (ec, ids) = (ec_id("1"), vec![PartnerUid::new("p.example", "u")]);
        check(&graph.get(&ec, NOW).unwrap_err());
        check(&graph.get_metadata(&ec).unwrap_err());
        check(&graph.visit(&ec, NewEntry::at(NOW)).unwrap_err());
        check(&graph.create(&ec, NewEntry::at(NOW)).unwrap_err());
        check(&graph.upsert_partner_ids(&ec, ids, IfMissing::Skip, NOW).unwrap_err());
        check(&graph.write_withdrawal_tombstone(&ec, NOW).unwrap_err());
        check(&graph.delete(&ec).unwrap_err());
        check(&graph.evaluate_cluster(&ec, NOW).unwrap_err());
        let mapping = Mapping::new(ec, "u", NOW);
        let outcomes = graph.sync_partner_ids("p.example", &[mapping], NOW).unwrap();
        check(outcomes[0].as_ref().unwrap_err());
    }
}

#[test]
fn a_write_that_is_not_known_to_be_applied_says_so_whatever_the_store_says() {
    let graph = Graph::new(Failing(KvError::UnknownOutcome), Policy::default()).unwrap();
    let error = graph.write_withdrawal_tombstone(&ec_id("1"), NOW).unwrap_err();
    assert!(matches!(error, GraphError::Unavailable { outage: Outage::Unconfirmed, .. }));
}

/// So that it can ride along with a request.
#[test]
fn a_snapshot_is_cloned_and_sent_and_shared() {
    fn travels<T: Clone + Send + Sync + 'static>() {}
    travels::<Snapshot>();
}

#[test]
fn a_snapshot_of_what_the_caller_read_is_written_back_on() {
    let graph = Graph::new(Least::default(), Policy::default()).unwrap();
    let (ec, acme) = (ec_id("1"), "ids.acme.example");
    let visit = NewEntry::at(NOW).tcf("CQ...").ids([PartnerUid::new(acme, "A-1")]);
    graph.visit(&ec, visit).unwrap();
    let item = graph.store().get(&ec).unwrap().unwrap();
    let policy = Policy::default();
    let mut snapshot = Snapshot::new(&ec, item.clone(), &policy, NOW).unwrap().unwrap();
    assert!(snapshot.is_live());
    assert_eq!(snapshot.consent().tcf.as_deref(), Some("CQ..."));
    assert_eq!(snapshot.uid("IDs.Acme.Example").as_deref(), Some("A-1"));
    assert_eq!(snapshot.uid("other.example"), None);

    let rides_along = snapshot.clone();
    let ids = vec![PartnerUid::new(acme, "A-2")];
    snapshot.upsert_partner_ids(&graph, ids, NOW + 1).unwrap();
    assert_eq!(snapshot.uid(acme).as_deref(), Some("A-2"));
    assert_eq!(rides_along.uid(acme).as_deref(), Some("A-1"));
    snapshot.withdraw(&graph, NOW + 2).unwrap();
    assert!(!snapshot.is_live());
    assert_eq!((snapshot.uid(acme), snapshot.consent().tcf), (None, None));

    let year = u64::from(policy.entry_ttl);
    assert!(Snapshot::new(&ec, item.clone(), &policy, NOW + year).unwrap().is_none());
    let item = Item { body: b"{".to_vec(), ..item };
    assert!(matches!(Snapshot::new(&ec, item, &policy, NOW), Err(GraphError::Corrupt(_))));
}
