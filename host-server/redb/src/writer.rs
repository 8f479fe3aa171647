//! The one thread that writes.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use host_server_store::{Clock, FailureLog};
use identity_graph::{KvError, Written};
use redb::{Database, WriteTransaction};
use tokio::sync::oneshot;

use crate::rows::{COMMIT_SECONDS, Change, Tables};

/// Changes that one commit takes at most, so that the first does not wait for ever.
const MAX_CHANGES: usize = 4_096;

/// How often rows past their lifetime are removed where nothing is written.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Changes that belong to one call, and where their outcomes go.
struct Job {
    changes: Vec<Change>,
    reply: oneshot::Sender<Outcomes>,
}

/// What became of each change, or of all of them.
type Outcomes = Result<Vec<Written>, KvError>;

/// The thread that writes, and the way to it. It ends with this, after all that it was sent.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        database: Arc<Database>,
        clock: Clock,
        log: Arc<FailureLog>,
    ) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let thread = thread::Builder::new().name("redb writer".into());
        let thread = thread.spawn(move || run(&database, &waiting, &clock, &log))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Carries out changes in one commit, and answers once that is on the disk.
    pub(crate) async fn change(&self, changes: Vec<Change>) -> Vec<Written> {
        let count = changes.len();
        self.carry_out(changes).await.unwrap_or_else(|error| vec![Err(error); count])
    }

    /// Whether a transaction that writes can be begun.
    pub(crate) async fn ready(&self) -> Result<(), KvError> {
        self.carry_out(Vec::new()).await.map(drop)
    }

    async fn carry_out(&self, changes: Vec<Change>) -> Outcomes {
        let (reply, outcomes) = oneshot::channel();
        let sent = self.jobs.as_ref().and_then(|jobs| jobs.send(Job { changes, reply }).ok());
        sent.ok_or(KvError::Unavailable)?;
        outcomes.await.unwrap_or(Err(KvError::UnknownOutcome))
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

fn run(database: &Database, waiting: &mpsc::Receiver<Job>, clock: &Clock, log: &FailureLog) {
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
        for (job, outcomes) in commit(database, jobs, clock, log) {
            // Who no longer waits does not want to know.
            let _ = job.send(outcomes);
        }
    }
}

/// Commits the changes of all jobs at once. Each outcome is judged after the changes before it, so that
/// none may be told before the commit.
///
/// After an error of the file all that writes is refused until the process is started anew. It is not
/// opened again from here: what a failed sync left in the memory of the system looks as if it were on the
/// disk, and what is built on it would be acknowledged.
fn commit(
    database: &Database,
    jobs: Vec<Job>,
    clock: &Clock,
    log: &FailureLog,
) -> Vec<(oneshot::Sender<Outcomes>, Outcomes)> {
    let now = clock();
    let outcomes = try_commit(database, &jobs, now, log).and_then(|outcomes| {
        // The lifetimes that it was to give began too early.
        let is_late = clock() > now.saturating_add(COMMIT_SECONDS);
        if is_late { Err(KvError::UnknownOutcome) } else { Ok(outcomes) }
    });
    match outcomes {
        Ok(outcomes) => {
            jobs.into_iter().map(|job| job.reply).zip(outcomes.into_iter().map(Ok)).collect()
        }
        Err(error) => jobs.into_iter().map(|job| (job.reply, Err(error))).collect(),
    }
}

fn try_commit(
    database: &Database,
    jobs: &[Job],
    now: u64,
    log: &FailureLog,
) -> Result<Vec<Vec<Written>>, KvError> {
    let failed = |error: redb::Error, means| {
        log.failed(format_args!(
            "the file cannot be written to: {error}; mend that and start the server anew"
        ));
        means
    };
    // Nothing was written as long as the transaction is open.
    let transaction =
        database.begin_write().map_err(|error| failed(error.into(), KvError::Unavailable))?;
    let (outcomes, is_changed) = match apply(&transaction, jobs, now) {
        Ok(applied) => applied,
        Err(error) => {
            let _ = transaction.abort();
            return Err(failed(error, KvError::Unavailable));
        }
    };
    let ended = if is_changed {
        transaction.commit().map_err(redb::Error::from)
    } else {
        transaction.abort().map_err(redb::Error::from)
    };
    ended.map_err(|error| failed(error, KvError::UnknownOutcome))?;
    Ok(outcomes)
}

/// Carries out changes, and rows' ends, in a transaction; tells whether there is something to commit.
fn apply(
    transaction: &WriteTransaction,
    jobs: &[Job],
    now: u64,
) -> Result<(Vec<Vec<Written>>, bool), redb::Error> {
    let mut tables = Tables::open(transaction)?;
    let changes = jobs.iter().map(|job| job.changes.len()).sum();
    let mut is_changed = tables.sweep(now, changes)? > 0;
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
