//! A run as one page for a browser: the client on the left, the server on the right, and between them
//! every message of the handshake and every record, field by field.
//!
//! The page is one file that loads nothing and runs no script. It is written as the events come in:
//! only records on their way are held in memory, and no more of them than are shown.

mod agreement;
pub mod attack;
mod connection;
mod explained;
mod fields;
mod glance;
mod message;
mod view;

use std::collections::VecDeque;
use std::io::{self, Write};

use askama::Template;
use stages::Stage;
use transcript::{Event, EventKind, HandshakeMessage, Hex, Record, Role, Way, visible};

use agreement::{Agreement, Derived};
use connection::{Belief, Connection, Course};
use explained::Explained;
use fields::Meanings;
use glance::{Glance, Line};
use view::{ClosingView, ExchangeView, FootView, HeadView, NoteView, StageView};

/// Messages and records of a stage that are shown. If there are more, the page says how many.
pub const SHOWN: u64 = 100;

/// Writes a run as a page. See the [module](self).
pub struct Page<W> {
    out: W,
    begun: bool,
    section: Option<Section>,
    /// The connection out of a capture that is under way.
    explained: Option<Explained>,
    /// Numbers given to rows in the sections before this one.
    rows: u64,
}

/// The part of the page that shows one stage.
struct Section {
    stage: &'static Stage,
    /// What is not written yet: the first row waits for the outcome of its record.
    waiting: VecDeque<Row>,
    shown: u64,
    notes: u64,
    /// Messages and records sent but not shown.
    more: u64,
    /// Numbers of rows given so far.
    rows: u64,
    /// What happened on this connection so far.
    connection: Connection,
    /// Secrets and keys of this connection that no row shows yet.
    agreement: Agreement,
    /// Fields of the messages that were shown.
    meanings: Meanings,
}

/// One line of the story.
enum Row {
    /// Something that happened at one side.
    Note { role: Role, text: String },
    /// A message or a record on its way.
    Exchange(Box<Exchange>),
    /// What both sides hold after the handshake.
    Agreement(Agreement),
    /// The handshake at a glance, in front of its messages.
    Glance(Glance),
}

/// A message of the handshake or a record, from its sender to its receiver.
struct Exchange {
    /// Unique on the page.
    id: u64,
    from: Role,
    name: Name,
    course: Course,
    /// Whether its sender, or its receiver, is a program that tells nothing of itself.
    is_foreign: [bool; 2],
    /// What was sent, if it was.
    sent: Option<Report>,
    arrival: Option<Arrival>,
}

/// Which message or record of its direction and connection it is.
struct Name {
    /// The message's name. Records have none.
    step: Option<String>,
    /// From 0; messages and records are counted apart.
    index: u64,
}

/// What one side says of what it sent or accepted.
struct Report {
    /// The payload of its record. `None` for a message in the same record as the one before it.
    payload: Option<Hex>,
    /// The message inside, if the record is encrypted and carries one.
    inside: Option<Hex>,
    /// `None` for a message: it is its own text.
    plaintext: Option<Hex>,
    seq: Option<u64>,
    /// The checks that a message passed.
    checked: Vec<String>,
}

/// What became of a message or a record.
enum Arrival {
    /// It passed every check.
    Accepted(Report, Belief),
    /// It, or what came in its place, was refused.
    Rejected { error: String, message: String, payload: Option<Hex> },
}

impl From<&Record> for Report {
    fn from(Record { seq, plaintext, record, .. }: &Record) -> Self {
        let (payload, plaintext) = (Some(record.clone()), Some(plaintext.clone()));
        Self { payload, inside: None, plaintext, seq: *seq, checked: Vec::new() }
    }
}

impl Report {
    /// A report of a message, which `is_sealed` or not.
    fn new(
        HandshakeMessage { message, record, checked, .. }: &HandshakeMessage,
        is_sealed: bool,
    ) -> Self {
        let (payload, inside) = if is_sealed {
            (record.clone(), Some(message.clone()))
        } else {
            (Some(message.clone()), None)
        };
        Self { payload, inside, plaintext: None, seq: None, checked: checked.clone() }
    }

