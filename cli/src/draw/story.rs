//! What happened to a row, as lanes over time with a numbered list of the events.

use std::collections::BTreeMap;

use identity_graph_simulator::{Event, History, Lane, What};
use svg::Document;

use super::canvas::{CHARACTER, Canvas, MARGIN};

/// The least width of a drawing, and what is left for the end of each lane.
const LEAST_WIDTH: u64 = 1_000;
const LANE_END: u64 = 210;
/// Pixels that the times without long gaps are spread over.
const SPREAD: u64 = 560;
/// A gap of more than so many milliseconds in which nothing happens is cut short to so many pixels.
const LONG_GAP: u64 = 60;
const CUT: u64 = 120;
const BAR: u64 = 22;
/// The least length of a bar: its number fits.
const LEAST_BAR: u64 = 20;
const LINE: u64 = 18;
const AXIS: u64 = 70;

/// Draws a history.
pub(crate) fn story(history: &History, unit: &str) -> Document {
    let mut canvas = Canvas::new();
    let scale = Scale::new(&history.events);
    let width = LEAST_WIDTH.max(scale.end() + LANE_END);
    canvas.text((MARGIN, 34), "title", history.title.as_str());
    let lanes = lay_out(history, &scale);
    let bottom = lanes.last().map_or(AXIS, |lane| lane.bottom);
    draw_lanes(&mut canvas, history, &lanes, width);
    draw_axis(&mut canvas, &scale, unit);
    draw_effects(&mut canvas, history, &lanes, &scale);
    for (event, number) in history.events.iter().zip(1..) {
        draw_event(&mut canvas, event, number, &lanes, &scale);
    }
    draw_cuts(&mut canvas, &scale, &lanes);
    let mut y = bottom + 12;
    if let Some(broken) = &history.broken {
        let x = scale.end() + LEAST_BAR;
        canvas.line((x, AXIS), (x, bottom), "broken");
        for line in wrap(&format!("✗ {broken}"), width) {
            y += LINE;
            canvas.text((MARGIN, y), "broken", line);
        }
        y += 8;
    }
    y = draw_key(&mut canvas, y + 8);
    y = draw_list(&mut canvas, history, unit, width, y);
    canvas.finish(&history.title, width, y + MARGIN)
}

/// Where times lie.
struct Scale {
    x: BTreeMap<u64, u64>,
    /// Gaps that are cut short, from and to.
    cuts: Vec<(u64, u64)>,
}

impl Scale {
    fn new(events: &[Event]) -> Self {
        let times = events.iter().flat_map(|event| [event.from, event.at, event.to]);
        let mut x: BTreeMap<u64, u64> = times.map(|time| (time, 0)).collect();
        let times: Vec<u64> = x.keys().copied().collect();
        let gaps = || times.windows(2).map(|pair| (pair[0], pair[1]));
        let cuts: Vec<_> = gaps().filter(|(from, to)| to - from > LONG_GAP).collect();
        let short: u64 = gaps().map(|(from, to)| to - from).filter(|gap| *gap <= LONG_GAP).sum();
        // In thousandths, so that a gap of one is seen in long stories, too.
        let each = (SPREAD * 1_000 / short.max(1)).clamp(3_000, 40_000);
        let (mut at, mut before) = (MARGIN * 1_000, times.first().copied().unwrap_or_default());
        for (time, x) in &mut x {
            let gap = time - before;
            at += if gap > LONG_GAP { CUT * 1_000 } else { gap * each };
            (*x, before) = (at / 1_000, *time);
        }
        Self { x, cuts }
    }

    fn x(&self, time: u64) -> u64 {
        self.x.get(&time).copied().unwrap_or(MARGIN)
    }

    fn end(&self) -> u64 {
        self.x.values().last().copied().unwrap_or(MARGIN)
    }
}

/// Where a lane lies; the first is the store's.
struct Band {
    top: u64,
    bottom: u64,
    /// The row of bars in which each event of the lane is drawn.
    rows: BTreeMap<usize, u64>,
}

