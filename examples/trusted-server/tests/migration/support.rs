//! A store that counts and can misbehave, and rows as the application has written them.

use std::cell::{Cell, RefCell};
use std::error::Error;

use trusted_server_example::KvIdentityGraph;
use trusted_server_example::kv::{Kv, KvInsert, KvItem};
use trusted_server_example::memory::MemoryKv;
use trusted_server_example::types::{EcEntry, EcError, EcPartnerId};

/// The time of most requests.
pub(crate) const NOW: u64 = 1_790_000_000;
/// The partner of the stored rows.
pub(crate) const UMBER: &str = "id.umber.example";
/// Another partner.
pub(crate) const OCHRE: &str = "sync.ochre.example";

/// A row without `last_seen` and `synced`, made in 2019, with a cluster size that nobody dated.
pub(crate) const LISTED: &str = r#"{"v":1,"created":1560000000,"consent":{"tcf":"CPinvented","ok":true,"updated":1560000000},"geo":{"country":"SE","region":"AB","asn":64510},"pub_properties":{"origin_domain":"kiosk.example","seen_domains":["arts.example","kiosk.example"]},"device":{"is_mobile":0,"ja4_class":"t13d0000h2","known_browser":true},"network":{"cluster_size":4},"ids":{"id.umber.example":{"uid":"um-1"}}}"#;
/// The same, from when domains were a map.
pub(crate) const MAPPED: &str = r#"{"v":1,"created":1560000000,"consent":{"gpp":"DBinvented","ok":true,"updated":1560000000},"geo":{"country":"SE"},"pub_properties":{"origin_domain":"kiosk.example","seen_domains":{"kiosk.example":{"visits":7},"arts.example":{"visits":1}}},"network":{"cluster_size":4},"ids":{"id.umber.example":{"uid":"um-1"}}}"#;
/// What stands beside both.
pub(crate) const BESIDE: &str = r#"{"ok":true,"country":"SE","v":1,"cluster_size":4}"#;

pub(crate) fn ec_id() -> String {
    format!("{}.Km41Pq", "b7".repeat(32))
}

/// Called before each insert reaches the rows.
type Meddler<'a> = Box<dyn FnMut(&MemoryKv) + 'a>;

/// Rows in memory behind a store that counts its calls.
#[derive(Default)]
pub(crate) struct TestKv<'a> {
    pub(crate) rows: MemoryKv,
    lookups: Cell<u32>,
    inserts: Cell<u32>,
    lists: Cell<u32>,
    time_to_live: Cell<u32>,
    /// What a lookup fails with.
    lookup_says: Option<&'static str>,
    /// What an insert fails with.
    insert_says: Option<&'static str>,
    /// Who is at work, too.
    meddler: RefCell<Option<Meddler<'a>>>,
}

impl<'a> TestKv<'a> {
    /// A store with one row.
    pub(crate) fn with(body: &str) -> Self {
        let kv = Self::default();
        kv.rows.seed(&ec_id(), body, Some(BESIDE));
        kv
    }

    pub(crate) fn lookups_fail(self, text: &'static str) -> Self {
        Self { lookup_says: Some(text), ..self }
    }

    pub(crate) fn inserts_fail(self, text: &'static str) -> Self {
        Self { insert_says: Some(text), ..self }
    }

    pub(crate) fn meddle(self, meddler: impl FnMut(&MemoryKv) + 'a) -> Self {
        Self { meddler: RefCell::new(Some(Box::new(meddler))), ..self }
    }

    /// The graph for a request.
    pub(crate) fn at(&self, now: u64) -> KvIdentityGraph<&Self> {
        KvIdentityGraph::for_request(self, now).unwrap()
    }

    /// Lookups, inserts and lists since this was asked last.
    pub(crate) fn calls(&self) -> (u32, u32, u32) {
        (self.lookups.take(), self.inserts.take(), self.lists.take())
    }

    /// Seconds that the last insert asked for.
    pub(crate) fn time_to_live(&self) -> u32 {
        self.time_to_live.get()
    }

    /// The stored text.
    pub(crate) fn body(&self) -> String {
        String::from_utf8(self.rows.lookup(&ec_id()).unwrap().unwrap().body).unwrap()
    }
}

fn count(calls: &Cell<u32>) {
    calls.set(calls.get() + 1);
}

impl Kv for TestKv<'_> {
    fn lookup(&self, key: &str) -> Result<Option<KvItem>, String> {
        count(&self.lookups);
        self.lookup_says.map_or_else(|| self.rows.lookup(key), |text| Err(text.to_owned()))
    }

    fn insert(&self, insert: KvInsert<'_>) -> Result<(), String> {
        count(&self.inserts);
        self.time_to_live.set(insert.time_to_live);
        if let Some(meddler) = &mut *self.meddler.borrow_mut() {
            meddler(&self.rows);
        }
        self.insert_says.map_or_else(|| self.rows.insert(insert), |text| Err(text.to_owned()))
    }

    fn delete(&self, key: &str) -> Result<(), String> {
        self.rows.delete(key)
    }

    fn list(&self, prefix: &str, limit: u32) -> Result<Vec<String>, String> {
        count(&self.lists);
        self.rows.list(prefix, limit)
    }
}

pub(crate) fn id(source_domain: &str, uid: &str) -> EcPartnerId {
    EcPartnerId { source_domain: source_domain.to_owned(), uid: uid.to_owned() }
}

/// The entry that a request at this time is shown.
pub(crate) fn entry(kv: &TestKv<'_>, now: u64) -> EcEntry {
    kv.at(now).get(&ec_id()).unwrap().unwrap().0
}

/// A partner's ID in it.
pub(crate) fn uid(kv: &TestKv<'_>, now: u64, partner: &str) -> Option<String> {
    let ids = entry(kv, now).partner_ids;
    ids.into_iter().find(|id| id.source_domain == partner).map(|id| id.uid)
}

/// What is at the end of a chain of errors.
pub(crate) fn root(error: &EcError) -> String {
    let mut error: &dyn Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