    /// The message, if it is one.
    fn message(&self) -> Option<&Hex> {
        let is_message = self.plaintext.is_none();
        self.inside.as_ref().or(self.payload.as_ref()).filter(|_| is_message)
    }
}

impl<W: Write> Page<W> {
    /// Makes a page that is written to `out`, in many small pieces.
    pub fn new(out: W) -> Self {
        Self { out, begun: false, section: None, explained: None, rows: 0 }
    }

    /// Writes the next event of the run. Events come in causal order, one stage after the other.
    pub fn write(&mut self, event: &Event) -> io::Result<()> {
        if let EventKind::Captured { .. } = event.kind {
            self.end_section()?;
            self.explained = Some(Explained::new(event.stage));
        }
        if let Some(explained) = &mut self.explained {
            explained.take(event);
            return Ok(());
        }
        self.begin(None)?;
        if self.section.as_ref().is_none_or(|section| section.stage != event.stage) {
            self.end_section()?;
            StageView { stage: event.stage }.write_into(&mut self.out)?;
            self.section = Some(Section::new(event.stage, self.rows));
        }
        if let Some(section) = &mut self.section {
            section.take(event);
        }
        self.write_rows(Row::is_complete)
    }

    /// Completes the page.
    pub fn finish(mut self) -> io::Result<()> {
        self.end_section()?;
        self.begin(None)?;
        FootView.write_into(&mut self.out)?;
        self.out.flush()
    }

    fn begin(&mut self, session: Option<&str>) -> io::Result<()> {
        if !self.begun {
            HeadView { session }.write_into(&mut self.out)?;
            self.begun = true;
        }
        Ok(())
    }

    fn end_section(&mut self) -> io::Result<()> {
        if let Some(explained) = self.explained.take() {
            self.begin(Some(&explained.name()))?;
            explained.write_into(&mut self.out)?;
        }
        if let Some(section) = &mut self.section {
            section.show_agreement();
        }
        self.write_rows(|_| true)?;
        if let Some(Section { stage, shown, more, rows, meanings, .. }) = self.section.take() {
            self.rows = rows;
            ClosingView::new(stage, shown, more, &meanings).write_into(&mut self.out)?;
        }
        Ok(())
    }

    /// Writes the rows in front that are `ready`.
    fn write_rows(&mut self, ready: impl Fn(&Row) -> bool) -> io::Result<()> {
        let Some(section) = &mut self.section else { return Ok(()) };
        while section.waiting.front().is_some_and(&ready) {
            let Some(row) = section.waiting.pop_front() else { break };
            match row {
                Row::Note { role, text } => NoteView { role, text }.write_into(&mut self.out)?,
                Row::Exchange(exchange) => {
                    let view = ExchangeView::new(section.stage, &exchange);
                    section.meanings.add(view.carried());
                    view.write_into(&mut self.out)?;
                }
                Row::Agreement(agreement) => agreement.write_into(&mut self.out)?,
                Row::Glance(glance) => glance.write_into(&mut self.out)?,
            }
        }
        Ok(())
    }
}

impl Section {
    fn new(stage: &'static Stage, rows: u64) -> Self {
        Self {
            stage,
            waiting: VecDeque::new(),
            shown: 0,
            notes: 0,
            more: 0,
            rows,
            connection: Connection::default(),
            agreement: Agreement::default(),
            meanings: Meanings::default(),
        }
    }