impl Band {
    fn y(&self, event: usize) -> u64 {
        self.top + LINE + 6 + self.rows.get(&event).copied().unwrap_or_default() * (BAR + 4)
    }
}

/// From where to where an event is drawn.
fn span(event: &Event, scale: &Scale) -> (u64, u64) {
    let from = scale.x(event.from);
    (from, scale.x(event.to).max(from + LEAST_BAR))
}

/// The same in one lane. The store's lane also has what took effect.
fn span_in(lane: Option<usize>, event: &Event, scale: &Scale) -> Option<(u64, u64)> {
    let took_effect = matches!(event.what, What::Call { row: Some(_), .. });
    if lane.is_none() && took_effect {
        let from = scale.x(event.at) - LEAST_BAR / 2;
        return Some((from, from + LEAST_BAR));
    }
    (event.lane == lane).then(|| span(event, scale))
}

/// Gives each lane as many rows of bars as it needs for none to overlap.
fn lay_out(history: &History, scale: &Scale) -> Vec<Band> {
    let mut top = AXIS + 8;
    let lanes = std::iter::once(None).chain((0..history.lanes.len()).map(Some));
    let lay_out_lane = |lane| {
        let mut rows = BTreeMap::new();
        let mut ends: Vec<u64> = Vec::new();
        for (at, event) in history.events.iter().enumerate() {
            let Some((from, to)) = span_in(lane, event, scale) else { continue };
            let row = ends.iter().position(|end| *end <= from).unwrap_or(ends.len());
            if row == ends.len() {
                ends.push(to);
            } else {
                ends[row] = to;
            }
            rows.insert(at, row as u64);
        }
        let bars = (ends.len() as u64).max(1);
        let place = Band { top, bottom: top + LINE + 10 + bars * (BAR + 4), rows };
        top = place.bottom + 6;
        place
    };
    lanes.map(lay_out_lane).collect()
}

fn draw_lanes(canvas: &mut Canvas, history: &History, places: &[Band], width: u64) {
    let label = |(at, lane): (usize, &Lane)| (Lane::name(at), lane.to_string());
    let store = std::iter::once(("Store".to_owned(), "what it holds, at its origin".to_owned()));
    let labels = store.chain(history.lanes.iter().enumerate().map(label));
    for ((name, label), place) in labels.zip(places) {
        let size = (width - 2 * (MARGIN - 10), place.bottom - place.top);
        canvas.rectangle((MARGIN - 10, place.top), size, "lane");
        canvas.text((MARGIN, place.top + LINE - 2), "strong", name.as_str());
        let x = MARGIN + 10 + name.chars().count() as u64 * 9;
        canvas.text((x, place.top + LINE - 2), "muted", label);
    }
}

/// Marks where time is cut short, over whatever goes on meanwhile and beside the words of a bar.
fn draw_cuts(canvas: &mut Canvas, scale: &Scale, places: &[Band]) {
    for (from, to) in &scale.cuts {
        let x = scale.x(*to) - (scale.x(*to) - scale.x(*from)) / 8;
        canvas.line((x, AXIS - 8), (x, AXIS + 4), "gap");
        for place in places {
            canvas.line((x, place.top + LINE + 2), (x, place.bottom - 2), "gap");
        }
    }
}

fn draw_axis(canvas: &mut Canvas, scale: &Scale, unit: &str) {
    let mut free = 0;
    for (time, x) in &scale.x {
        if *x >= free {
            let label = format!("{time} {unit}");
            free = x + (label.chars().count() as u64 + 2) * CHARACTER;
            canvas.line((*x, AXIS - 4), (*x, AXIS + 4), "effect");
            canvas.text((*x, AXIS - 10), "muted", label);
        }
    }
}

