//! `ec-graph storm`.

use std::fmt::Write as _;
use std::io::Write;

use identity_graph_simulator::storm::{self, Limit, PLACES, REQUESTS, Strategy, UIDS};

use crate::args::{Ending, StormArgs};
use crate::comparison::{Comparison, FIGURES, Sums};
use crate::draw;
use crate::replay::progress_bar;
use crate::text::{BOLD, DIM, GREEN, RED, count};

pub(crate) fn run(arguments: &StormArgs) -> anyhow::Result<Ending> {
    let comparisons = compare(arguments);
    let mut text = format!(
        "{BOLD}A page load{BOLD:#}: {REQUESTS} requests at {PLACES} places, each with the same {UIDS} UIDs; {}\n",
        count(arguments.seeds, "seed"),
    );
    for comparison in &comparisons {
        text.push_str(&table(comparison));
    }
    text.push('\n');
    let verdict = verdict(&comparisons);
    for (is_kept, what) in &verdict {
        let _ = match is_kept {
            true => writeln!(text, "{GREEN}✓{GREEN:#} {what}"),
            false => writeln!(text, "{RED}✗{RED:#} {what}"),
        };
    }
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    if let Some(path) = &arguments.draw {
        draw::save(path, &draw::bars(&comparisons))?;
    }
    let is_good = verdict.iter().all(|(is_kept, _)| *is_kept);
    Ok(if is_good { Ending::Good } else { Ending::Flawed })
}

fn compare(arguments: &StormArgs) -> Vec<Comparison> {
    let StormArgs { seed, seeds, .. } = *arguments;
    let kinds = (Limit::ALL.len() * Strategy::ALL.len()) as u64;
    let bar = progress_bar(seeds.saturating_mul(kinds), "{pos} of {len} page loads, {per_sec}");
    let of_strategy = |limit, strategy| {
        let mut loads = (seed..seed.saturating_add(seeds)).map(|seed| {
            bar.inc(1);
            storm::run(strategy, limit, seed)
        });
        let first = loads.next().unwrap_or_default();
        let mut sums = Sums { strategy, loads: seeds, total: first, least: first, most: first };
        for load in loads {
            sums.total += load;
            sums.least = sums.least.least(load);
            sums.most = sums.most.most(load);
        }
        sums
    };
    let of_limit = |limit| Comparison {
        limit,
        strategies: Strategy::ALL.map(|strategy| of_strategy(limit, strategy)).into(),
    };
    let comparisons = Limit::ALL.map(of_limit).into();
    bar.finish_and_clear();
    comparisons
}

fn table(comparison: &Comparison) -> String {
    let mut text = format!("\n{BOLD}{}{BOLD:#}\n", comparison.title());
    let _ = write!(text, "{DIM}  {:<33}", "a load, mean (worst)");
    for sums in &comparison.strategies {
        let _ = write!(text, "{:>24}", sums.strategy.name());
    }
    let _ = writeln!(text, "{DIM:#}");
    for figure in &FIGURES {
        let _ = write!(text, "  {:<33}", figure.name);
        for sums in &comparison.strategies {
            let value = format!("{} ({})", sums.mean(figure), sums.worst(figure));
            let _ = write!(text, "{value:>24}");
        }
        text.push('\n');
    }
    text
}

/// What is wanted of the graph, and whether it is so.
fn verdict(comparisons: &[Comparison]) -> Vec<(bool, &'static str)> {
    let all = |strategies: &[Strategy], holds: fn(&Sums) -> bool| {
        let sums = comparisons.iter().flat_map(|comparison| &comparison.strategies);
        sums.filter(|sums| strategies.contains(&sums.strategy)).all(holds)
    };
    let graph = [Strategy::Graph, Strategy::Application];
    vec![
        (
            all(&graph, |sums| sums.least.stored_next == UIDS),
            "graph: no UID is missing after the next view",
        ),
        (all(&graph, |sums| sums.most.wasted == 0), "graph: no try that could not have succeeded"),
        (
            all(&[Strategy::Application], |sums| sums.most.writes <= 5),
            "graph, documents only: at most five writes tried in a load",
        ),
    ]
}
