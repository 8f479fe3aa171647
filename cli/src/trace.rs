//! Traces of edge traffic: the format, and a generator of days that look like real ones.

mod consent;
mod day;
mod draws;
mod eids;
mod event;
mod lines;
mod profile;

pub(crate) use day::{Day, Events};
pub(crate) use event::{Kind, TraceEvent, Visit};
pub(crate) use lines::Lines;

/// The trace that ships with the program: a day of [`Day`] with the seed and the visitors that
/// `docs/trace.md` gives.
pub(crate) const BUNDLED: &[u8] = include_bytes!("../traces/day.ndjson");
