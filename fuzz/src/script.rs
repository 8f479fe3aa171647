//! A store whose every answer is read from the fuzzer's bytes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};
use identity_graph::limits::{MAX_BODY_BYTES, MAX_METADATA_BYTES};
use identity_graph::{
    Item, ItemHead, KvError, Precondition, Read, Store, Write, WriteOutcome, Written,
};

/// Rows that answers are made of, beside arbitrary bytes and what was last written.
const ROWS: [&str; 7] = [
    r#"{"v":1,"created":1000,"last_seen":1500,"consent":{"ok":true,"updated":1400,"withdrawn":1300},"geo":{"country":"US"},"ids":{"a.example":{"uid":"SECRET-A","synced":1200,"atype":1,"expires":1900,"ext":{"SECRET":1}},"B.example":{"uid":"SECRET-B","synced":99999}},"removed":{"acme_ssp":1600}}"#,
    r#"{"v":1,"created":1000,"last_seen":1790000000000,"consent":{"ok":true,"updated":1790000000000},"geo":{"country":"US"},"ids":{"a.example":"SECRET","acme_ssp":{"uid":"SECRET-A","synced":1790000000000}}}"#,
    r#"{"v":2,"created":1000,"consent":{"ok":true,"updated":1000},"geo":{"country":"US"}}"#,
    r#"{"v":1,"created":1000,"last_seen":1500,"consent":{"ok":true,"updated":1000},"geo":{"country":"US"},"ids":{"a.example":{"uid":"SECRET-A","synced":1200}},"x":[1.0]}"#,
    r#"{"v":1,"created":1000,"consent":{"ok":true,"updated":1000,"tcf":"SECRET-TCF"},"geo":{"country":"DE"},"network":{"cluster_size":3},"ids":{"a.example":{"uid":"SECRET-A"}}}"#,
    r#"{"v":1,"created":2000,"consent":{"ok":false,"updated":2000},"geo":{"country":"ZZ"}}"#,
    r#"{"v":1,"created":1000,"consent":{"ok":true,"updated":1000},"geo":{"country":"US"},"pub_properties":{"origin_domain":"a.example","seen_domains":{"a.example":{"visits":2}}}}"#,
];

/// What the writes of one key were answered.
#[derive(Clone, Copy, Default)]
pub(crate) struct Heard {
    pub(crate) stored: bool,
    pub(crate) in_doubt: bool,
}

/// The store. It has no state but its script, and counts what it is asked.
pub(crate) struct Script<'a> {
    bytes: RefCell<Unstructured<'a>>,
    written: RefCell<Option<Vec<u8>>>,
    heard: RefCell<BTreeMap<String, Heard>>,
    /// Reads that were answered, other than by being put off.
    pub(crate) reads: Cell<usize>,
    pub(crate) writes: Cell<usize>,
}

impl<'a> Script<'a> {
    pub(crate) fn new(bytes: Unstructured<'a>) -> Self {
        Self {
            bytes: RefCell::new(bytes),
            written: RefCell::default(),
            heard: RefCell::default(),
            reads: Cell::default(),
            writes: Cell::default(),
        }
    }

    /// What the writes since the last call of this were answered, by key.
    pub(crate) fn take_heard(&self) -> BTreeMap<String, Heard> {
        self.heard.take()
    }

    /// Notes the answer to a write; none leaves it in doubt.
    fn hear(&self, key: &str, answer: Option<&Written>) {
        let mut heard = self.heard.borrow_mut();
        let heard = heard.entry(key.to_owned()).or_default();
        match answer {
            Some(Ok(WriteOutcome::Stored)) => heard.stored = true,
            Some(Err(KvError::UnknownOutcome)) | None => heard.in_doubt = true,
            Some(_) => {}
        }
    }