/// Draws in the store's lane which writes took effect, each with a line to its bar.
fn draw_effects(canvas: &mut Canvas, history: &History, places: &[Band], scale: &Scale) {
    for (at, event) in history.events.iter().enumerate() {
        let (What::Call { row: Some(_), .. }, Some(lane)) = (&event.what, event.lane) else {
            continue;
        };
        let (x, y) = (scale.x(event.at), places[0].y(at));
        canvas.line((x, y + BAR), (x, places[lane + 1].y(at)), "landed");
        canvas.rectangle((x - LEAST_BAR / 2, y), (LEAST_BAR, BAR), "stored");
        canvas.text((x, y + 15), "number", (at + 1).to_string());
    }
}

fn draw_event(canvas: &mut Canvas, event: &Event, number: usize, places: &[Band], scale: &Scale) {
    let place = &places[event.lane.map_or(0, |lane| lane + 1)];
    let (y, (from, to)) = (place.y(number - 1), span(event, scale));
    match &event.what {
        What::Call { call, is_stale, .. } => {
            let at = scale.x(event.at);
            let suffix = if *is_stale { " stale" } else { "" };
            let class = format!("{}{suffix}", class(&event.what));
            canvas.rectangle((from, y), (to - from, BAR), &class);
            let verb = call.split([' ', ',']).next().unwrap_or_default();
            let words = format!("{number} {verb}{suffix}");
            let fits = |text: &str| (text.chars().count() as u64 + 1) * CHARACTER <= to - from;
            let shorter = [words, format!("{number} {verb}")].into_iter().find(|text| fits(text));
            let text = shorter.unwrap_or_else(|| number.to_string());
            canvas.line((at.max(from + 1), y + BAR - 5), (at.max(from + 1), y + BAR), "effect");
            if to - from < 2 * LEAST_BAR {
                canvas.text((from.midpoint(to), y + 15), "number", text);
            } else {
                canvas.text((from + 6, y + 15), "small", text);
            }
        }
        What::Row(_) | What::Outcome(_) => {
            canvas.rectangle((from, y), (LEAST_BAR, BAR), "other");
            canvas.text((from + LEAST_BAR / 2, y + 15), "number", number.to_string());
            if let What::Outcome(outcome) = &event.what {
                let room = usize::try_from((LANE_END - LEAST_BAR) / CHARACTER).unwrap_or_default();
                let text = shorten(outcome, room);
                canvas.text((from + LEAST_BAR + 6, y + 15), "small", text);
            }
        }
    }
}

/// How an event looks.
fn class(what: &What) -> &'static str {
    match what {
        What::Call { fault: Some(_), .. } => "fault",
        What::Call { call, .. } if call.starts_with("read") || call == "count" => "read",
        What::Call { row: Some(_), .. } => "stored",
        What::Call { .. } => "refused",
        What::Row(_) | What::Outcome(_) => "other",
    }
}

fn draw_key(canvas: &mut Canvas, top: u64) -> u64 {
    let mut x = MARGIN;
    for (class, text) in [
        ("read", "read"),
        ("read stale", "read that shows an older row"),
        ("stored", "write that took effect"),
        ("refused", "write that was refused"),
        ("fault", "fault"),
        ("other", "end, or change by others"),
    ] {
        canvas.rectangle((x, top), (LEAST_BAR, 14), class);
        canvas.text((x + LEAST_BAR + 6, top + 12), "small", text);
        x += LEAST_BAR + 16 + text.chars().count() as u64 * CHARACTER;
    }
    top + 26
}

fn draw_list(canvas: &mut Canvas, history: &History, unit: &str, width: u64, top: u64) -> u64 {
    let mut y = top;
    for (event, number) in history.events.iter().zip(1..) {
        y += LINE;
        canvas.text((MARGIN, y), "small", number.to_string());
        canvas.text((MARGIN + 40, y), "muted", format!("{} {unit}", event.at));
        let lane = event.lane.map_or_else(|| "Store".to_owned(), Lane::name);
        canvas.text((MARGIN + 150, y), "strong", lane);
        let x = MARGIN + 200;
        for (at, line) in wrap(&event.what.to_string(), width - x).into_iter().enumerate() {
            y += if at > 0 { LINE } else { 0 };
            canvas.text((x, y), "small", line);
        }
    }
    y
}

