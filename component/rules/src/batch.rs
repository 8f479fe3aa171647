//! One partner's UIDs for many EC IDs, in waves: all rows are read at once, then all are written at
//! once, and only those in conflict go into the next wave.

use crate::cas::{Cas, Step};
use crate::change::Upsert;
use crate::contest::{Claim, Contest};
use crate::ec_id::EcId;
use crate::error::{GraphError, Outage};
use crate::graph::Graph;
use crate::outcome::MappingOutcome;
use crate::partner::{check_uid, partner_key};
use crate::policy::{IfMissing, Mapping};
use crate::store::{KvError, Store, Write};
use alloc::vec;
use alloc::vec::Vec;

/// One distinct row of a batch.
struct Job<'a> {
    key: &'a str,
    change: Upsert<'a>,
    cas: Cas,
    step: Step,
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
        let partner = partner_key(partner)?;
        let ids: Vec<Result<EcId, GraphError>> = mappings.iter().map(validated).collect();
        let claims: Vec<Claim<'_>> = ids
            .iter()
            .zip(mappings)
            .filter_map(|(id, mapping)| {
                let about = id.as_ref().ok()?.as_str();
                Some(Claim { about, uid: &mapping.uid, synced: mapping.synced })
            })
            .collect();
        let contest = Contest::new(&claims);
        let jobs = contest.winners.iter().map(|claim| Job {
            key: claim.about,
            change: Upsert {
                assertions: vec![Claim { about: &partner, ..**claim }],
                missing: IfMissing::Skip,
                policy: self.policy(),
                now,
                outcomes: Vec::new(),
            },
            cas: Cas::new(self.policy().max_cas_attempts),
            step: Step::Read,
        });
        let of_winners = self.waves(jobs.collect());
        let mut of_claims = contest.outcomes(&claims, &of_winners).into_iter();
        let outcome = |id: &Result<EcId, GraphError>| match id {
            Err(error) => Err(*error),
            Ok(_) => of_claims.next().unwrap_or(UNANSWERED),
        };
        Ok(ids.iter().map(outcome).collect())
    }

    fn waves(&self, mut jobs: Vec<Job<'_>>) -> Vec<MappingOutcome> {
        loop {
            let keys: Vec<_> = jobs.iter().filter(|job| job.reads()).map(|job| job.key).collect();
            if !keys.is_empty() {
                let mut answers = self.store().get_many(&keys).into_iter();
                for job in jobs.iter_mut().filter(|job| job.reads()) {
                    let answer = answers.next().unwrap_or(Err(SILENCE));
                    job.step = job.cas.read(&mut job.change, answer);
                }
            }
            let puts: Vec<_> = jobs.iter().filter_map(Job::write).collect();
            if keys.is_empty() && puts.is_empty() {
                return jobs.into_iter().map(Job::outcome).collect();
            }
            if !puts.is_empty() {
                let mut answers = self.store().put_many(&puts).into_iter();
                for job in jobs.iter_mut().filter(|job| job.write().is_some()) {
                    let answer = answers.next().unwrap_or(Err(SILENCE));
                    job.step = job.cas.written(&mut job.change, answer);
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
                result.and_then(|()| self.change.outcomes.first().copied().map_or(UNANSWERED, Ok))
            }
            Step::Read | Step::Write => UNANSWERED,
        }
    }
}

/// What a mapping hears that got no answer, which no store that keeps its contract makes happen.
const UNANSWERED: MappingOutcome = Err(GraphError::Unavailable(Outage::Unconfirmed));

/// A store that answers fewer calls than it was asked leaves the others in doubt.
const SILENCE: KvError = KvError::UnknownOutcome;

fn validated(mapping: &Mapping) -> Result<EcId, GraphError> {
    let id = EcId::parse(&mapping.ec_id)?;
    check_uid(&mapping.uid)?;
    Ok(id)
}
