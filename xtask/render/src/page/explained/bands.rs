//! What is protected from where on: the messages and records of a connection by what they are under.

use transcript::visible;

use super::Explained;
use super::keys::Key;
use super::row::{Row, What};

/// Messages and records in a row that are protected alike.
pub struct Band<'a> {
    /// Its class in the style sheet.
    pub class: &'static str,
    pub keys: Vec<&'a Key>,
    pub lines: Vec<Line<'a>>,
}

/// A message, or records that are alike.
pub struct Line<'a> {
    pub first: &'a Row,
    pub key: Option<&'a Key>,
    rows: usize,
    pub len: u64,
}

impl Line<'_> {
    pub fn title(&self) -> String {
        if self.rows == 1 {
            self.first.title()
        } else {
            format!("{} {}", self.rows, self.first.noun())
        }
    }
}

impl Explained {
    /// Lists the records and messages in the order in which they passed by, under the keys that protect them.
    pub fn bands(&self) -> Vec<Band<'_>> {
        let mut bands: Vec<Band> = Vec::new();
        for row in self.rows.iter().filter(|row| row.is_carried()) {
            let key = row.opened.as_ref().and_then(|opened| self.keys.find(&visible(&opened.key)));
            let class = match key {
                Some(key) if key.is_first => "first",
                Some(_) => "later",
                None if matches!(row.what, What::Closed(_)) => "shut",
                None => "open",
            };
            if bands.last().is_none_or(|band| band.class != class) {
                bands.push(Band { class, keys: Vec::new(), lines: Vec::new() });
            }
            let Some(band) = bands.last_mut() else { continue };
            if let Some(key) = key.filter(|key| band.keys.iter().all(|it| it.number != key.number))
            {
                band.keys.push(key);
            }
            let len = row.wire_len(self.stage) as u64;
            if let Some(line) = band.lines.iter_mut().find(|line| line.first.is_alike(row)) {
                line.rows += 1;
                line.len += len;
            } else {
                band.lines.push(Line { first: row, key, rows: 1, len });
            }
        }
        bands
    }
}
