//! The graph as a plain map: what each operation should answer and leave behind when nobody else is
//! at work.

mod row;
mod said;

use std::collections::BTreeMap;

use identity_graph::{
    CreateOutcome, Failure, IfMissing, Order, Policy, TouchOutcome, VisitOutcome,
};
use identity_graph::{PartnerUid, UpsertOutcome};
use serde_json::Value;

use self::row::Stored;
pub(crate) use self::row::{Row, country_text, domain_text, tcf_text, uid_text};
pub(crate) use self::said::{Page, Said};

/// Hash alone, two of the same network, and one of another.
pub(crate) const KEYS: [&str; 4] = [
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f",
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Seq111",
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.seq111",
    "4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e.Seq111",
];
pub(crate) const PARTNERS: [&str; 3] = ["a.example", "b.example", "c.example"];

/// One call. `key` is a place in [`KEYS`].
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Create { key: usize, page: Page, ids: Vec<Said> },
    CreateOrRevive { key: usize, page: Page, ids: Vec<Said> },
    Visit { key: usize, page: Page, ids: Vec<Said> },
    VisitOnSnapshot { key: usize, page: Page, ids: Vec<Said> },
    Upsert { key: usize, ids: Vec<Said>, missing: IfMissing },
    UpsertOnSnapshot { key: usize, ids: Vec<Said> },
    Remove { key: usize, partners: Vec<usize> },
    RemoveOnSnapshot { key: usize, partners: Vec<usize> },
    Touch { key: usize },
    TouchOnSnapshot { key: usize },
    Withdraw { key: usize },
    Delete { key: usize },
    Sync { partner: usize, mappings: Vec<(usize, Said)> },
    Cluster { key: usize },
    ClusterOnSnapshot { key: usize },
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Created(Result<Vec<UpsertOutcome>, Failure>),
    CreatedOrRevived(CreateOutcome, Vec<UpsertOutcome>),
    /// `None` where a snapshot is of no row.
    Visited(Option<VisitOutcome>, Vec<UpsertOutcome>),
    Upserted(Vec<UpsertOutcome>),
    Synced(Vec<Result<UpsertOutcome, Failure>>),
    Touched(TouchOutcome),
    Withdrawn,
    Deleted(bool),
    Cluster(Option<u32>),
}

pub(crate) struct Model {
    pub(crate) rows: BTreeMap<usize, Row>,
    pub(crate) policy: Policy,
    /// The store's clock, which never goes back; a caller's may.
    pub(crate) clock: u64,
}

/// What a key holds at a time.
enum State {
    Missing,
    Tombstone(Row),
    /// With the seconds for which the store is to keep it.
    Live(Row, u64),
}

impl Model {
    pub(crate) fn set_clock(&mut self, now: u64) {
        self.clock = self.clock.max(now);
        self.rows.retain(|_, row| row.expires_at > self.clock);
    }

    pub(crate) fn call(&mut self, call: &Call, now: u64) -> Answer {
        match call {
            Call::Create { key, page, ids } => {
                if self.rows.contains_key(key) {
                    return Answer::Created(Err(Failure::AlreadyExists));
                }
                Answer::Created(Ok(self.start(*key, *page, ids, None, now)))
            }
            Call::CreateOrRevive { key, page, ids } => {
                let (outcome, ids) = match self.state(*key, now) {
                    State::Live(..) => (CreateOutcome::AlreadyLive, Vec::new()),
                    State::Missing => {
                        (CreateOutcome::Created, self.start(*key, *page, ids, None, now))
                    }
                    State::Tombstone(row) if now > row.updated => {
                        let since = Some(row.updated);
                        (CreateOutcome::Revived, self.start(*key, *page, ids, since, now))
                    }
                    State::Tombstone(_) => {
                        (CreateOutcome::Withdrawn, self.all(ids, &UpsertOutcome::Withdrawn, now))
                    }
                };
                Answer::CreatedOrRevived(outcome, ids)
            }
            Call::Visit { key, page, ids } => self.visit(*key, *page, ids, now),
            Call::VisitOnSnapshot { key, page, ids } => match self.state(*key, now) {
                State::Missing => Answer::Visited(None, Vec::new()),
                State::Tombstone(_) | State::Live(..) => self.visit(*key, *page, ids, now),
            },
            Call::Upsert { key, ids, missing } => {
                Answer::Upserted(self.upsert(*key, ids, *missing, now))
            }
            Call::UpsertOnSnapshot { key, ids } => {
                Answer::Upserted(self.upsert(*key, ids, IfMissing::Skip, now))
            }
            Call::Remove { key, partners } | Call::RemoveOnSnapshot { key, partners } => {
                let removals: Vec<_> = partners.iter().map(|at| Said::removal(*at, now)).collect();
                Answer::Upserted(self.upsert(*key, &removals, IfMissing::Skip, now))
            }
            Call::Touch { key } | Call::TouchOnSnapshot { key } => {
                Answer::Touched(self.touch(*key, now))
            }
            Call::Withdraw { key } => {
                let expires_at = self.clock + u64::from(self.policy.tombstone_ttl);
                let row = Row { live: false, expires_at, ..Row::made_at(now) };
                self.rows.insert(*key, row);
                Answer::Withdrawn
            }
            Call::Delete { key } => Answer::Deleted(self.rows.remove(key).is_some()),
            Call::Sync { partner, mappings } => Answer::Synced(self.sync(*partner, mappings, now)),
            Call::Cluster { key } | Call::ClusterOnSnapshot { key } => {
                Answer::Cluster(self.cluster(*key, now))
            }
        }
    }

