//! The store.

use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use deadpool::managed::PoolError;
use futures_util::future::join_all;
use host_server_store::{AsyncStore, OpenError, Page, StoreUrl, async_trait, new_generation};
use identity_graph::contract::{check_key, check_write};
use identity_graph::{Item, ItemHead, KvError, Precondition, Read, Write, WriteOutcome, Written};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use crate::errors::{ConnectError, Told};
use crate::pool::{Loan, Pool, Statements, pool};
use crate::settings::Settings;
use crate::{errors, schema};

/// How often rows past their lifetime are removed.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// How much longer than the server an answer is waited for: what the server itself gave up in time is
/// known not to be applied.
const GRACE: Duration = Duration::from_millis(500);

type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A store in PostgreSQL.
pub struct PostgresStore {
    pool: Pool,
    timeout: Duration,
    sweeper: JoinHandle<()>,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.sweeper.abort();
    }
}

impl PostgresStore {
    /// Opens `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, and makes the tables where there are none.
    /// Several hosts (`HOST:PORT,HOST:PORT`) are tried in turn for the one that takes writes. Settings:
    ///
    /// - `connections`: at most so many (16)
    /// - `timeout-ms`: how long a statement may take (2,000)
    /// - `tls`: `on` or `off`; on where a host is not this machine
    /// - `ca`: a PEM file with the certificate authorities to trust, rather than this machine's
    pub async fn open(mut url: StoreUrl) -> Result<Self, OpenError> {
        let settings = Settings::take(&mut url)?;
        let timeout = settings.timeout;
        let pool = pool(settings).map_err(|error| url.error(error))?;
        let (client, _) = pool.manager().connect().await.map_err(|error| refused(&url, &error))?;
        schema::prepare(&client).await.map_err(|error| url.error(error))?;
        // The first of those that stay, with its statements: what is wrong with them is told now.
        drop(pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => refused(&url, &error),
            _ => url.error("the server does not answer in time"),
        })?);
        let sweeper = tokio::spawn(keep_sweeping(pool.clone(), timeout));
        Ok(Self { pool, timeout, sweeper })
    }

    /// Removes some of the rows past their lifetime, and tells how many. It is done from time to time
    /// without being asked for.
    pub async fn sweep(&self) -> Result<usize, KvError> {
        sweep(&self.pool, self.timeout).await
    }

    /// Runs a statement that reads.
    async fn read(
        &self,
        statement: fn(&Statements) -> &Statement,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, KvError> {
        let loan = connection(&self.pool).await?;
        let rows = loan.client.query(statement(&loan.statements), parameters);
        let answer = timeout(self.timeout + GRACE, rows).await.map_err(|_| {
            self.pool.manager().log.failed("a read was not answered in time");
            KvError::Unavailable
        })?;
        loan.give_back_after(&answer);
        answer.map_err(|error| {
            self.pool.manager().log.failed(format_args!("a read failed: {}", Told(&error)));
            KvError::Unavailable
        })
    }

    /// Runs a statement that writes.
    async fn write(
        &self,
        statement: fn(&Statements) -> &Statement,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, KvError> {
        write(&self.pool, self.timeout, statement, parameters).await
    }

    /// Updates of many keys in one statement, each for itself: an answer for each.
    async fn update_many(&self, updates: &[(Write<'_>, u64)]) -> Vec<Written> {
        let lifetimes: Vec<f64> = updates.iter().map(|(write, _)| lifetime(write)).collect();
        let keys: Vec<&str> = updates.iter().map(|(write, _)| write.key).collect();
        let metadata: Vec<&str> = updates.iter().map(|(write, _)| write.metadata).collect();
        let bodies: Vec<&[u8]> = updates.iter().map(|(write, _)| write.body).collect();
        let expected: Vec<i64> = updates.iter().map(|(_, version)| version.cast_signed()).collect();
        let generations: Result<Vec<_>, _> =
            updates.iter().map(|_| new_generation().map(u64::cast_signed)).collect();
        let stored = match generations {
            Ok(generations) => {
                let parameters: Parameters<'_> =
                    &[&keys, &generations, &lifetimes, &metadata, &bodies, &expected];
                self.write(|statements| &statements.update_many, parameters).await
            }
            Err(error) => Err(error),
        };
        let stored = match stored {
            Ok(stored) => stored,
            Err(error) => return vec![Err(error); updates.len()],
        };
        let mut answers = vec![Ok(WriteOutcome::Conflict(None)); updates.len()];
        for row in stored {
            if let Some(answer) = numbered(&row).and_then(|index| answers.get_mut(index)) {
                *answer = Ok(WriteOutcome::Stored);
            }
        }
        answers
    }
}

#[async_trait]
impl AsyncStore for PostgresStore {
    async fn get(&self, key: &str) -> Read {
        check_text(key)?;
        let rows = self.read(|statements| &statements.get, &[&key]).await?;
        rows.first().map_or(Ok(None), |row| {
            let body: Option<Vec<u8>> = row.get(2);
            let ItemHead { metadata, generation } = head(row, 0);
            body.map(|body| Some(Item { body, metadata, generation })).ok_or(KvError::TooLarge)
        })
    }

    async fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        check_text(key)?;
        let rows = self.read(|statements| &statements.head, &[&key]).await?;
        Ok(rows.first().map(|row| head(row, 0)))
    }

    async fn put(&self, write: Write<'_>) -> Written {
        check_put(&write)?;
        let (generation, lifetime) = (new_generation()?.cast_signed(), lifetime(&write));
        let row: Parameters<'_> =
            &[&write.key, &generation, &lifetime, &write.metadata, &write.body];
        let stored = match write.condition {
            Precondition::None => self.write(|statements| &statements.put, row).await,
            Precondition::Absent => self.write(|statements| &statements.create, row).await,
            Precondition::Matches(version) => {
                let version = version.cast_signed();
                let row = [row, &[&version]].concat();
                self.write(|statements| &statements.update, &row).await
            }
        };
        let is_stored = !stored?.is_empty();
        Ok(if is_stored { WriteOutcome::Stored } else { WriteOutcome::Conflict(None) })
    }

    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        check_text(key)?;
        let rows = self.write(|statements| &statements.delete, &[&key]).await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    async fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        let (end, most) = (after_prefix(prefix), i64::from(limit));
        let parameters: Parameters<'_> = &[&prefix, &end, &most];
        let rows = self.read(|statements| &statements.count, parameters).await?;
        let counted = rows.first().map_or(0, |row| row.get::<_, i64>(0));
        Ok(u32::try_from(counted).unwrap_or(limit))
    }

    async fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let checked = keys.iter().map(|key| check_text(key).map(|()| None));
        let mut answers: Vec<Read> = checked.collect();
        let valid: Vec<usize> = (0..keys.len()).filter(|index| answers[*index].is_ok()).collect();
        let asked: Vec<&str> = valid.iter().map(|index| keys[*index]).collect();
        match self.read(|statements| &statements.get_many, &[&asked]).await {
            Ok(rows) => {
                for row in rows {
                    if let Some(index) = numbered(&row).and_then(|index| valid.get(index)) {
                        answers[*index] = of_many(&row);
                    }
                }
            }
            Err(error) => valid.into_iter().for_each(|index| answers[index] = Err(error)),
        }
        answers
    }

    async fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let mut answers: Vec<Option<Written>> =
            writes.iter().map(|write| check_put(write).err().map(Err)).collect();
        let (mut updates, mut places) = (Vec::new(), Vec::new());
        for (place, write) in writes.iter().enumerate() {
            if let (Precondition::Matches(version), None) = (write.condition, &answers[place]) {
                updates.push((*write, version));
                places.push(place);
            }
        }
        if !updates.is_empty() {
            for (place, answer) in places.into_iter().zip(self.update_many(&updates).await) {
                answers[place] = Some(answer);
            }
        }
        // The graph's batches have updates only.
        let others = writes.iter().zip(answers).map(|(write, answer)| async move {
            match answer {
                Some(answer) => answer,
                None => self.put(*write).await,
            }
        });
        join_all(others.collect::<Vec<_>>()).await
    }

    async fn list(&self, from: Option<String>, limit: u32) -> Result<Page, KvError> {
        let (after, most) = (from.unwrap_or_default(), i64::from(limit));
        let rows = self.read(|statements| &statements.list, &[&after, &most]).await?;
        Ok(Page::ordered(rows.iter().map(|row| row.get(0)).collect(), limit))
    }
}

