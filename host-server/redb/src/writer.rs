//! The one thread that writes.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use host_server_store::Clock;
use identity_graph::{KvError, Written};
use redb::{Database, WriteTransaction};
use tokio::sync::oneshot;

use crate::rows::{Change, Tables};

/// Changes that one commit takes at most, so that the first does not wait for ever.
const MAX_CHANGES: usize = 4_096;

/// How often rows past their lifetime are removed where nothing is written.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Changes that belong to one call, and where their outcomes go.
struct Job {
    changes: Vec<Change>,
    reply: oneshot::Sender<Vec<Written>>,
}

/// The thread that writes, and the way to it. It ends with this, after all that it was sent.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(database: Arc<Database>, clock: Clock) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let thread = thread::Builder::new().name("redb writer".into());
        let thread = thread.spawn(move || run(&database, &waiting, &clock))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Carries out changes in one commit, and answers once that is on the disk.
    pub(crate) async fn change(&self, changes: Vec<Change>) -> Vec<Written> {
        let count = changes.len();
        let (reply, outcomes) = oneshot::channel();
        let sent = self.jobs.as_ref().and_then(|jobs| jobs.send(Job { changes, reply }).ok());
        if sent.is_none() {
            return vec![Err(KvError::Unavailable); count];
        }
        outcomes.await.unwrap_or_else(|_| vec![Err(KvError::UnknownOutcome); count])
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has nothing more to say.
            let _ = thread.join();
        }
    }
}

fn run(database: &Database, waiting: &mpsc::Receiver<Job>, clock: &Clock) {
    loop {
        let mut jobs = Vec::new();
        match waiting.recv_timeout(SWEEP_EVERY) {
            Ok(job) => jobs.push(job),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let mut count: usize = jobs.iter().map(|job| job.changes.len()).sum();
        while count < MAX_CHANGES {
            let Ok(job) = waiting.try_recv() else { break };
            count += job.changes.len();
            jobs.push(job);
        }
        for (job, outcomes) in commit(database, jobs, clock()) {
            // Who no longer waits does not want to know.
            let _ = job.send(outcomes);
        }
    }
}

/// Commits the changes of all jobs at once. Each outcome is judged after the changes before it, so that
/// none may be told before the commit.
fn commit(
    database: &Database,
    jobs: Vec<Job>,
    now: u64,
) -> Vec<(oneshot::Sender<Vec<Written>>, Vec<Written>)> {
    let failed = |error, jobs: Vec<Job>| {
        jobs.into_iter().map(|job| (job.reply, vec![Err(error); job.changes.len()])).collect()
    };
    // Nothing was written as long as the transaction is open.
    let Ok(transaction) = database.begin_write() else {
        return failed(KvError::Unavailable, jobs);
    };
    let Ok((outcomes, is_changed)) = apply(&transaction, &jobs, now) else {
        let _ = transaction.abort();
        return failed(KvError::Unavailable, jobs);
    };
    let ended = if is_changed {
        transaction.commit().map_err(drop)
    } else {
        transaction.abort().map_err(drop)
    };
    if ended.is_err() {
        return failed(KvError::UnknownOutcome, jobs);
    }
    jobs.into_iter().map(|job| job.reply).zip(outcomes).collect()
}

/// Carries out changes, and rows' ends, in a transaction; tells whether there is something to commit.
fn apply(
    transaction: &WriteTransaction,
    jobs: &[Job],
    now: u64,
) -> Result<(Vec<Vec<Written>>, bool), redb::Error> {
    let mut tables = Tables::open(transaction)?;
    let mut is_changed = tables.sweep(now)? > 0;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        let mut answers = Vec::with_capacity(job.changes.len());
        for change in &job.changes {
            let outcome = tables.apply(change, now)?;
            // A row past its lifetime may have been deleted, which needs no haste.
            is_changed |= outcome == identity_graph::WriteOutcome::Stored;
            answers.push(Ok(outcome));
        }
        outcomes.push(answers);
    }
    Ok((outcomes, is_changed))
}
