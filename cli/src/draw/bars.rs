//! The comparison of a page load's strategies, as bars.

use identity_graph_simulator::storm::{PLACES, REQUESTS, UIDS};
use svg::Document;

use super::canvas::{CHARACTER, Canvas, MARGIN};
use crate::comparison::{Comparison, FIGURES, Figure};

const WIDTH: u64 = 860;
/// Where the bars begin, and their greatest length.
const BARS: u64 = 270;
const LENGTH: u64 = 440;
const THICKNESS: u64 = 14;
const STEP: u64 = THICKNESS + 4;

/// A class for each strategy, in the order in which they are compared.
const CLASSES: [&str; 3] = ["refused", "read", "stored"];

/// Draws what a page load costs and leaves in each strategy. Each figure has a scale of its own.
pub(crate) fn bars(comparisons: &[Comparison]) -> Document {
    let mut canvas = Canvas::new();
    let title =
        format!("One page load: {REQUESTS} requests at {PLACES} places, the same {UIDS} UIDs");
    canvas.text((MARGIN, 34), "title", title.as_str());
    let strategies = comparisons.first().map_or(&[][..], |comparison| &comparison.strategies);
    let mut x = MARGIN;
    for (sums, class) in strategies.iter().zip(CLASSES) {
        canvas.rectangle((x, 52), (THICKNESS, THICKNESS), class);
        canvas.text((x + THICKNESS + 8, 64), "", sums.strategy.name());
        x += 200;
    }
    let loads = strategies.first().map_or(0, |sums| sums.loads);
    canvas.text((x, 64), "muted", format!("mean of {loads} loads (worst)"));
    let mut y = 84;
    for comparison in comparisons {
        canvas.line((MARGIN, y), (WIDTH - MARGIN, y), "rule");
        y += 26;
        canvas.text((MARGIN, y), "strong", comparison.title());
        y += 14;
        for figure in &FIGURES {
            y = draw_figure(&mut canvas, comparison, figure, y);
        }
        y += 10;
    }
    canvas.finish(&title, WIDTH, y)
}

fn draw_figure(canvas: &mut Canvas, comparison: &Comparison, figure: &Figure, top: u64) -> u64 {
    let strategies = &comparison.strategies;
    let height = strategies.len() as u64 * STEP;
    let name = figure.name.trim_start();
    let indent = (figure.name.len() - name.len()) as u64 * CHARACTER;
    canvas.text((MARGIN + indent, top + height / 2 + 4), "", name);
    let of_uids = |loads: u64| if figure.is_good { UIDS * loads } else { 0 };
    let longest = strategies.iter().map(|sums| sums.total(figure).max(of_uids(sums.loads))).max();
    for ((sums, class), at) in strategies.iter().zip(CLASSES).zip(0..) {
        let y = top + at * STEP;
        let total = sums.total(figure);
        let length = total * LENGTH / longest.unwrap_or_default().max(1);
        if total > 0 {
            canvas.rectangle((BARS, y), (length.max(2), THICKNESS), class);
        }
        let value = format!("{} ({})", sums.mean(figure), sums.worst(figure));
        canvas.text((BARS + length + 8, y + 12), "small", value);
    }
    top + height + 12
}