    fn take(&mut self, event: &Event) {
        let role = event.role;
        if let EventKind::Connected { .. } = event.kind {
            self.show_agreement();
            if self.connection.has_heard(role) {
                self.connection = Connection::default();
            }
        }
        let connects = matches!(event.kind, EventKind::Connected { .. });
        if !matches!(event.kind, EventKind::Listening { .. }) {
            self.connection.hear(role, connects);
        }
        match &event.kind {
            EventKind::Listening { addr } => self.note(role, format!("listens on {addr}")),
            EventKind::Connected { peer } => {
                let way = if role == Role::Client { "to" } else { "from" };
                self.note(role, format!("connected {way} {peer}"));
            }
            EventKind::Handshake(message) => self.message(role, message),
            EventKind::Derived { label, from, direction, fingerprint } => {
                let label = visible(label);
                if let Some(direction) = direction {
                    self.connection.sealing.add(*direction, &label);
                }
                let (from, direction, fingerprint) =
                    (visible(from), *direction, fingerprint.clone());
                let derived = Derived { label, from, direction, fingerprint };
                self.agreement_under_way().add(role, derived);
            }
            EventKind::Sent(record) => {
                self.place_agreement();
                self.connection.tally(role).records_sent = record.index.saturating_add(1);
                let name = Name { step: None, index: record.index };
                let course = self.connection.course_of_record(self.stage, role);
                self.show(role, name, course, Some(record.into()), None);
            }
            EventKind::Received(record) => {
                let name = Name { step: None, index: record.index };
                self.arrived(role, name, || Arrival::Accepted(record.into(), Belief::Nobody));
            }
            EventKind::Rejected { index, step, error, message, record, .. } => {
                let name = Name { step: step.clone(), index: *index };
                self.arrived(role, name, || Arrival::Rejected {
                    error: error.clone(),
                    message: message.clone(),
                    payload: record.clone(),
                });
            }
            EventKind::Closed { clean, records_sent, records_received } => {
                self.place_agreement();
                let how = if *clean { "closed" } else { "closed after a failure" };
                let counts = format!("sent {records_sent}, received {records_received}");
                self.note(role, format!("{how}: {counts}"));
            }
            EventKind::Dropped { events } => {
                self.note(role, format!("{events} events are missing here"));
            }
            EventKind::Chunk { .. }
            | EventKind::End { .. }
            | EventKind::Captured { .. }
            | EventKind::Fragment { .. }
            | EventKind::Check { .. }
            | EventKind::Folded { .. }
            | EventKind::Missing { .. } => {}
        }
    }

    fn note(&mut self, role: Role, text: String) {
        if self.notes < SHOWN {
            self.notes += 1;
            self.waiting.push_back(Row::Note { role, text });
        }
    }

    /// A message, where it was sent or where it arrived.
    fn message(&mut self, role: Role, message: &HandshakeMessage) {
        let tally = self.connection.tally(role);
        let count = match message.direction {
            Way::Sent => &mut tally.messages_sent,
            Way::Received => &mut tally.messages_received,
        };
        let name = Name { step: Some(message.step.clone()), index: *count };
        *count += 1;
        let from = if message.direction == Way::Sent { role } else { peer_of(role) };
        // What a foreign program has sent is known by what arrives.
        let is_first_seen = message.direction == Way::Sent || !self.connection.has_heard(from);
        let is_sealed = self.connection.sees_sealed(self.stage, from, message);
        let mut course = Course::default();
        if is_first_seen {
            self.begin_glance();
            course = self.connection.course(self.stage, from, message, is_sealed);
        }
        let report = Report::new(message, is_sealed);
        let shown = match message.direction {
            Way::Sent => self.show(from, name, course, Some(report), None),
            Way::Received => {
                let belief = self.connection.belief(self.stage, from, message);
                if let Some(vouched) = self.connection.vouched(self.stage, from, message, &belief) {
                    self.agreement_under_way().vouch(vouched);
                }
                self.arrived_by(role, name, course, || Arrival::Accepted(report, belief))
            }
        };
        // In which order the events of two processes come is up to them.
        if role == Role::Client || self.connection.is_foreign(Role::Client) {
            self.glance_at(from, message, is_sealed, shown);
        }
    }

    /// Makes room for a picture in front of the handshake.
    fn begin_glance(&mut self) {
        let is_due = self.stage.has_types() && !self.connection.has_glance;
        if is_due && self.shown < SHOWN {
            self.connection.has_glance = true;
            self.waiting.push_back(Row::Glance(Glance::default()));
        }
    }

    /// Adds a message to it, which is shown in the row of this number.
    fn glance_at(
        &mut self,
        from: Role,
        message: &HandshakeMessage,
        is_sealed: bool,
        id: Option<u64>,
    ) {
        let exchange = self.waiting.iter().find_map(|row| match row {
            Row::Exchange(exchange) if Some(exchange.id) == id => Some(&**exchange),
            _ => None,
        });
        let Some(Exchange { id, course, .. }) = exchange else { return };
        let key = is_sealed.then(|| course.key.clone().unwrap_or_default());
        let (step, len) = (visible(&message.step), message.wire_len(self.stage));
        let line = Line { id: *id, from, step, len };
        let mut rows = self.waiting.iter_mut().rev();
        let glance = rows.find_map(|row| match row {
            Row::Glance(glance) if !glance.is_over => Some(glance),
            _ => None,
        });
        if let Some(glance) = glance {
            glance.add(line, &message.message, key, &self.connection.sealing);
        }
    }

