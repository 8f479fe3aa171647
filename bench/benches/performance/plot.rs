//! What was measured, as a picture.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

/// One way.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

const SIZE: (u32, u32) = (960, 400);
const COLORS: [RGBColor; 3] =
    [RGBColor(0x1f, 0x6f, 0xeb), RGBColor(0x1a, 0x7f, 0x37), RGBColor(0xbc, 0x4c, 0x00)];

/// Draws the cost of an upsert by the size of its row, and of a batch by its size.
pub(crate) fn write(path: &Path, charts: &[Vec<Line>; 2]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let titles = [
        ("An upsert by the size of its row", "KiB", "µs"),
        ("A batch by its size", "mappings", "ms"),
    ];
    for ((area, lines), (title, x, y)) in root.split_evenly((1, 2)).iter().zip(charts).zip(titles) {
        let most = |of: &dyn Fn(&(f64, f64)) -> f64| {
            lines.iter().flat_map(|line| &line.points).map(of).fold(0.0, f64::max) * 1.05
        };
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(48)
            .build_cartesian_2d(0.0..most(&|point| point.0), 0.0..most(&|point| point.1))?;
        chart.configure_mesh().x_desc(x).y_desc(y).light_line_style(TRANSPARENT).draw()?;
        for (line, color) in lines.iter().zip(COLORS) {
            let series = LineSeries::new(line.points.iter().copied(), color.stroke_width(2));
            chart
                .draw_series(series.point_size(3))?
                .label(line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE)
            .draw()?;
    }
    root.present()?;
    Ok(())
}
