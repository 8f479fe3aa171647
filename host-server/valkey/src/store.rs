//! The store.

use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use deadpool::managed::PoolError;
use host_server_store::{
    AsyncStore, FailureLog, OpenError, Page, StoreUrl, async_trait, new_generation,
};
use identity_graph::contract::{OneAnswer, check_key, check_write};
use identity_graph::limits::MAX_READ_BYTES;
use identity_graph::{Item, ItemHead, KvError, Precondition, Read, Write, WriteOutcome, Written};
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisResult, Value, from_redis_value};
use tokio::time;

use crate::errors::Told;
use crate::pool::{Epoch, Loan, Pool, pool};
use crate::scripts::{Scripts, call, load};
use crate::settings::Settings;
use crate::{errors, keys};

/// Rows that are asked for, or written, in one go: what they bring is in memory at once.
const AT_ONCE: usize = 64;

/// A store in Valkey or Redis.
pub struct ValkeyStore {
    reads: Pool,
    writes: Pool,
    epoch: Epoch,
    log: FailureLog,
    scripts: Scripts,
    timeout: Duration,
    replicas: u32,
}

impl fmt::Debug for ValkeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValkeyStore").field("replicas", &self.replicas).finish_non_exhaustive()
    }
}

impl ValkeyStore {
    /// Opens `valkey://USER:PASSWORD@HOST:PORT/NUMBER`, or `valkeys://` with TLS; `redis://` and
    /// `rediss://` are the same. Settings:
    ///
    /// - `replicas`: how many replicas have to acknowledge a write (0)
    /// - `connections`: at most so many for reads, and as many again for writes (16)
    /// - `timeout-ms`: how long a command may take, and the wait for replicas half of it (2,000)
    /// - `ca`: a PEM file with the certificate authorities to trust, rather than this machine's
    pub async fn open(mut url: StoreUrl) -> Result<Self, OpenError> {
        let settings = Settings::take(&mut url)?;
        if settings.is_exposed() {
            tracing::warn!(
                "valkey store: what is sent to the server is not encrypted, the password and user IDs included; use valkeys://HOST unless nobody else is on the network"
            );
        }
        let epoch = Epoch::default();
        let open = || pool(&settings, &epoch).map_err(|error| url.error(error));
        let (reads, writes) = (open()?, open()?);
        drop(reads.get().await.map_err(|error| refused(&url, &error))?);
        let Settings { timeout, replicas, .. } = settings;
        let (log, scripts) = (FailureLog::new("valkey"), Scripts::new());
        let store = Self { reads, writes, epoch, log, scripts, timeout, replicas };
        store.check_eviction().await.map_err(|error| url.error(error))?;
        Ok(store)
    }

    /// Refuses a server that would drop rows before their time. One that does not tell is believed.
    async fn check_eviction(&self) -> Result<(), String> {
        let mut ask = redis::cmd("CONFIG");
        ask.arg("GET").arg("maxmemory-policy");
        let told: Vec<String> = self.ask(&ask).await.unwrap_or_default();
        match told.get(1).map(String::as_str) {
            None | Some("noeviction") => Ok(()),
            Some(policy) => Err(format!(
                "maxmemory-policy is {policy}, which drops rows and withdrawals before their time; set it to noeviction"
            )),
        }
    }

    /// Sends commands at once, each of which is answered for itself, on a connection of their own. An
    /// error is of all of them: `unavailable` where nothing was sent.
    async fn send(
        &self,
        pool: &Pool,
        commands: &[Cmd],
    ) -> Result<Vec<RedisResult<Value>>, KvError> {
        let mut pipeline = Pipeline::with_capacity(commands.len());
        for command in commands {
            pipeline.add_command(command.clone());
        }
        pipeline.ignore_errors();
        let mut loan = pool.get().await.map(Loan::new).map_err(|error| {
            match error {
                PoolError::Backend(error) => {
                    self.log.failed(format_args!("no connection: {}", Told(&error)));
                }
                _ => self.log.failed("no connection was free or made in time"),
            }
            KvError::Unavailable
        })?;
        let answers = pipeline.query_async(&mut loan.redis);
        let answers: Vec<RedisResult<Value>> = match time::timeout(self.timeout, answers).await {
            Ok(Ok(answers)) => answers,
            Ok(Err(error)) => {
                self.log.failed(format_args!("a connection broke: {}", Told(&error)));
                self.give_up_connections();
                return Err(KvError::UnknownOutcome);
            }
            Err(_) => {
                self.log.failed("a command was not answered in time");
                return Err(KvError::UnknownOutcome);
            }
        };
        let mut failed = answers.iter().filter_map(|answer| answer.as_ref().err());
        if let Some(error) = failed.clone().find(|error| errors::is_demoted(error)) {
            self.log.failed(format_args!("it is no primary any more: {}", Told(error)));
            self.give_up_connections();
            return Ok(answers);
        }
        if let Some(error) = failed.find(|error| !errors::is_unknown_script(error)) {
            self.log.failed(format_args!("a command failed: {}", Told(error)));
        }
        loan.give_back();
        Ok(answers)
    }

