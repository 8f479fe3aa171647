//! What becomes of assertions about partners: on a live row, and in a new one.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::assertions::invalid;
use super::upsert_outcome::UpsertOutcome;
use crate::error::{GraphError, InvalidArgument};
use crate::partner_uid::{Assertion, Claim};
use crate::policy::Policy;
use crate::row::{Edit, EncodedRow, NewRow, Row, StoredUid, UidEdits};
use crate::sorted::sorted;
use crate::types::{Now, Timestamp};

/// What is to be done about the assertions of a call on a live row.
pub(super) struct Judged<'a> {
    assertions: &'a [Assertion],
    edits: UidEdits<'a>,
    /// One for each assertion.
    pub(super) outcomes: Vec<UpsertOutcome>,
    /// Assertions of UIDs that are stored already, whose time moves with whatever else is written.
    refreshes: Vec<usize>,
}

impl<'a> Judged<'a> {
    pub(super) fn new(row: &Row, assertions: &'a [Assertion], policy: &Policy, now: Now) -> Self {
        let most_removals = policy.max_partners as usize;
        let mut judged = Self {
            assertions,
            edits: UidEdits::new(assertions, row.matches(assertions, now), most_removals),
            outcomes: Vec::with_capacity(assertions.len()),
            refreshes: Vec::new(),
        };
        let withdrawn = row.withdrawn(now);
        for (at, assertion) in assertions.iter().enumerate() {
            let verdict = judged.verdict(row, at, assertion, withdrawn, policy, now);
            let (outcome, is_refresh) = match verdict {
                Verdict::Refresh => (UpsertOutcome::Unchanged, true),
                Verdict::Is(outcome) => (outcome, false),
            };
            judged.edits.set_written(at, outcome == UpsertOutcome::Written);
            if is_refresh {
                judged.refreshes.push(at);
            }
            judged.outcomes.push(outcome);
        }
        judged.admit(row, policy, now);
        judged
    }

    /// Gives up all UIDs where the row has something else in their place; nothing else suffers.
    pub(super) fn give_up_where_occupied(&mut self, row: &Row) {
        if row.has_room_for_ids() {
            return;
        }
        self.refreshes.clear();
        for (at, outcome) in self.outcomes.iter_mut().enumerate() {
            self.edits.set_written(at, false);
            *outcome = invalid(&InvalidArgument::Occupied);
        }
    }

    /// Whether any of it is to be written.
    pub(super) fn writes(&self) -> bool {
        self.outcomes.contains(&UpsertOutcome::Written)
    }

    /// The row with an edit and what of the assertions is written. UIDs for which there is no room
    /// are `full`, the last of the call first; `None` when none is left and `edit` is not worth a
    /// write by itself.
    pub(super) fn rewritten(
        &mut self,
        row: &Row,
        edit: Edit<'_>,
        is_worth_it: bool,
    ) -> Result<Option<EncodedRow>, GraphError> {
        for at in &self.refreshes {
            self.edits.set_written(*at, true);
        }
        loop {
            match row.rewritten(&Edit { uids: Some(&self.edits), ..edit }) {
                Err(GraphError::TooLarge) if self.give_up_one(row) => {
                    if !self.writes() && !is_worth_it {
                        return Ok(None);
                    }
                }
                rewritten => return rewritten.map(Some),
            }
        }
    }

    fn verdict(
        &self,
        row: &Row,
        at: usize,
        assertion: &Assertion,
        withdrawn: Option<Timestamp>,
        policy: &Policy,
        now: Now,
    ) -> Verdict {
        let text = &row.text;
        let stored = self.edits.stored(row, at);
        if stored.is_some() && self.edits.is_occupied(at) {
            return Verdict::Is(invalid(&InvalidArgument::Occupied));
        }
        let Some(claim) = &assertion.claim else {
            let known = self.edits.removed(at);
            return Verdict::Is(removed(row, stored, known, withdrawn, assertion, now));
        };
        let by_arrival = now.orders_by_arrival();
        let is_void = |since: Option<Timestamp>| since.is_some_and(|at| assertion.synced <= at);
        if is_void(withdrawn) || (!by_arrival && is_void(self.edits.removed(at))) {
            return Verdict::Is(UpsertOutcome::Stale);
        }
        let holds = |stored: &&StoredUid| {
            stored.uid.is_some_and(|uid| !uid.is_null(text)) && !stored.has_expired(text, now.at)
        };
        let Some(stored) = stored.filter(holds) else {
            return Verdict::Is(UpsertOutcome::Written);
        };
        // Without a time it counts as asserted at 0; with one far ahead as nobody knows when.
        let since = now.known(Some(stored.synced(text).unwrap_or_default()));
        let age = since.map_or(Some(u64::MAX), |since| assertion.synced.since(since));
        let is_later = by_arrival || age.is_some_and(|age| age > 0);
        if !stored.is(text, claim.uid.as_str()) {
            let outcome = if is_later { UpsertOutcome::Written } else { UpsertOutcome::Stale };
            return Verdict::Is(outcome);
        }
        let is_due = age.is_some_and(|age| age > u64::from(policy.resync));
        if is_due || (is_later && says_more(claim, stored, text)) {
            Verdict::Is(UpsertOutcome::Written)
        } else if is_later {
            Verdict::Refresh
        } else {
            Verdict::Is(UpsertOutcome::Unchanged)
        }
    }

    /// New partners come in as long as there is room, in the order of the call.
    fn admit(&mut self, row: &Row, policy: &Policy, now: Now) {
        let places = 0..self.assertions.len();
        let new: Vec<usize> = places.filter(|at| self.is_new(row, *at)).collect();
        if new.is_empty() {
            return;
        }
        let room = (policy.max_partners as usize).saturating_sub(self.edits.kept(row, now.at));
        for at in in_order(self.assertions, new).skip(room) {
            self.set_full(at);
        }
    }

