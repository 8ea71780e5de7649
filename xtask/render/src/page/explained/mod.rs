//! A connection out of a capture, explained: an overview first, then its keys, then every message and record.
//!
//! What is first on the page is known last, so that a connection is held in memory until it is over: no more of it than
//! is shown.

mod keys;
mod overview;
mod row;

use std::io::{self, Write};

use askama::Template;
use stages::Stage;
use transcript::lines::hex;
use transcript::schedule::{DERIVED, LEVELS};
use transcript::{Direction, Event, EventKind, HandshakeMessage, Opened, Outcome, Role, visible};

use super::connection::Connection;
use super::fields::{LONG, Meaning, Meanings};
use keys::Keys;
use overview::{Overview, time};
use row::{Row, RowView, SHOWN as SHOWN_OF_DATA, What, numbered};

/// Rows that are shown. Data is folded by whoever explains, so that an honest connection has fewer.
const SHOWN: usize = 300;
/// Records of a direction that are shown although nobody could open them.
const SHOWN_CLOSED: usize = 64;
/// Checks that are shown. Each message has one at most.
const CHECKS: usize = 64;

/// A connection out of a capture.
pub struct Explained {
    stage: &'static Stage,
    rows: Vec<Row>,
    /// Messages and records that are not shown.
    more: u64,
    /// Records that nobody could open, to the server and to the client.
    closed: [usize; 2],
    overview: Overview,
    keys: Keys,
    checks: Vec<Check>,
    connection: Connection,
}

/// Something that was checked, or could not be.
pub struct Check {
    of: Option<Role>,
    what: String,
    outcome: Outcome,
    message: String,
    /// The row of what was checked, if that is shown.
    row: Option<u64>,
}

/// The page's section about it.
#[derive(Template)]
#[template(path = "explained.html")]
struct View<'a> {
    it: &'a Explained,
    overview: &'a Overview,
    keys: &'a Keys,
    rows: Vec<RowView<'a>>,
    tables: Vec<(&'static str, Vec<Meaning>)>,
}

impl Explained {
    /// A connection that begins with this event.
    pub fn new(event: &Event) -> Self {
        Self {
            stage: event.stage,
            rows: Vec::new(),
            more: 0,
            closed: [0; 2],
            overview: Overview::new(&event.kind),
            keys: Keys::default(),
            checks: Vec::new(),
            connection: Connection::default(),
        }
    }

    /// Takes the next event.
    pub fn take(&mut self, event: &Event) {
        let role = event.role;
        match &event.kind {
            EventKind::Handshake(message) => self.message(role, message),
            EventKind::Fragment { step, bytes, record, opened, .. } => {
                let what = What::Fragment {
                    step: visible(step),
                    bytes: bytes.clone(),
                    record: record.clone(),
                };
                self.show(role, what, opened.as_ref(), Vec::new());
            }
            EventKind::Sent(record) => {
                self.overview.data(role, record.plaintext.len());
                let opened = record.opened.clone();
                self.show(role, What::Data(record.clone()), opened.as_ref(), Vec::new());
            }
            EventKind::Folded { direction, records, bytes } => {
                self.overview.folded(*direction, *records, *bytes);
                let what = What::Folded { records: *records, bytes: *bytes };
                self.show(Role::sender(*direction), what, None, Vec::new());
            }
            EventKind::Chunk { direction, micros, bytes } => self.passed(*direction, *micros, bytes),
            EventKind::Missing { direction, micros, bytes } => {
                let what = What::Missing { bytes: *bytes };
                self.show_at(*micros, Role::sender(*direction), what);
            }
            EventKind::End { direction, micros } => {
                self.overview.ended(Role::sender(*direction), *micros);
                self.show_at(*micros, Role::sender(*direction), What::End);
            }
            EventKind::Derived { label, from, direction, .. } => {
                let key = self.keys.add(&visible(label), visible(from), *direction);
                if let Some((row, key)) = self.rows.last_mut().zip(key) {
                    row.made.push(key);
                }
            }
            EventKind::Check { of, what, outcome, message } => {
                let row = self.rows.last().map(|row| row.id);
                let check = Check {
                    of: *of,
                    what: visible(what),
                    outcome: *outcome,
                    message: visible(message),
                    row,
                };
                if self.checks.len() < CHECKS || check.outcome == Outcome::Fails {
                    self.checks.push(check);
                }
            }
            _ => {}
        }
    }

    fn message(&mut self, role: Role, told: &HandshakeMessage) {
        let is_sealed = self.connection.sees_sealed(self.stage, role, told);
        let course = self.connection.course(self.stage, role, told, is_sealed);
        self.overview.message(role, told);
        let what = What::Message {
            step: visible(&told.step),
            message: told.message.clone(),
            record: told.record.clone(),
            is_sealed,
        };
        // Of several messages in a record, the first tells how that was opened.
        let shared = self.rows.last().filter(|row| row.micros.is_none() && row.from == role);
        let opened = told.opened.clone().or_else(|| shared?.opened.clone()).filter(|_| is_sealed);
        self.show(role, what, opened.as_ref(), course.over);
    }