    /// Has all connections made anew: the server at the other end is another one, or gone.
    fn give_up_connections(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// Sends commands that read.
    async fn ask_all(&self, commands: &[Cmd]) -> Result<Vec<RedisResult<Value>>, KvError> {
        self.send(&self.reads, commands).await.map_err(|_| KvError::Unavailable)
    }

    /// Sends one command that reads.
    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, KvError> {
        let mut answers = self.ask_all(std::slice::from_ref(command)).await?;
        parsed(answers.pop()).ok_or(KvError::Unavailable)
    }

    /// Runs scripts that write, and has the replicas acknowledge them. What a server did not know was not
    /// run and is sent again; nothing else is.
    async fn write(&self, mut calls: Vec<Cmd>, nothing: Nothing) -> Vec<Result<bool, KvError>> {
        let count = calls.len();
        let mut outcomes = self.write_once(&calls, nothing).await;
        let unknown: Vec<usize> =
            (0..count).filter(|index| outcomes[*index] == Err(Failed::UnknownScript)).collect();
        if !unknown.is_empty() && self.send(&self.writes, &load()).await.is_ok() {
            let again = unknown.iter().map(|index| std::mem::take(&mut calls[*index]));
            let again = self.write_once(&again.collect::<Vec<_>>(), nothing).await;
            for (index, outcome) in unknown.into_iter().zip(again) {
                outcomes[index] = outcome;
            }
        }
        let outcome = |outcome: Result<bool, Failed>| {
            outcome.map_err(|failed| match failed {
                Failed::UnknownScript => KvError::Unavailable,
                Failed::Of(error) => error,
            })
        };
        outcomes.into_iter().map(outcome).collect()
    }

    async fn write_once(&self, calls: &[Cmd], nothing: Nothing) -> Vec<Result<bool, Failed>> {
        let mut commands = calls.to_vec();
        if self.replicas > 0 {
            let mut wait = redis::cmd("WAIT");
            wait.arg(self.replicas).arg((self.timeout / 2).as_millis().to_string());
            commands.push(wait);
        }
        let mut answers = match self.send(&self.writes, &commands).await {
            Ok(answers) => answers,
            Err(error) => return vec![Err(Failed::Of(error)); calls.len()],
        };
        let is_replicated = self.replicas == 0
            || parsed::<u32>(answers.pop())
                .is_some_and(|acknowledged| acknowledged >= self.replicas);
        answers.resize_with(calls.len(), || Ok(Value::Nil));
        let outcome = |answer: RedisResult<Value>| match answer {
            Ok(Value::Int(0)) if is_replicated || nothing == Nothing::IsARefusal => Ok(false),
            Ok(Value::Int(1)) if is_replicated => Ok(true),
            Ok(_) => Err(Failed::Of(KvError::UnknownOutcome)),
            Err(error) if errors::is_unknown_script(&error) => Err(Failed::UnknownScript),
            Err(error) => Err(Failed::Of(errors::of_write(&error))),
        };
        answers.into_iter().map(outcome).collect()
    }

    fn put_call(&self, write: &Write<'_>) -> Result<Cmd, KvError> {
        check_write(write)?;
        let (names, member) = names(write.key);
        let mut put = call(&self.scripts.put, &names);
        match write.condition {
            Precondition::None => put.arg("any"),
            Precondition::Absent => put.arg("absent"),
            Precondition::Matches(generation) => put.arg(generation),
        };
        // A body that is not handed over has a field of its own, so that a read leaves it where it is.
        let is_large = write.body.len() > MAX_READ_BYTES;
        let (field, other) = if is_large { ("B", "b") } else { ("b", "B") };
        // One second more, so that the lifetime is a true minimum whatever is lost to rounding.
        let lifetime = (u64::from(write.time_to_live) + 1) * 1_000;
        put.arg(new_generation()?).arg(lifetime).arg(write.metadata);
        put.arg(field).arg(other).arg(write.body).arg(member);
        Ok(put)
    }
}

/// What it says that a script did nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nothing {
    /// A condition did not hold.
    IsARefusal,
    /// There is nothing, which is acknowledged: replicas have to know it, too.
    IsAnAnswer,
}

