//! Drives the graph over a store whose calls are awaited: `cargo run --example async_store`.
//!
//! The rules make no call themselves. Each operation says which call to make next, and is told the
//! answer. What is in between, a runtime with a thousand other requests say, is nothing to it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::ready;

use identity_graph::{
    Answer, Call, GraphError, IfMissing, Item, KvError, NewEntry, Operation, PartnerUid, Policy,
    Precondition, Rules, StoreError, Write, WriteOutcome,
};

const NOW: u64 = 1_790_000_000;

fn main() -> Result<(), GraphError> {
    pollster::block_on(life_of_an_identity())
}

async fn life_of_an_identity() -> Result<(), GraphError> {
    let store = AsyncStore::default();
    let rules = Rules::new(Policy::default())?;
    let ec_id = format!("{}.Ab12Cd", "3f".repeat(32));

    let visit = NewEntry::at(NOW).tcf("CQ...").domain("news.example");
    println!("visit: {:?}", drive(&store, rules.visit(&ec_id, visit)?).await?.outcome);

    let ids = vec![PartnerUid::new("ids.acme.example", "A-1")];
    let upsert = rules.upsert_partner_ids(&ec_id, ids, IfMissing::Skip, NOW + 60)?;
    println!("upsert: {:?}", drive(&store, upsert).await?);

    // What is done on a snapshot costs no second read, and is finished on it.
    let Some(mut snapshot) = drive(&store, rules.get(&ec_id, NOW + 120)?).await? else {
        return Ok(());
    };
    let mut withdraw = rules.withdraw_on(&snapshot, NOW + 120)?;
    make_calls(&store, &mut withdraw).await;
    println!("withdrawal: {:?}", withdraw.finish_on(&mut snapshot)?);
    println!("live: {}, store calls: {}", snapshot.is_live(), store.calls.borrow());
    Ok(())
}

async fn drive<T>(store: &AsyncStore, mut operation: Operation<T>) -> Result<T, GraphError> {
    make_calls(store, &mut operation).await;
    operation.finish()
}

async fn make_calls<T>(store: &AsyncStore, operation: &mut Operation<T>) {
    while let Some(call) = operation.call() {
        let answer = store.answer(call).await;
        operation.answer(answer);
    }
}

/// A map, in the place of a store that is far away.
#[derive(Default)]
struct AsyncStore {
    rows: RefCell<BTreeMap<String, Item>>,
    calls: RefCell<u64>,
}

impl AsyncStore {
    async fn answer(&self, call: Call<'_>) -> Answer {
        *self.calls.borrow_mut() += 1;
        match call {
            Call::Get(key) => Answer::Get(Ok(self.get(key).await)),
            Call::Head(key) => {
                let item = self.get(key).await;
                Answer::Head(Ok(item.map(Into::into)))
            }
            Call::Put(write) => Answer::Put(self.put(write).await),
            Call::Delete(key) => Answer::Delete(Ok(self.rows.borrow_mut().remove(key).is_some())),
            Call::Count { prefix, limit } => {
                let rows = self.rows.borrow();
                let counted = rows.keys().filter(|key| key.starts_with(prefix)).count();
                Answer::Count(Ok(u32::try_from(counted).unwrap_or(limit).min(limit)))
            }
            Call::GetMany(keys) => {
                let mut answers = Vec::new();
                for key in keys {
                    answers.push(Ok(self.get(key).await));
                }
                Answer::GetMany(answers)
            }
            Call::PutMany(writes) => {
                let mut answers = Vec::new();
                for write in writes {
                    answers.push(self.put(write).await);
                }
                Answer::PutMany(answers)
            }
        }
    }

    async fn get(&self, key: &str) -> Option<Item> {
        ready(()).await;
        self.rows.borrow().get(key).cloned()
    }

    async fn put(&self, write: Write<'_>) -> Result<WriteOutcome, StoreError> {
        ready(()).await;
        let mut rows = self.rows.borrow_mut();
        let stored = rows.get(write.key);
        let holds = match write.condition {
            Precondition::None => true,
            Precondition::Absent => stored.is_none(),
            Precondition::Matches(generation) => {
                stored.is_some_and(|item| item.generation == generation)
            }
        };
        if !holds {
            return Ok(WriteOutcome::Conflict(stored.cloned()));
        }
        let generation = self.calls.borrow().to_owned();
        if write.body.len() > 25_000_000 {
            // What went wrong reaches the caller as the source of the graph's error.
            let why = std::io::Error::other("a value has at most 25 MB");
            return Err(StoreError::new(KvError::Invalid, why));
        }
        let (body, metadata) = (write.body.to_vec(), Some(write.metadata.to_owned()));
        rows.insert(write.key.to_owned(), Item { body, metadata, generation });
        Ok(WriteOutcome::Stored)
    }
}
