//! The graph as the routes call it: every operation is a call of the objects that hold the rows.

use edge_routes::{GraphCalls, SnapshotCalls};
use identity_graph::{
    Entry, Failure, Mapping, Metadata, NewEntry, RawRow, Report, UpsertOutcome, VisitOutcome,
};
use serde::de::DeserializeOwned;

use crate::call::{Call, Changed, Seen, decode, encode};
use crate::exchange::{Ask, Exchange, ObjectCall};
use crate::shard::object_of;

/// The graph of all objects.
pub(crate) struct Objects(pub(crate) Exchange);

impl Objects {
    /// Calls the object of one ID.
    async fn call<T: DeserializeOwned>(&self, ec_id: &str, call: &Call) -> Result<T, Failure> {
        let call = ObjectCall { object: object_of(ec_id), call: encode(call) };
        let answers = self.0.ask(Ask::Objects(vec![call])).await;
        answer(answers.into_iter().next().flatten())
    }
}

/// What an object answered, or that it did not.
fn answer<T: DeserializeOwned>(answer: Option<Vec<u8>>) -> Result<T, Failure> {
    let answer = answer.and_then(|answer| decode::<Result<T, Failure>>(&answer));
    answer.unwrap_or_else(|| Err(unanswered()))
}

fn unanswered() -> Failure {
    Failure::Unavailable("the object that holds the row did not answer".to_owned())
}

impl GraphCalls for Objects {
    type Snapshot<'g> = Snapshot<'g>;

    async fn get(&self, ec_id: &str, now: u64) -> Result<Option<Snapshot<'_>>, Failure> {
        let call = Call::Get { ec_id: ec_id.to_owned(), now };
        let seen: Option<Seen> = self.call(ec_id, &call).await?;
        Ok(seen.map(|seen| Snapshot { objects: self, ec_id: ec_id.to_owned(), seen }))
    }

    async fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure> {
        self.call(ec_id, &Call::GetMetadata { ec_id: ec_id.to_owned() }).await
    }

    async fn visit(&self, ec_id: &str, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        self.call(ec_id, &Call::Visit { ec_id: ec_id.to_owned(), entry }).await
    }

    async fn create(&self, ec_id: &str, entry: NewEntry) -> Result<Report<()>, Failure> {
        self.call(ec_id, &Call::Create { ec_id: ec_id.to_owned(), entry }).await
    }

    async fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure> {
        self.call(ec_id, &Call::Withdraw { ec_id: ec_id.to_owned(), now }).await
    }

    async fn delete(&self, ec_id: &str) -> Result<bool, Failure> {
        self.call(ec_id, &Call::Delete { ec_id: ec_id.to_owned() }).await
    }

    /// One call of each object that holds rows of the batch, all at once.
    async fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure> {
        let mut places = vec![Vec::new(); 256];
        for (place, mapping) in mappings.iter().enumerate() {
            places[usize::from(object_of(&mapping.ec_id))].push(place);
        }
        let asked = (0..=u8::MAX).zip(&places).filter(|(_, places)| !places.is_empty());
        let calls = asked.clone().map(|(object, places)| {
            let mappings = places.iter().map(|place| mappings[*place].clone()).collect();
            let call = Call::Sync { partner: partner.to_owned(), mappings, now };
            ObjectCall { object, call: encode(&call) }
        });
        let answers = self.0.ask(Ask::Objects(calls.collect())).await;
        // One outcome for each mapping, whatever the objects say.
        let mut outcomes = vec![Err(unanswered()); mappings.len()];
        let mut answers = answers.into_iter();
        for (_, places) in asked {
            match answer::<Vec<_>>(answers.next().flatten()) {
                Ok(of_object) => {
                    for (place, outcome) in places.iter().zip(of_object) {
                        outcomes[*place] = outcome;
                    }
                }
                // What every object would refuse.
                Err(failure @ Failure::InvalidArgument(_)) => return Err(failure),
                Err(failure) => {
                    for place in places {
                        outcomes[*place] = Err(failure.clone());
                    }
                }
            }
        }
        Ok(outcomes)
    }

    async fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure> {
        self.call(ec_id, &Call::Inspect { ec_id: ec_id.to_owned() }).await
    }
}

/// A row as an object showed it. A change of it is decided in the object, on the row as it is there by
/// then: a read costs nothing there, and is never stale.
pub(crate) struct Snapshot<'g> {
    objects: &'g Objects,
    ec_id: String,
    seen: Seen,
}

impl Snapshot<'_> {
    async fn change<O: DeserializeOwned>(&mut self, call: Call) -> Result<O, Failure> {
        let Changed { outcome, entry } = self.objects.call(&self.ec_id, &call).await?;
        self.seen.cluster = None;
        if let Some(entry) = entry {
            self.seen.entry = entry;
        }
        Ok(outcome)
    }
}

impl SnapshotCalls for Snapshot<'_> {
    fn entry(&self) -> Entry {
        self.seen.entry.clone()
    }

    fn generation(&self) -> u64 {
        self.seen.generation
    }

    async fn visit(&mut self, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        self.change(Call::VisitOn { ec_id: self.ec_id.clone(), entry }).await
    }

    async fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        if let Some((at, size)) = self.seen.cluster
            && at == now
        {
            return Ok(size);
        }
        self.change(Call::EvaluateOn { ec_id: self.ec_id.clone(), now }).await
    }
}
