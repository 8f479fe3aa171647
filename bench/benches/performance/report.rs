//! What was measured, as tables in `docs/performance.md`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use host_test::COMPONENT;
use host_test::fuel::stored;
use serde_json::Value;

use crate::plot::{self, Line};
use crate::{MAPPINGS, PARTNERS, WAYS};

const BEGIN: &str = "<!-- measured: `just bench` writes from here -->\n";
const END: &str = "<!-- to here -->\n";

/// What is compared, and the most that is wanted of the component against the typed way and against
/// the native rules.
const OPERATIONS: [(&str, &str, Option<f64>, Option<f64>); 7] = [
    ("visit-with-news", "visit with news", None, None),
    ("visit-without-news", "visit without news", None, None),
    ("upsert", "upsert-partner-id", Some(0.75), Some(1.5)),
    ("touch", "update-last-seen", Some(0.75), Some(1.5)),
    ("tombstone", "write-withdrawal-tombstone", Some(0.75), Some(1.5)),
    ("create", "create, 12 UIDs", Some(0.75), Some(1.5)),
    ("delete-and-create", "delete and create, 12 UIDs", None, None),
];

/// What native code is to do for as much as the typed way takes, at most.
const NATIVE: [(&str, &str, f64); 2] =
    [("create", "create, 12 UIDs", 1.0), ("delete-and-create", "delete and create, 12 UIDs", 1.0)];

/// What is compared with the typed way's upsert, and the most that is wanted.
const CHEAP: [(&str, &str, f64); 2] =
    [("get-metadata", "get-metadata", 0.3), ("unchanged", "upsert that changes nothing", 0.3)];

/// Writes the tables and the plot; what it returns is the tables.
pub(crate) fn write() -> Result<String, Box<dyn Error>> {
    let measured = Measured::new()?;
    let tables = tables(&measured)?;
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let page = docs.join("performance.md");
    let text = fs::read_to_string(&page)?;
    let (head, rest) = text.split_once(BEGIN).ok_or("docs/performance.md has lost its mark")?;
    let (_, tail) = rest.split_once(END).ok_or("docs/performance.md has lost its end mark")?;
    fs::write(&page, format!("{head}{BEGIN}\n{tables}\n{END}{tail}"))?;
    plot::write(&docs.join("performance.svg"), &lines(&measured)?)?;
    Ok(tables)
}

/// Medians that criterion has left behind.
struct Measured(PathBuf);

impl Measured {
    fn new() -> Result<Self, Box<dyn Error>> {
        let home = env::var_os("CRITERION_HOME").ok_or("run this with `just bench`")?;
        Ok(Self(PathBuf::from(home)))
    }

    /// Microseconds.
    fn of(&self, name: &str, way: &str) -> Result<f64, Box<dyn Error>> {
        let path = self.0.join(name).join(way).join("new/estimates.json");
        let estimates: Value = serde_json::from_slice(&fs::read(&path)?)?;
        let median = estimates["median"]["point_estimate"].as_f64();
        Ok(median.ok_or_else(|| format!("{} has no median", path.display()))? / 1_000.0)
    }

    fn ways(&self, name: &str) -> Result<[f64; 3], Box<dyn Error>> {
        Ok([self.of(name, WAYS[0])?, self.of(name, WAYS[1])?, self.of(name, WAYS[2])?])
    }
}

