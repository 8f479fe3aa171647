//! The model as a store that is called from one place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity_graph::{ItemHead, KvError, Read, Store, Write, Written};

use super::kv::{Kv, NetworkFault};
use host_test::StoreCall;
use host_test::contract::{bounded, within_one_answer};

/// The modelled store as one place sees it, for callers that make one call after the other: time goes
/// by with each call, as long as the call takes. Clones share the store and the clock.
#[derive(Debug, Clone)]
pub struct Place {
    kv: Arc<Mutex<Kv>>,
    place: usize,
}

impl Place {
    /// All places of a store.
    #[must_use]
    pub fn all(kv: Kv, places: usize) -> Vec<Self> {
        let kv = Arc::new(Mutex::new(kv));
        (0..places).map(|place| Self { kv: Arc::clone(&kv), place }).collect()
    }

    /// Lets this many milliseconds go by.
    pub fn wait_ms(&self, milliseconds: u64) {
        let mut kv = self.lock();
        let now = kv.now_ms();
        kv.set_now_ms(now + milliseconds);
    }

    /// Lets every place see every write so far.
    pub fn settle(&self) {
        self.lock().settle();
    }

    fn lock(&self) -> MutexGuard<'_, Kv> {
        self.kv.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(
        &self,
        kind: StoreCall,
        act: impl FnOnce(&Kv, usize) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        self.call(kind, |kv, fault| match fault {
            None => act(kv, self.place),
            Some(_) => Err(KvError::Unavailable),
        })
    }

    /// A write that lands late lands before the next call: nobody else is there to move the clock.
    fn write<T>(
        &self,
        kind: StoreCall,
        act: impl FnOnce(&mut Kv) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        self.call(kind, |kv, fault| match fault {
            None => act(kv),
            Some(NetworkFault::Fails) => Err(KvError::Unavailable),
            Some(NetworkFault::LosesRequest) => Err(KvError::UnknownOutcome),
            Some(NetworkFault::LosesAnswer | NetworkFault::LandsLate(_)) => {
                act(kv).and(Err(KvError::UnknownOutcome))
            }
        })
    }

    /// One call with its time there and back; `act` is told what goes wrong with it.
    fn call<T>(
        &self,
        kind: StoreCall,
        act: impl FnOnce(&mut Kv, Option<NetworkFault>) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        let mut kv = self.lock();
        let fate = kv.fate(kind);
        let now = kv.now_ms();
        kv.set_now_ms(now + fate.there_ms);
        let answer = act(&mut kv, fate.fault);
        kv.set_now_ms(now + fate.there_ms + fate.back_ms);
        answer
    }
}

impl Store for Place {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        bounded(self.read(StoreCall::Get, |kv, place| kv.get(place, key)))
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        self.read(StoreCall::Head, |kv, place| kv.head(place, key))
    }

    fn put(&self, write: Write<'_>) -> Written {
        self.write(StoreCall::Put, |kv| kv.put(&write))
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.write(StoreCall::Delete, |kv| kv.delete(key))
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.read(StoreCall::Count, |kv, place| Ok(kv.count(place, prefix, limit)))
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        within_one_answer(keys.iter().map(|key| self.get(key)))
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        writes.iter().map(|write| self.put(*write)).collect()
    }
}