    /// The row as it is stored, without what counts as absent.
    pub(crate) fn body(&self, key: usize) -> Option<Value> {
        self.rows.get(&key).map(Row::body)
    }

    /// What `get` shows of UIDs; `None` where it shows no entry.
    pub(crate) fn ids(&self, key: usize, now: u64) -> Option<Vec<PartnerUid>> {
        let row = match self.state(key, now) {
            State::Missing => return None,
            State::Tombstone(row) | State::Live(row, _) => row,
        };
        let shown = |(partner, uid): (&usize, &Stored)| PartnerUid {
            synced: Some(uid.synced),
            atype: uid.atype,
            expires: uid.expires,
            ext: uid.ext.map(str::to_owned),
            ..PartnerUid::new(PARTNERS[*partner], uid_text(uid.uid))
        };
        Some(row.ids.iter().filter(|(_, uid)| !uid.is_over(now)).map(shown).collect())
    }

    /// A stored time, where it is not further ahead than clocks differ.
    fn known(&self, time: u64, now: u64) -> Option<u64> {
        (time <= now + u64::from(self.policy.clock_skew)).then_some(time)
    }

    fn state(&self, key: usize, now: u64) -> State {
        let Some(row) = self.rows.get(&key).cloned() else { return State::Missing };
        if !row.live {
            return State::Tombstone(row);
        }
        let age = self.known(row.last_seen, now).map_or(0, |seen| now.saturating_sub(seen));
        if self.policy.max_age.is_some_and(|most| age >= u64::from(most)) {
            return State::Missing;
        }
        let lifetime = u64::from(self.policy.entry_ttl);
        State::Live(row, if age < lifetime { lifetime - age } else { lifetime })
    }

    fn orders_by_arrival(&self) -> bool {
        self.policy.order == Order::Arrival
    }

    /// When it was asserted, as far as that can be believed.
    fn asserted(&self, said: &Said, now: u64) -> u64 {
        if self.orders_by_arrival() {
            return now;
        }
        said.synced.and_then(|synced| self.known(synced, now)).unwrap_or(now)
    }

    /// What was said of each partner last, in the order of the call; of equals what was said first. By
    /// arrival what stands last in the call.
    fn winners(&self, ids: &[Said], now: u64) -> Vec<Said> {
        let mut winners: BTreeMap<usize, (usize, Said)> = BTreeMap::new();
        for (at, said) in ids.iter().enumerate().filter(|(_, said)| !said.is_over(now)) {
            let said = Said { synced: Some(self.asserted(said, now)), ..*said };
            let is_later =
                |(_, known): &(usize, Said)| self.orders_by_arrival() || said.synced > known.synced;
            if winners.get(&said.partner).is_none_or(is_later) {
                winners.insert(said.partner, (at, said));
            }
        }
        let mut winners: Vec<_> = winners.into_values().collect();
        winners.sort_by_key(|(at, _)| *at);
        winners.into_iter().map(|(_, said)| said).collect()
    }

    /// What each item hears, from what became of the winners.
    fn heard(
        &self,
        ids: &[Said],
        of_winners: &BTreeMap<usize, UpsertOutcome>,
        now: u64,
    ) -> Vec<UpsertOutcome> {
        let winners = self.winners(ids, now);
        let outcome = |said: &Said| {
            if said.is_over(now) {
                return UpsertOutcome::Invalid(String::new());
            }
            let winner = winners.iter().find(|winner| winner.partner == said.partner);
            let winner = winner.expect("one of them is the latest");
            let outcome = of_winners[&said.partner].clone();
            match outcome {
                UpsertOutcome::Written | UpsertOutcome::Unchanged if !winner.says(said) => {
                    UpsertOutcome::Stale
                }
                outcome => outcome,
            }
        };
        ids.iter().map(outcome).collect()
    }

