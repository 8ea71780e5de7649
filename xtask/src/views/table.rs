//! A table, for people in a terminal or as Markdown.

use std::fmt::Write;

/// A table whose first row is its head.
#[derive(Debug)]
pub struct Table(Vec<Vec<String>>);

impl Table {
    /// A table with these columns, and no rows yet.
    pub fn new<S: Into<String>>(head: impl IntoIterator<Item = S>) -> Self {
        Self(vec![head.into_iter().map(Into::into).collect()])
    }

    /// Adds a row.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.0.push(cells.into_iter().map(Into::into).collect());
    }

    /// Returns whether it has no row but its head.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    /// As Markdown, or aligned for a terminal.
    pub fn shown(&self, markdown: bool) -> String {
        if markdown { self.markdown() } else { self.text() }
    }

    fn markdown(&self) -> String {
        let mut text = String::new();
        for (number, cells) in self.0.iter().enumerate() {
            _ = writeln!(text, "| {} |", cells.join(" | "));
            if number == 0 {
                text = text + "|" + &"---|".repeat(cells.len()) + "\n";
            }
        }
        text
    }

    fn text(&self) -> String {
        let columns = self.0.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| plain(cell).chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.0 {
            for (cell, width) in row.iter().zip(&widths) {
                _ = write!(text, "{:<width$}  ", plain(cell));
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }
}

/// A cell without Markdown's marks.
fn plain(cell: &str) -> String {
    cell.replace(['`', '*'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_aligned_for_a_terminal_and_marked_up_for_a_page() {
        let mut table = Table::new(["field", "length"]);
        assert!(table.is_empty());
        table.row(["`nonce`", "**16**"]);
        assert_eq!(table.shown(false), "field  length\nnonce  16\n");
        assert_eq!(table.shown(true), "| field | length |\n|---|---|\n| `nonce` | **16** |\n");
    }
}
