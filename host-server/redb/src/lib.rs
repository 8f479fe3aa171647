//! A store of the identity graph in one file, for one process: [redb](https://docs.rs/redb), with nothing
//! else to install.
//!
//! `stored` is said after the commit that holds the write was synced to the disk, so that it survives
//! `kill -9` and, as far as the disk keeps its word, a loss of power. One thread writes: it commits all
//! that wait at once, so that many writers share one sync. Reads are of the last commit and never wait.
//!
//! A lifetime is counted from the end of the commit: a value is kept for up to 31 seconds more than was
//! asked for, and a commit that takes longer than 30 is not acknowledged.
//!
//! After an error of the disk, a full one too, writes are `unavailable` until the process is started anew,
//! and the store is not ready.
//!
//! After a kill the file is read whole when it is opened, which takes seconds for each GiB; after an orderly
//! end it opens at once.

mod rows;
mod store;
mod writer;

pub use store::RedbStore;