/// Why the store is not opened.
fn refused(url: &StoreUrl, error: &ConnectError) -> OpenError {
    match error {
        ConnectError::NotDurable(why) => url.error(why),
        ConnectError::Statements(_) => {
            url.error(format!("its tables are not those of this program: {error}"))
        }
        error if error.is_tls() => url.error(format!(
            "there is no TLS connection that can be trusted ({error}); name the PEM file of the authority that signed the server's certificate with ?ca=FILE, and the host as the certificate does; ?tls=off is for a network that nobody listens to"
        )),
        error => url.error(format!(
            "the server cannot be reached with this address, user and password, or takes no writes: {error}"
        )),
    }
}

/// A connection, or the certainty that nothing was sent.
async fn connection(pool: &Pool) -> Result<Loan, KvError> {
    pool.get().await.map(Loan::new).map_err(|error| {
        let log = &pool.manager().log;
        match error {
            PoolError::Backend(error) => log.failed(format_args!("no connection: {error}")),
            _ => log.failed("no connection was free or made in time"),
        }
        KvError::Unavailable
    })
}

async fn write(
    pool: &Pool,
    limit: Duration,
    statement: fn(&Statements) -> &Statement,
    parameters: Parameters<'_>,
) -> Result<Vec<Row>, KvError> {
    let (loan, log) = (connection(pool).await?, &pool.manager().log);
    loan.is_warned.store(false, Ordering::SeqCst);
    let rows = loan.client.query(statement(&loan.statements), parameters);
    let answer = timeout(limit + GRACE, rows).await.map_err(|_| {
        log.failed("a write was not answered in time");
        KvError::UnknownOutcome
    })?;
    let is_warned = loan.is_warned.load(Ordering::SeqCst);
    loan.give_back_after(&answer);
    let rows = answer.map_err(|error| {
        log.failed(format_args!("a write failed: {}", Told(&error)));
        errors::of_write(&error)
    })?;
    // Committed, but not to the degree that was asked for.
    if is_warned {
        log.failed("a write was committed without the standby, whose wait was cut short");
        return Err(KvError::UnknownOutcome);
    }
    Ok(rows)
}

