//! Drawings, as SVG that follows the reader's light or dark theme.

mod bars;
mod canvas;
mod story;

use std::path::Path;

use anyhow::Context;
use svg::Document;

pub(crate) use bars::bars;
pub(crate) use story::story;

/// Writes a drawing to a file.
pub(crate) fn save(path: &Path, drawing: &Document) -> anyhow::Result<()> {
    std::fs::write(path, format!("{drawing}\n")).with_context(|| {
        format!("cannot write {}: name a file in a directory that exists", path.display())
    })
}
