//! The application over the rules and a store in memory: what each request stores, and what it costs.

#![allow(missing_docs, reason = "the names of the tests say what they are")]

mod asking;
mod batch;
mod consent;
mod eids;
mod identify;
#[path = "../support/jar.rs"]
mod jar;
#[path = "../support/json.rs"]
mod json;
mod lines;
mod operator;
mod page;
mod partners;
mod support;
mod withdrawal;
