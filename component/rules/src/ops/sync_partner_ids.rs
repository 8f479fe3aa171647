//! `sync-partner-ids`: one partner's UIDs for many EC IDs, in waves. All rows are read at once, then
//! all are written at once, and only those in conflict go into the next wave.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::{self, Vec};
use core::{fmt, mem};

use super::assertions::{beaten, invalid};
use super::latest::Latest;
use super::upsert_outcome::UpsertOutcome;
use super::upsert_partner_ids::{IfMissing, Upsert};
use crate::cas_loop::{CasLoop, Plan, Step, UNCONFIRMED};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::limits::MAX_BATCH_ROWS;
use crate::operation::{Answer, Call, Calls, Machine, Operation, SILENCE};
use crate::partner_uid::{Assertion, Claim};
use crate::policy::Policy;
use crate::redact::{Bytes, Key};
use crate::row::Row;
use crate::row_operation::{Decider, Mutation};
use crate::rules::Rules;
use crate::store::{KvError, Store, Write};
use crate::types::{EcId, Now, PartnerKey, Timestamp};

/// One line of a batch: what a partner says of one EC ID. `Debug` shows the start of the ID and the
/// lengths of UID and `ext` only.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mapping {
    /// The EC ID, not yet checked.
    pub ec_id: String,
    /// The partner's UID, not yet checked; `None` removes the one that is stored.
    pub uid: Option<String>,
    /// When the partner asserted it, in Unix seconds.
    pub synced: u64,
    /// Agent type of `OpenRTB`.
    pub atype: Option<u32>,
    /// When the UID ends, in Unix seconds.
    pub expires: Option<u64>,
    /// A JSON object.
    pub ext: Option<String>,
}

impl Mapping {
    /// A UID of which nothing else is known.
    ///
    /// ```
    /// let mapping = identity_graph::Mapping::new("0".repeat(64), "A-1", 1_790_000_000);
    /// assert_eq!(mapping.uid.as_deref(), Some("A-1"));
    /// ```
    #[must_use]
    pub fn new(ec_id: impl Into<String>, uid: impl Into<String>, synced: u64) -> Self {
        let uid = Some(uid.into());
        Self { uid, ..Self::removal(ec_id, synced) }
    }

    /// The removal of a UID.
    #[must_use]
    pub fn removal(ec_id: impl Into<String>, synced: u64) -> Self {
        let ec_id = ec_id.into();
        Self { ec_id, uid: None, synced, atype: None, expires: None, ext: None }
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("ec_id", &Key(&self.ec_id))
            .field("uid", &self.uid.as_ref().map(|uid| Bytes(uid.len())))
            .field("synced", &self.synced)
            .field("atype", &self.atype)
            .field("expires", &self.expires)
            .field("ext", &self.ext.as_ref().map(|ext| Bytes(ext.len())))
            .finish()
    }
}

/// The fate of one mapping of a batch. A mapping's failure never touches another's.
pub type MappingOutcome = Result<UpsertOutcome, GraphError>;

/// A mapping that was checked: the row, and what is asserted of the partner in it.
struct Checked {
    id: EcId,
    assertion: [Assertion; 1],
}

impl Checked {
    fn parse(mapping: &Mapping, partner: &PartnerKey, now: Now) -> Result<Self, MappingOutcome> {
        let id = EcId::parse(&mapping.ec_id).map_err(|rule| Err(rule.into()))?;
        let assertion = || {
            let Mapping { atype, expires, .. } = *mapping;
            let claim = |uid| Claim::parse(uid, atype, expires, mapping.ext.clone(), now);
            let claim = mapping.uid.clone().map(claim).transpose()?;
            let synced = now.asserted("synced", Some(mapping.synced))?;
            Ok(Assertion { partner: partner.clone(), claim, synced, order: 0 })
        };
        let assertion = assertion().map_err(|rule| Ok(invalid(&rule)))?;
        Ok(Self { id, assertion: [assertion] })
    }

