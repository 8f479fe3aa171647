//! `ec-graph replay`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{Ending, ReplayArgs};
use crate::player::Player;
use crate::reply::OutcomeLine;
use crate::summary::summary;
use crate::text::{count, number};
use crate::trace::{BUNDLED, Lines};

/// Bad lines that are told one by one.
const TOLD: u64 = 20;
/// Events between two moves of the progress bar.
const STEP: u64 = 1_024;

pub(crate) fn run(arguments: &ReplayArgs) -> anyhow::Result<Ending> {
    let trace = Trace::open(arguments.file.as_deref())?;
    let title = trace.title;
    let mut player = Player::new()?;
    let started = Instant::now();
    let bad = if arguments.outcomes {
        let mut stdout = BufWriter::new(io::stdout().lock());
        let bad = play(trace, &mut player, Some(&mut stdout))?;
        stdout.flush()?;
        bad
    } else {
        play(trace, &mut player, None)?
    };
    let took = started.elapsed();
    let summary = summary(title, &player, bad);
    if arguments.outcomes {
        anstream::stderr().write_all(summary.as_bytes())?;
    } else {
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(summary.as_bytes())?;
        stdout.flush()?;
    }
    let _ = writeln!(io::stderr(), "\n{}", rate(player.totals.events(), took));
    Ok(if bad == 0 { Ending::Good } else { Ending::Flawed })
}

/// A trace that is about to be read.
pub(crate) struct Trace {
    reader: Box<dyn BufRead>,
    title: &'static str,
    bar: ProgressBar,
}

impl Trace {
    /// The file, standard input for `-`, or the trace that comes with the program.
    pub(crate) fn open(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file else {
            let (reader, bar) = (Box::new(BUNDLED), ProgressBar::hidden());
            return Ok(Self { reader, title: "The day of traffic that comes with ec-graph", bar });
        };
        if path == Path::new("-") {
            let reader = Box::new(BufReader::with_capacity(1 << 18, io::stdin()));
            return Ok(Self { reader, title: "Standard input", bar: spinner() });
        }
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let length = file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        let reader = Box::new(BufReader::with_capacity(1 << 18, file));
        Ok(Self {
            reader,
            title: "The trace",
            bar: progress_bar(length, "{bytes} of {total_bytes}"),
        })
    }
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

/// Plays a trace to its end and returns how many of its lines were bad. With `outcomes`, a line for
/// each event is written there.
pub(crate) fn play(
    trace: Trace,
    player: &mut Player,
    mut outcomes: Option<&mut dyn Write>,
) -> anyhow::Result<u64> {
    let Trace { reader, bar, .. } = trace;
    let mut lines = Lines::new(reader);
    let (mut events, mut bad) = (0_u64, 0);
    loop {
        if events.is_multiple_of(STEP) {
            bar.set_position(lines.bytes());
        }
        events += 1;
        let Some(line) = lines.next().context("cannot read the trace")? else { break };
        let number = line.number;
        let (event, reply, problem) = match line.event {
            Err(problem) => (None, None, Some(problem.to_string())),
            Ok(event) => {
                let kind = event.kind();
                let reply = player.play(event);
                let problem = reply.broken_rule();
                (Some(kind.name()), Some(reply), problem)
            }
        };
        if let Some(out) = outcomes.as_deref_mut() {
            let error = problem.as_deref();
            let report = match (event, &reply) {
                (Some(event), Some(reply)) => OutcomeLine::of(number, event, reply, error),
                _ => OutcomeLine::bad(number, error.unwrap_or_default()),
            };
            serde_json::to_writer(&mut *out, &report).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
        if let Some(problem) = problem {
            bad += 1;
            if bad <= TOLD {
                bar.suspend(|| tell(&format!("line {number}: {problem}")));
            }
        }
    }
    bar.finish_and_clear();
    if bad > TOLD {
        tell(&format!("… and {} more", count(bad - TOLD, "bad line")));
    }
    Ok(bad)
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
