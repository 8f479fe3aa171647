//! `ec-graph trace`.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use anyhow::Context;

use crate::args::{Ending, TraceArgs};
use crate::replay::progress_bar;
use crate::trace::{Day, Events};

/// Events between two moves of the progress bar.
const STEP: u64 = 1_024;
/// From how many visitors on it takes long enough for a progress bar.
const LONG: u32 = 5_000;

pub(crate) fn run(arguments: &TraceArgs) -> anyhow::Result<Ending> {
    let day = Day { visitors: arguments.visitors, seed: arguments.seed };
    match &arguments.output {
        None => write(day, io::stdout().lock()).context("cannot write the trace")?,
        Some(path) => {
            let named = || format!("cannot write {}", path.display());
            write(day, File::create(path).with_context(named)?).with_context(named)?;
        }
    }
    Ok(Ending::Good)
}

fn write(day: Day, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 18, out);
    let bar = if day.visitors < LONG {
        indicatif::ProgressBar::hidden()
    } else {
        progress_bar(86_400, "{percent} % of the day")
    };
    Events::write_version(&mut out)?;
    let mut events = day.events();
    let mut written = 0_u64;
    while let Some(second) = events.write_next(&mut out)? {
        if written.is_multiple_of(STEP) {
            bar.set_position(second.into());
        }
        written += 1;
    }
    bar.finish_and_clear();
    out.flush()
}