fn shorten(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

/// Lines of a text that fit into so many pixels, broken between words.
fn wrap(text: &str, width: u64) -> Vec<String> {
    let room = usize::try_from((width - MARGIN) / CHARACTER).unwrap_or_default();
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().filter(|line| !line.is_empty());
        match line {
            Some(line) if line.chars().count() + word.chars().count() >= room => {
                lines.push(word.to_owned());
            }
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines = vec![word.to_owned()],
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use identity_graph_simulator::{Broken, Invariant};

    use super::*;

    fn event(lane: Option<usize>, times: [u64; 3], what: What) -> Event {
        let [from, at, to] = times;
        Event { lane, from, at, to, what }
    }

    fn call(call: &str, is_stale: bool, fault: Option<&str>, row: Option<&str>) -> What {
        let (fault, row) = (fault.map(str::to_owned), row.map(str::to_owned));
        What::Call { call: call.to_owned(), answer: "an answer".to_owned(), is_stale, fault, row }
    }

    fn history() -> History {
        let lane = |label: &str| Lane { label: label.to_owned(), place: Some(1), ahead_s: 0 };
        let how = "a row & <its> end".to_owned();
        History {
            title: "A story".to_owned(),
            lanes: vec![lane("upsert"), lane("withdrawal")],
            events: vec![
                event(None, [0; 3], What::Row("written by others".to_owned())),
                event(Some(0), [10, 15, 20], call("read", true, None, None)),
                event(Some(1), [12, 20, 31], call("write if absent", false, None, None)),
                event(
                    Some(0),
                    [20, 5_000, 5_010],
                    call("write", false, Some("late"), Some("live")),
                ),
                event(Some(0), [5_010; 3], What::Outcome("well".to_owned())),
            ],
            broken: Some(Broken { invariant: Invariant::Outcome, how }),
        }
    }

    #[test]
    fn stale_reads_refusals_faults_and_what_is_broken_are_marked_and_told() {
        let drawn = story(&history(), "ms").to_string();
        for class in ["read stale", "refused", "fault", "stored", "gap", "landed", "broken"] {
            // Once in the key at most; the others are of the story.
            let of_key = ["read stale", "refused", "fault", "stored"].contains(&class);
            let drawn = drawn.matches(&format!("class=\"{class}\"")).count();
            assert!(drawn > usize::from(of_key), "{class}");
        }
        assert!(drawn.contains("a row &amp; &lt;its&gt; end"), "{drawn}");
        assert!(drawn.contains("upsert, place 1") && drawn.contains("⚡ late"), "{drawn}");
    }

    #[test]
    fn no_two_bars_of_a_lane_overlap_and_long_waits_are_short() {
        let mut history = history();
        let batch = event(Some(1), [12, 13, 31], call("read", false, None, None));
        history.events.insert(1, batch);
        let scale = Scale::new(&history.events);
        let lanes = lay_out(&history, &scale);
        assert_ne!(lanes[2].y(1), lanes[2].y(3), "two parts of a batch");
        assert_eq!(lanes[1].y(2), lanes[1].y(4), "one call after the other");
        assert!(lanes.windows(2).all(|pair| pair[0].bottom < pair[1].top));
        assert!(scale.end() < 1_000, "{}", scale.end());
    }

    #[test]
    fn long_texts_are_wrapped_between_words_and_shortened() {
        assert_eq!(wrap("one two three", MARGIN + 8 * CHARACTER), ["one two", "three"]);
        assert_eq!(wrap("", 100), [""]);
        assert_eq!((shorten("short", 5), shorten("longer", 5)), ("short".into(), "long…".into()));
    }
}
