//! What drawings are made of.

use svg::Document;
use svg::node::element::{Element, Group, Line, Rectangle, Style, Text, Title};

/// A drawing under way. Lengths are pixels from the upper left corner.
pub(super) struct Canvas(Group);

/// Pixels that a character takes at most, at the size of most text.
pub(super) const CHARACTER: u64 = 7;
pub(super) const MARGIN: u64 = 20;

impl Canvas {
    pub(super) fn new() -> Self {
        Self(Group::new())
    }

    pub(super) fn add(&mut self, element: impl Into<Element>) {
        let group = std::mem::replace(&mut self.0, Group::new());
        self.0 = group.add(element.into());
    }

    pub(super) fn text(&mut self, (x, y): (u64, u64), class: &str, text: impl Into<String>) {
        self.add(Text::new(text).set("x", x).set("y", y).set("class", class));
    }

    pub(super) fn rectangle(
        &mut self,
        (x, y): (u64, u64),
        (width, height): (u64, u64),
        class: &str,
    ) {
        let rectangle = Rectangle::new().set("x", x).set("y", y).set("rx", 3);
        self.add(rectangle.set("width", width).set("height", height).set("class", class));
    }

    pub(super) fn line(&mut self, (x1, y1): (u64, u64), (x2, y2): (u64, u64), class: &str) {
        let line = Line::new().set("x1", x1).set("y1", y1).set("x2", x2).set("y2", y2);
        self.add(line.set("class", class));
    }

    pub(super) fn finish(self, title: &str, width: u64, height: u64) -> Document {
        let paper =
            Rectangle::new().set("width", width).set("height", height).set("class", "paper");
        Document::new()
            .set("width", width)
            .set("height", height)
            .set("viewBox", format!("0 0 {width} {height}"))
            .set("role", "img")
            .add(Title::new(title))
            .add(Style::new(include_str!("style.css")))
            .add(paper)
            .add(self.0)
    }
}
