//! How many store operations took place.

/// A kind of store operation. The keys of a batch count as the kind they are a batch of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreCall {
    /// [`Store::get`](identity_graph::Store::get), and each key of a `get_many`.
    Get,
    /// [`Store::head`](identity_graph::Store::head).
    Head,
    /// [`Store::put`](identity_graph::Store::put), and each write of a `put_many`.
    Put,
    /// [`Store::delete`](identity_graph::Store::delete).
    Delete,
    /// [`Store::count`](identity_graph::Store::count).
    Count,
}

/// Number of store calls by kind, whatever they answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreCalls {
    /// Single reads.
    pub gets: u64,
    /// Reads of metadata.
    pub heads: u64,
    /// Single writes.
    pub puts: u64,
    /// Deletes.
    pub deletes: u64,
    /// Counts by prefix.
    pub counts: u64,
    /// Batches of reads.
    pub get_manys: u64,
    /// Keys read in those batches.
    pub get_many_keys: u64,
    /// Batches of writes.
    pub put_manys: u64,
    /// Keys written in those batches.
    pub put_many_keys: u64,
}

impl StoreCalls {
    /// No calls; unlike the default it can stand in constants.
    pub const NONE: Self = Self {
        gets: 0,
        heads: 0,
        puts: 0,
        deletes: 0,
        counts: 0,
        get_manys: 0,
        get_many_keys: 0,
        put_manys: 0,
        put_many_keys: 0,
    };

    /// Keys asked for, one by one or in batches, and counts.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.gets + self.heads + self.counts + self.get_many_keys
    }

    /// Keys written or deleted, one by one or in batches.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.puts + self.deletes + self.put_many_keys
    }

    pub(crate) fn record(&mut self, kind: StoreCall) {
        match kind {
            StoreCall::Get => self.gets += 1,
            StoreCall::Head => self.heads += 1,
            StoreCall::Put => self.puts += 1,
            StoreCall::Delete => self.deletes += 1,
            StoreCall::Count => self.counts += 1,
        }
    }

    pub(crate) fn record_get_many(&mut self, keys: usize) {
        self.get_manys += 1;
        self.get_many_keys += keys as u64;
    }

    pub(crate) fn record_put_many(&mut self, keys: usize) {
        self.put_manys += 1;
        self.put_many_keys += keys as u64;
    }
}
