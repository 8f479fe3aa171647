//! What a write may do to a row: invariants 1 to 5.

use std::collections::BTreeMap;

use identity_graph::{IfMissing, Policy};
use serde_json::{Map, Value};

use super::assertions::{AssertedUid, latest};
use super::broken::{Broken, Invariant, broken};
use super::call::Put;
use super::reference::{Held, StoredEntry};
use super::worker::Operation;

/// Checks a write that took place.
pub(super) fn check_put(
    operation: &Operation,
    policy: &Policy,
    before: &Held,
    put: &Put,
) -> Result<(), Broken> {
    let Held::Entry(after) = Held::of(Some(&put.body)) else {
        return broken(Invariant::Untouched, "a row was written that is no entry");
    };
    check_metadata(&after, put)?;
    if !after.is_readable() {
        return broken(
            Invariant::Untouched,
            "a row was written that the first readers cannot read",
        );
    }
    let write = Written { operation, policy, before, after: &after, put };
    match operation {
        Operation::Withdraw { now, .. } => write.withdrawal(*now),
        _ if !after.ok => broken(Invariant::Untouched, "a tombstone that nobody asked for"),
        _ => {
            write.after_withdrawal()?;
            match operation {
                Operation::Create { entry, .. } => write.start(entry.now, false),
                Operation::Visit { entry, .. } => write.start(entry.now, true),
                _ => write.change(),
            }
        }
    }
}

/// Checks that a delete was asked for.
pub(super) fn check_delete(operation: &Operation) -> Result<(), Broken> {
    match operation {
        Operation::Delete { .. } => Ok(()),
        _ => broken(Invariant::Acknowledged, "a row was deleted that nobody asked to delete"),
    }
}

struct Written<'a> {
    operation: &'a Operation,
    policy: &'a Policy,
    before: &'a Held,
    after: &'a StoredEntry,
    put: &'a Put,
}

