//! `sync-partner-ids`: one partner's UIDs for many EC IDs, in waves. All rows are read at once, then
//! all are written at once, and only those in conflict go into the next wave.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::assertions::{beaten, invalid};
use super::latest::Latest;
use super::upsert_outcome::UpsertOutcome;
use super::upsert_partner_ids::{IfMissing, Upsert};
use crate::cas_loop::{CasLoop, Mutation, Operation, Step, UNCONFIRMED};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::limits::MAX_BATCH_ROWS;
use crate::partner_uid::{Assertion, Claim};
use crate::policy::Policy;
use crate::redact::{Bytes, Key};
use crate::store::{KvError, Store, Write};
use crate::types::{EcId, Now, PartnerKey, Timestamp};

/// One line of a batch: what a partner says of one EC ID. `Debug` shows the start of the ID and the
/// lengths of UID and `ext` only.
#[derive(Clone, PartialEq, Eq)]
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

/// One distinct row of a batch.
struct Job<'a> {
    key: &'a str,
    operation: Operation<Upsert<'a>>,
    cas: CasLoop,
    step: Step,
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
        let policy = self.policy();
        let now = Now::parse(now, &policy)?;
        let partner = match PartnerKey::parse(partner.to_owned()) {
            Ok(partner) => partner,
            Err(rule) => return Ok(mappings.iter().map(|_| Ok(invalid(&rule))).collect()),
        };
        let checked = mappings.iter().map(|mapping| Checked::parse(mapping, &partner, now));
        let rows = Latest::of(
            checked.collect(),
            now,
            |checked: &Checked| checked.id.as_str(),
            Checked::synced,
            Checked::says_the_same,
        );
        let mut of_rows = Vec::with_capacity(rows.winners.len());
        for some in rows.winners.chunks(MAX_BATCH_ROWS) {
            let jobs = some.iter().map(|checked| Job::new(checked, policy, now)).collect();
            of_rows.extend(self.waves(jobs));
        }
        let beaten = |outcome: MappingOutcome| outcome.map(beaten);
        Ok(rows.outcomes(&of_rows, MappingOutcome::clone, beaten))
    }

    fn waves(&self, mut jobs: Vec<Job<'_>>) -> Vec<MappingOutcome> {
        loop {
            let keys: Vec<_> = jobs.iter().filter(|job| job.reads()).map(|job| job.key).collect();
            self.read_wave(&mut jobs, &keys);
            let puts: Vec<_> = jobs.iter().filter_map(Job::write).collect();
            if keys.is_empty() && puts.is_empty() {
                return jobs.into_iter().map(Job::outcome).collect();
            }
            if !puts.is_empty() {
                let mut answers = self.store().put_many(&puts).into_iter();
                for job in jobs.iter_mut().filter(|job| job.write().is_some()) {
                    let answer = answers.next().unwrap_or(Err(SILENCE));
                    job.go_on(|cas| cas.written(answer));
                }
            }
        }
    }

    fn read_wave(&self, jobs: &mut [Job<'_>], keys: &[&str]) {
        if keys.is_empty() {
            return;
        }
        let mut answers = self.store().get_many(keys).into_iter();
        // A store that reads nothing at all would be asked for ever.
        let mut has_read = false;
        for job in jobs.iter_mut().filter(|job| job.reads()) {
            match answers.next().unwrap_or(Err(SILENCE)) {
                Err(KvError::NotRead) if has_read => {}
                answer => {
                    has_read = true;
                    job.go_on(|cas| cas.read(answer));
                }
            }
        }
    }
}

impl<'a> Job<'a> {
    fn new(checked: &'a Checked, policy: Policy, now: Now) -> Self {
        let assertions = &checked.assertion;
        let upsert = Upsert { assertions, missing: IfMissing::Skip, policy, now };
        Self {
            key: checked.id.as_str(),
            operation: Operation::new(upsert),
            cas: CasLoop::new(Upsert::REFUSED, policy.max_cas_attempts),
            step: Step::Read,
        }
    }

    /// Goes on until the next store call, or to the end.
    fn go_on(&mut self, next: impl FnOnce(&mut CasLoop) -> Step) {
        let mut step = next(&mut self.cas);
        while let Step::Decide(row) = step {
            step = self.cas.decided(self.operation.decide(row.as_ref()));
        }
        self.step = step;
    }
}

impl Job<'_> {
    fn reads(&self) -> bool {
        matches!(self.step, Step::Read)
    }

    fn write(&self) -> Option<Write<'_>> {
        match self.step {
            Step::Write => self.cas.write(self.key),
            Step::Read | Step::Decide(_) | Step::Done(_) => None,
        }
    }

    fn outcome(self) -> MappingOutcome {
        let Step::Done(result) = self.step else { return UNANSWERED };
        result?;
        self.operation.outcome()?.into_iter().next().map_or(UNANSWERED, Ok)
    }
}

/// What a mapping hears that got no answer, which no store that keeps its contract makes happen.
const UNANSWERED: MappingOutcome = Err(UNCONFIRMED);

/// A store that answers fewer calls than it was asked leaves the others in doubt.
const SILENCE: KvError = KvError::UnknownOutcome;
