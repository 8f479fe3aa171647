//! What the server's process takes while it is loaded.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::program::Program;

const EVERY: Duration = Duration::from_millis(50);

/// Looks at the process until it is asked what it has seen.
pub(crate) struct Peak {
    done: Arc<AtomicBool>,
    /// There until it is asked.
    watcher: Option<JoinHandle<Result<Most>>>,
}

#[derive(Default)]
struct Most {
    in_flight: u64,
    threads: u64,
    kib: u64,
}

impl Peak {
    pub(crate) fn watch(program: &Arc<Program>) -> Self {
        let (done, program) = (Arc::new(AtomicBool::new(false)), Arc::clone(program));
        let is_done = Arc::clone(&done);
        Self { done, watcher: Some(thread::spawn(move || look(&program, &is_done))) }
    }

    /// The most of each: requests in flight, threads, MiB of memory.
    pub(crate) fn seen(mut self) -> Result<[String; 3]> {
        let most = self.end().context("it was asked before")?;
        let most = most.map_err(|_| anyhow!("the watcher has failed"))??;
        Ok([most.in_flight, most.threads, most.kib / 1_024].map(|most| most.to_string()))
    }

    fn end(&mut self) -> Option<thread::Result<Result<Most>>> {
        self.done.store(true, Ordering::Relaxed);
        self.watcher.take().map(JoinHandle::join)
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        // It holds the program, which would outlive a load that has failed.
        let _ = self.end();
    }
}

fn look(program: &Arc<Program>, is_done: &AtomicBool) -> Result<Most> {
    let service = program.service();
    let mut most = Most::default();
    while !is_done.load(Ordering::Relaxed) {
        let status = fs::read_to_string(format!("/proc/{}/status", program.id()))?;
        most.threads = most.threads.max(number(&status, "Threads:")?);
        // The kernel itself keeps the most, since the process began.
        most.kib = number(&status, "VmHWM:")?;
        let metrics = service.send("GET", "/metrics", &[], &[]);
        let metrics = String::from_utf8_lossy(metrics.body());
        let in_flight = number(&metrics, "ec_graph_requests_in_flight ")?;
        most.in_flight = most.in_flight.max(in_flight);
        thread::sleep(EVERY);
    }
    Ok(most)
}

/// The number after a name that begins a line.
fn number(text: &str, name: &str) -> Result<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let value = value.and_then(|value| value.split_whitespace().next());
    Ok(value.with_context(|| format!("{name} is missing"))?.parse()?)
}
