//! `ec-graph storm`.

use std::fmt::Write as _;
use std::io::Write;

use identity_graph_simulator::storm::{self, Limit, Load, PLACES, REQUESTS, UIDS, Way};

use crate::args::{Ending, Storm};
use crate::draw;
use crate::replay::progress_bar;
use crate::text::{BOLD, DIM, GREEN, RED, count, ratio};

pub(crate) fn run(arguments: &Storm) -> anyhow::Result<Ending> {
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

/// The loads of all seeds over one kind of store.
pub(crate) struct Comparison {
    pub(crate) limit: Limit,
    pub(crate) ways: Vec<Sums>,
}

/// The loads of all seeds in one way.
pub(crate) struct Sums {
    pub(crate) way: Way,
    pub(crate) loads: u64,
    total: Load,
    least: Load,
    most: Load,
}

impl Comparison {
    /// What the store does, in words.
    pub(crate) fn title(&self) -> &'static str {
        match self.limit {
            Limit::OnePerSecond => "A store that takes one write a second of a key (429 otherwise)",
            Limit::None => {
                "A store that takes any number of writes and only judges their condition"
            }
        }
    }
}

/// A number of a load, and how it is told.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) of: fn(&Load) -> u64,
    /// Whether there should be much of it.
    pub(crate) is_good: bool,
}

pub(crate) const FIGURES: [Figure; 8] = [
    Figure { name: "reads", of: |load| load.reads, is_good: false },
    Figure { name: "writes tried", of: |load| load.writes, is_good: false },
    Figure { name: "  refused for their rate (429)", of: |load| load.throttled, is_good: false },
    Figure { name: "  refused by their condition", of: |load| load.refused, is_good: false },
    Figure { name: "  that could not have succeeded", of: |load| load.wasted, is_good: false },
    Figure { name: "conflicts and 429s reported", of: |load| load.reported, is_good: false },
    Figure { name: "UIDs stored after the load", of: |load| load.stored, is_good: true },
    Figure { name: "UIDs stored after the next view", of: |load| load.stored_next, is_good: true },
];

impl Sums {
    /// The mean of a figure, to two digits.
    pub(crate) fn mean(&self, figure: &Figure) -> String {
        ratio((figure.of)(&self.total), self.loads)
    }

    /// The worst of a figure: the least of what there should be much of, the most of anything else.
    pub(crate) fn worst(&self, figure: &Figure) -> u64 {
        (figure.of)(if figure.is_good { &self.least } else { &self.most })
    }

    /// The sum of a figure.
    pub(crate) fn total(&self, figure: &Figure) -> u64 {
        (figure.of)(&self.total)
    }
}

fn compare(arguments: &Storm) -> Vec<Comparison> {
    let Storm { seed, seeds, .. } = *arguments;
    let kinds = (Limit::ALL.len() * Way::ALL.len()) as u64;
    let bar = progress_bar(seeds.saturating_mul(kinds), "{pos} of {len} page loads, {per_sec}");
    let of_way = |limit, way| {
        let mut loads = (seed..seed.saturating_add(seeds)).map(|seed| {
            bar.inc(1);
            storm::run(way, limit, seed)
        });
        let first = loads.next().unwrap_or_default();
        let mut sums = Sums { way, loads: seeds, total: first, least: first, most: first };
        for load in loads {
            sums.total += load;
            sums.least = sums.least.least(load);
            sums.most = sums.most.most(load);
        }
        sums
    };
    let of_limit =
        |limit| Comparison { limit, ways: Way::ALL.map(|way| of_way(limit, way)).into() };
    let comparisons = Limit::ALL.map(of_limit).into();
    bar.finish_and_clear();
    comparisons
}

fn table(comparison: &Comparison) -> String {
    let mut text = format!("\n{BOLD}{}{BOLD:#}\n", comparison.title());
    let _ = write!(text, "{DIM}  {:<33}", "a load, mean (worst)");
    for sums in &comparison.ways {
        let _ = write!(text, "{:>24}", sums.way.name());
    }
    let _ = writeln!(text, "{DIM:#}");
    for figure in &FIGURES {
        let _ = write!(text, "  {:<33}", figure.name);
        for sums in &comparison.ways {
            let value = format!("{} ({})", sums.mean(figure), sums.worst(figure));
            let _ = write!(text, "{value:>24}");
        }
        text.push('\n');
    }
    text
}

/// What is wanted of the graph, and whether it is so.
fn verdict(comparisons: &[Comparison]) -> Vec<(bool, &'static str)> {
    let all = |ways: &[Way], holds: fn(&Sums) -> bool| {
        let sums = comparisons.iter().flat_map(|comparison| &comparison.ways);
        sums.filter(|sums| ways.contains(&sums.way)).all(holds)
    };
    let graph = [Way::Graph, Way::Application];
    vec![
        (
            all(&graph, |sums| sums.least.stored_next == UIDS),
            "graph: no UID is missing after the next view",
        ),
        (all(&graph, |sums| sums.most.wasted == 0), "graph: no try that could not have succeeded"),
        (
            all(&[Way::Application], |sums| sums.most.writes <= 5),
            "graph, documents only: at most five writes tried in a load",
        ),
    ]
}