    fn synced(&self) -> Timestamp {
        let [assertion] = &self.assertion;
        assertion.synced
    }

    fn says_the_same(&self, other: &Self) -> bool {
        let ([one], [other]) = (&self.assertion, &other.assertion);
        one.claim == other.claim
    }
}

impl<S: Store> Graph<S> {
    /// Stores or removes one partner's UIDs for many EC IDs: 1 `get_many` and 1 `put_many` over the
    /// distinct rows, [`MAX_BATCH_ROWS`] at a time, and again for those in conflict and those that were
    /// not read. One outcome for each mapping, in order.
    ///
    /// Mappings are independent: a bad one, or a row that is corrupt, throttled or in conflict,
    /// fails alone. Of several mappings for one EC ID the latest counts. Rows that do not exist are
    /// not made.
    ///
    /// # Errors
    /// [`GraphError::InvalidArgument`] when `now` is in milliseconds; nothing else fails the whole
    /// batch.
    pub fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<MappingOutcome>, GraphError> {
        self.run(self.rules().sync_partner_ids(partner, mappings, now)?)
    }
}

impl Rules {
    /// [`Graph::sync_partner_ids`] without a store.
    pub fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Operation<Vec<MappingOutcome>>, GraphError> {
        let policy = *self.policy();
        let now = Now::parse(now, &policy)?;
        let partner = match PartnerKey::parse(partner.to_owned()) {
            Ok(partner) => partner,
            Err(rule) => {
                let outcomes = mappings.iter().map(|_| Ok(invalid(&rule))).collect();
                return Ok(Operation::over(Ok(outcomes)));
            }
        };
        let checked = mappings.iter().map(|mapping| Checked::parse(mapping, &partner, now));
        let mut rows = Latest::of(
            checked.collect(),
            now,
            |checked: &Checked| checked.id.as_str(),
            Checked::synced,
            Checked::says_the_same,
        );
        let waiting = mem::take(&mut rows.winners).into_iter();
        let of_rows = Vec::with_capacity(waiting.len());
        let mut batch =
            Batch { policy, now, rows, waiting, jobs: Vec::new(), of_rows, has_read: false };
        batch.next_jobs();
        Ok(Operation::new(batch))
    }
}

/// A batch, so many rows at a time.
struct Batch {
    policy: Policy,
    now: Now,
    /// What became of which mapping, once that of the rows is known.
    rows: Latest<Checked, MappingOutcome>,
    waiting: vec::IntoIter<Checked>,
    jobs: Vec<Job>,
    of_rows: Vec<MappingOutcome>,
    /// The last call was a read.
    has_read: bool,
}

enum Wave {
    Read,
    Write,
}

impl Batch {
    /// Goes on with the next rows once those at work are done.
    fn next_jobs(&mut self) {
        while self.jobs.iter().all(Job::is_over) {
            self.of_rows.extend(mem::take(&mut self.jobs).into_iter().map(Job::outcome));
            let (policy, now) = (self.policy, self.now);
            let some = self.waiting.by_ref().take(MAX_BATCH_ROWS);
            self.jobs = some.map(|checked| Job::new(checked, policy, now)).collect();
            if self.jobs.is_empty() {
                return;
            }
        }
    }

    /// The next wave. Where not all rows could be read at once, those that were are written, and let go
    /// of, before the others are read.
    fn wave(&self) -> Option<Wave> {
        let reads = self.jobs.iter().any(Job::reads);
        let writes = self.jobs.iter().any(|job| job.write().is_some());
        match (reads, writes) {
            (true, false) => Some(Wave::Read),
            (true, true) => Some(if self.has_read { Wave::Write } else { Wave::Read }),
            (false, true) => Some(Wave::Write),
            (false, false) => None,
        }
    }

