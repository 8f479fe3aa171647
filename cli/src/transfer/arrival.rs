//! A row of an import, until its store has said what became of it.

use anyhow::{Result, anyhow};
use host_server_store::AsyncStore;
use identity_graph::{Item, KvError, Precondition, Write, WriteOutcome};
use serde::Deserialize;

/// Tries of a row that the store does not confirm.
const TRIES: u32 = 4;

/// A row on its way.
#[derive(Debug)]
pub(super) struct Arrival {
    /// Where it stands in the file.
    pub(super) line: u64,
    pub(super) key: String,
    pub(super) metadata: String,
    pub(super) body: Vec<u8>,
    pub(super) time_to_live: u32,
    /// Whether it got a whole lifetime because it does not tell what it has left.
    pub(super) is_anew: bool,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// The store says that it is stored.
    Stored,
    /// It was there.
    Same,
    /// Something else was there, and is left.
    Different,
    /// The store says that this withdrawal is stored in place of the live row that was there.
    Withdrawn,
    /// The store has not said that it is stored, and it may be.
    InDoubt,
}

impl Arrival {
    /// Stores a row where there is none, or where it is the withdrawal of what is there: an export may
    /// have the row from before its withdrawal, too.
    ///
    /// A write without an answer is sent again until the store confirms one: that the row is there does
    /// not say that it is there to stay, as when only a primary has it yet.
    ///
    /// # Errors
    /// The store refuses or fails, and the import has to end.
    pub(super) async fn settle(&self, store: &dyn AsyncStore) -> Result<Settled> {
        let (mut condition, mut becomes) = (Precondition::Absent, Settled::Stored);
        let mut is_in_doubt = false;
        for _ in 0..TRIES {
            let answer = store.put(Write { condition, ..self.write() }).await;
            let found = match answer {
                Ok(WriteOutcome::Stored) => return Ok(becomes),
                Ok(WriteOutcome::Conflict(Some(item))) => Some(item),
                Ok(WriteOutcome::Conflict(None)) | Err(KvError::UnknownOutcome) => {
                    is_in_doubt |= answer.is_err();
                    match store.get(&self.key).await {
                        // No row of an export is as large.
                        Err(KvError::TooLarge) => return Ok(Settled::Different),
                        read => read.map_err(failed)?,
                    }
                }
                Err(error) => return Err(failed(error)),
            };
            match found {
                None => (condition, becomes) = (Precondition::Absent, Settled::Stored),
                Some(item) if !self.is(&item) && !self.ends(&item) => {
                    return Ok(Settled::Different);
                }
                Some(item) if self.is(&item) && !is_in_doubt => return Ok(Settled::Same),
                Some(item) => {
                    if !self.is(&item) {
                        becomes = Settled::Withdrawn;
                    }
                    condition = Precondition::Matches(item.generation);
                }
            }
        }
        Ok(Settled::InDoubt)
    }

    fn write(&self) -> Write<'_> {
        Write {
            key: &self.key,
            body: &self.body,
            metadata: &self.metadata,
            time_to_live: self.time_to_live,
            condition: Precondition::Absent,
        }
    }

    fn is(&self, item: &Item) -> bool {
        item.body == self.body && item.metadata.as_deref().unwrap_or_default() == self.metadata
    }

    /// Whether it is the withdrawal of what is stored, and not older than the consent of that.
    fn ends(&self, item: &Item) -> bool {
        let consent = |body| serde_json::from_slice::<Times>(body).ok().map(|times| times.consent);
        let (Some(row), Some(stored)) = (consent(&self.body), consent(&item.body)) else {
            return false;
        };
        !row.ok && stored.ok && row.updated >= stored.updated
    }
}

fn failed(error: KvError) -> anyhow::Error {
    anyhow!("{error}; the same command goes on where this one ended")
}

/// What a row says of its times.
#[derive(Deserialize)]
pub(super) struct Times {
    pub(super) last_seen: Option<u64>,
    pub(super) consent: Consent,
}

#[derive(Deserialize)]
pub(super) struct Consent {
    pub(super) ok: bool,
    #[serde(default)]
    updated: u64,
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use host_server_store::{MemoryStore, Page, async_trait, system_clock};
    use identity_graph::{Read, Written};

    use super::*;

    /// What becomes of a write whose answer is lost.
    enum Lost {
        Applied,
        Not,
    }

    /// A store in memory that loses its answers by script, and counts.
    struct Losing {
        memory: MemoryStore,
        lost: Mutex<VecDeque<Lost>>,
        puts: Mutex<u32>,
    }

