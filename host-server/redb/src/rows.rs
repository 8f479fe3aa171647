//! The tables, and what stands in them.

use std::ops::Bound;

use identity_graph::contract::holds;
use identity_graph::limits::MAX_READ_BYTES;
use identity_graph::{Item, ItemHead, KvError, Precondition, Read, WriteOutcome};
use redb::{
    ReadTransaction, ReadableTable, StorageError, Table, TableDefinition, TableError,
    WriteTransaction,
};

/// When it is gone, generation, metadata, body.
type Row = (u64, u64, &'static str, &'static [u8]);

/// The rows by their keys.
const ROWS: TableDefinition<'_, &str, Row> = TableDefinition::new("rows");
/// Every row by the second at which it is gone. Always in step with the rows.
const EXPIRY: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("expiry");

/// Rows past their lifetime that one transaction removes: more than it can add, so that a store that is
/// written to does not grow by them.
const SWEPT_AT_ONCE: usize = 256;

/// One change, with all that it needs to be carried out elsewhere.
pub(crate) enum Change {
    Put { key: String, row: NewRow, condition: Precondition },
    Delete { key: String },
}

/// A row to be written.
pub(crate) struct NewRow {
    pub(crate) expires_at: u64,
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
                let NewRow { expires_at, generation, metadata, body } = row;
                let row = (*expires_at, *generation, metadata.as_str(), body.as_slice());
                self.rows.insert(key.as_str(), row)?;
                self.expiry.insert((*expires_at, key.as_str()), ())?;
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

    /// Removes rows past their lifetime, and tells how many.
    pub(crate) fn sweep(&mut self, now: u64) -> Result<usize, StorageError> {
        let over = self.expiry.range((0, "")..(now.saturating_add(1), ""))?.take(SWEPT_AT_ONCE);
        let over: Result<Vec<String>, StorageError> =
            over.map(|entry| entry.map(|(at, _)| at.value().1.to_owned())).collect();
        let over = over?;
        for key in &over {
            self.remove(key)?;
        }
        Ok(over.len())
    }
}

/// Looks at a key's row, unless it is past its lifetime.
pub(crate) fn read<T>(
    transaction: &ReadTransaction,
    key: &str,
    now: u64,
    look: impl FnOnce((u64, u64, &str, &[u8])) -> Result<T, KvError>,
) -> Result<Option<T>, KvError> {
    let rows = transaction.open_table(ROWS).map_err(|_| KvError::Unavailable)?;
    let row = rows.get(key).map_err(|_| KvError::Unavailable)?;
    row.as_ref().map(redb::AccessGuard::value).filter(|row| row.0 > now).map(look).transpose()
}

/// Reads a row.
pub(crate) fn get(transaction: &ReadTransaction, key: &str, now: u64) -> Read {
    read(transaction, key, now, |row| {
        if row.3.len() > MAX_READ_BYTES { Err(KvError::TooLarge) } else { Ok(item(row)) }
    })
}

/// What `head` tells of a row.
pub(crate) fn head((_, generation, metadata, _): (u64, u64, &str, &[u8])) -> ItemHead {
    ItemHead { metadata: Some(metadata.to_owned()), generation }
}

fn item((_, generation, metadata, body): (u64, u64, &str, &[u8])) -> Item {
    Item { body: body.to_vec(), metadata: Some(metadata.to_owned()), generation }
}

/// Counts the keys with a prefix.
pub(crate) fn count(
    transaction: &ReadTransaction,
    prefix: &str,
    limit: u32,
    now: u64,
) -> Result<u32, KvError> {
    let failed = |_| KvError::Unavailable;
    let rows = transaction.open_table(ROWS).map_err(|_| KvError::Unavailable)?;
    let mut counted = 0;
    for entry in rows.range(prefix..).map_err(failed)? {
        let (key, row) = entry.map_err(failed)?;
        if counted == limit || !key.value().starts_with(prefix) {
            break;
        }
        counted += u32::from(row.value().0 > now);
    }
    Ok(counted)
}

/// Keys in order.
pub(crate) fn keys(
    transaction: &ReadTransaction,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>, KvError> {
    let rows = transaction.open_table(ROWS).map_err(|_| KvError::Unavailable)?;
    let after = after.map_or(Bound::Unbounded, Bound::Excluded);
    let keys = rows.range::<&str>((after, Bound::Unbounded)).map_err(|_| KvError::Unavailable)?;
    let key = |entry: Result<(redb::AccessGuard<'_, &str>, _), StorageError>| {
        entry.map(|(key, _): (_, redb::AccessGuard<'_, Row>)| key.value().to_owned())
    };
    keys.take(limit as usize).map(key).collect::<Result<_, _>>().map_err(|_| KvError::Unavailable)
}
