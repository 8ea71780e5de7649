//! The picture: a bar per row, for the ratio to what the table's first column names.

use anyhow::Result;
use askama::Template;

use super::report::Report;
use super::text::{longest_ratio, ratio, shown_ratio};

/// Height of a row, and of the title above the rows, in pixels.
const ROW: usize = 18;
const TITLE: usize = 40;
/// Length of the longest bar, in pixels.
const BAR: f64 = 400.0;

#[derive(Template)]
#[template(path = "speed.svg")]
struct Picture {
    height: usize,
    machine: String,
    groups: Vec<Group>,
}

struct Group {
    y: usize,
    title: String,
    base: String,
    bars: Vec<Bar>,
}

struct Bar {
    y: usize,
    name: String,
    ours: bool,
    length: String,
    /// The place of the number.
    end: String,
    ratio: String,
}

/// Returns the tables that are to be drawn.
///
/// # Errors
/// Never: the template is complete.
pub fn svg(report: &Report) -> Result<String> {
    let mut y = 0;
    let mut groups = Vec::new();
    for table in report.tables.iter().filter(|table| table.pictured) {
        y += TITLE;
        let longest = longest_ratio(table);
        let mut group = Group {
            y: y - 12,
            title: table.title.clone(),
            base: table.columns.first().cloned().unwrap_or_default(),
            bars: Vec::new(),
        };
        for row in &table.rows {
            let length = BAR * shown_ratio(row) / longest;
            group.bars.push(Bar {
                y,
                name: row.name.clone(),
                ours: row.ours,
                length: format!("{length:.1}"),
                end: format!("{:.1}", 180.0 + length),
                ratio: ratio(row.ratios.first().copied().flatten()),
            });
            y += ROW;
        }
        groups.push(group);
    }
    Ok(Picture { height: y + 12, machine: report.machine.text(), groups }.render()?)
}