impl Written<'_> {
    fn withdrawal(&self, now: u64) -> Result<(), Broken> {
        let Self { after, put, policy, .. } = self;
        if after.ok || !after.ids.is_empty() || after.updated != now {
            return broken(Invariant::Withdrawal, "the withdrawal left consent or UIDs behind");
        }
        if put.time_to_live != policy.tombstone_ttl {
            return broken(Invariant::Withdrawal, "the tombstone has another lifetime");
        }
        Ok(())
    }

    /// A live row over a tombstone has a consent that is newer.
    fn after_withdrawal(&self) -> Result<(), Broken> {
        match self.before.tombstone() {
            Some(tombstone) if self.after.updated <= tombstone.updated => {
                broken(Invariant::Withdrawal, "a withdrawn row is live without a newer consent")
            }
            _ => Ok(()),
        }
    }

    /// A first visit or a revival.
    fn start(&self, now: u64, may_replace: bool) -> Result<(), Broken> {
        let may = match self.before {
            Held::Nothing => true,
            Held::Corrupt => false,
            before @ Held::Entry(_) => {
                let is_free = before.tombstone().is_some() || before.is_missing(self.policy, now);
                may_replace && is_free
            }
        };
        if !may {
            return broken(Invariant::Acknowledged, "a visit replaced a row that it must not");
        }
        self.is_new(now)
    }

    /// The row holds what was asked for and nothing else.
    fn is_new(&self, now: u64) -> Result<(), Broken> {
        let Self { after, put, policy, .. } = self;
        let assertions = self.operation.assertions(&put.key);
        let asked: BTreeMap<_, _> = assertions
            .iter()
            .filter_map(|asserted| latest(&assertions, asserted.partner))
            .map(|asserted| {
                (asserted.partner.to_owned(), (asserted.uid.to_owned(), asserted.synced))
            })
            .collect();
        if after.updated != now || after.last_visit != now || after.ids != asked {
            return broken(Invariant::Acknowledged, "a new row holds something else than asked");
        }
        if put.time_to_live != policy.entry_ttl {
            return broken(Invariant::Time, "a new row has another lifetime");
        }
        Ok(())
    }

    /// An upsert, a touch or a cluster write.
    fn change(&self) -> Result<(), Broken> {
        let now = self.operation.now().unwrap_or_default();
        let Some(before) = self.before.live(self.policy, now) else {
            let asked = matches!(
                self.operation,
                Operation::Upsert { missing: IfMissing::CreateMinimal, .. }
            );
            return match self.before {
                Held::Corrupt => broken(Invariant::Untouched, "a corrupt row was overwritten"),
                before if asked && before.is_missing(self.policy, now) => self.is_new(now),
                _ => broken(Invariant::Appearance, "a row appeared that nobody asked for"),
            };
        };
        let assertions = self.operation.assertions(&self.put.key);
        self.ids(before, &assertions)?;
        let is_touched = self.last_visit(before, now)?;
        self.lifetime(before, now, is_touched)?;
        let mut expected = before.whole.clone();
        let mut found = self.after.whole.clone();
        for row in [&mut expected, &mut found] {
            self.blank(row, &assertions);
        }
        if contains(&found, &expected) && self.is_kept_to_the_byte(before) {
            Ok(())
        } else {
            broken(Invariant::Untouched, "a field changed that nobody touched")
        }
    }

    /// Members that no change is about are not even written anew.
    fn is_kept_to_the_byte(&self, before: &StoredEntry) -> bool {
        const CHANGING: [&str; 4] = ["last_seen", "network", "pub_properties", "ids"];
        let mut kept = before.written.iter().filter(|(name, _)| !CHANGING.contains(&&***name));
        kept.all(|(name, value)| self.after.written.get(name) == Some(value))
    }

    fn ids(&self, before: &StoredEntry, assertions: &[AssertedUid<'_>]) -> Result<(), Broken> {
        for (partner, (uid, synced)) in &before.ids {
            let Some((new_uid, new_synced)) = self.after.ids.get(partner) else {
                return broken(Invariant::Acknowledged, "a stored UID is gone");
            };
            if new_synced < synced {
                return broken(Invariant::Time, "a synced time went back");
            }
            if new_uid != uid && new_synced == synced {
                return broken(Invariant::Acknowledged, "a UID was replaced by one not newer");
            }
        }
        for (partner, after) in &self.after.ids {
            let asserted = latest(assertions, partner);
            let is_asked = asserted
                .is_some_and(|asserted| asserted.uid == after.0 && asserted.synced == after.1);
            if !is_asked && before.ids.get(partner) != Some(after) {
                return broken(Invariant::Untouched, "a UID appeared that nobody asserted");
            }
        }
        Ok(())
    }

    fn last_visit(&self, before: &StoredEntry, now: u64) -> Result<bool, Broken> {
        if self.after.last_visit < before.last_visit {
            return broken(Invariant::Time, "last-seen went back");
        }
        if self.after.last_visit == before.last_visit {
            return Ok(false);
        }
        let visits = matches!(self.operation, Operation::Touch { .. } | Operation::View { .. });
        if visits && self.after.last_visit == now {
            Ok(true)
        } else {
            broken(Invariant::Time, "last-seen moved without a visit")
        }
    }

    /// Only a visit extends a lifetime.
    fn lifetime(&self, before: &StoredEntry, now: u64, is_touched: bool) -> Result<(), Broken> {
        let age = if is_touched { 0 } else { now.saturating_sub(before.last_visit) };
        if u64::from(self.put.time_to_live) + age == u64::from(self.policy.entry_ttl) {
            Ok(())
        } else {
            broken(Invariant::Time, "a lifetime changed that no visit extends")
        }
    }

    /// Takes out of a row what the operation may change, and what every rewrite adds.
    fn blank(&self, row: &mut Value, assertions: &[AssertedUid<'_>]) {
        let Some(row) = row.as_object_mut() else { return };
        row.remove("last_seen");
        if let Some(ids) = row.get_mut("ids").and_then(Value::as_object_mut) {
            let is_asserted =
                |partner: &str| assertions.iter().any(|asserted| asserted.partner == partner);
            for (partner, stored) in ids.iter_mut() {
                if let Some(stored) = stored.as_object_mut() {
                    stored.remove("synced");
                    if is_asserted(partner) {
                        stored.remove("uid");
                    }
                }
            }
        }
        let network = row.get_mut("network").and_then(Value::as_object_mut);
        if let (Operation::Cluster { .. }, Some(network)) = (self.operation, network) {
            network.remove("cluster_size");
            network.remove("cluster_checked");
        }
        if let Some(domains) = row.get_mut("pub_properties").and_then(Value::as_object_mut) {
            // A map of seen domains becomes a list beside the map.
            let list = |map: &Map<String, Value>| map.keys().cloned().map(Value::from).collect();
            let listed = domains.get("seen_domains").and_then(Value::as_object).map(list);
            if let Some(listed) = listed {
                domains.insert("seen_domains".to_owned(), Value::Array(listed));
            }
        }
    }
}

/// What can be read beside the body says the same as the body.
fn check_metadata(after: &StoredEntry, put: &Put) -> Result<(), Broken> {
    let metadata: Value = serde_json::from_str(&put.metadata).unwrap_or_default();
    let mirrors = metadata["ok"] == after.whole["consent"]["ok"]
        && metadata["country"] == after.whole["geo"]["country"]
        && metadata["v"] == after.whole["v"];
    if mirrors { Ok(()) } else { broken(Invariant::Untouched, "the metadata says something else") }
}

/// Whether everything of `expected` is in `found`.
fn contains(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => expected
            .iter()
            .all(|(key, value)| found.get(key).is_some_and(|found| contains(found, value))),
        _ => found == expected,
    }
}