async fn sweep(pool: &Pool, limit: Duration) -> Result<usize, KvError> {
    Ok(write(pool, limit, |statements| &statements.sweep, &[]).await?.len())
}

/// Removes rows past their lifetime for as long as the store is open.
async fn keep_sweeping(pool: Pool, limit: Duration) {
    let mut ticks = interval_at(Instant::now() + SWEEP_EVERY, SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        while let Ok(1..) = sweep(&pool, limit).await {}
    }
}

/// The index that a row says it is for, counted from 1 there.
fn numbered(row: &Row) -> Option<usize> {
    usize::try_from(row.get::<_, i64>(0)).ok()?.checked_sub(1)
}

/// Generation and metadata, from this column on.
fn head(row: &Row, column: usize) -> ItemHead {
    let generation = row.get::<_, i64>(column).cast_unsigned();
    ItemHead { metadata: row.get(column + 1), generation }
}

/// What a row of many says of its key.
fn of_many(row: &Row) -> Read {
    let ItemHead { metadata, generation } = head(row, 1);
    let is_too_large: bool = row.get(3);
    match row.get(4) {
        Some(body) => Ok(Some(Item { body, metadata, generation })),
        None if is_too_large => Err(KvError::TooLarge),
        None => Err(KvError::NotRead),
    }
}

/// Seconds that a row is kept: one more than asked for, so that it is a true minimum whatever is lost to
/// rounding.
fn lifetime(write: &Write<'_>) -> f64 {
    f64::from(write.time_to_live) + 1.0
}

/// PostgreSQL's text holds no NUL.
fn check_text(key: &str) -> Result<(), KvError> {
    check_key(key)?;
    if key.contains('\0') { Err(KvError::Invalid) } else { Ok(()) }
}

fn check_put(write: &Write<'_>) -> Result<(), KvError> {
    check_write(write)?;
    check_text(write.key)?;
    if write.metadata.contains('\0') { Err(KvError::Invalid) } else { Ok(()) }
}

/// A text that is after all that start with a prefix, and before all else that is after it.
fn after_prefix(prefix: &str) -> String {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return end;
        }
    }
    // Longer than any key that consists of nothing but the last character.
    [char::MAX; 257].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_after_a_prefix_is_after_all_that_it_starts() {
        assert_eq!(after_prefix("ab"), "ac");
        assert_eq!(after_prefix("a\u{d7ff}"), "a\u{e000}", "over what is no character");
        assert_eq!(after_prefix("a\u{10ffff}"), "b");
        for prefix in ["", "\u{10ffff}"] {
            assert!(after_prefix(prefix).as_str() > "\u{10ffff}\u{10ffff}", "{prefix:?}");
        }
    }
}
