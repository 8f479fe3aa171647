//! `ec-graph simulate`.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use identity_graph_simulator::exhaustive::{self, combinations, explore};
use identity_graph_simulator::random::{self, Tally};
use identity_graph_simulator::{Component, History};

use crate::args::{Ending, Exhaustive, NamedPolicy, SimulateArgs};
use crate::draw;
use crate::replay::progress_bar;
use crate::text::{BOLD, count, number};

pub(crate) fn run(arguments: &SimulateArgs) -> anyhow::Result<Ending> {
    let drawing = arguments.draw.as_deref();
    match (arguments.exhaustive, arguments.seed, arguments.seeds) {
        (Some(of), _, _) => all_schedules(of, arguments.policy, drawing),
        (None, Some(seed), None) => one_seed(seed, drawing),
        (None, first, seeds) => {
            many_seeds(first.unwrap_or_default(), seeds.unwrap_or(SEEDS), drawing)
        }
    }
}

/// Seeds of a run that does not say how many: some seconds' worth.
const SEEDS: u64 = 10_000;

fn one_seed(seed: u64, drawing: Option<&Path>) -> anyhow::Result<Ending> {
    let history = random::history(&Component, seed);
    print(&history.timeline("ms"))?;
    draw(&history, "ms", drawing)?;
    if history.broken.is_some() {
        return Ok(Ending::Flawed);
    }
    print("\nevery invariant held\n")?;
    Ok(Ending::Good)
}

fn many_seeds(first: u64, seeds: u64, drawing: Option<&Path>) -> anyhow::Result<Ending> {
    let bar = progress_bar(seeds, "{human_pos} of {human_len} seeds, {per_sec}");
    let started = Instant::now();
    let mut tally = Tally::default();
    for seed in first..first.saturating_add(seeds) {
        match random::run(&Component, seed) {
            Ok(of_seed) => tally += of_seed,
            Err(history) => {
                bar.finish_and_clear();
                let again = format!("ec-graph simulate --seed {seed}");
                return failed(&history, "ms", &again, drawing);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    print(&summary_of_seeds(seeds, &tally, started.elapsed()))?;
    not_drawn(drawing);
    Ok(Ending::Good)
}

fn all_schedules(
    of: Exhaustive,
    by: NamedPolicy,
    drawing: Option<&Path>,
) -> anyhow::Result<Ending> {
    let (name, size) = match of {
        Exhaustive::Pairs => ("pairs", 2),
        Exhaustive::Triples => ("triples", 3),
    };
    let combinations = combinations(size);
    let length = combinations.len() as u64;
    let bar = progress_bar(length, &format!("{{pos}} of {{len}} {name}, {{msg}}"));
    let started = Instant::now();
    let report = explore(&Component, by.policy(), &combinations, |report| {
        bar.set_message(count(report.states, "state"));
        bar.set_position(report.combinations);
    });
    bar.finish_and_clear();
    match report {
        Ok(report) => {
            print(&summary_of_schedules(name, &report, started.elapsed()))?;
            not_drawn(drawing);
            Ok(Ending::Good)
        }
        Err(failed_schedule) => {
            let policy = match by {
                NamedPolicy::Default => "",
                NamedPolicy::TrustedServer => " --policy trusted-server",
            };
            let again = format!("ec-graph simulate --exhaustive {name}{policy}");
            failed(&failed_schedule.history, "step", &again, drawing)
        }
    }
}

fn failed(
    history: &History,
    unit: &str,
    again: &str,
    drawing: Option<&Path>,
) -> anyhow::Result<Ending> {
    print(&history.timeline(unit))?;
    draw(history, unit, drawing)?;
    let _ = writeln!(std::io::stderr(), "\nTo see it again: {again}");
    Ok(Ending::Flawed)
}

fn draw(history: &History, unit: &str, drawing: Option<&Path>) -> anyhow::Result<()> {
    drawing.map_or(Ok(()), |path| draw::save(path, &draw::story(history, unit)))
}

/// Of many stories only one that went wrong is drawn.
fn not_drawn(drawing: Option<&Path>) {
    if drawing.is_some() {
        let _ = writeln!(
            std::io::stderr(),
            "Nothing went wrong, so nothing was drawn; `--seed S` without `--seeds` draws one story."
        );
    }
}

fn summary_of_seeds(seeds: u64, tally: &Tally, took: Duration) -> String {
    let Tally { workers, calls, stale_reads, conflicts, throttled, faults } = *tally;
    let mut text = format!(
        "{BOLD}Every invariant held{BOLD:#} in {} in {:.1} s on one core: {} seeds/s\n\n",
        count(seeds, "seed"),
        took.as_secs_f64(),
        number(per_second(seeds, took)),
    );
    for (what, value) in [
        ("operations, each a fresh instance", workers),
        ("store calls", calls),
        ("  per minute", per_second(calls, took).saturating_mul(60)),
        ("stale reads", stale_reads),
        ("writes refused by their condition", conflicts),
        ("writes refused for their rate", throttled),
        ("calls that failed or went unanswered", faults),
    ] {
        let _ = writeln!(text, "  {what:<38}{:>14}", number(value));
    }
    text
}

fn summary_of_schedules(name: &str, report: &exhaustive::Report, took: Duration) -> String {
    let exhaustive::Report { combinations, states, schedules, workers } = *report;
    let mut text = format!(
        "{BOLD}Every invariant held{BOLD:#} in all schedules of all {name} of operations, in {:.1} s\n\n",
        took.as_secs_f64(),
    );
    for (what, value) in [
        ("combinations of operations and rows", number(combinations)),
        ("schedules", u64::try_from(schedules).map_or_else(|_| schedules.to_string(), number)),
        ("different states", number(states)),
        ("different states of a worker", number(workers)),
    ] {
        let _ = writeln!(text, "  {what:<38}{value:>14}");
    }
    text
}

fn per_second(value: u64, took: Duration) -> u64 {
    let micros = took.as_micros().max(1);
    u64::try_from(u128::from(value) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}