    /// Takes from the script what is not an answer, such as the next operation.
    pub(crate) fn next<T>(
        &self,
        take: impl FnOnce(&mut Unstructured<'a>) -> Result<T>,
    ) -> Result<T> {
        take(&mut self.bytes.borrow_mut())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.bytes.borrow().is_empty()
    }

    fn item(&self) -> Result<Item> {
        let mut bytes = self.bytes.borrow_mut();
        let body = match bytes.int_in_range(0..=7)? {
            0 => bytes.arbitrary()?,
            1 | 2 => self.written.borrow().clone().unwrap_or_default(),
            _ => bytes.choose(&ROWS)?.as_bytes().to_vec(),
        };
        let metadata: Option<String> = bytes.arbitrary()?;
        Ok(Item { body, metadata, generation: bytes.int_in_range(0..=3)? })
    }

    fn error(&self) -> Result<Option<KvError>> {
        let mut bytes = self.bytes.borrow_mut();
        Ok(match bytes.int_in_range(0..=15)? {
            0 => Some(KvError::NoSuchStore),
            1 => Some(KvError::Invalid),
            2 => Some(KvError::Throttled),
            3 => Some(KvError::Unavailable),
            4 | 5 => Some(KvError::UnknownOutcome),
            6 => Some(KvError::TooLarge),
            7 => Some(KvError::NotRead),
            _ => None,
        })
    }

    fn choice(&self, last: u8) -> u8 {
        self.next(|bytes| bytes.int_in_range(0..=last)).unwrap_or_default()
    }

    /// One answer to one read. Once the script is over, nothing is stored.
    fn read(&self) -> Read {
        let error = self.error();
        if error != Ok(Some(KvError::NotRead)) {
            self.reads.set(self.reads.get() + 1);
        }
        if let Ok(Some(error)) = error {
            return Err(error);
        }
        if self.choice(3) == 0 { Ok(None) } else { Ok(self.item().ok()) }
    }

    /// One answer to one write. Once the script is over, everything is stored.
    fn write(&self, write: &Write<'_>) -> Written {
        self.writes.set(self.writes.get() + 1);
        assert!(write.body.len() <= MAX_BODY_BYTES && write.metadata.len() <= MAX_METADATA_BYTES);
        assert!(write.time_to_live > 0);
        *self.written.borrow_mut() = Some(write.body.to_vec());
        if let Ok(Some(error)) = self.error() {
            return Err(error);
        }
        Ok(match self.choice(5) {
            1 if write.condition != Precondition::None => WriteOutcome::Conflict(None),
            2 if write.condition != Precondition::None => WriteOutcome::Conflict(self.item().ok()),
            _ => WriteOutcome::Stored,
        })
    }
}

impl Store for Script<'_> {
    type Error = KvError;

    fn get(&self, _: &str) -> Read {
        self.read()
    }

    fn head(&self, _: &str) -> std::result::Result<Option<ItemHead>, KvError> {
        let head = |item: Item| ItemHead { metadata: item.metadata, generation: item.generation };
        Ok(self.read()?.map(head))
    }

    fn put(&self, write: Write<'_>) -> Written {
        let answer = self.write(&write);
        self.hear(write.key, Some(&answer));
        answer
    }

    fn delete(&self, _: &str) -> std::result::Result<bool, KvError> {
        self.writes.set(self.writes.get() + 1);
        self.error().ok().flatten().map_or(Ok(self.choice(1) == 1), Err)
    }

    fn count(&self, _: &str, limit: u32) -> std::result::Result<u32, KvError> {
        self.reads.set(self.reads.get() + 1);
        let counted = self.next(|bytes| bytes.int_in_range(0..=limit.saturating_mul(2)));
        self.error().ok().flatten().map_or(Ok(counted.unwrap_or_default()), Err)
    }

    /// Now and then too few answers, or too many.
    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let mut answers: Vec<_> = keys.iter().map(|_| self.read()).collect();
        match self.choice(15) {
            1 => drop(answers.pop()),
            2 => answers.push(Ok(None)),
            _ => {}
        }
        answers
    }

    fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let mut answers: Vec<_> = writes.iter().map(|write| self.write(write)).collect();
        if self.choice(15) == 1 {
            answers.pop();
        }
        for (at, write) in writes.iter().enumerate() {
            self.hear(write.key, answers.get(at));
        }
        answers
    }
}
