//! A connection out of a capture, explained: an overview first, then its keys, then every message and record.
//!
//! What is first on the page is known last, so that a connection is held in memory until it is over: no more of it than
//! is shown.

mod bands;
mod keys;
mod overview;
mod row;

use std::io::{self, Write};

use askama::Template;
use stages::Stage;
use transcript::lines::hex;
use transcript::schedule::{DERIVED, LEVELS};
use transcript::{Direction, Event, EventKind, HandshakeMessage, Opened, Outcome, Role, visible};

use super::connection::{Connection, to_peer};
use super::fields::{LONG, Meaning, Meanings};
use keys::Keys;
use overview::{Glance, bytes, time};
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
    /// Whether the record under way is one of these, to the server and to the client.
    left_out: [bool; 2],
    /// Records that nobody could open, to the server and to the client.
    closed: [usize; 2],
    glance: Glance,
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
    glance: &'a Glance,
    keys: &'a Keys,
    rows: Vec<RowView<'a>>,
    tables: Vec<(&'static str, Vec<Meaning>)>,
}

impl Explained {
    /// Begins a connection.
    pub fn new(stage: &'static Stage) -> Self {
        Self {
            stage,
            rows: Vec::new(),
            more: 0,
            left_out: [false; 2],
            closed: [0; 2],
            glance: Glance::default(),
            keys: Keys::default(),
            checks: Vec::new(),
            connection: Connection::default(),
        }
    }

    /// Takes the next event.
    pub fn take(&mut self, event: &Event) {
        let role = event.role;
        self.glance.take(event);
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
                let opened = record.opened.clone();
                self.show(role, What::Data(record.clone()), opened.as_ref(), Vec::new());
            }
            EventKind::Folded { direction, records, bytes } => {
                let what = What::Folded { records: *records, bytes: *bytes };
                self.show(Role::sender(*direction), what, None, Vec::new());
            }
            EventKind::Chunk { direction, micros, bytes } => {
                self.passed(*direction, *micros, bytes);
            }
            EventKind::Missing { direction, micros, bytes } => {
                let what = What::Missing { bytes: *bytes };
                self.show_at(*micros, Role::sender(*direction), what);
            }
            EventKind::End { direction, micros } => {
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

    /// Takes what passed by in a direction: the record of what was told last, or one that nobody could open.
    fn passed(&mut self, direction: Direction, micros: u64, bytes: &[u8]) {
        let from = Role::sender(direction);
        let is_waiting = |row: &&mut Row| row.is_carried() && row.micros.is_none();
        let waiting = self.rows.iter_mut().rev().take_while(is_waiting);
        let mut waiting: Vec<_> = waiting.filter(|row| row.from == from).collect();
        for row in &mut waiting {
            row.micros = Some(micros);
        }
        let is_told = !waiting.is_empty();
        // A record in the clear is mostly one message.
        let is_whole = |row: &Row| {
            matches!(row.what, What::Message { .. }) && row.wire_len(self.stage) == bytes.len()
        };
        let is_mixed = waiting.len() > 1 || !waiting.iter().all(|row| is_whole(row));
        if let Some(first) = waiting.last_mut().filter(|row| is_mixed && row.is_in_the_clear()) {
            first.raw = Some(bytes.into());
            for row in &mut waiting {
                row.is_mixed = true;
            }
        }
        let left_out = self.left_out.get_mut(direction as usize).map(std::mem::take);
        if is_told || left_out == Some(true) {
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
        if let Some(left_out) = self.left_out.get_mut(direction as usize) {
            *left_out = false;
        }
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
            if what.is_carried() {
                self.more += 1;
                if let Some(left_out) = self.left_out.get_mut(to_peer(from) as usize) {
                    *left_out = true;
                }
            }
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
        for row in &rows {
            meanings.add(row.carried());
        }
        let records = self.stage.fields.iter().map(Meaning::of).collect();
        let mut tables = vec![("In a message", meanings.0), ("In a record", records)];
        tables.retain(|(_, meanings)| !meanings.is_empty());
        let view = View { it: self, glance: &self.glance, keys: &self.keys, rows, tables };
        view.write_into(out)
    }

    /// Lists the checks, those that fail first, then those that were not made.
    fn checked(&self) -> Vec<&Check> {
        let outcomes = [Outcome::Fails, Outcome::NotMade, Outcome::Holds];
        let of = |outcome| self.checks.iter().filter(move |check| check.outcome == outcome);
        outcomes.into_iter().flat_map(of).collect()
    }

    /// Finds the key that a check is made with.
    fn key_of(&self, check: &Check) -> Option<&keys::Key> {
        let row = self.rows.iter().find(|row| Some(row.id) == check.row)?;
        self.keys.find(&visible(&row.opened.as_ref()?.key))
    }

    fn failed(&self) -> Vec<&Check> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Fails).collect()
    }

    /// Names it.
    pub fn name(&self) -> String {
        self.glance.name()
    }
}

impl Check {
    /// Returns its class in the style sheet.
    fn class(&self) -> &'static str {
        match self.outcome {
            Outcome::Holds => "passed",
            Outcome::Fails => "failed",
            Outcome::NotMade => "not-reached",
        }
    }

    /// Names the outcome, in a word or two.
    fn word(&self) -> &'static str {
        match self.outcome {
            Outcome::Holds => "OK",
            Outcome::Fails => "FAILS",
            Outcome::NotMade => "not made",
        }
    }
}