fn tables(measured: &Measured) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    let upsert_typed = measured.of("upsert", "typed")?;
    text.push_str(
        "| operation, standard row | component, µs | native, µs | typed, µs | component / typed | wanted | component / native | wanted |\n|---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for (name, label, of_typed, of_native) in OPERATIONS {
        let [component, native, typed] = measured.ways(name)?;
        writeln!(
            text,
            "| {label} | {component:.2} | {native:.2} | {typed:.2} | {} | {} |",
            ratio(component / typed, of_typed),
            ratio(component / native, of_native),
        )?;
    }
    text.push_str(
        "\n| a new entry | native, µs | typed, µs | native / typed | wanted |\n|---|---:|---:|---:|---:|\n",
    );
    for (name, label, wanted) in NATIVE {
        let [_, native, typed] = measured.ways(name)?;
        let ratio = ratio(native / typed, Some(wanted));
        writeln!(text, "| {label} | {native:.2} | {typed:.2} | {ratio} |")?;
    }
    text.push_str(
        "\n| operation | component, µs | the same natively | typed | component / the typed way's upsert | wanted |\n|---|---:|---:|---:|---:|---:|\n",
    );
    for (name, label, wanted) in CHEAP {
        let [component, native, typed] = measured.ways(name)?;
        let ratio = ratio(component / upsert_typed, Some(wanted));
        writeln!(text, "| {label} | {component:.2} | {native:.2} | {typed:.2} | {ratio} |")?;
    }

    let [missing, unchanged, upsert] = ["missing", "unchanged", "upsert"];
    let component = |name| measured.of(name, "component");
    let native = |name| measured.of(name, "native");
    text.push_str("\n| an upsert, part by part | component, µs | native, µs |\n|---|---:|---:|\n");
    for (part, component, native) in [
        (
            "in and out, arguments checked, a read that finds nothing",
            component(missing)?,
            native(missing)?,
        ),
        (
            "the row in, and scanned",
            component(unchanged)? - component(missing)?,
            native(unchanged)? - native(missing)?,
        ),
        (
            "the row spliced, and out",
            component(upsert)? - component(unchanged)?,
            native(upsert)? - native(unchanged)?,
        ),
    ] {
        writeln!(text, "| {part} | {component:.2} | {native:.2} |")?;
    }

    text.push_str("\n| upsert of a row of | component, µs | native, µs | typed, µs | component / typed |\n|---|---:|---:|---:|---:|\n");
    let mut points = [const { Vec::new() }; 3];
    for partners in PARTNERS {
        let bytes = stored(partners).body.len();
        let ways = measured.ways(&format!("upsert-{partners}"))?;
        let [component, native, typed] = ways;
        writeln!(
            text,
            "| {bytes} bytes, partners: {partners} | {component:.1} | {native:.1} | {typed:.1} | {:.2} |",
            component / typed
        )?;
        for (points, way) in points.iter_mut().zip(ways) {
            points.push((kib(bytes), way));
        }
    }
    let [component, native, typed] = points.map(|points| slope(&points));
    writeln!(
        text,
        "| a KiB more | {component:.2} | {native:.2} | {typed:.2} | {:.2} |",
        component / typed
    )?;

    text.push_str("\n| batch of mappings, each of another row | component, ms | native, ms | typed, ms | component, µs a mapping |\n|---|---:|---:|---:|---:|\n");
    for number in MAPPINGS {
        let [component, native, typed] = measured.ways(&format!("batch-{number}"))?;
        let each = component / f64::from(u32::try_from(number)?);
        let [component, native, typed] = [component, native, typed].map(|micros| micros / 1_000.0);
        writeln!(text, "| {number} | {component:.2} | {native:.2} | {typed:.2} | {each:.2} |")?;
    }

    let pooled = measured.of("instance", "pooled")?;
    let with_a_read = measured.of("instance", "with-a-read")?;
    writeln!(
        text,
        "\n| | measured | wanted at most |\n|---|---:|---:|\n| a batch of 1,000, ms | {:.2} | 10 |\n| an instance from the pool, µs | {pooled:.1} | 10 |\n| an instance, its graph and a read, µs | {with_a_read:.1} | |\n| the component, KiB | {:.1} | 200 |",
        measured.of("batch-1000", "component")? / 1_000.0,
        kib(COMPONENT.len()),
    )?;
    Ok(text)
}

fn ratio(ratio: f64, wanted: Option<f64>) -> String {
    let Some(wanted) = wanted else { return format!("{ratio:.2} |") };
    format!("{ratio:.2}{} | {wanted}", if ratio <= wanted { " ✓" } else { "" })
}

fn lines(measured: &Measured) -> Result<[Vec<Line>; 2], Box<dyn Error>> {
    let mut rows = WAYS.map(|name| Line { name, points: Vec::new() });
    for partners in PARTNERS {
        let ways = measured.ways(&format!("upsert-{partners}"))?;
        for (line, way) in rows.iter_mut().zip(ways) {
            line.points.push((kib(stored(partners).body.len()), way));
        }
    }
    let mut batches = WAYS.map(|name| Line { name, points: Vec::new() });
    for number in MAPPINGS {
        let ways = measured.ways(&format!("batch-{number}"))?;
        for (line, way) in batches.iter_mut().zip(ways) {
            line.points.push((f64::from(u32::try_from(number)?), way / 1_000.0));
        }
    }
    Ok([rows.into(), batches.into()])
}

fn kib(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1_024.0
}

/// What each unit more costs, by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let number = f64::from(u32::try_from(points.len()).unwrap_or(u32::MAX));
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / number;
    let (mean_x, mean_y) = (mean(&|point| point.0), mean(&|point| point.1));
    let both: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let square: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    both / square
}
