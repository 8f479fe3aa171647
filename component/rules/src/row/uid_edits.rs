//! How partners' UIDs are written into a row, and taken out of it.

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

use super::schema::Section;
use super::splice::{Member, Splice};
use super::stored::{Matches, Row, StoredUid};
use super::write_json::Value;
use crate::error::Corrupt;
use crate::partner_uid::{Assertion, Claim};
use crate::sorted::sorted;
use crate::types::{Now, Timestamp};

/// The assertions of a call that are to be written.
pub(crate) struct UidEdits<'a> {
    assertions: &'a [Assertion],
    matches: Matches,
    /// For each assertion, whether it is written.
    written: Vec<bool>,
    /// How many removals a row remembers.
    most_removals: usize,
}

impl<'a> UidEdits<'a> {
    /// Nothing is asserted.
    pub(super) fn none(row: &Row, now: Now) -> Self {
        Self::new(&[], row.matches(&[], now), 0)
    }

    pub(crate) fn new(assertions: &'a [Assertion], matches: Matches, most_removals: usize) -> Self {
        Self { assertions, matches, written: vec![false; assertions.len()], most_removals }
    }

    /// Where the UID of an assertion's partner stands.
    pub(crate) fn stored<'r>(&self, row: &'r Row, assertion: usize) -> Option<&'r StoredUid> {
        row.uids.get(self.matches.stored.get(assertion).copied().flatten()?)
    }

    /// Whether anything in the place of an assertion's partner is not to be lost.
    pub(crate) fn is_occupied(&self, assertion: usize) -> bool {
        self.matches.occupied.get(assertion).copied().unwrap_or_default()
    }

    /// When the UID of an assertion's partner was removed last.
    pub(crate) fn removed(&self, assertion: usize) -> Option<Timestamp> {
        self.matches.removed.get(assertion).copied().flatten()
    }

    /// Decides whether an assertion is written.
    pub(crate) fn set_written(&mut self, assertion: usize, is_written: bool) {
        if let Some(written) = self.written.get_mut(assertion) {
            *written = is_written;
        }
    }

    pub(crate) fn writes(&self, assertion: usize) -> bool {
        self.written.get(assertion).copied().unwrap_or_default()
    }

    /// The assertion that is written over a stored UID.
    fn over(&self, at: usize) -> Option<&'a Assertion> {
        // They stand in the order of the row.
        let pairs = &self.matches.pairs;
        let pair = pairs.binary_search_by_key(&at, |(stored, _)| *stored).ok()?;
        let (_, assertion) = *pairs.get(pair)?;
        if self.writes(assertion) { self.assertions.get(assertion) } else { None }
    }

    /// Whether a stored UID goes with the next write.
    fn goes(&self, row: &Row, at: usize, stored: &StoredUid, now: Timestamp) -> bool {
        match self.over(at) {
            Some(assertion) => assertion.claim.is_none(),
            None => stored.has_expired(&row.text, now),
        }
    }

    /// Partners that the row has after the write, without those that are new.
    pub(crate) fn kept(&self, row: &Row, now: Timestamp) -> usize {
        let stays = |(at, stored): &(usize, &StoredUid)| !self.goes(row, *at, stored, now);
        row.uids.iter().enumerate().filter(stays).count()
    }

    pub(super) fn set(&self, row: &Row, splice: &mut Splice<'_>, now: Now) -> Result<(), Corrupt> {
        let mut takes_out = false;
        for (at, stored) in row.uids.iter().enumerate() {
            if self.goes(row, at, stored, now.at) {
                takes_out = true;
            } else {
                set_uid(row, splice, stored, self.over(at), now);
            }
        }
        self.add(row, splice, takes_out, now)?;
        self.set_removals(row, splice, now)
    }

    /// Adds partners that the row does not have, and takes out those that go.
    fn add(
        &self,
        row: &Row,
        splice: &mut Splice<'_>,
        takes_out: bool,
        now: Now,
    ) -> Result<(), Corrupt> {
        let is_new = |(at, _): &(usize, &Assertion)| {
            self.writes(*at) && self.matches.stored.get(*at).copied().flatten().is_none()
        };
        let new = self.assertions.iter().enumerate().filter(is_new);
        let objects: Vec<(&str, Vec<(&str, Value<'_>)>)> = new
            .filter_map(|(_, assertion)| {
                let claim = assertion.claim.as_ref()?;
                Some((assertion.partner.as_str(), members(claim, assertion.synced)))
            })
            .collect();
        let added: Vec<Member<'_>> =
            objects.iter().map(|(key, object)| (*key, None, Value::Object(object))).collect();
        match row.object(Section::Ids) {
            Some(object) if takes_out => {
                let goes = |(at, stored): (usize, &StoredUid)| {
                    (stored.key, stored.value, self.goes(row, at, stored, now.at))
                };
                splice.take_out(object, row.uids.iter().enumerate().map(goes), &added);
                Ok(())
            }
            _ if added.is_empty() => Ok(()),
            _ => row.set_section(splice, Section::Ids, &added),
        }
    }

    /// Remembers removals, forgets those that a newer UID makes void, and of too many the oldest.
    fn set_removals(&self, row: &Row, splice: &mut Splice<'_>, now: Now) -> Result<(), Corrupt> {
        let written = self.assertions.iter().enumerate().filter(|(at, _)| self.writes(*at));
        let mut kept: Vec<(usize, Timestamp)> = Vec::new();
        let mut added: Vec<Member<'_>> = Vec::new();
        let mut goes = vec![false; row.removals.len()];
        for (about, goes) in self.matches.removals.iter().zip(&mut goes) {
            *goes = about.is_some_and(|about| self.writes(about));
        }
        for (_, assertion) in written {
            if assertion.claim.is_none() {
                let time = Value::Number(assertion.synced.seconds());
                added.push((assertion.partner.as_str(), None, time));
            }
        }
        added.truncate(self.most_removals);
        if added.is_empty() && !goes.contains(&true) {
            return Ok(());
        }
        for (at, removal) in row.removals.iter().enumerate() {
            if goes.get(at) == Some(&false) {
                kept.push((at, now.known(removal.time(&row.text)).unwrap_or_default()));
            }
        }
        // Of too many the oldest go.
        let too_many = (kept.len() + added.len()).saturating_sub(self.most_removals);
        let time = |place: usize| kept.get(place).map_or(0, |(_, time)| time.seconds());
        let oldest = sorted(kept.len(), &time, &|_, _| Ordering::Equal);
        for (at, _) in oldest.into_iter().take(too_many).filter_map(|place| kept.get(place)) {
            if let Some(goes) = goes.get_mut(*at) {
                *goes = true;
            }
        }
        match row.object(Section::Removed) {
            Some(object) => {
                let standing = row.removals.iter().zip(goes);
                let standing = standing.map(|(removal, goes)| (removal.key, removal.value, goes));
                splice.take_out(object, standing, &added);
                Ok(())
            }
            None if added.is_empty() => Ok(()),
            None => row.set_section(splice, Section::Removed, &added),
        }
    }
}

/// Writes a claim over a stored UID, or mends the time of one that stays.
fn set_uid(
    row: &Row,
    splice: &mut Splice<'_>,
    stored: &StoredUid,
    over: Option<&Assertion>,
    now: Now,
) {
    let claim = over.and_then(|assertion| {
        let mut synced = assertion.synced;
        // By arrival an older clock may write over a later time, which does not go back.
        if now.orders_by_arrival() {
            synced = synced.max(now.known(stored.synced(&row.text)).unwrap_or_default());
        }
        Some((assertion.claim.as_ref()?, synced))
    });
    match (claim, stored.object) {
        (Some((claim, synced)), Some(object)) => {
            // What was said of a UID that has ended, its end above all, has ended with it.
            let has_ended = stored.has_expired(&row.text, now.at);
            let is_same = !has_ended && stored.is(&row.text, claim.uid.as_str());
            let mut set: Vec<Member<'_>> = Vec::with_capacity(5);
            claim.each(synced, |name, value| set.push((name, stored.span(name), value)));
            // What was said of another UID does not hold for this one.
            for name in ["atype", "expires", "ext"] {
                let is_set = set.iter().any(|(known, ..)| *known == name);
                let old = stored.span(name).filter(|old| !old.is_null(&row.text));
                if !is_same && !is_set && old.is_some() {
                    set.push((name, old, Value::Null));
                }
            }
            splice.set(object, &set);
        }
        (Some((claim, synced)), None) => {
            splice.replace(stored.value, Value::Object(&members(claim, synced)));
        }
        (None, Some(object)) if stored.lacks_time(&row.text, now) => {
            splice.set(object, &[("synced", stored.synced, Value::Number(0))]);
        }
        (None, _) => {}
    }
}

impl Claim {
    /// Hands over what a row says of a partner, name by name.
    pub(super) fn each<'a>(
        &'a self,
        synced: Timestamp,
        mut member: impl FnMut(&'static str, Value<'a>),
    ) {
        member("uid", Value::Text(self.uid.as_str()));
        member("synced", Value::Number(synced.seconds()));
        if let Some(atype) = self.atype {
            member("atype", Value::Number(u64::from(atype)));
        }
        if let Some(expires) = self.expires {
            member("expires", Value::Number(expires.seconds()));
        }
        if let Some(ext) = &self.ext {
            member("ext", Value::Raw(ext.as_str()));
        }
    }
}

fn members(claim: &Claim, synced: Timestamp) -> Vec<(&'static str, Value<'_>)> {
    let mut members = Vec::with_capacity(5);
    claim.each(synced, |name, value| members.push((name, value)));
    members
}
