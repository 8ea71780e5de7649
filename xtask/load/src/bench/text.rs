//! The report for a terminal: ratios first, as bars and as numbers.

use std::fmt::Write;

use transcript::lines::{HEADING, WIDTH};

use super::plan::Unit;
use super::report::{Report, Row, Table};
use super::statistics::Spread;

/// Columns of the longest bar.
const BAR: usize = 12;
/// The meaning of the words in the tables.
const EXPLAINED: &str = "\
gathered: writes collected up to 256 KiB, as the stages do it; plain TCP and rustls send each as it
comes. opening: opening 16 KiB records in memory, and nothing else.
";
/// The whole report, in 100 columns, styled with escape codes.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    for table in &report.tables {
        write_table(&mut text, table);
        text.push('\n');
    }
    if report.tables.iter().any(|table| table.columns.iter().any(|column| column == "opening")) {
        text += EXPLAINED;
    }
    _ = writeln!(text, "Medians, the lowest and the highest. Rounds: {}.", report.rounds);
    text += &textwrap::fill(&report.machine.text(), WIDTH);
    text.push('\n');
    text
}

fn write_table(text: &mut String, table: &Table) {
    let longest = longest_ratio(table);
    _ = write!(text, "{HEADING}{:<width$}{HEADING:#}", table.title, width = 21 + BAR + 1);
    for column in &table.columns {
        _ = write!(text, " {:>10}", format!("of {column}").replace(" TCP", ""));
    }
    _ = write!(text, " {:>10} {:>13}", "a second", "low - high");
    text.push_str(match table.rows.first() {
        Some(Row { latency: Some(_), .. }) => "  p50 / p99",
        Some(Row { record_len: Some(_), .. }) => "  records",
        _ => "",
    });
    text.push('\n');
    for row in &table.rows {
        _ = write!(text, "{:<20} {:<BAR$} ", row.name, bar(row, longest));
        for ratio in &row.ratios {
            _ = write!(text, " {:>10}", self::ratio(*ratio));
        }
        let (median, range) = rate(row.rate, table.unit);
        _ = write!(text, " {median:>10} {range:>13}");
        if let Some(latency) = row.latency {
            _ = write!(text, "  {} / {} us", number(latency.p50), number(latency.p99));
        }
        if let Some(len) = row.record_len {
            let (value, prefix) = scaled(row.rate.median / f64::from(len));
            _ = write!(text, "  {} {prefix}/s", number(value));
        }
        text.push('\n');
    }
}

/// The longest bar of a table.
pub fn longest_ratio(table: &Table) -> f64 {
    table.rows.iter().map(shown_ratio).fold(f64::MIN_POSITIVE, f64::max)
}

/// Returns what a row's bar shows: its ratio to what the first column names.
pub fn shown_ratio(row: &Row) -> f64 {
    row.ratios.first().copied().flatten().map_or(0.0, |ratio| ratio.median)
}

/// A bar in eighths of a column.
fn bar(row: &Row, longest: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 8 BAR")]
    #[expect(clippy::cast_precision_loss, reason = "BAR is small")]
    let eighths = (shown_ratio(row) / longest * (8 * BAR) as f64).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    bar.extend(['▏', '▎', '▍', '▌', '▋', '▊', '▉'].get((eighths % 8).wrapping_sub(1)));
    bar
}

/// A median with its unit, and the lowest and the highest in the same unit.
pub fn rate(rate: Spread, unit: Unit) -> (String, String) {
    let (median, prefix) = scaled(rate.median);
    let scale = rate.median / median;
    let unit = match unit {
        Unit::Bytes => "B/s",
        Unit::Requests | Unit::Records | Unit::Handshakes | Unit::Signatures => "/s",
    };
    let range = format!("{} - {}", number(rate.low / scale), number(rate.high / scale));
    (format!("{} {prefix}{unit}", number(median)), range)
}

/// A number below 1000, and the prefix of its unit.
fn scaled(value: f64) -> (f64, &'static str) {
    match value {
        1e9.. => (value / 1e9, "G"),
        1e6.. => (value / 1e6, "M"),
        1e3.. => (value / 1e3, "k"),
        _ => (value, ""),
    }
}

/// The ratio of one row to another, to be read beside others.
pub fn ratio(ratio: Option<Spread>) -> String {
    match ratio {
        None => "-".to_owned(),
        Some(Spread { median, .. }) if median < 0.1 => format!("{median:.3}"),
        Some(Spread { median, .. }) => format!("{median:.2}"),
    }
}

/// A number with three digits, or with all of those before the point.
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}