/// Why a script did not answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failed {
    /// It is not known to the server and was not run.
    UnknownScript,
    Of(KvError),
}

#[async_trait]
impl AsyncStore for ValkeyStore {
    async fn get(&self, key: &str) -> Read {
        check_key(key)?;
        item(self.ask(&read(key)).await?)
    }

    async fn head(&self, key: &str) -> Result<Option<ItemHead>, KvError> {
        check_key(key)?;
        let mut head = redis::cmd("HMGET");
        head.arg(keys::row(key)).arg("g").arg("m");
        let (generation, metadata): (Option<u64>, Option<String>) = self.ask(&head).await?;
        Ok(generation.map(|generation| ItemHead { metadata, generation }))
    }

    async fn put(&self, write: Write<'_>) -> Written {
        let outcomes = self.write(vec![self.put_call(&write)?], Nothing::IsARefusal).await;
        outcome(outcomes.into_iter().next())
    }

    async fn delete(&self, key: &str) -> Result<bool, KvError> {
        check_key(key)?;
        let (names, member) = names(key);
        let mut delete = call(&self.scripts.delete, &names);
        delete.arg(member);
        let outcomes = self.write(vec![delete], Nothing::IsAnAnswer).await;
        outcomes.into_iter().next().unwrap_or(Err(KvError::UnknownOutcome))
    }

    async fn count(&self, prefix: &str, limit: u32) -> Result<u32, KvError> {
        let Some((hash, "")) = keys::split(prefix) else { return Err(KvError::Invalid) };
        let mut commands = load();
        commands.push(call(&self.scripts.count, &[keys::cluster(hash)]));
        let count = commands.split_off(commands.len() - 1);
        let mut answers = self.ask_all(&count).await?;
        if let Some(Err(error)) = answers.first()
            && errors::is_unknown_script(error)
        {
            commands.extend(count);
            answers = self.ask_all(&commands).await?;
        }
        let counted: u32 = parsed(answers.pop()).ok_or(KvError::Unavailable)?;
        Ok(counted.min(limit))
    }

    async fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        let mut answer = OneAnswer::new();
        let mut answers = Vec::with_capacity(keys.len());
        for some in keys.chunks(AT_ONCE) {
            if answer.is_full() {
                break;
            }
            let commands: Vec<_> = some.iter().map(|key| read(key)).collect();
            let Ok(found) = self.ask_all(&commands).await else {
                // What is left would wait as long as this has.
                answers.resize(keys.len(), Err(KvError::Unavailable));
                return answers;
            };
            let mut found = found.into_iter();
            for key in some {
                let row = found.next();
                let read = check_key(key)
                    .and_then(|()| parsed(row).ok_or(KvError::Unavailable))
                    .and_then(item);
                answers.push(answer.next(read));
            }
        }
        answers.resize(keys.len(), Err(KvError::NotRead));
        answers
    }

    async fn put_many(&self, writes: &[Write<'_>]) -> Vec<Written> {
        let mut answers = Vec::with_capacity(writes.len());
        for some in writes.chunks(AT_ONCE) {
            let calls: Vec<_> = some.iter().map(|write| self.put_call(write)).collect();
            let sent: Vec<Cmd> = calls.iter().flatten().cloned().collect();
            let outcomes = if sent.is_empty() {
                Vec::new()
            } else {
                self.write(sent, Nothing::IsARefusal).await
            };
            let mut outcomes = outcomes.into_iter();
            answers
                .extend(calls.into_iter().map(|call| call.and_then(|_| outcome(outcomes.next()))));
        }
        answers
    }

    async fn list(&self, from: Option<String>, limit: u32) -> Result<Page, KvError> {
        let (run, cursor) = from.as_deref().and_then(|from| from.split_once(':')).unzip();
        let page = self.scan(cursor.unwrap_or("0"), limit).await?;
        match run {
            Some(run) if run != page.run => Ok(self.scan("0", limit).await?.into()),
            _ => Ok(page.into()),
        }
    }
}

