//! Any bytes as a stored row.

use std::cell::RefCell;

use identity_graph::limits::MAX_BODY_BYTES;
use identity_graph::{
    Corrupt, Device, Entry, Geo, Graph, GraphError, IfMissing, Item, ItemHead, KvError, Mapping,
    NewEntry, PartnerUid, Policy, Read, Store, UpsertOutcome, VisitOutcome, Write, WriteOutcome,
    Written,
};
use serde_json::Value;

use crate::kept::{Change, assert_kept};

const ID: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f";
/// An ID of a provider, which belongs to no network.
const PROVIDED: &str = "acme~Visitor-1";
/// The partner that every change of UIDs is about.
pub(crate) const NEW: &str = "new.example";
pub(crate) const NOW: u64 = 1_790_100_000;

/// One row, which every write replaces.
struct OneRow(RefCell<Vec<u8>>);

impl Store for OneRow {
    type Error = KvError;

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
        let before = self.0.replace(write.body.to_vec());
        let most = MAX_BODY_BYTES.max(before.len());
        assert!(write.body.len() <= most, "a row grows beyond its limit");
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

/// What a change made of the row.
enum Did {
    /// It is the same entry, changed or not.
    Kept(Change),
    /// It is another one.
    Made,
}

type Try = fn(&Graph<OneRow>) -> Result<Did, GraphError>;

const CHANGES: [Try; 10] = [
    |graph| {
        let outcome = graph.upsert_partner_id(ID, uid(), IfMissing::Skip, NOW)?;
        Ok(changed_uids(&outcome))
    },
    |graph| {
        let mapping =
            Mapping { atype: Some(3), expires: Some(NOW + 9), ..Mapping::new(ID, "v", NOW - 400) };
        let outcomes = graph.sync_partner_ids(NEW, &[mapping], NOW)?;
        outcomes.into_iter().next().expect("an outcome for each")?;
        Ok(Did::Kept(Change::Uids))
    },
    |graph| {
        let outcomes = graph.remove_partner_ids(PROVIDED, vec![NEW.to_uppercase()], NOW)?;
        Ok(changed_uids(&outcomes[0]))
    },
    |graph| {
        let outcomes = graph.sync_partner_ids(NEW, &[Mapping::removal(PROVIDED, NOW)], NOW)?;
        Ok(changed_uids(&outcomes.into_iter().next().expect("an outcome for each")?))
    },
    |graph| {
        let geo = Geo::from_lookup("us", "OR", 64_500, 820);
        let device = Device { is_mobile: 1, known_browser: Some(true), ..Device::default() };
        let report = graph.visit(
            ID,
            NewEntry {
                tcf: Some("tcf".into()),
                gpp_sid: Some("7".into()),
                geo: Some(geo),
                device: Some(device),
                domain: Some("news.example".into()),
                ids: vec![uid()],
                ..NewEntry::at(NOW)
            },
        )?;
        Ok(visited(report.outcome))
    },
    |graph| Ok(visited(graph.visit(PROVIDED, NewEntry::at(NOW))?.outcome)),
    |graph| {
        let Some(mut snapshot) = graph.get(ID, NOW)? else { return Ok(Did::Kept(Change::Mending)) };
        Ok(visited(snapshot.visit(graph, NewEntry::at(NOW))?.outcome))
    },
    |graph| graph.update_last_seen(ID, NOW).map(|_| Did::Kept(Change::Mending)),
    |graph| graph.evaluate_cluster(ID, NOW).map(|_| Did::Kept(Change::Mending)),
    // What is stored beside the row may be anything, whatever the row is.
    |graph| graph.get_metadata(ID).map(drop).or(Ok(())).map(|()| Did::Kept(Change::Mending)),
];

/// Tries every operation on a stored row, under either policy: none panics, a row that cannot be read is left alone by all
/// but a withdrawal, one that can be read can still be read afterwards, and what a change is not about
/// is as a general parser read it before.
///
/// # Panics
/// When one of these does not hold.
pub fn row(body: &[u8]) {
    for policy in [Policy::default(), Policy::trusted_server()] {
        row_under(body, policy);
    }
}

fn row_under(body: &[u8], policy: Policy) {
    for change in CHANGES {
        let graph = graph(body, policy);
        let before = entry(&graph);
        let result = change(&graph);
        let stored = || graph.store().0.borrow();
        match (before, result) {
            (_, Ok(Did::Made)) => {
                let made = entry(&graph).ok().flatten();
                assert!(made.is_some_and(|made| made.consent.ok), "a visit left no live entry");
            }
            (Ok(before), Ok(Did::Kept(change))) => {
                let after = entry(&graph).expect("the row can be read no more");
                assert_eq!(before.is_some(), after.is_some());
                if let (Some(before), Some(after)) = (before, after) {
                    assert_same(&before, &after, change);
                }
                assert_kept(body, &stored(), change);
            }
            (Err(GraphError::Corrupt(problem)), result) => {
                assert_corrupt(body, problem);
                // Metadata is read without the row.
                let is_told = matches!(result, Err(GraphError::Corrupt(same)) if same == problem);
                assert!(is_told || result.is_ok(), "{problem:?} was not told");
                assert_eq!(*stored(), body);
            }
            (Ok(_), Err(GraphError::TooLarge | GraphError::Corrupt(_))) => {
                assert_eq!(*stored(), body);
            }
            (before, Err(error)) => panic!("{error:?}, where a read was ok: {}", before.is_ok()),
            (Err(error), _) => panic!("{error:?} of a read"),
        }
    }
    let graph = graph(body, policy);
    let withdrawn = graph.write_withdrawal_tombstone(ID, NOW);
    assert_eq!(withdrawn, Ok(()));
    let entry = entry(&graph).ok().flatten();
    assert!(entry.is_some_and(|entry| !entry.consent.ok && entry.ids.is_empty()));
}

fn uid() -> PartnerUid {
    PartnerUid {
        atype: Some(1),
        expires: Some(NOW + 86_400),
        ext: Some(r#"{"rtiPartner":"x"}"#.into()),
        ..PartnerUid::new(NEW, "u")
    }
}

fn changed_uids(outcome: &UpsertOutcome) -> Did {
    Did::Kept(if *outcome == UpsertOutcome::Written { Change::Uids } else { Change::Mending })
}

fn visited(outcome: VisitOutcome) -> Did {
    match outcome {
        VisitOutcome::Created | VisitOutcome::Revived => Did::Made,
        VisitOutcome::Written => Did::Kept(Change::Visit),
        VisitOutcome::Unchanged | VisitOutcome::Withdrawn => Did::Kept(Change::Mending),
    }
}

/// What the graph shows is the same, but for what the change is about.
fn assert_same(before: &Entry, after: &Entry, change: Change) {
    assert_eq!((after.v, after.created), (1, before.created));
    assert_eq!(
        (after.consent.ok, after.consent.withdrawn),
        (before.consent.ok, before.consent.withdrawn)
    );
    if change != Change::Visit {
        assert_eq!(after.consent, before.consent);
        assert_eq!(after.geo, before.geo);
        assert_eq!(after.device, before.device);
        assert_eq!(after.pub_properties, before.pub_properties);
    }
    let stays = |id: &PartnerUid| after.ids.iter().any(|after| after.partner == id.partner);
    let others = before.ids.iter().filter(|id| id.partner != NEW);
    assert!(others.clone().all(stays), "a partner is gone");
    assert!(after.ids.iter().all(
        |id| id.partner == NEW || before.ids.iter().any(|before| before.partner == id.partner)
    ));
}

/// A general parser agrees on what is wrong, where it can tell.
fn assert_corrupt(body: &[u8], problem: Corrupt) {
    let parsed = serde_json::from_slice::<Value>(body);
    match problem {
        Corrupt::NotJson(_) => assert!(parsed.is_err(), "JSON was called none"),
        Corrupt::Version(version) => {
            assert_ne!(version, 1);
            if let Ok(row) = parsed {
                assert_eq!(row["v"].as_u64(), Some(version.into()));
            }
        }
        _ => {}
    }
}

fn entry(graph: &Graph<OneRow>) -> Result<Option<Entry>, GraphError> {
    Ok(graph.get(ID, NOW)?.map(|snapshot| snapshot.entry()))
}

fn graph(body: &[u8], policy: Policy) -> Graph<OneRow> {
    let store = OneRow(RefCell::new(body.to_vec()));
    Graph::new(store, policy).unwrap_or_else(|error| panic!("{error}"))
}
