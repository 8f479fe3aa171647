//! `sync-partner-ids`: one partner's UIDs for many EC IDs, in waves. All rows are read at once, then
//! all are written at once, and only those in conflict go into the next wave.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::latest::{latest, outcomes};
use super::upsert_partner_ids::{IfMissing, Upsert, UpsertOutcome};
use crate::cas_loop::{CasLoop, Step, UNCONFIRMED};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::partner_uid::Assertion;
use crate::redact::{Bytes, Key};
use crate::store::{KvError, Store, Write};
use crate::types::{EcId, PartnerKey, Timestamp, Uid};

/// One line of a batch: what a partner says of one EC ID. `Debug` shows the start of the ID and the
/// UID's length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The EC ID, not yet checked.
    pub ec_id: String,
    /// The partner's UID, not yet checked.
    pub uid: String,
    /// When the partner asserted it, in Unix seconds.
    pub synced: u64,
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("ec_id", &Key(&self.ec_id))
            .field("uid", &Bytes(self.uid.len()))
            .field("synced", &self.synced)
            .finish()
    }
}

/// The fate of one mapping of a batch. A mapping's failure never touches another's.
pub type MappingOutcome = Result<UpsertOutcome, GraphError>;

/// A mapping that was checked.
struct Checked<'a> {
    id: EcId,
    uid: &'a str,
    synced: Timestamp,
}

impl<'a> Checked<'a> {
    fn parse(mapping: &'a Mapping) -> Result<Self, GraphError> {
        let id = EcId::parse(&mapping.ec_id)?;
        Uid::check(&mapping.uid)?;
        Ok(Self { id, uid: &mapping.uid, synced: Timestamp::new(mapping.synced) })
    }

    fn asserted(&self) -> (&str, &str) {
        (self.id.as_str(), self.uid)
    }
}

/// One distinct row of a batch.
struct Job<'a> {
    key: &'a str,
    cas: CasLoop<Upsert>,
    step: Step<Vec<UpsertOutcome>>,
}

impl<S: Store> Graph<S> {
    /// Stores one partner's UIDs for many EC IDs: 1 `get_many` and 1 `put_many` over the distinct
    /// rows, and again for those in conflict. One outcome for each mapping, in order.
    ///
    /// Mappings are independent: a bad one, or a row that is corrupt, throttled or in conflict,
    /// fails alone. Of several mappings for one EC ID the latest counts. Rows that do not exist are
    /// not made.
    ///
    /// # Errors
    /// [`GraphError::InvalidArgument`] when the partner key has another form; nothing else fails the
    /// whole batch.
    pub fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<MappingOutcome>, GraphError> {
        let partner = PartnerKey::parse(partner.to_owned())?;
        let checked: Vec<_> = mappings.iter().map(Checked::parse).collect();
        let valid = || checked.iter().filter_map(|mapping| mapping.as_ref().ok());
        let latest = latest(valid(), |mapping| mapping.id.as_str(), |mapping| mapping.synced);
        let winners: Vec<_> = latest.iter().map(|mapping| mapping.asserted()).collect();
        let mut jobs = Vec::with_capacity(latest.len());
        for mapping in latest {
            let assertion = Assertion {
                partner: partner.clone(),
                uid: Uid::parse(mapping.uid.to_owned())?,
                synced: mapping.synced,
            };
            let upsert = Upsert {
                assertions: vec![assertion],
                missing: IfMissing::Skip,
                policy: self.policy(),
                now: Timestamp::new(now),
            };
            let cas = CasLoop::new(upsert, self.policy().max_cas_attempts);
            jobs.push(Job { key: mapping.id.as_str(), cas, step: Step::Read });
        }
        let of_winners = self.waves(jobs);
        let mut of_valid =
            outcomes(valid().map(Checked::asserted), &winners, &of_winners).into_iter();
        let outcome = |mapping: &Result<Checked<'_>, GraphError>| match mapping {
            Err(error) => Err(*error),
            Ok(_) => of_valid.next().unwrap_or(UNANSWERED),
        };
        Ok(checked.iter().map(outcome).collect())
    }

    fn waves(&self, mut jobs: Vec<Job<'_>>) -> Vec<MappingOutcome> {
        loop {
            let keys: Vec<_> = jobs.iter().filter(|job| job.reads()).map(|job| job.key).collect();
            if !keys.is_empty() {
                let mut answers = self.store().get_many(&keys).into_iter();
                for job in jobs.iter_mut().filter(|job| job.reads()) {
                    job.step = job.cas.read(answers.next().unwrap_or(Err(SILENCE)));
                }
            }
            let puts: Vec<_> = jobs.iter().filter_map(Job::write).collect();
            if keys.is_empty() && puts.is_empty() {
                return jobs.into_iter().map(Job::outcome).collect();
            }
            if !puts.is_empty() {
                let mut answers = self.store().put_many(&puts).into_iter();
                for job in jobs.iter_mut().filter(|job| job.write().is_some()) {
                    job.step = job.cas.written(answers.next().unwrap_or(Err(SILENCE)));
                }
            }
        }
    }
}

impl Job<'_> {
    fn reads(&self) -> bool {
        matches!(self.step, Step::Read)
    }

    fn write(&self) -> Option<Write<'_>> {
        match self.step {
            Step::Write => self.cas.write(self.key),
            Step::Read | Step::Done(_) => None,
        }
    }

    fn outcome(self) -> MappingOutcome {
        match self.step {
            Step::Done(result) => {
                result.and_then(|outcomes| outcomes.first().copied().map_or(UNANSWERED, Ok))
            }
            Step::Read | Step::Write => UNANSWERED,
        }
    }
}

/// What a mapping hears that got no answer, which no store that keeps its contract makes happen.
const UNANSWERED: MappingOutcome = Err(UNCONFIRMED);

/// A store that answers fewer calls than it was asked leaves the others in doubt.
const SILENCE: KvError = KvError::UnknownOutcome;
