//! A store in memory that does to a call what its scenario says.

use std::cell::RefCell;
use std::collections::BTreeMap;

use host_test::MemoryStore;
use identity_graph::{Item, ItemHead, KvError, Read, Store, Write, WriteOutcome, Written};

use crate::steps::{Calls, Fault, Kind, Nth, OtherStep, What};
use crate::stores::Rows;

/// A store in memory whose operations meet the faults of the call that is under way.
pub(crate) struct Scripted {
    pub(crate) rows: MemoryStore,
    /// The rows before the first step.
    first: RefCell<BTreeMap<String, Item>>,
    call: RefCell<Call>,
}

/// What one call of the graph meets, and what it has done so far.
#[derive(Default)]
struct Call {
    faults: Vec<Scheduled>,
    calls: Calls,
    lifetimes: BTreeMap<String, u32>,
}

struct Scheduled {
    fault: Fault,
    /// The operations that could have met it.
    seen: u64,
    came_to_pass: bool,
}

/// What a call has done.
pub(crate) struct Done {
    pub(crate) calls: Calls,
    /// The lifetime of the last write of each key.
    pub(crate) lifetimes: BTreeMap<String, u32>,
    /// Faults that never came to pass, by their places.
    pub(crate) unmet: Vec<usize>,
}

impl Scripted {
    pub(crate) fn new(hands_over: bool) -> Self {
        let rows = if hands_over { MemoryStore::handing_over() } else { MemoryStore::new() };
        Self { rows, first: RefCell::default(), call: RefCell::default() }
    }

    /// What is stored now is what stale reads see.
    pub(crate) fn begin(&self) {
        let keys = self.rows.keys().into_iter();
        let items = keys.filter_map(|key| Some((key.clone(), self.rows.row(&key)?.item())));
        *self.first.borrow_mut() = items.collect();
    }

    /// The next operations meet these faults.
    pub(crate) fn meet(&self, faults: &[Fault]) {
        let scheduled =
            |fault: &Fault| Scheduled { fault: fault.clone(), seen: 0, came_to_pass: false };
        let faults = faults.iter().map(scheduled).collect();
        *self.call.borrow_mut() = Call { faults, ..Call::default() };
    }

    /// What has been done since.
    pub(crate) fn done(&self) -> Done {
        let Call { faults, calls, lifetimes } = self.call.take();
        let unmet = faults.iter().enumerate().filter(|(_, scheduled)| !scheduled.came_to_pass);
        Done { calls, lifetimes, unmet: unmet.map(|(place, _)| place).collect() }
    }

    fn count(&self, note: impl FnOnce(&mut Calls)) {
        note(&mut self.call.borrow_mut().calls);
    }

    /// What goes wrong with this operation, after what others do before it.
    fn fault(&self, kind: Kind, key: Option<&str>) -> Option<What> {
        let mut call = self.call.borrow_mut();
        let mut met = None;
        for scheduled in &mut call.faults {
            let Fault { at, ec_id, nth, .. } = &scheduled.fault;
            let fits = ec_id.as_ref().is_none_or(|ec_id| Some(ec_id.as_str()) == key);
            if *at != kind || !fits {
                continue;
            }
            scheduled.seen += 1;
            let is_due = match nth {
                Nth::Number(number) => scheduled.seen == *number,
                Nth::Every(_) => true,
            };
            if is_due && met.is_none() {
                scheduled.came_to_pass = true;
                met = Some(scheduled.fault.clone());
            }
        }
        let Fault { before, fault, .. } = met?;
        for step in &before {
            self.other(step);
        }
        fault
    }

    fn other(&self, step: &OtherStep) {
        match step {
            OtherStep::Put(key, row) => self.rows.write(key.as_str(), row),
            OtherStep::Delete(key) => self.rows.remove(key.as_str()),
        }
    }

    fn read(&self, kind: Kind, key: &str) -> Option<Read> {
        match self.fault(kind, Some(key))? {
            What::Miss => Some(Ok(None)),
            What::Stale => Some(Ok(self.first.borrow().get(key).cloned())),
            what => Some(Err(what.error()?)),
        }
    }

    fn write(&self, write: Write<'_>) -> Written {
        let fault = self.fault(Kind::Put, Some(write.key));
        if let Some(error) = fault.and_then(What::error) {
            return Err(error);
        }
        if fault == Some(What::Refused) {
            return Ok(WriteOutcome::Conflict(None));
        }
        let written = self.rows.put(write);
        if written == Ok(WriteOutcome::Stored) {
            let lifetimes = &mut self.call.borrow_mut().lifetimes;
            lifetimes.insert(write.key.to_owned(), write.time_to_live);
        }
        match fault {
            Some(What::LostAnswer) => Err(KvError::UnknownOutcome),
            Some(What::SentTwice) => Ok(WriteOutcome::Conflict(None)),
            _ => written,
        }
    }
}

impl Store for Scripted {
    type Error = KvError;

    fn get(&self, key: &str) -> Read {
        self.count(|calls| calls.get += 1);
        self.read(Kind::Get, key).unwrap_or_else(|| self.rows.get(key))
    }

    fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        self.count(|calls| calls.head += 1);
        match self.read(Kind::Head, key) {
            Some(read) => Ok(read?.map(ItemHead::from)),
            None => self.rows.head(key),
        }
    }

    fn put(&self, write: Write<'_>) -> Written {
        self.count(|calls| calls.put += 1);
        self.write(write)
    }

    fn delete(&self, key: &str) -> Result<bool, KvError> {
        self.count(|calls| calls.delete += 1);
        let fault = self.fault(Kind::Delete, Some(key));
        if let Some(error) = fault.and_then(What::error) {
            return Err(error);
        }
        let deleted = self.rows.delete(key);
        if fault == Some(What::LostAnswer) { Err(KvError::UnknownOutcome) } else { deleted }
    }

    fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        self.count(|calls| calls.count += 1);
        match self.fault(Kind::Count, None).and_then(What::error) {
            Some(error) => Err(error),
            None => self.rows.count(prefix, limit),
        }
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        self.count(|calls| calls.get_many.push(keys.len()));
        let read = |key: &&str| self.read(Kind::Get, key).unwrap_or_else(|| self.rows.get(key));
        keys.iter().map(read).collect()
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        self.count(|calls| calls.put_many.push(writes.len()));
        writes.iter().map(|write| self.write(*write)).collect()
    }
}
