//! A store of the identity graph in Valkey or Redis, for any number of processes.
//!
//! A row is a hash of generation, metadata and body; a script judges and writes it in one step. The rows
//! of each EC hash also stand in a sorted set in the same slot, by the time of their end, so that a
//! cluster is counted in one step. Other prefixes cannot be counted: they are `invalid`.
//!
//! **Durability.** Without `replicas`, `stored` means that the primary has the write in memory, and on its
//! disk as `appendfsync` says: a crash, or a failover to a replica that had not caught up, loses
//! acknowledged writes, a withdrawal among them, and the IDs are back. With `replicas=N`, a write is
//! `stored` once N replicas have acknowledged it; with fewer in time it is `unknown-outcome`. That holds
//! in a failover to one of those N. A write that waits for its replicas has a connection to itself, and so
//! has each read: neither waits for another's. One that is given up is closed with its connection.
//!
//! `valkey://` sends everything as it is, the password included: `valkeys://` is for networks that others
//! are on.
//!
//! Eviction would drop rows, and tombstones, before their time: the server has to refuse writes rather than
//! evict (`maxmemory-policy noeviction`), which is checked at the start where the server tells.

mod errors;
mod keys;
mod pool;
mod scripts;
mod settings;
mod store;

pub use store::ValkeyStore;
