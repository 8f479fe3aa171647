//! The tables, and what stands in them.

use std::ops::Bound;
use std::sync::Arc;

use host_server_store::FailureLog;
use identity_graph::contract::holds;
use identity_graph::limits::MAX_READ_BYTES;
use identity_graph::{Item, ItemHead, KvError, Precondition, Read, WriteOutcome};
use redb::{
    ReadOnlyTable, ReadTransaction, ReadableTable, StorageError, Table, TableDefinition,
    TableError, WriteTransaction,
};

/// When it is gone, generation, metadata, body.
type Row = (u64, u64, &'static str, &'static [u8]);

/// The rows by their keys.
const ROWS: TableDefinition<'_, &str, Row> = TableDefinition::new("rows");
/// Every row by the second at which it is gone. Always in step with the rows.
const EXPIRY: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("expiry");

/// Rows past their lifetime that one transaction removes, or as many as it has changes: so a store that is
/// written to does not grow by them.
const SWEPT_AT_ONCE: usize = 256;

/// Seconds that a commit may take: a lifetime is counted from its end, which is not known when it is
/// written. Longer ones are not acknowledged.
pub(crate) const COMMIT_SECONDS: u64 = 30;

/// One change, with all that it needs to be carried out elsewhere.
pub(crate) enum Change {
    Put { key: String, row: NewRow, condition: Precondition },
    Delete { key: String },
}

/// A row to be written.
pub(crate) struct NewRow {
    /// Seconds for which it is kept at least.
    pub(crate) time_to_live: u32,
    pub(crate) generation: u64,
    pub(crate) metadata: String,
    pub(crate) body: Vec<u8>,
}

/// The tables, for a transaction that writes.
pub(crate) struct Tables<'a> {
    rows: Table<'a, &'static str, Row>,
    expiry: Table<'a, (u64, &'static str), ()>,
}

impl<'a> Tables<'a> {
    pub(crate) fn open(transaction: &'a WriteTransaction) -> Result<Self, TableError> {
        let rows = transaction.open_table(ROWS)?;
        Ok(Self { rows, expiry: transaction.open_table(EXPIRY)? })
    }

    /// Carries out one change. A delete is answered `Stored` when there was a row, and a conflict when
    /// there was none.
    pub(crate) fn apply(
        &mut self,
        change: &Change,
        now: u64,
    ) -> Result<WriteOutcome, StorageError> {
        match change {
            Change::Delete { key } => {
                let was_live = self.remove(key)?.is_some_and(|expires_at| expires_at > now);
                Ok(if was_live { WriteOutcome::Stored } else { WriteOutcome::Conflict(None) })
            }
            Change::Put { key, row, condition } => {
                if let Err(current) = self.judge(key, *condition, now)? {
                    return Ok(WriteOutcome::Conflict(current));
                }
                self.remove(key)?;
                let NewRow { time_to_live, generation, metadata, body } = row;
                // Both ends fall somewhere within their second, hence one more.
                let kept = u64::from(*time_to_live) + 1 + COMMIT_SECONDS;
                let expires_at = now.saturating_add(kept);
                let row = (expires_at, *generation, metadata.as_str(), body.as_slice());
                self.rows.insert(key.as_str(), row)?;
                self.expiry.insert((expires_at, key.as_str()), ())?;
                Ok(WriteOutcome::Stored)
            }
        }
    }

    /// Whether the condition holds, or else the current item, where it can be handed over.
    fn judge(
        &self,
        key: &str,
        condition: Precondition,
        now: u64,
    ) -> Result<Result<(), Option<Item>>, StorageError> {
        let row = self.rows.get(key)?;
        let current = row.as_ref().map(redb::AccessGuard::value).filter(|row| row.0 > now);
        if holds(condition, current.map(|row| row.1)) {
            return Ok(Ok(()));
        }
        Ok(Err(current.filter(|row| row.3.len() <= MAX_READ_BYTES).map(item)))
    }

    /// Removes a row, and tells when it would have been gone.
    fn remove(&mut self, key: &str) -> Result<Option<u64>, StorageError> {
        let removed = self.rows.remove(key)?.map(|row| row.value().0);
        if let Some(expires_at) = removed {
            self.expiry.remove((expires_at, key))?;
        }
        Ok(removed)
    }

    /// Removes rows past their lifetime, beside so many changes, and tells how many.
    pub(crate) fn sweep(&mut self, now: u64, changes: usize) -> Result<usize, StorageError> {
        let most = changes.max(SWEPT_AT_ONCE);
        let over = self.expiry.range((0, "")..(now.saturating_add(1), ""))?.take(most);
        let over: Result<Vec<String>, StorageError> =
            over.map(|entry| entry.map(|(at, _)| at.value().1.to_owned())).collect();
        let over = over?;
        for key in &over {
            self.remove(key)?;
        }
        Ok(over.len())
    }
}

/// The rows as of one commit and one second.
pub(crate) struct Reader {
    pub(crate) transaction: ReadTransaction,
    pub(crate) now: u64,
    pub(crate) log: Arc<FailureLog>,
}

impl Reader {
    /// Looks at a key's row, unless it is past its lifetime.
    pub(crate) fn read<T>(
        &self,
        key: &str,
        look: impl FnOnce((u64, u64, &str, &[u8])) -> Result<T, KvError>,
    ) -> Result<Option<T>, KvError> {
        let rows = self.rows()?;
        let row = rows.get(key).map_err(|error| self.failed(error))?;
        let row = row.as_ref().map(redb::AccessGuard::value);
        row.filter(|row| row.0 > self.now).map(look).transpose()
    }

    /// Reads a row.
    pub(crate) fn get(&self, key: &str) -> Read {
        self.read(key, |row| {
            if row.3.len() > MAX_READ_BYTES { Err(KvError::TooLarge) } else { Ok(item(row)) }
        })
    }

    /// Counts the keys with a prefix.
    pub(crate) fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        let rows = self.rows()?;
        let mut counted = 0;
        for entry in rows.range(prefix..).map_err(|error| self.failed(error))? {
            let (key, row) = entry.map_err(|error| self.failed(error))?;
            if counted == limit || !key.value().starts_with(prefix) {
                break;
            }
            counted += u32::from(row.value().0 > self.now);
        }
        Ok(counted)
    }

    /// Keys in order.
    pub(crate) fn keys(&self, after: Option<&str>, limit: u32) -> Result<Vec<String>, KvError> {
        let rows = self.rows()?;
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let entries = rows.range::<&str>((after, Bound::Unbounded));
        let entries = entries.map_err(|error| self.failed(error))?.take(limit as usize);
        let key = |entry: Result<(redb::AccessGuard<'_, &str>, redb::AccessGuard<'_, Row>), _>| {
            entry.map(|(key, _)| key.value().to_owned()).map_err(|error| self.failed(error))
        };
        entries.map(key).collect()
    }

    fn rows(&self) -> Result<ReadOnlyTable<&'static str, Row>, KvError> {
        self.transaction.open_table(ROWS).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: impl Into<redb::Error>) -> KvError {
        self.log.failed(format_args!("a read failed: {}", error.into()));
        KvError::Unavailable
    }
}

/// What `head` tells of a row.
pub(crate) fn head((_, generation, metadata, _): (u64, u64, &str, &[u8])) -> ItemHead {
    ItemHead { metadata: Some(metadata.to_owned()), generation }
}

fn item((_, generation, metadata, body): (u64, u64, &str, &[u8])) -> Item {
    Item { body: body.to_vec(), metadata: Some(metadata.to_owned()), generation }
}
