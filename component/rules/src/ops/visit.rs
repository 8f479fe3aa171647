//! `visit`: a page view, whatever is stored.

use alloc::vec::Vec;

use super::create_or_revive::Made;
use super::judge::Judged;
use super::report::Report;
use super::state::{State, matches};
use super::upsert_outcome::UpsertOutcome;
use crate::cas_loop::{Plan, PlannedWrite};
use crate::entry::Consent;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::new_entry::{NewEntry, Visit};
use crate::operation::Operation;
use crate::policy::Policy;
use crate::row::{Edit, Row};
use crate::row_operation::{Mutation, Start, change};
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::types::EcId;

/// What `visit` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum VisitOutcome {
    /// The entry is new.
    Created,
    /// A tombstone older than this consent was replaced.
    Revived,
    /// What is new is stored in the live entry.
    Written,
    /// Nothing is new, and the last visit was noted less than the debounce ago; no write.
    Unchanged,
    /// A tombstone at least as new as this consent stays.
    Withdrawn,
}

impl<S: Store> Graph<S> {
    /// Notes a page view with all it brings: 1 read, and 1 write when something is new.
    ///
    /// No entry: it is made. A tombstone older than this consent: the entry is made anew. A live entry:
    /// consent strings that are given and differ replace the stored ones, a domain joins those seen,
    /// UIDs are stored as by [`upsert_partner_ids`](Self::upsert_partner_ids), geo and device that
    /// differ replace theirs when something is written anyway or the debounce has passed, and
    /// `last_seen` moves with any write, and by itself after the debounce. What an older visit brings
    /// does not replace what a newer one brought.
    pub fn visit(&self, ec_id: &str, entry: NewEntry) -> Result<Report<VisitOutcome>, GraphError> {
        self.run(self.rules().visit(ec_id, entry)?)
    }
}

impl Rules {
    /// [`Graph::visit`] without a store.
    pub fn visit(
        &self,
        ec_id: &str,
        entry: NewEntry,
    ) -> Result<Operation<Report<VisitOutcome>>, GraphError> {
        self.note_visit(EcId::parse(ec_id)?, Start::Read, entry)
    }

    /// [`Snapshot::visit`] without a store.
    pub fn visit_on(
        &self,
        snapshot: &Snapshot,
        entry: NewEntry,
    ) -> Result<Operation<Report<VisitOutcome>>, GraphError> {
        self.note_visit(snapshot.id().clone(), Start::on(snapshot), entry)
    }

    fn note_visit(
        &self,
        id: EcId,
        start: Start<'_>,
        entry: NewEntry,
    ) -> Result<Operation<Report<VisitOutcome>>, GraphError> {
        let policy = *self.policy();
        let visit = Visit::parse(entry, &policy)?;
        Ok(change(id, start, &policy, PageView { visit, policy }))
    }
}

struct PageView {
    visit: Visit,
    policy: Policy,
}

impl Mutation for PageView {
    type Outcome = (VisitOutcome, Vec<UpsertOutcome>);
    type Answer = Report<VisitOutcome>;

    fn decide(&self, row: Option<&Row>) -> Result<Plan<Self::Outcome>, GraphError> {
        Ok(match State::of(row, &self.policy, self.visit.now) {
            State::Live(row, left) => return self.on_live(row, left),
            state => match self.visit.made(state, &self.policy)? {
                Made::New(write, ids) => Plan::Write(write, (VisitOutcome::Created, ids)),
                Made::Anew(write, ids) => Plan::Write(write, (VisitOutcome::Revived, ids)),
                Made::Withdrawn(ids) => Plan::Keep((VisitOutcome::Withdrawn, ids)),
            },
        })
    }

    fn answer(self, (outcome, ids): Self::Outcome) -> Report<VisitOutcome> {
        self.visit.report(outcome, &ids)
    }
}

impl PageView {
    fn on_live(
        &self,
        row: &Row,
        left: u32,
    ) -> Result<Plan<(VisitOutcome, Vec<UpsertOutcome>)>, GraphError> {
        let Self { visit, policy } = self;
        let now = visit.now;
        let mut judged = Judged::new(row, &visit.assertions.winners, policy, now);
        judged.give_up_where_occupied(row);
        let age = row.last_seen(now).map_or(Some(u64::MAX), |last_seen| now.at.since(last_seen));
        let is_due = age.is_some_and(|age| age >= u64::from(policy.last_seen_debounce));
        let mut edit = Edit::at(now);
        // Strings that are stored already move `updated` with whatever else is written, so that older
        // ones which arrive later do not replace them.
        edit.consent = visit.newer_consent(row);
        let has_consent = edit.consent.is_some_and(|changed| changed.iter().any(Option::is_some));
        edit.domain = visit.domain.as_deref().filter(|domain| row.misses_domain(domain));
        let has_news = has_consent || edit.domain.is_some();
        if !has_news && !is_due && !judged.writes() {
            return Ok(Plan::Keep((VisitOutcome::Unchanged, judged.outcomes)));
        }
        // An older visit moves nothing back, and is no reason to keep the row longer.
        let is_latest = age.is_some();
        if is_latest {
            edit.last_seen = Some(now.at);
            edit.geo = visit.geo.as_ref().filter(|geo| row.differs_in_geo(geo));
            edit.device = visit.device.as_ref().filter(|device| row.differs_in_device(device));
        }
        let time_to_live = if is_latest { policy.entry_ttl } else { left };
        let rewritten = match judged.rewritten(row, edit, has_news || is_due) {
            // A row that is full is still visited, and keeps the place, the device and the domains
            // that it has. What has no room is no news: it would be written again and again.
            Err(GraphError::TooLarge) => {
                let edit = Edit { domain: None, geo: None, device: None, ..edit };
                let is_worth_it = has_consent || is_due;
                if is_worth_it || judged.writes() {
                    judged.rewritten(row, edit, is_worth_it)?
                } else {
                    None
                }
            }
            rewritten => rewritten?,
        };
        let Some(encoded) = rewritten else {
            return Ok(Plan::Keep((VisitOutcome::Unchanged, judged.outcomes)));
        };
        let write = PlannedWrite { row: encoded, time_to_live, condition: matches(row) };
        Ok(Plan::Write(write, (VisitOutcome::Written, judged.outcomes)))
    }
}

impl Visit {
    /// Of the consent strings that are given and are newer, those that differ from what is stored.
    fn newer_consent(&self, row: &Row) -> Option<[Option<&str>; 3]> {
        let updated = self.now.known(Some(row.consent_updated()));
        if updated.is_some_and(|updated| self.now.at <= updated) {
            return None;
        }
        let Consent { tcf, gpp, gpp_sid, .. } = &self.consent;
        let given = [tcf.as_deref(), gpp.as_deref(), gpp_sid.as_deref()];
        given.iter().any(Option::is_some).then(|| row.changed_consent(given))
    }
}