    impl Losing {
        fn new(lost: impl IntoIterator<Item = Lost>) -> Self {
            let lost = Mutex::new(lost.into_iter().collect());
            Self { memory: MemoryStore::new(system_clock()), lost, puts: Mutex::new(0) }
        }
    }

    #[async_trait]
    impl AsyncStore for Losing {
        async fn get(&self, key: &str) -> Read {
            self.memory.get(key).await
        }
        async fn put(&self, write: Write<'_>) -> Written {
            *self.puts.lock().unwrap() += 1;
            let lost = self.lost.lock().unwrap().pop_front();
            match lost {
                Some(Lost::Not) => Err(KvError::UnknownOutcome),
                Some(Lost::Applied) => {
                    let written = self.memory.put(write).await;
                    if written == Ok(WriteOutcome::Stored) {
                        return Err(KvError::UnknownOutcome);
                    }
                    written
                }
                None => self.memory.put(write).await,
            }
        }
        async fn delete(&self, key: &str) -> Result<bool, KvError> {
            self.memory.delete(key).await
        }
        async fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
            self.memory.count(prefix, limit).await
        }
        async fn list(&self, from: Option<String>, limit: u32) -> Result<Page, KvError> {
            self.memory.list(from, limit).await
        }
    }

    fn row(ok: bool, updated: u64) -> Arrival {
        let body = format!("{{\"v\":1,\"consent\":{{\"ok\":{ok},\"updated\":{updated}}}}}");
        let (key, metadata) = ("k".to_owned(), "m".to_owned());
        let body = body.into_bytes();
        Arrival { line: 1, key, metadata, body, time_to_live: 600, is_anew: false }
    }

    /// What became of a row, after how many writes, and the generation of what is there.
    fn settle(store: &Losing, row: &Arrival) -> (Settled, u32, Option<u64>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        *store.puts.lock().unwrap() = 0;
        let settled = runtime.block_on(row.settle(store)).unwrap();
        let item = runtime.block_on(store.get("k")).unwrap();
        assert!(item.as_ref().is_none_or(|item| settled == Settled::Different || row.is(item)));
        (settled, *store.puts.lock().unwrap(), item.map(|item| item.generation))
    }

    #[test]
    fn a_write_in_doubt_is_sent_again_until_the_store_confirms_one() {
        for lost in [vec![Lost::Not], vec![Lost::Applied]] {
            let (settled, puts, generation) = settle(&Losing::new(lost), &row(true, 1));
            assert_eq!((settled, puts), (Settled::Stored, 2));
            assert!(generation.is_some());
        }
        let (settled, puts, _) =
            settle(&Losing::new([Lost::Applied, Lost::Applied]), &row(true, 1));
        assert_eq!((settled, puts), (Settled::Stored, 3));
    }

    #[test]
    fn a_write_that_nobody_confirms_is_in_doubt_and_not_counted_as_there() {
        let store = Losing::new([Lost::Applied, Lost::Applied, Lost::Applied, Lost::Applied]);
        let (settled, puts, generation) = settle(&store, &row(true, 1));
        assert_eq!((settled, puts, generation.is_some()), (Settled::InDoubt, 4, true));
        let lost = || [Lost::Not, Lost::Not, Lost::Not, Lost::Not];
        assert_eq!(settle(&Losing::new(lost()), &row(true, 1)), (Settled::InDoubt, 4, None));
        // The same command once more finds it.
        assert_eq!(settle(&store, &row(true, 1)).0, Settled::Same);
    }

    #[test]
    fn a_withdrawal_in_doubt_is_one_when_it_is_confirmed() {
        for lost in [Lost::Applied, Lost::Not] {
            let store = Losing::new([]);
            assert_eq!(settle(&store, &row(true, 1)).0, Settled::Stored);
            // The first write is refused, the second one's answer lost.
            *store.lost.lock().unwrap() = VecDeque::from([Lost::Applied, lost]);
            let (settled, puts, _) = settle(&store, &row(false, 1));
            assert_eq!((settled, puts), (Settled::Withdrawn, 3));
        }
    }

    #[test]
    fn what_somebody_else_has_stored_meanwhile_is_left() {
        let store = Losing::new([]);
        settle(&store, &row(true, 2));
        *store.lost.lock().unwrap() = VecDeque::from([Lost::Not]);
        let (settled, puts, _) = settle(&store, &row(false, 1));
        assert_eq!((settled, puts), (Settled::Different, 1));
    }
}
