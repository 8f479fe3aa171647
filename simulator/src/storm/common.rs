//! The common way to add UIDs: what the graph is compared with.

use identity_graph::{
    Failure, KvError, PartnerUid, Policy, Precondition, Store, UpsertOutcome, Write,
};
use identity_graph::{WriteOutcome, Written};
use serde_json::{Value, json};

use crate::{Operation, Outcome, Runner, Script, Workers};

/// Reads the row, changes it and writes it if unchanged, for each UID by itself. A refused write is
/// tried again at once, up to five times in all, whatever the reason.
pub(super) struct Common;

const TRIES: usize = 5;

impl Workers for Common {
    fn open(&self, store: Script, policy: Policy) -> Runner {
        Box::new(move |operation| {
            let Operation::Upsert { ec, ids, now, .. } = operation else {
                return Outcome::Trapped("the common way only adds UIDs".to_owned());
            };
            let outcomes = ids.iter().map(|id| upsert(&store, ec, id, *now, policy.entry_ttl));
            Outcome::Synced(Ok(outcomes.collect()))
        })
    }
}

fn upsert(
    store: &Script,
    ec: &str,
    id: &PartnerUid,
    now: u64,
    time_to_live: u32,
) -> Result<UpsertOutcome, Failure> {
    let mut last = Failure::Conflict;
    for _ in 0..TRIES {
        let read = store.get(ec).map_err(|_| unavailable())?;
        let Some(item) = read else { return Ok(UpsertOutcome::NotFound) };
        let mut row: Value = serde_json::from_slice(&item.body).map_err(|_| unavailable())?;
        let stored = &mut row["ids"][&id.partner];
        if stored["uid"] == id.uid.as_str() {
            return Ok(UpsertOutcome::Unchanged);
        }
        *stored = json!({ "uid": id.uid, "synced": now });
        let written: Written = store.put(Write {
            key: ec,
            body: row.to_string().as_bytes(),
            metadata: item.metadata.as_deref().unwrap_or_default(),
            time_to_live,
            condition: Precondition::Matches(item.generation),
        });
        last = match written {
            Ok(WriteOutcome::Stored) => return Ok(UpsertOutcome::Written),
            Ok(WriteOutcome::Conflict(_)) => Failure::Conflict,
            Err(KvError::Throttled) => Failure::Throttled,
            Err(_) => return Err(unavailable()),
        };
    }
    Err(last)
}

fn unavailable() -> Failure {
    Failure::Unavailable("the store failed".to_owned())
}
