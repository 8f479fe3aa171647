//! A store of the identity graph in PostgreSQL, for any number of processes.
//!
//! **Durability.** `stored` is said when the server says that the write is committed: with
//! `synchronous_commit` and `fsync` on, which is checked on each new connection, it is on the server's disk. What a failover
//! keeps is up to the server: without synchronous standbys the last writes before it are lost, a
//! withdrawal among them, and the IDs are back. With `synchronous_standby_names = 'ANY 1 (...)'` a write
//! is acknowledged once a standby has it, too; promote a standby that does.
//!
//! **In doubt.** A write that is not answered in time, whose connection breaks, or whose commit comes
//! with the warning that the wait for a standby was cut short is `unknown-outcome`. A delete that finds
//! nothing waits for the standby, too. A wait is never cancelled from here, since that would commit: while no standby
//! answers, each write that was given up still waits on a connection of the server, until those run out and
//! writes are `unavailable`.

mod errors;
mod pool;
mod schema;
mod settings;
mod sql;
mod store;

pub use store::PostgresStore;