    /// Whether an assertion is written of a partner that the row does not have.
    fn is_new(&self, row: &Row, at: usize) -> bool {
        let is_claim = self.assertions.get(at).is_some_and(|one| one.claim.is_some());
        is_claim && self.edits.writes(at) && self.edits.stored(row, at).is_none()
    }

    /// Gives up the last UID of the call that would be written; false when there is none.
    fn give_up_one(&mut self, row: &Row) -> bool {
        let is_candidate = |at: &usize| {
            let is_claim = self.assertions.get(*at).is_some_and(|one| one.claim.is_some());
            is_claim && self.edits.writes(*at)
        };
        // One that is new takes the most room.
        let key = |at: &usize| {
            (self.is_new(row, *at), self.assertions.get(*at).map(|assertion| assertion.order))
        };
        let last = (0..self.assertions.len()).filter(is_candidate).max_by_key(key);
        if let Some(at) = last {
            self.set_full(at);
        }
        last.is_some()
    }

    fn set_full(&mut self, at: usize) {
        self.edits.set_written(at, false);
        if let Some(outcome) = self.outcomes.get_mut(at)
            && *outcome == UpsertOutcome::Written
        {
            *outcome = UpsertOutcome::Full;
        }
    }
}

enum Verdict {
    Is(UpsertOutcome),
    /// The UID is stored; its time moves with whatever else is written.
    Refresh,
}

/// What a removal does.
fn removed(
    row: &Row,
    stored: Option<&StoredUid>,
    known: Option<Timestamp>,
    withdrawn: Option<Timestamp>,
    removal: &Assertion,
    now: Now,
) -> UpsertOutcome {
    let stored = stored.filter(|stored| !stored.has_expired(&row.text, now.at));
    // By arrival only a removal from before the withdrawal is late.
    let since = stored.and_then(|stored| {
        if now.orders_by_arrival() { withdrawn } else { now.known(stored.synced(&row.text)) }
    });
    if since.is_some_and(|since| since >= removal.synced) {
        return UpsertOutcome::Stale;
    }
    let known = known.max(withdrawn);
    if stored.is_none() && known.is_some_and(|known| known >= removal.synced) {
        UpsertOutcome::Unchanged
    } else {
        UpsertOutcome::Written
    }
}

/// Whether a claim says something of its UID that is not stored.
fn says_more(claim: &Claim, stored: &StoredUid, text: &str) -> bool {
    let atype = stored.atype.and_then(|atype| atype.number(text));
    let expires = stored.expires.and_then(|expires| expires.number(text));
    let ext = stored.ext.map(|ext| ext.of(text));
    (claim.atype.is_some() && claim.atype != atype)
        || (claim.expires.is_some() && claim.expires.map(Timestamp::seconds) != expires)
        || claim.ext.as_ref().is_some_and(|new| Some(new.as_str()) != ext)
}

/// A new row with as many of the UIDs as there is room for, in the order of the call, and what became
/// of each assertion. UIDs from before a withdrawal stay out.
pub(super) fn new_row(
    row: &NewRow<'_>,
    assertions: &[Assertion],
    withdrawn: Option<Timestamp>,
    policy: &Policy,
) -> Result<(EncodedRow, Vec<UpsertOutcome>), GraphError> {
    let is_void = |assertion: &Assertion| withdrawn.is_some_and(|at| assertion.synced <= at);
    let outcome = |assertion: &Assertion| {
        if is_void(assertion) { UpsertOutcome::Stale } else { UpsertOutcome::Written }
    };
    let mut outcomes: Vec<UpsertOutcome> = assertions.iter().map(outcome).collect();
    let max_partners = policy.max_partners as usize;
    if assertions.len() > max_partners {
        let places = outcomes.iter().enumerate();
        let places = places.filter(|(_, outcome)| **outcome == UpsertOutcome::Written);
        let places = places.map(|(at, _)| at).collect();
        for at in in_order(assertions, places).skip(max_partners) {
            if let Some(outcome) = outcomes.get_mut(at) {
                *outcome = UpsertOutcome::Full;
            }
        }
    }
    loop {
        let admitted = assertions.iter().zip(&outcomes);
        let admitted = admitted.filter(|(_, outcome)| **outcome == UpsertOutcome::Written);
        match row.encode(&mut admitted.map(|(assertion, _)| assertion)) {
            Err(GraphError::TooLarge) if outcomes.contains(&UpsertOutcome::Written) => {
                give_up_last(assertions, &mut outcomes);
            }
            encoded => return Ok((encoded?, outcomes)),
        }
    }
}

/// These assertions in the order of the call.
fn in_order(assertions: &[Assertion], places: Vec<usize>) -> impl Iterator<Item = usize> {
    let order = |place: usize| {
        let assertion = places.get(place).and_then(|at| assertions.get(*at));
        assertion.map_or(0, |assertion| assertion.order as u64)
    };
    let sorted = sorted(places.len(), &order, &|_, _| Ordering::Equal);
    sorted.into_iter().filter_map(move |place| places.get(place).copied())
}

/// Of the UIDs that are written the last of the call no longer is.
fn give_up_last(assertions: &[Assertion], outcomes: &mut [UpsertOutcome]) {
    let of = |(_, outcome): &(&Assertion, &mut UpsertOutcome)| **outcome == UpsertOutcome::Written;
    let written = assertions.iter().zip(outcomes).filter(of);
    if let Some((_, outcome)) = written.max_by_key(|(assertion, _)| assertion.order) {
        *outcome = UpsertOutcome::Full;
    }
}
