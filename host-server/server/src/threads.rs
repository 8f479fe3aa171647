//! The threads that the server runs on.

use std::io;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

/// Threads that carry requests. Reads of a store in a file have a few of their own.
const MAX_THREADS: usize = 4;
const MAX_BLOCKING_THREADS: usize = 3;

/// A thread for each core up to 4, which carry all requests, and at most 3 for what would hold one up.
pub fn threads() -> io::Result<Runtime> {
    let cores = available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread()
        .worker_threads(cores.min(MAX_THREADS))
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .enable_all()
        .build()
}
