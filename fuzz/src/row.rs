//! Any bytes as a stored row.

use std::cell::RefCell;

use identity_graph::{
    Corrupt, Graph, GraphError, IfMissing, Item, ItemHead, KvError, PartnerUid, Policy, Read,
    Store, Write, WriteOutcome, Written,
};
use serde_json::Value;

const ID: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f";
/// The partner that every upsert is about.
const NEW: &str = "new.example";
const NOW: u64 = 1_790_100_000;

/// One row, which every write replaces.
struct OneRow(RefCell<Vec<u8>>);

impl Store for OneRow {
    fn get(&self, _: &str) -> Read {
        let body = self.0.borrow().clone();
        Ok(Some(Item { body, metadata: None, generation: 1 }))
    }

    fn head(&self, _: &str) -> Result<Option<ItemHead>, KvError> {
        // Stored text that nobody wrote as metadata is metadata like any other.
        let metadata = String::from_utf8(self.0.borrow().clone()).ok();
        Ok(Some(ItemHead { metadata, generation: 1 }))
    }

    fn put(&self, write: Write<'_>) -> Written {
        self.0.replace(write.body.to_vec());
        Ok(WriteOutcome::Stored)
    }

    fn delete(&self, _: &str) -> Result<bool, KvError> {
        Ok(true)
    }

    fn count(&self, _: &str, limit: u32) -> Result<u32, KvError> {
        Ok(limit)
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        writes.iter().map(|write| self.put(*write)).collect()
    }
}

/// Tries every operation on a stored row: none panics, a row that cannot be read is left alone by all
/// but a withdrawal, and one that can be read can still be read afterwards, with the partners that it
/// had.
///
/// # Panics
/// When one of these does not hold.
pub fn row(body: &[u8]) {
    type Change = fn(&Graph<OneRow>) -> Result<(), GraphError>;
    let changes: [Change; 4] = [
        |graph| {
            let id = PartnerUid { partner: NEW.into(), uid: "u".into(), synced: None };
            graph.upsert_partner_id(ID, id, IfMissing::Skip, NOW).map(drop)
        },
        |graph| graph.update_last_seen(ID, NOW).map(drop),
        |graph| graph.evaluate_cluster(ID, NOW).map(drop),
        |graph| graph.get_metadata(ID).map(drop).or(Ok(())),
    ];
    for change in changes {
        let graph = graph(body);
        let before = graph.get(ID).map(|snapshot| snapshot.map(|snapshot| snapshot.entry()));
        let result = change(&graph);
        match (before, result) {
            (Ok(Some(before)), Ok(())) => {
                let after = graph.get(ID).ok().flatten().map(|snapshot| snapshot.entry());
                let after = after.unwrap_or_else(|| panic!("the row cannot be read any more"));
                assert_eq!(after.consent, before.consent);
                assert_eq!(after.geo, before.geo);
                assert_eq!(after.device, before.device);
                assert_eq!(after.created, before.created);
                let kept = |id: &PartnerUid| {
                    let same = |after: &&PartnerUid| after.partner == id.partner;
                    let is_kept = |after: &PartnerUid| {
                        id.partner == NEW
                            || (&after.uid, after.synced.unwrap_or_default())
                                == (&id.uid, id.synced.unwrap_or_default())
                    };
                    after.ids.iter().filter(same).any(is_kept)
                };
                assert!(before.ids.iter().all(kept));
                assert_others_kept(body, &graph.store().0.borrow());
            }
            (Err(GraphError::Corrupt(Corrupt::NotJson(_))), _) => {
                assert!(serde_json::from_slice::<Value>(body).is_err(), "JSON was called none");
                assert_eq!(*graph.store().0.borrow(), body);
            }
            (_, Err(GraphError::TooLarge | GraphError::Corrupt(_))) | (Err(_), Ok(())) => {
                assert_eq!(*graph.store().0.borrow(), body);
            }
            (before, result) => panic!("{result:?}, where a read was ok: {}", before.is_ok()),
        }
    }
    let graph = graph(body);
    let withdrawn = graph.write_withdrawal_tombstone(ID, NOW);
    assert_eq!(withdrawn, Ok(()));
    let entry = graph.get(ID).ok().flatten().map(|snapshot| snapshot.entry());
    assert!(entry.is_some_and(|entry| !entry.consent.ok && entry.ids.is_empty()));
}

/// Members that no change is about are as a general parser read them before.
fn assert_others_kept(before: &[u8], after: &[u8]) {
    let Ok(Value::Object(before)) = serde_json::from_slice(before) else {
        // It refuses lone surrogates, and numbers that no float holds; these are members here.
        let text = String::from_utf8_lossy(before);
        assert!(text.contains("\\u") || text.contains(['e', 'E']), "no JSON was read as a row");
        return;
    };
    let after: Value = serde_json::from_slice(after).unwrap_or_else(|error| panic!("{error}"));
    let changing = ["last_seen", "network", "pub_properties", "ids"];
    for (name, value) in before.iter().filter(|(name, _)| !changing.contains(&name.as_str())) {
        assert_eq!(after.get(name), Some(value));
    }
}

fn graph(body: &[u8]) -> Graph<OneRow> {
    let store = OneRow(RefCell::new(body.to_vec()));
    Graph::new(store, Policy::default()).unwrap_or_else(|error| panic!("{error}"))
}
