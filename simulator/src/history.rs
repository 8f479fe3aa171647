//! What happened to one row, to be told or drawn.

use std::fmt::{self, Write};

use super::broken::Broken;
use super::lane::Lane;

/// A history of one row: who did what to it, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// What it is a history of, e.g. the seed.
    pub title: String,
    /// Who took part.
    pub lanes: Vec<Lane>,
    /// What happened, in order of [`Event::at`].
    pub events: Vec<Event>,
    /// What went wrong at the end, if anything.
    pub broken: Option<Broken>,
}

/// One thing that happened. Times are milliseconds since the start, or steps where time does not
/// matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which lane it belongs to; none for what happens to the store by itself.
    pub lane: Option<usize>,
    /// When it began.
    pub from: u64,
    /// When it took effect.
    pub at: u64,
    /// When it was over.
    pub to: u64,
    /// What it was.
    pub what: What,
}

/// Kinds of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A store call.
    Call {
        /// What was asked, e.g. `put if absent`.
        call: String,
        /// What was answered.
        answer: String,
        /// A read that did not show the newest value.
        is_stale: bool,
        /// What went wrong with it.
        fault: Option<String>,
        /// What the row became, of a write that took effect.
        row: Option<String>,
    },
    /// A row changed without a worker waiting for it: it expired, another program wrote it, or a
    /// write landed late.
    Row(String),
    /// An operation ended.
    Outcome(String),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { call, answer, is_stale, fault, row } => {
                let stale = if *is_stale { " (stale)" } else { "" };
                write!(f, "{call}: {answer}{stale}")?;
                if let Some(fault) = fault {
                    write!(f, "  ⚡ {fault}")?;
                }
                if let Some(row) = row {
                    write!(f, "  → row: {row}")?;
                }
                Ok(())
            }
            Self::Row(change) => f.write_str(change),
            Self::Outcome(outcome) => write!(f, "ends: {outcome}"),
        }
    }
}

impl History {
    /// The history as a timeline, one line for each event, to be read top to bottom.
    #[must_use]
    pub fn timeline(&self, unit: &str) -> String {
        let mut text = format!("{} (t is the second in which it begins)\n", self.title);
        for (at, lane) in self.lanes.iter().enumerate() {
            let _ = writeln!(text, "  {} = {lane}", Lane::name(at));
        }
        text.push('\n');
        for Event { lane, at, what, .. } in &self.events {
            let lane = lane.map_or("·".to_owned(), Lane::name);
            let _ = writeln!(text, "{at:>8} {unit}  {lane}  {what}");
        }
        if let Some(broken) = &self.broken {
            let _ = writeln!(text, "\n✗ {broken}");
        }
        text
    }
}
