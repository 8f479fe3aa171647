//! What each operation answers, what it leaves in the store and how many store calls it takes, on
//! every state of a row and on everything that may happen meanwhile.

mod arguments;
mod batch;
mod batch_faults;
mod cluster;
mod conflicts;
mod create;
mod extremes;
mod lost_answers;
mod order;
mod reading;
mod redaction;
mod retention;
mod snapshot;
mod support;
mod touch;
mod upsert;
mod withdrawal;
mod writers;
