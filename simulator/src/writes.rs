//! What a write may do to a row: invariants 1 to 5.

use std::collections::BTreeMap;

use identity_graph::{IfMissing, NewEntry, Policy, Precondition};
use serde_json::{Map, Value};

use super::assertions::{AssertedUid, latest, winners};
use super::broken::{Broken, Invariant, broken};
use super::call::Put;
use super::reference::{Clock, Held, StoredEntry, StoredUid};
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
    let clock = Clock::of(operation, policy);
    let assertions = operation.assertions(&put.key, policy);
    let write = Written { operation, policy, clock, assertions, before, after: &after, put };
    match operation {
        Operation::Withdraw { .. } => write.withdrawal(),
        Operation::WithdrawSeen { .. } => write.withdrawal_seen(),
        _ if !after.ok => broken(Invariant::Untouched, "a tombstone that nobody asked for"),
        _ => {
            write.after_withdrawal()?;
            match (operation, before.live(policy, clock)) {
                (Operation::Create { .. }, _) => write.start(false),
                (Operation::CreateOrRevive { .. }, _) | (Operation::Visit { .. }, None) => {
                    write.start(true)
                }
                (_, Some(before)) => write.change(before),
                (_, None) => write.appearance(),
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
    clock: Clock,
    assertions: Vec<AssertedUid<'a>>,
    before: &'a Held,
    after: &'a StoredEntry,
    put: &'a Put,
}

impl Written<'_> {
    fn withdrawal(&self) -> Result<(), Broken> {
        let Self { after, put, policy, clock, .. } = self;
        let shows_nothing = after.strings == [None, None, None] && after.ids.is_empty();
        if after.ok || !shows_nothing || after.updated != clock.now {
            return broken(Invariant::Withdrawal, "the withdrawal left consent or UIDs behind");
        }
        if put.time_to_live != policy.tombstone_ttl {
            return broken(Invariant::Withdrawal, "the tombstone has another lifetime");
        }
        Ok(())
    }

    /// A withdrawal on a snapshot replaces the row that was read, if that is live, and nothing else.
    fn withdrawal_seen(&self) -> Result<(), Broken> {
        match (self.put.condition, self.before) {
            (Precondition::None | Precondition::Absent, _) | (_, Held::Nothing) => {
                broken(Invariant::Appearance, "a withdrawal that makes a row, which it may not")
            }
            (_, Held::Corrupt) => broken(Invariant::Untouched, "a corrupt row was overwritten"),
            (_, Held::Entry(before)) if !before.ok => {
                broken(Invariant::Untouched, "a tombstone was replaced that keeps its time")
            }
            _ => self.withdrawal(),
        }
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
    fn start(&self, may_replace: bool) -> Result<(), Broken> {
        let may = match self.before {
            Held::Nothing => true,
            Held::Corrupt => false,
            before @ Held::Entry(_) => {
                let is_missing = before.is_missing(self.policy, self.clock);
                may_replace && (before.tombstone().is_some() || is_missing)
            }
        };
        if !may {
            return broken(Invariant::Acknowledged, "a visit replaced a row that it must not");
        }
        self.is_new()
    }

    /// A write where there is no live entry, by what is no visit.
    fn appearance(&self) -> Result<(), Broken> {
        let asked =
            matches!(self.operation, Operation::Upsert { missing: IfMissing::CreateMinimal, .. });
        match self.before {
            Held::Corrupt => broken(Invariant::Untouched, "a corrupt row was overwritten"),
            before if asked && before.is_missing(self.policy, self.clock) => self.is_new(),
            _ => broken(Invariant::Appearance, "a row appeared that nobody asked for"),
        }
    }

    /// The row holds what was asked for and nothing else.
    fn is_new(&self) -> Result<(), Broken> {
        let Self { after, put, policy, clock, .. } = self;
        let withdrawn = self.before.tombstone().map(|tombstone| tombstone.updated);
        let asked = winners(&self.assertions).into_iter();
        let asked = asked.filter(|one| withdrawn.is_none_or(|at| one.synced > at));
        let asked: BTreeMap<_, _> = asked
            .filter_map(|AssertedUid { partner, uid, synced, expires, .. }| {
                let uid = uid?.to_owned();
                Some((partner.to_owned(), StoredUid { uid, synced, expires }))
            })
            .take(policy.max_partners as usize)
            .collect();
        let strings = new_entry(self.operation).map(given).unwrap_or_default();
        let is_as_asked = (after.created, after.updated, after.last_seen)
            == (clock.now, clock.now, Some(clock.now))
            && after.ids == asked
            && after.strings == strings.map(|text| text.map(str::to_owned))
            && after.withdrawn == withdrawn;
        if !is_as_asked {
            return broken(Invariant::Acknowledged, "a new row holds something else than asked");
        }
        if put.time_to_live != policy.entry_ttl {
            return broken(Invariant::Time, "a new row has another lifetime");
        }
        Ok(())
    }

    /// An upsert, a removal, a visit, a touch or a cluster write.
    fn change(&self, before: &StoredEntry) -> Result<(), Broken> {
        self.ids(before)?;
        self.removals(before)?;
        self.last_seen(before)?;
        self.cluster(before)?;
        self.consent(before)?;
        self.domains(before)?;
        let mut expected = before.whole.clone();
        let mut found = self.after.whole.clone();
        for row in [&mut expected, &mut found] {
            self.blank(before, row);
        }
        if contains(&found, &expected) && self.is_kept_to_the_byte(before) {
            Ok(())
        } else {
            broken(Invariant::Untouched, "a field changed that nobody touched")
        }
    }

    /// Members that no change is about are not even written anew.
    fn is_kept_to_the_byte(&self, before: &StoredEntry) -> bool {
        const CHANGING: [&str; 5] = ["last_seen", "network", "pub_properties", "ids", "removed"];
        const OF_VISITS: [&str; 3] = ["consent", "geo", "device"];
        let visits = new_entry(self.operation).is_some();
        let may_change =
            |name: &str| CHANGING.contains(&name) || visits && OF_VISITS.contains(&name);
        let mut kept = before.written.iter().filter(|(name, _)| !may_change(name));
        kept.all(|(name, value)| self.after.written.get(name) == Some(value))
    }

    fn ids(&self, before: &StoredEntry) -> Result<(), Broken> {
        for (partner, stored) in &before.ids {
            match self.after.ids.get(partner) {
                None => self.gone(before, partner, stored)?,
                Some(after) => self.kept(before, partner, stored, after)?,
            }
        }
        for (partner, after) in &self.after.ids {
            let stored = before.ids.get(partner);
            if stored == Some(after) {
                continue;
            }
            if let Some(asserted) = self.asserted(before, partner, after) {
                if before.voids(&asserted, self.clock) {
                    return broken(Invariant::Withdrawal, "a UID is back that had been taken out");
                }
            } else if stored.is_none_or(|stored| stored.uid != after.uid) {
                return broken(Invariant::Untouched, "a UID appeared that nobody asserted");
            }
        }
        if self.after.partners() > before.partners().max(self.policy.max_partners as usize) {
            return broken(Invariant::Untouched, "a row has more partners than it may have");
        }
        Ok(())
    }

    /// What the operation says of a partner, where the row has it so.
    fn asserted(
        &self,
        before: &StoredEntry,
        partner: &str,
        uid: &StoredUid,
    ) -> Option<AssertedUid<'_>> {
        latest(&self.assertions, partner).filter(|best| {
            let ends_as_asked = best.expires.is_none() || best.expires == uid.expires;
            let is_noted = self.noted(before, best) == uid.synced;
            best.uid == Some(&uid.uid) && is_noted && ends_as_asked
        })
    }

    /// The time that is written for a UID: by arrival that of a stored one does not go back.
    fn noted(&self, before: &StoredEntry, asserted: &AssertedUid<'_>) -> u64 {
        let AssertedUid { partner, synced, by_arrival, .. } = *asserted;
        let stored = self.clock.known(before.ids.get(partner).map(|stored| stored.synced));
        stored.filter(|_| by_arrival).map_or(synced, |stored| stored.max(synced))
    }

    /// A stored UID that the row no longer has.
    fn gone(&self, before: &StoredEntry, partner: &str, stored: &StoredUid) -> Result<(), Broken> {
        let synced = self.clock.known(Some(stored.synced));
        let is_later = |removal: &AssertedUid<'_>| {
            if removal.by_arrival {
                return !before.is_withdrawn_since(removal.synced, self.clock);
            }
            synced.is_none_or(|synced| removal.synced > synced)
        };
        let removal = latest(&self.assertions, partner).filter(|best| best.uid.is_none());
        let is_removed = removal.is_some_and(|removal| is_later(&removal));
        if is_removed || stored.is_over(self.clock) {
            Ok(())
        } else {
            broken(Invariant::Acknowledged, "a stored UID is gone")
        }
    }

    /// A partner's UID, and what the row has of that partner after the write.
    fn kept(
        &self,
        before: &StoredEntry,
        partner: &str,
        stored: &StoredUid,
        after: &StoredUid,
    ) -> Result<(), Broken> {
        let asserted = self.asserted(before, partner, after);
        let is_asserted = asserted.is_some();
        let is_over = stored.is_over(self.clock);
        let since = self.clock.known(Some(stored.synced));
        let is_later = since.is_none_or(|since| after.synced > since);
        if is_over && !is_asserted {
            return broken(Invariant::Time, "a UID was kept past its end");
        }
        if after.uid == stored.uid {
            // A time that cannot be believed is mended.
            let is_mended = since.is_none() && after.synced == 0;
            let may = after.synced == stored.synced || is_asserted && is_later || is_mended;
            return if may || is_asserted && is_over {
                Ok(())
            } else {
                broken(Invariant::Time, "a synced time went back")
            };
        }
        // By arrival it is enough that this is what was asserted.
        if is_later || is_over || asserted.is_some_and(|asserted| asserted.by_arrival) {
            Ok(())
        } else {
            broken(Invariant::Acknowledged, "a UID was replaced by one not newer")
        }
    }

    fn removals(&self, before: &StoredEntry) -> Result<(), Broken> {
        for (partner, at) in &self.after.removed {
            let asked = latest(&self.assertions, partner);
            let is_asked = asked.is_some_and(|best| best.uid.is_none() && best.synced == *at);
            if before.removed.get(partner) != Some(at) && !is_asked {
                return broken(Invariant::Untouched, "a removal that nobody asked for");
            }
        }
        // Of too many the oldest are forgotten.
        let most = self.policy.max_partners as usize;
        let is_crowded = before.removed.len() + self.assertions.len() > most;
        for partner in before.removed.keys() {
            let is_void = self.after.ids.contains_key(partner);
            if !self.after.removed.contains_key(partner) && !is_void && !is_crowded {
                return broken(Invariant::Acknowledged, "a removal was forgotten");
            }
        }
        Ok(())
    }

    /// Only a visit moves the time of the last one, and only a visit extends a lifetime.
    fn last_seen(&self, before: &StoredEntry) -> Result<(), Broken> {
        let (now, after) = (self.clock.now, self.after.last_seen);
        let visits = matches!(
            self.operation,
            Operation::Touch { .. } | Operation::View { .. } | Operation::Visit { .. }
        );
        let lifetime = u64::from(self.policy.entry_ttl);
        let left = match self.clock.known(before.last_seen) {
            // What is not known begins now.
            None if after == Some(now) => lifetime,
            None => return broken(Invariant::Time, "a last-seen was not mended"),
            Some(known) if after == Some(known) => {
                if known < now && matches!(self.operation, Operation::Visit { .. }) {
                    return broken(Invariant::Time, "a visit was written and not noted");
                }
                match lifetime.saturating_sub(now.saturating_sub(known)) {
                    // How long the store keeps what has outlived that, nobody knows.
                    0 => lifetime,
                    left => left,
                }
            }
            Some(known) if after < Some(known) => {
                return broken(Invariant::Time, "last-seen went back");
            }
            Some(_) if visits && after == Some(now) => lifetime,
            Some(_) => return broken(Invariant::Time, "last-seen moved without a visit"),
        };
        if u64::from(self.put.time_to_live) == left {
            Ok(())
        } else {
            broken(Invariant::Time, "a lifetime changed that no visit extends")
        }
    }

    /// A size that stands is not counted anew.
    fn cluster(&self, before: &StoredEntry) -> Result<(), Broken> {
        let counts = matches!(self.operation, Operation::Cluster { .. });
        if counts && before.standing_size(self.policy, self.clock).is_some() {
            return broken(Invariant::Untouched, "a cluster size was counted anew that stands");
        }
        Ok(())
    }

    /// Consent strings are those of the newest visit that gave any; nothing else changes them.
    fn consent(&self, before: &StoredEntry) -> Result<(), Broken> {
        let (clock, after) = (self.clock, self.after);
        let known = clock.known(Some(before.updated));
        let is_newer = known.is_none_or(|updated| clock.now > updated);
        let given = new_entry(self.operation).filter(|_| is_newer).map(given).unwrap_or_default();
        let has_given = given.iter().any(Option::is_some);
        let expected = |(given, stored): (Option<&str>, &Option<String>)| {
            given.map(str::to_owned).or_else(|| stored.clone())
        };
        let expected: Vec<_> = given.into_iter().zip(&before.strings).map(expected).collect();
        // Strings that are given again move the time with whatever else is written.
        let updated = if has_given { clock.now } else { before.updated };
        if expected == after.strings && after.updated == updated {
            Ok(())
        } else {
            broken(Invariant::Acknowledged, "the consent is not that of the newest visit")
        }
    }

    fn domains(&self, before: &StoredEntry) -> Result<(), Broken> {
        let visited = new_entry(self.operation).and_then(|entry| entry.domain.as_ref());
        let mut new = self.after.domains.difference(&before.domains);
        if before.domains.is_subset(&self.after.domains) && new.all(|one| Some(one) == visited) {
            Ok(())
        } else {
            broken(Invariant::Untouched, "the domains seen are others")
        }
    }

    /// Takes out of a row what the operation may change, and what every rewrite mends.
    fn blank(&self, before: &StoredEntry, row: &mut Value) {
        let Some(row) = row.as_object_mut() else { return };
        row.remove("last_seen");
        row.remove("removed");
        if let Some(ids) = row.get_mut("ids").and_then(Value::as_object_mut) {
            let is_gone = |partner: &String| !self.after.ids.contains_key(partner);
            ids.retain(|partner, _| !(before.ids.contains_key(partner) && is_gone(partner)));
            for (partner, stored) in ids.iter_mut() {
                let is_asserted = latest(&self.assertions, partner).is_some();
                if let Some(stored) = stored.as_object_mut() {
                    stored.remove("synced");
                    if is_asserted {
                        for name in ["uid", "atype", "expires", "ext"] {
                            stored.remove(name);
                        }
                    }
                }
            }
        }
        let network = row.get_mut("network").and_then(Value::as_object_mut);
        if let (Operation::Cluster { .. }, Some(network)) = (self.operation, network) {
            network.remove("cluster_size");
            network.remove("cluster_checked");
        }
        if let Some(entry) = new_entry(self.operation) {
            self.blank_visited(before, entry, row);
        }
        if let Some(domains) = row.get_mut("pub_properties").and_then(Value::as_object_mut) {
            // A map of seen domains becomes a list beside the map.
            domains.remove("seen_domains");
        }
    }

    /// Takes out what a visit may change: of place and device only the newest visit's count.
    fn blank_visited(&self, before: &StoredEntry, entry: &NewEntry, row: &mut Map<String, Value>) {
        if let Some(consent) = row.get_mut("consent").and_then(Value::as_object_mut) {
            for name in ["tcf", "gpp", "gpp_sid", "updated"] {
                consent.remove(name);
            }
        }
        let is_latest =
            self.clock.known(before.last_seen).is_none_or(|last_seen| self.clock.now >= last_seen);
        let country = &self.after.whole["geo"]["country"];
        if is_latest && entry.geo.as_ref().is_some_and(|geo| *country == *geo.country) {
            row.remove("geo");
        }
        if is_latest && entry.device.is_some() {
            row.remove("device");
        }
    }
}

/// What a visit knows.
fn new_entry(operation: &Operation) -> Option<&NewEntry> {
    match operation {
        Operation::Create { entry, .. }
        | Operation::CreateOrRevive { entry, .. }
        | Operation::Visit { entry, .. } => Some(entry),
        _ => None,
    }
}

/// The consent strings that a visit gives.
pub(super) fn given(entry: &NewEntry) -> [Option<&str>; 3] {
    let NewEntry { tcf, gpp, gpp_sid, .. } = entry;
    [tcf, gpp, gpp_sid].map(|text| text.as_deref().filter(|text| !text.is_empty()))
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