    fn all(&self, ids: &[Said], outcome: &UpsertOutcome, now: u64) -> Vec<UpsertOutcome> {
        let of_winners = (0..PARTNERS.len()).map(|partner| (partner, outcome.clone())).collect();
        self.heard(ids, &of_winners, now)
    }

    /// Makes a row.
    fn start(
        &mut self,
        key: usize,
        page: Page,
        ids: &[Said],
        withdrawn: Option<u64>,
        now: u64,
    ) -> Vec<UpsertOutcome> {
        let mut row = Row { withdrawn, ..Row::made_at(now) };
        row.expires_at = self.clock + u64::from(self.policy.entry_ttl);
        (row.tcf, row.gpp_sid) = (page.tcf, page.gpp_sid);
        (row.country, row.is_mobile) = (page.country, page.is_mobile);
        (row.origin, row.domains) = (page.domain, page.domain.into_iter().collect());
        let mut outcomes = BTreeMap::new();
        for said in self.winners(ids, now) {
            let outcome = if withdrawn.is_some_and(|at| said.synced <= Some(at)) {
                UpsertOutcome::Stale
            } else if row.ids.len() >= self.policy.max_partners as usize {
                UpsertOutcome::Full
            } else {
                row.write(&said);
                UpsertOutcome::Written
            };
            outcomes.insert(said.partner, outcome);
        }
        self.rows.insert(key, row);
        self.heard(ids, &outcomes, now)
    }

    fn upsert(
        &mut self,
        key: usize,
        ids: &[Said],
        missing: IfMissing,
        now: u64,
    ) -> Vec<UpsertOutcome> {
        if self.winners(ids, now).is_empty() {
            return self.heard(ids, &BTreeMap::new(), now);
        }
        let (mut row, left) = match (self.state(key, now), missing) {
            (State::Live(row, left), _) => (row, left),
            (State::Tombstone(_), _) => return self.all(ids, &UpsertOutcome::Withdrawn, now),
            (State::Missing, IfMissing::Skip) => {
                return self.all(ids, &UpsertOutcome::NotFound, now);
            }
            (State::Missing, IfMissing::CreateMinimal) => {
                let nothing = Page::default();
                return self.start(key, nothing, ids, None, now);
            }
        };
        let judged = self.judge(&row, ids, now);
        let outcomes = judged.iter().map(|(said, of)| (said.partner, of.outcome())).collect();
        if judged.iter().any(|(_, verdict)| *verdict == Verdict::Write) {
            self.rewrite(&mut row, &judged, now);
            row.expires_at = self.clock + left;
            self.rows.insert(key, row);
        }
        self.heard(ids, &outcomes, now)
    }

    fn visit(&mut self, key: usize, page: Page, ids: &[Said], now: u64) -> Answer {
        let visited = |outcome, ids| Answer::Visited(Some(outcome), ids);
        let (mut row, left) = match self.state(key, now) {
            State::Live(row, left) => (row, left),
            State::Missing => {
                return visited(VisitOutcome::Created, self.start(key, page, ids, None, now));
            }
            State::Tombstone(row) if now > row.updated => {
                let ids = self.start(key, page, ids, Some(row.updated), now);
                return visited(VisitOutcome::Revived, ids);
            }
            State::Tombstone(_) => {
                let ids = self.all(ids, &UpsertOutcome::Withdrawn, now);
                return visited(VisitOutcome::Withdrawn, ids);
            }
        };
        let judged = self.judge(&row, ids, now);
        let outcomes = judged.iter().map(|(said, of)| (said.partner, of.outcome())).collect();
        let heard = self.heard(ids, &outcomes, now);
        let last_seen = self.known(row.last_seen, now);
        let is_latest = last_seen.is_none_or(|seen| now >= seen);
        let debounce = u64::from(self.policy.last_seen_debounce);
        let is_due = last_seen.is_none_or(|seen| now >= seen + debounce);
        let is_newer = self.known(row.updated, now).is_none_or(|updated| now > updated);
        let differs = |given: Option<u8>, stored| given.is_some() && given != stored;
        let has_consent =
            is_newer && (differs(page.tcf, row.tcf) || differs(page.gpp_sid, row.gpp_sid));
        let new_domain = page.domain.filter(|domain| !row.domains.contains(domain));
        let writes = judged.iter().any(|(_, verdict)| *verdict == Verdict::Write);
        if !(has_consent || new_domain.is_some() || is_due || writes) {
            return visited(VisitOutcome::Unchanged, heard);
        }
        if has_consent {
            row.tcf = page.tcf.or(row.tcf);
            row.gpp_sid = page.gpp_sid.or(row.gpp_sid);
        }
        if is_newer && (page.tcf.is_some() || page.gpp_sid.is_some()) {
            row.updated = now;
        }
        row.origin = row.origin.or(new_domain);
        row.domains.extend(new_domain);
        if is_latest {
            row.last_seen = now;
            row.country = page.country.or(row.country);
            row.is_mobile = page.is_mobile.or(row.is_mobile);
        }
        self.rewrite(&mut row, &judged, now);
        let left = if is_latest { u64::from(self.policy.entry_ttl) } else { left };
        row.expires_at = self.clock + left;
        self.rows.insert(key, row);
        visited(VisitOutcome::Written, heard)
    }

