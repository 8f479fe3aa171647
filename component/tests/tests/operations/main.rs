//! What each operation answers, what it leaves in the store and how many store calls it takes, on
//! every state of a row and on everything that may happen meanwhile.

mod acknowledged;
mod arguments;
mod assertions;
mod bad_items;
mod batch;
mod batch_faults;
mod bounds;
mod cluster;
mod conflicts;
mod create;
mod extremes;
mod lost_answers;
mod names;
mod order;
mod policies;
mod provider_ids;
mod reading;
mod redaction;
mod remove;
mod retention;
mod snapshot;
mod support;
mod times;
mod touch;
mod upsert;
mod visit;
mod withdrawal;
mod writers;
