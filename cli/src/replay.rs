//! `ec-graph replay`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;
use identity_graph::LeftOut;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{Ending, ReplayArgs};
use crate::left_out::Tally;
use crate::player::Player;
use crate::reply::OutcomeLine;
use crate::summary::summary;
use crate::text::{count, number};
use crate::trace::{BUNDLED, Lines};

/// Bad lines and items left out that are told one by one.
const TOLD: u64 = 20;
/// Events between two moves of the progress bar.
const STEP: u64 = 1_024;

pub(crate) fn run(arguments: &ReplayArgs) -> anyhow::Result<Ending> {
    let trace = Trace::open(arguments.file.as_deref())?;
    let title = trace.title;
    let mut player = Player::new()?;
    let started = Instant::now();
    let missed = if arguments.outcomes {
        let mut stdout = BufWriter::new(io::stdout().lock());
        let missed = play(trace, &mut player, Some(&mut stdout))?;
        stdout.flush()?;
        missed
    } else {
        play(trace, &mut player, None)?
    };
    let took = started.elapsed();
    let summary = summary(title, &player, &missed);
    if arguments.outcomes {
        anstream::stderr().write_all(summary.as_bytes())?;
    } else {
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(summary.as_bytes())?;
        stdout.flush()?;
    }
    let _ = writeln!(io::stderr(), "\n{}", rate(player.totals.events(), took));
    Ok(if missed.bad == 0 { Ending::Good } else { Ending::Flawed })
}

/// A trace that is about to be read.
pub(crate) struct Trace {
    pub(crate) reader: Box<dyn BufRead>,
    title: &'static str,
    pub(crate) bar: ProgressBar,
}

impl Trace {
    /// The file, standard input for `-`, or the trace that comes with the program.
    pub(crate) fn open(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file else {
            let (reader, bar) = (Box::new(BUNDLED), ProgressBar::hidden());
            return Ok(Self { reader, title: "The day of traffic that comes with ec-graph", bar });
        };
        if path == Path::new("-") {
            let (reader, _) = unzipped(io::stdin()).context("cannot read standard input")?;
            return Ok(Self { reader, title: "Standard input", bar: spinner() });
        }
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let length = file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        let (reader, is_zipped) =
            unzipped(file).with_context(|| format!("cannot read {}", path.display()))?;
        let bar =
            if is_zipped { spinner() } else { progress_bar(length, "{bytes} of {total_bytes}") };
        Ok(Self { reader, title: "The trace", bar })
    }
}

/// What is read, unpacked where it is a gzip, and whether it is one.
fn unzipped(source: impl Read + 'static) -> io::Result<(Box<dyn BufRead>, bool)> {
    const MAGIC: [u8; 2] = [0x1f, 0x8b];
    let mut source = BufReader::with_capacity(1 << 18, source);
    let mut start = Vec::with_capacity(MAGIC.len());
    source.by_ref().take(MAGIC.len() as u64).read_to_end(&mut start)?;
    let is_zipped = start == MAGIC;
    let whole = io::Cursor::new(start).chain(source);
    // Files that were appended to have several parts.
    if is_zipped {
        let unzipped = BufReader::with_capacity(1 << 18, MultiGzDecoder::new(whole));
        return Ok((Box::new(unzipped), true));
    }
    Ok((Box::new(whole), false))
}

/// A bar on standard error where that is a terminal.
pub(crate) fn progress_bar(length: u64, done: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = format!("{{bar:40.cyan}} {done}, {{eta}} left");
    let style = ProgressStyle::with_template(&template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The same for work whose length is not known.
fn spinner() -> ProgressBar {
    if !io::stderr().is_terminal() || io::stdin().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner:.cyan} {bytes} read, {bytes_per_sec}");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// The same for rows of a store, whose number is not known.
pub(crate) fn row_spinner() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner:.cyan} {human_pos} rows, {per_sec}");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// What of a trace was not played.
pub(crate) struct Missed {
    /// Lines that are no events, or that the graph refuses.
    pub(crate) bad: u64,
    pub(crate) left_out: Tally,
}

/// Plays a trace to its end. With `outcomes`, a line for each event is written there.
pub(crate) fn play(
    trace: Trace,
    player: &mut Player,
    mut outcomes: Option<&mut dyn Write>,
) -> anyhow::Result<Missed> {
    let Trace { reader, bar, .. } = trace;
    let mut lines = Lines::new(reader);
    let (mut events, mut told) = (0_u64, 0_u64);
    let mut missed = Missed { bad: 0, left_out: Tally::default() };
    let mut forms = Vec::new();
    let mut tell_line = |words: String| {
        told += 1;
        if told <= TOLD {
            bar.suspend(|| tell(&words));
        }
    };
    loop {
        if events.is_multiple_of(STEP) {
            bar.set_position(lines.bytes());
        }
        events += 1;
        let Some(line) = lines.next().context("cannot read the trace")? else { break };
        let number = line.number;
        let mut left_out = Vec::new();
        let (event, reply, problem) = match line.event {
            Err(problem) => (None, None, Some(problem.to_string())),
            Ok(mut event) => {
                for form in event.forms.drain(..) {
                    if !forms.contains(&form) {
                        forms.push(form);
                        bar.suspend(|| tell(&format!("line {number}: {}; told once", form.told())));
                    }
                }
                left_out = std::mem::take(&mut event.left_out);
                let kind = event.kind;
                let reply = player.play(event);
                left_out.extend(reply.left_out());
                let problem = reply.broken_rule().map(str::to_owned);
                (Some(kind.name()), Some(reply), problem)
            }
        };
        if let Some(out) = outcomes.as_deref_mut() {
            let error = problem.as_deref();
            let report = match (event, &reply) {
                (Some(event), Some(reply)) => {
                    OutcomeLine::of(number, event, reply, &left_out, error)
                }
                _ => OutcomeLine::bad(number, error.unwrap_or_default()),
            };
            serde_json::to_writer(&mut *out, &report).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
        if let Some(problem) = problem {
            missed.bad += 1;
            tell_line(format!("line {number}: {problem}"));
            // Nothing of it was played.
            continue;
        }
        for LeftOut { field, why } in &left_out {
            tell_line(format!("line {number}: left out {field}: {why}"));
        }
        missed.left_out.add_all(&left_out);
    }
    bar.finish_and_clear();
    if told > TOLD {
        let more = number(told - TOLD);
        tell(&format!("… and {more} more; ec-graph check counts them by kind"));
    }
    Ok(missed)
}

fn tell(message: &str) {
    // Nobody is left to be told that standard error is gone.
    let _ = writeln!(io::stderr(), "{message}");
}

fn rate(events: u64, took: Duration) -> String {
    let micros = took.as_micros().max(1);
    let rate = u64::try_from(u128::from(events) * 1_000_000 / micros).unwrap_or(u64::MAX);
    let seconds = took.as_secs_f64();
    format!("{} in {seconds:.2} s on one core: {} events/s", count(events, "event"), number(rate))
}
