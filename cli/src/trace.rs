//! Traces of edge traffic: the format, and a generator of days that look like real ones.

mod consent;
mod day;
mod draws;
mod eids;
mod event;
mod fields;
mod lines;
mod problem;
mod profile;
mod time;
mod value;
mod visit;

pub(crate) use day::{Day, Events};
pub(crate) use event::{Kind, Places, TraceEvent, What};
pub(crate) use lines::Lines;
pub(crate) use time::Form;

/// The trace that ships with the program: a day of [`Day`] with the seed and the visitors that
/// `docs/trace.md` gives.
pub(crate) const BUNDLED: &[u8] = include_bytes!("../traces/day.ndjson");
