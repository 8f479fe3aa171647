//! Drawings, as SVG that follows the reader's light or dark theme.

mod bars;
mod story;

use std::path::Path;

use anyhow::Context;
use svg::Document;
use svg::node::element::{Element, Group, Line, Rectangle, Style, Text, Title};

pub(crate) use bars::bars;
pub(crate) use story::story;

/// Writes a drawing to a file.
pub(crate) fn save(path: &Path, drawing: &Document) -> anyhow::Result<()> {
    std::fs::write(path, format!("{drawing}\n")).with_context(|| {
        format!("cannot write {}: name a file in a directory that exists", path.display())
    })
}

/// A drawing under way. Lengths are pixels from the upper left corner.
struct Canvas(Group);

/// Pixels that a character takes at most, at the size of most text.
const CHARACTER: u64 = 7;
const MARGIN: u64 = 20;

impl Canvas {
    fn new() -> Self {
        Self(Group::new())
    }

    fn add(&mut self, element: impl Into<Element>) {
        let group = std::mem::replace(&mut self.0, Group::new());
        self.0 = group.add(element.into());
    }

    fn text(&mut self, (x, y): (u64, u64), class: &str, text: impl Into<String>) {
        self.add(Text::new(text).set("x", x).set("y", y).set("class", class));
    }

    fn rectangle(&mut self, (x, y): (u64, u64), (width, height): (u64, u64), class: &str) {
        let rectangle = Rectangle::new().set("x", x).set("y", y).set("rx", 3);
        self.add(rectangle.set("width", width).set("height", height).set("class", class));
    }

    fn line(&mut self, (x1, y1): (u64, u64), (x2, y2): (u64, u64), class: &str) {
        let line = Line::new().set("x1", x1).set("y1", y1).set("x2", x2).set("y2", y2);
        self.add(line.set("class", class));
    }

    fn finish(self, title: &str, width: u64, height: u64) -> Document {
        let paper =
            Rectangle::new().set("width", width).set("height", height).set("class", "paper");
        Document::new()
            .set("width", width)
            .set("height", height)
            .set("viewBox", format!("0 0 {width} {height}"))
            .set("role", "img")
            .add(Title::new(title))
            .add(Style::new(include_str!("draw/style.css")))
            .add(paper)
            .add(self.0)
    }
}