    /// Joins what arrived at `to` with what was sent to it.
    fn arrived(&mut self, to: Role, name: Name, arrival: impl FnOnce() -> Arrival) {
        _ = self.arrived_by(to, name, Course::default(), arrival);
    }

    /// The same. The `course` is for a message of which its sender tells nothing. Returns the number of its row, if
    /// that is shown.
    fn arrived_by(
        &mut self,
        to: Role,
        name: Name,
        course: Course,
        arrival: impl FnOnce() -> Arrival,
    ) -> Option<u64> {
        let from = peer_of(to);
        let its_own = |exchange: &&mut Exchange| {
            exchange.from == from && exchange.name.is(&name) && exchange.arrival.is_none()
        };
        let exchanges = self.waiting.iter_mut().rev().filter_map(|row| match row {
            Row::Exchange(exchange) => Some(&mut **exchange),
            Row::Note { .. } | Row::Agreement(_) | Row::Glance(_) => None,
        });
        if let Some(exchange) = { exchanges }.find(its_own) {
            exchange.arrival = Some(arrival());
            Some(exchange.id)
        } else if name.index >= self.connection.tally(from).sent(&name) {
            self.show(from, name, course, None, Some(arrival()))
        } else {
            None
        }
    }

    /// Shows a row, as long as there is room, and returns its number.
    fn show(
        &mut self,
        from: Role,
        name: Name,
        course: Course,
        sent: Option<Report>,
        arrival: Option<Arrival>,
    ) -> Option<u64> {
        if self.shown < SHOWN {
            self.shown += 1;
            self.rows += 1;
            let is_foreign = [from, peer_of(from)].map(|role| self.connection.is_foreign(role));
            let id = self.rows;
            let exchange = Exchange { id, from, name, course, is_foreign, sent, arrival };
            self.waiting.push_back(Row::Exchange(Box::new(exchange)));
            Some(id)
        } else {
            self.more += 1;
            None
        }
    }

    /// Finds what both sides hold so far: in the row that waits for the other side, if there is one.
    fn agreement_under_way(&mut self) -> &mut Agreement {
        let placed = self.waiting.iter_mut().rev().find_map(|row| match row {
            Row::Agreement(agreement) if !agreement.is_over => Some(agreement),
            _ => None,
        });
        placed.unwrap_or(&mut self.agreement)
    }

    /// Puts what both sides hold so far behind everything that has happened.
    fn place_agreement(&mut self) {
        let mut agreement = std::mem::take(&mut self.agreement);
        if !agreement.is_empty() && self.notes < SHOWN {
            self.notes += 1;
            agreement.sealing = self.connection.sealing.clone();
            self.waiting.push_back(Row::Agreement(agreement));
        }
        for row in &mut self.waiting {
            if let Row::Glance(glance) = row {
                glance.end(&self.connection.sealing);
            }
        }
    }

    /// The connection is over: the sides hold no more than they hold now.
    fn show_agreement(&mut self) {
        self.place_agreement();
        for row in &mut self.waiting {
            if let Row::Agreement(agreement) = row {
                agreement.is_over = true;
            }
        }
    }
}

/// The side at the other end.
fn peer_of(role: Role) -> Role {
    if role == Role::Client { Role::Server } else { Role::Client }
}

impl Name {
    /// Whether it is the same message, or the same record.
    fn is(&self, other: &Self) -> bool {
        (self.step.is_some(), self.index) == (other.step.is_some(), other.index)
    }
}

impl Row {
    /// Returns whether nothing more that belongs into it can come.
    fn is_complete(&self) -> bool {
        match self {
            Self::Note { .. } => true,
            Self::Exchange(exchange) => exchange.arrival.is_some(),
            Self::Agreement(agreement) => agreement.is_complete(),
            Self::Glance(glance) => glance.is_over,
        }
    }
}