    /// Something of a direction passed by: the record of what was told last, or one that nobody could open.
    fn passed(&mut self, direction: Direction, micros: u64, bytes: &[u8]) {
        let from = Role::sender(direction);
        self.overview.passed(from, micros, bytes.len());
        let mut waiting =
            self.rows.iter_mut().rev().take_while(|row| row.is_carried()).peekable();
        let mut is_told = false;
        for row in waiting.by_ref().take_while(|row| row.from == from && row.micros.is_none()) {
            row.micros = Some(micros);
            is_told = true;
        }
        if is_told || self.more > 0 {
            return;
        }
        let is_record = self.stage.split(bytes).is_some();
        let Some(closed) = self.closed.get_mut(direction as usize) else { return };
        if *closed >= SHOWN_CLOSED {
            self.more += 1;
            return;
        }
        *closed += 1;
        let what = if is_record { What::Closed(bytes.into()) } else { What::Loose(bytes.into()) };
        self.show_at(micros, from, what);
    }

    fn show_at(&mut self, micros: u64, from: Role, what: What) {
        if let Some(row) = self.show(from, what, None, Vec::new()) {
            row.micros = Some(micros);
        }
    }

    /// Shows a row, as long as there is room.
    fn show(
        &mut self,
        from: Role,
        what: What,
        opened: Option<&Opened>,
        over: Vec<String>,
    ) -> Option<&mut Row> {
        if self.rows.len() >= SHOWN {
            self.more += u64::from(what.is_carried());
            return None;
        }
        let id = self.rows.len() as u64 + 1;
        let row = Row::new(id, from, what, opened.cloned(), over);
        if let Some(opened) = opened {
            self.keys.open(&visible(&opened.key), &row);
        }
        self.rows.push(row);
        self.rows.last_mut()
    }

    /// Writes it.
    pub fn write_into(&self, out: &mut impl Write) -> io::Result<()> {
        let rows: Vec<_> = self.rows.iter().map(|row| RowView::new(self, row)).collect();
        let mut meanings = Meanings::default();
        rows.iter().for_each(|row| meanings.add(row.carried()));
        let records = self.stage.fields.iter().map(Meaning::of).collect();
        let mut tables =
            vec![("What the fields of a message are", meanings.0), ("What the fields of a record are", records)];
        tables.retain(|(_, meanings)| !meanings.is_empty());
        let view = View { it: self, overview: &self.overview, keys: &self.keys, rows, tables };
        view.write_into(out)
    }

    /// The checks of this outcome.
    fn checked(&self, outcome: Outcome) -> Vec<&Check> {
        self.checks.iter().filter(|check| check.outcome == outcome).collect()
    }

    /// The key that a check is made with.
    fn key_of(&self, check: &Check) -> Option<&keys::Key> {
        let row = self.rows.iter().find(|row| Some(row.id) == check.row)?;
        self.keys.find(&visible(&row.opened.as_ref()?.key))
    }

    fn failed(&self) -> Vec<&Check> {
        self.checked(Outcome::Fails)
    }

    /// Whether something was encrypted, and nothing of it was opened.
    fn is_seen_from_outside(&self) -> bool {
        self.closed.iter().any(|closed| *closed > 0) && self.rows.iter().all(|row| row.opened.is_none())
    }

    /// The records and messages in the order in which they passed by, under the key that protects them.
    fn bands(&self) -> Vec<Band<'_>> {
        let mut bands: Vec<Band> = Vec::new();
        for row in self.rows.iter().filter(|row| row.is_carried()) {
            let key = row.opened.as_ref().and_then(|opened| self.keys.find(&visible(&opened.key)));
            let is_closed = matches!(row.what, What::Closed(_));
            if bands.last().is_none_or(|band| band.key.map(|it| it.number) != key.map(|it| it.number) || band.is_closed != is_closed) {
                bands.push(Band { key, is_closed, lines: Vec::new() });
            }
            let Some(band) = bands.last_mut() else { continue };
            match band.lines.last_mut() {
                Some(line) if line.first.is_alike(row) => {
                    line.rows += 1;
                    line.len += row.wire_len(self.stage);
                }
                _ => band.lines.push(Line { first: row, rows: 1, len: row.wire_len(self.stage) }),
            }
        }
        bands
    }
}

/// Messages and records in a row under the same key.
struct Band<'a> {
    key: Option<&'a keys::Key>,
    is_closed: bool,
    lines: Vec<Line<'a>>,
}

/// A message, or records that are alike.
struct Line<'a> {
    first: &'a Row,
    rows: usize,
    len: usize,
}

impl Band<'_> {
    /// Its class in the style sheet.
    fn class(&self) -> &'static str {
        match self.key {
            Some(key) if key.is_first => "first",
            Some(_) => "later",
            None if self.is_closed => "shut",
            None => "open",
        }
    }
}

impl Line<'_> {
    fn title(&self) -> String {
        if self.rows == 1 { self.first.title() } else { format!("{} {}", self.rows, self.first.noun()) }
    }
}

impl Check {
    /// Its class in the style sheet.
    fn class(&self) -> &'static str {
        match self.outcome {
            Outcome::Holds => "passed",
            Outcome::Fails => "failed",
            Outcome::NotMade => "not-reached",
        }
    }

    /// The outcome, in a word or two.
    fn word(&self) -> &'static str {
        match self.outcome {
            Outcome::Holds => "OK",
            Outcome::Fails => "FAILS",
            Outcome::NotMade => "not made",
        }
    }
}