    /// What is to become of what was said of each partner.
    fn judge(&self, row: &Row, ids: &[Said], now: u64) -> Vec<(Said, Verdict)> {
        let winners = self.winners(ids, now);
        let mut judged: Vec<_> =
            winners.into_iter().map(|said| (said, self.verdict(row, &said, now))).collect();
        let is_written = |partner: usize, judged: &[(Said, Verdict)]| {
            judged
                .iter()
                .find(|(said, of)| said.partner == partner && *of == Verdict::Write)
                .copied()
        };
        let stays = |(partner, uid): &(&usize, &Stored)| match is_written(**partner, &judged) {
            Some((said, _)) => said.uid.is_some(),
            None => !uid.is_over(now),
        };
        let mut partners = row.ids.iter().filter(stays).count();
        for (said, verdict) in &mut judged {
            let is_new = said.uid.is_some() && !row.ids.contains_key(&said.partner);
            if is_new && *verdict == Verdict::Write {
                if partners >= self.policy.max_partners as usize {
                    *verdict = Verdict::Is(Told::Full);
                } else {
                    partners += 1;
                }
            }
        }
        judged
    }

    fn verdict(&self, row: &Row, said: &Said, now: u64) -> Verdict {
        let synced = self.asserted(said, now);
        let stored = row.ids.get(&said.partner).filter(|uid| !uid.is_over(now));
        let since = stored.map(|uid| self.known(uid.synced, now));
        let removed = row.removed.iter().find(|(partner, _)| *partner == said.partner);
        let removed = removed.and_then(|(_, time)| self.known(*time, now));
        // Consent is given after it, whatever the worker's clock says.
        let is_believed = |time| time <= row.updated || self.known(time, now).is_some();
        let withdrawn = row.withdrawn.filter(|time| is_believed(*time));
        let void_until = removed.max(withdrawn);
        let Some(uid) = said.uid else {
            let since = if self.orders_by_arrival() { since.map(|_| withdrawn) } else { since };
            return match since {
                Some(Some(since)) if since >= synced => Verdict::Is(Told::Stale),
                None if void_until.is_some_and(|until| until >= synced) => {
                    Verdict::Is(Told::Unchanged)
                }
                _ => Verdict::Write,
            };
        };
        let void_until = if self.orders_by_arrival() { withdrawn } else { void_until };
        if void_until.is_some_and(|until| until >= synced) {
            return Verdict::Is(Told::Stale);
        }
        let Some((stored, since)) = stored.zip(since) else { return Verdict::Write };
        let is_later = since.is_none_or(|since| synced > since);
        if stored.uid != uid {
            let stands = is_later || self.orders_by_arrival();
            return if stands { Verdict::Write } else { Verdict::Is(Told::Stale) };
        }
        let resync = u64::from(self.policy.resync);
        let is_due = since.is_none_or(|since| synced > since + resync);
        let counts = is_later || self.orders_by_arrival();
        if is_due || (counts && said.adds_to(stored)) {
            Verdict::Write
        } else if is_later {
            Verdict::Refresh
        } else {
            Verdict::Is(Told::Unchanged)
        }
    }

    /// The time that is written. By arrival that of a stored UID does not go back all the same.
    fn noted(&self, row: &Row, said: &Said, now: u64) -> u64 {
        let asserted = self.asserted(said, now);
        if !self.orders_by_arrival() {
            return asserted;
        }
        let stored = row.ids.get(&said.partner).filter(|_| said.uid.is_some());
        let stored = stored.and_then(|uid| self.known(uid.synced, now));
        stored.map_or(asserted, |stored| stored.max(asserted))
    }