    fn read(&mut self, answer: Answer) {
        let answers = if let Answer::GetMany(answers) = answer { answers } else { Vec::new() };
        let mut answers = answers.into_iter();
        // A store that reads nothing at all would be asked for ever.
        let mut has_read = false;
        for job in self.jobs.iter_mut().filter(|job| job.reads()) {
            match answers.next().unwrap_or(Err(SILENCE)) {
                Err(error) if has_read && error.kind() == KvError::NotRead => {}
                answer => {
                    has_read = true;
                    job.go_on(|cas| cas.read(answer));
                }
            }
        }
    }

    fn written(&mut self, answer: Answer) {
        let answers = if let Answer::PutMany(answers) = answer { answers } else { Vec::new() };
        let mut answers = answers.into_iter();
        for job in self.jobs.iter_mut().filter(|job| job.write().is_some()) {
            let answer = answers.next().unwrap_or(Err(SILENCE));
            job.go_on(|cas| cas.written(answer));
        }
    }
}

impl Calls for Batch {
    fn call(&self) -> Option<Call<'_>> {
        Some(match self.wave()? {
            Wave::Read => {
                let jobs = self.jobs.iter().filter(|job| job.reads());
                Call::GetMany(jobs.map(Job::key).collect())
            }
            Wave::Write => Call::PutMany(self.jobs.iter().filter_map(Job::write).collect()),
        })
    }

    fn answer(&mut self, answer: Answer) {
        let wave = self.wave();
        self.has_read = matches!(wave, Some(Wave::Read));
        match wave {
            Some(Wave::Read) => self.read(answer),
            Some(Wave::Write) => self.written(answer),
            None => {}
        }
        self.next_jobs();
    }
}

impl Machine<Vec<MappingOutcome>> for Batch {
    fn finish(self: Box<Self>) -> Result<Vec<MappingOutcome>, GraphError> {
        let beaten = |outcome: MappingOutcome| outcome.map(beaten);
        Ok(self.rows.outcomes(&self.of_rows, MappingOutcome::clone, beaten))
    }
}

/// One distinct row of a batch.
struct Job {
    decider: Decider<Mapped>,
    cas: CasLoop,
    step: Step,
}

impl Job {
    fn new(checked: Checked, policy: Policy, now: Now) -> Self {
        Self {
            decider: Decider::new(Mapped { checked, policy, now }),
            cas: CasLoop::new(Mapped::REFUSED, policy.max_cas_attempts),
            step: Step::Read,
        }
    }

    fn key(&self) -> &str {
        self.decider.mutation().checked.id.as_str()
    }

    /// Goes on until the next store call, or to the end.
    fn go_on(&mut self, next: impl FnOnce(&mut CasLoop) -> Step) {
        let mut step = next(&mut self.cas);
        while let Step::Decide(row) = step {
            step = self.cas.decided(self.decider.decide(row.as_deref()));
        }
        self.step = step;
    }

    fn reads(&self) -> bool {
        matches!(self.step, Step::Read)
    }

    fn is_over(&self) -> bool {
        matches!(self.step, Step::Done(_))
    }

    fn write(&self) -> Option<Write<'_>> {
        match self.step {
            Step::Write => self.cas.write(self.key()),
            Step::Read | Step::Decide(_) | Step::Done(_) => None,
        }
    }

    fn outcome(self) -> MappingOutcome {
        let Step::Done(result) = self.step else { return Err(UNCONFIRMED) };
        result?;
        self.decider.answer()?
    }
}

/// What a mapping does to its row.
struct Mapped {
    checked: Checked,
    policy: Policy,
    now: Now,
}

impl Mutation for Mapped {
    type Outcome = Vec<UpsertOutcome>;
    type Answer = MappingOutcome;

    fn decide(&self, row: Option<&Row>) -> Result<Plan<Vec<UpsertOutcome>>, GraphError> {
        let Self { checked, policy, now } = self;
        let assertions = &checked.assertion;
        Upsert { assertions, missing: IfMissing::Skip, policy, now: *now }.decide(row)
    }

    fn answer(self, outcomes: Vec<UpsertOutcome>) -> MappingOutcome {
        outcomes.into_iter().next().ok_or(UNCONFIRMED)
    }
}