/// A page, and the process that it is from.
struct Scanned {
    run: String,
    next: String,
    keys: Vec<String>,
}

impl From<Scanned> for Page {
    fn from(page: Scanned) -> Self {
        // A cursor means something to the process that gave it, and nothing to the next one, which would
        // leave out rows without a word.
        let next = (page.next != "0").then(|| format!("{}:{}", page.run, page.next));
        Self { keys: page.keys, next }
    }
}

impl ValkeyStore {
    async fn scan(&self, cursor: &str, limit: u32) -> Result<Scanned, KvError> {
        let mut info = redis::cmd("INFO");
        info.arg("server");
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{}*", keys::ROWS));
        scan.arg("COUNT").arg(limit.max(1));
        // On one connection, so that both are of one process.
        let mut answers = self.ask_all(&[info, scan]).await?;
        let page: Option<(String, Vec<String>)> = parsed(answers.pop());
        let info: Option<String> = parsed(answers.pop());
        let run = info.as_deref().and_then(run_id).ok_or(KvError::Unavailable)?.to_owned();
        let (next, names) = page.ok_or(KvError::Unavailable)?;
        let keys = names.iter().filter_map(|name| keys::of_row(name)).collect();
        Ok(Scanned { run, next, keys })
    }
}

/// What a server names its process.
fn run_id(info: &str) -> Option<&str> {
    info.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::trim)
}

/// Why the store is not opened.
fn refused(url: &StoreUrl, error: &PoolError<RedisError>) -> OpenError {
    let is_encrypted = matches!(url.scheme(), "valkeys" | "rediss");
    match error {
        PoolError::Backend(error) if errors::is_tls(error) => url.error(format!(
            "there is no TLS connection that can be trusted ({}); name the PEM file of the authority that signed the server's certificate with ?ca=FILE, and the host as the certificate does; valkey://HOST is without TLS",
            Told(error)
        )),
        // A server without TLS waits for the end of what it takes for a command.
        PoolError::Backend(error) if error.is_timeout() && is_encrypted => url.error(
            "the server cannot be reached: no answer in time; valkey://HOST is without TLS, if it speaks none",
        ),
        PoolError::Backend(error) => url.error(format!(
            "the server cannot be reached with this address, user and password: {}",
            Told(error)
        )),
        _ => url.error("the server cannot be reached: no answer in time"),
    }
}

/// The row of a key and the sorted set that it stands in, and its member there.
fn names(key: &str) -> (Vec<String>, &str) {
    match keys::split(key) {
        Some((hash, rest)) => (vec![keys::row(key), keys::cluster(hash)], rest),
        None => (vec![keys::row(key)], ""),
    }
}

fn read(key: &str) -> Cmd {
    let mut read = redis::cmd("HMGET");
    read.arg(keys::row(key)).arg("g").arg("m").arg("b");
    read
}

fn item((generation, metadata, body): (Option<u64>, Option<String>, Option<Vec<u8>>)) -> Read {
    let Some(generation) = generation else { return Ok(None) };
    let body = body.ok_or(KvError::TooLarge)?;
    Ok(Some(Item { body, metadata, generation }))
}

fn outcome(is_stored: Option<Result<bool, KvError>>) -> Written {
    let is_stored = is_stored.unwrap_or(Err(KvError::UnknownOutcome))?;
    Ok(if is_stored { WriteOutcome::Stored } else { WriteOutcome::Conflict(None) })
}

/// What an answer says, if it says that at all.
fn parsed<T: FromRedisValue>(answer: Option<Result<Value, RedisError>>) -> Option<T> {
    from_redis_value(answer?.ok()?).ok()
}