    /// Writes what was judged, and mends what every write mends.
    fn rewrite(&self, row: &mut Row, judged: &[(Said, Verdict)], now: u64) {
        let written: Vec<_> = judged
            .iter()
            .filter(|(_, verdict)| matches!(verdict, Verdict::Write | Verdict::Refresh))
            .map(|(said, _)| Said { synced: Some(self.noted(row, said, now)), ..*said })
            .collect();
        let is_written = |partner: &usize| written.iter().any(|said| said.partner == *partner);
        row.ids.retain(|partner, uid| is_written(partner) || !uid.is_over(now));
        for (partner, uid) in &mut row.ids {
            if !is_written(partner) {
                uid.synced = self.known(uid.synced, now).unwrap_or_default();
            }
        }
        row.removed.retain(|(partner, _)| !is_written(partner));
        let most = self.policy.max_partners as usize;
        let mut removals = BTreeMap::new();
        for said in &written {
            // What was said of a UID that has ended has ended with it.
            if row.ids.get(&said.partner).is_some_and(|uid| uid.is_over(now)) {
                row.ids.remove(&said.partner);
            }
            if said.uid.is_some() {
                row.write(said);
            } else {
                row.ids.remove(&said.partner);
                removals.insert(said.partner, said.synced.expect("it is noted"));
            }
        }
        let mut added: Vec<_> = removals.into_iter().collect();
        added.truncate(most);
        while !added.is_empty() && row.removed.len() + added.len() > most {
            let time = |(_, time): &(usize, u64)| self.known(*time, now).unwrap_or_default();
            let oldest = row.removed.iter().map(time).min().expect("one of them is the oldest");
            let at = row.removed.iter().position(|removal| time(removal) == oldest);
            row.removed.remove(at.expect("it stands somewhere"));
        }
        row.removed.extend(added);
        row.last_seen = self.known(row.last_seen, now).unwrap_or(now);
    }

    fn sync(
        &mut self,
        partner: usize,
        mappings: &[(usize, Said)],
        now: u64,
    ) -> Vec<Result<UpsertOutcome, Failure>> {
        let mut outcomes = BTreeMap::new();
        for key in 0..KEYS.len() {
            let of_key: Vec<_> = mappings.iter().enumerate().filter(|(_, m)| m.0 == key).collect();
            let ids: Vec<_> =
                of_key.iter().map(|(_, (_, said))| Said { partner, ..*said }).collect();
            let answers = self.upsert(key, &ids, IfMissing::Skip, now);
            outcomes.extend(of_key.iter().map(|(at, _)| *at).zip(answers));
        }
        outcomes.into_values().map(Ok).collect()
    }

    fn touch(&mut self, key: usize, now: u64) -> TouchOutcome {
        let mut row = match self.state(key, now) {
            State::Missing => return TouchOutcome::NotFound,
            State::Tombstone(_) => return TouchOutcome::Withdrawn,
            State::Live(row, _) => row,
        };
        if let Some(seen) = self.known(row.last_seen, now) {
            if now < seen {
                return TouchOutcome::Stale;
            }
            if now < seen + u64::from(self.policy.last_seen_debounce) {
                return TouchOutcome::Debounced;
            }
        }
        row.last_seen = now;
        self.rewrite(&mut row, &[], now);
        row.expires_at = self.clock + u64::from(self.policy.entry_ttl);
        self.rows.insert(key, row);
        TouchOutcome::Written
    }

    fn cluster(&mut self, key: usize, now: u64) -> Option<u32> {
        let State::Live(mut row, left) = self.state(key, now) else { return None };
        if let Some((size, checked)) = row.cluster {
            let is_fresh = |recheck: u32| {
                let checked = self.known(checked, now);
                checked.is_some_and(|checked| now.saturating_sub(checked) < u64::from(recheck))
            };
            if self.policy.cluster_recheck.is_none_or(is_fresh) {
                return Some(size);
            }
        }
        let same_hash = |other: &&usize| KEYS[**other][..64] == KEYS[key][..64];
        let size = u32::try_from(self.rows.keys().filter(same_hash).count()).unwrap();
        row.cluster = Some((size, now));
        self.rewrite(&mut row, &[], now);
        row.expires_at = self.clock + left;
        self.rows.insert(key, row);
        Some(size)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Write,
    /// Its time moves with whatever else is written.
    Refresh,
    Is(Told),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Unchanged,
    Stale,
    Full,
}

impl Verdict {
    fn outcome(self) -> UpsertOutcome {
        match self {
            Self::Write => UpsertOutcome::Written,
            Self::Refresh | Self::Is(Told::Unchanged) => UpsertOutcome::Unchanged,
            Self::Is(Told::Stale) => UpsertOutcome::Stale,
            Self::Is(Told::Full) => UpsertOutcome::Full,
        }
    }
}
