//! The page of the book: the tables between its marks, and the picture beside it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use xtask::views::NewFile;

use super::report::Report;
use super::{svg, text};

/// The folder of the page and of its picture.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/reference");
/// The marks before and after the tables.
const MARKS: [&str; 2] = ["<!-- cargo xtask bench --peers --write-docs -->\n", "<!-- end -->"];

/// Replaces the tables in `docs/src/reference/speed.md`, and `speed.svg` beside it.
///
/// # Errors
/// When either cannot be written, or the page has no place for the tables.
pub fn write(report: &Report) -> Result<()> {
    let page = Path::new(FOLDER).join("speed.md");
    let before = fs::read_to_string(&page).context("cannot read docs/src/reference/speed.md")?;
    let after =
        replaced(&before, &markdown(report)).context("docs/src/reference/speed.md has no marks")?;
    let picture = svg::svg(report)?;
    NewFile::write(&page, after.as_bytes())?;
    NewFile::write(&Path::new(FOLDER).join("speed.svg"), picture.as_bytes())
}

/// Returns `page` with `block` between the marks, or `None` if it has none.
pub fn replaced(page: &str, block: &str) -> Option<String> {
    let [begin, end] = MARKS;
    let (before, rest) = page.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some([before, begin, block, end, after].concat())
}

/// The tables.
pub fn markdown(report: &Report) -> String {
    let mut text = format!("Rounds: {}. Machine: {}.\n", report.rounds, report.machine.text());
    for table in &report.tables {
        let latency = table.rows.iter().any(|row| row.latency.is_some());
        let records = table.rows.iter().any(|row| row.record_len.is_some());
        _ = write!(text, "\n| {} |", table.title);
        for column in &table.columns {
            _ = write!(text, " of {column} |");
        }
        text += " a second | lowest - highest |";
        text += if latency { " half within | 99 in 100 within |" } else { "" };
        text += if records { " time of a record |" } else { "" };
        text += "\n|---|";
        text += &"---:|".repeat(table.columns.len() + 2 + 2 * usize::from(latency));
        text += if records { "---:|\n" } else { "\n" };
        for row in &table.rows {
            _ = write!(text, "| {} |", row.name);
            for ratio in &row.ratios {
                _ = write!(text, " {} |", text::ratio(*ratio));
            }
            let (median, range) = text::rate(row.rate, table.unit);
            _ = write!(text, " {median} | {range} |");
            if let Some(latency) = row.latency {
                let [p50, p99] = [latency.p50, latency.p99].map(text::number);
                _ = write!(text, " {p50} us | {p99} us |");
            }
            if let Some(len) = row.record_len {
                let nanos = f64::from(len) / row.rate.median * 1e9;
                _ = write!(text, " {} ns |", text::number(nanos));
            }
            text.push('\n');
        }
    }
    text
}
