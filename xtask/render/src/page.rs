//! A run as one page for a browser: the client on the left, the server on the right, and between them
//! every message of the handshake and every record, field by field.
//!
//! The page is one file that loads nothing and runs no script. It is written as the events come in:
//! only records on their way are held in memory, and no more of them than are shown.

mod agreement;
pub mod attack;
mod message;
mod view;

use std::collections::VecDeque;
use std::io::{self, Write};

use askama::Template;
use stages::Stage;
use transcript::certified::Keys;
use transcript::{Direction, Event, EventKind, HandshakeMessage, Hex, Record, Role, Way, visible};

use agreement::{Agreement, Derived, Vouched};
use view::{ClosingView, ExchangeView, FootView, HeadView, Meanings, NoteView, StageView};

/// Messages and records of a stage that are shown. If there are more, the page says how many.
pub const SHOWN: u64 = 100;

/// Writes a run as a page. See the [module](self).
pub struct Page<W> {
    out: W,
    begun: bool,
    section: Option<Section>,
    /// Rows written so far, to give each a name of its own.
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
    /// What the client did on this connection so far, and the server.
    client: Tally,
    server: Tally,
    /// Secrets and keys of this connection that no row shows yet.
    agreement: Agreement,
    /// The public keys that the client has sent and received on this connection.
    keys: Keys,
    /// Fields of the messages that were shown.
    meanings: Meanings,
}

/// Counts what one side did on a connection.
#[derive(Default)]
struct Tally {
    messages_sent: u64,
    messages_received: u64,
    records_sent: u64,
}

/// One line of the story.
enum Row {
    /// Something that happened at one side.
    Note { role: Role, text: String },
    /// A message or a record on its way.
    Exchange(Exchange),
    /// What both sides hold after the handshake.
    Agreement(Agreement),
}

/// A message of the handshake or a record, from its sender to its receiver.
struct Exchange {
    from: Role,
    name: Name,
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
    payload: Hex,
    /// `None` for a message: it is its own text.
    plaintext: Option<Hex>,
    seq: Option<u64>,
    /// The checks that a message passed.
    checked: Vec<String>,
}

/// What became of a message or a record.
enum Arrival {
    /// It passed every check.
    Accepted(Report),
    /// It, or what came in its place, was refused.
    Rejected { error: String, message: String, payload: Option<Hex> },
}

impl From<&Record> for Report {
    fn from(Record { seq, plaintext, record, .. }: &Record) -> Self {
        let (payload, plaintext) = (record.clone(), Some(plaintext.clone()));
        Self { payload, plaintext, seq: *seq, checked: Vec::new() }
    }
}

impl From<&HandshakeMessage> for Report {
    fn from(HandshakeMessage { message, checked, .. }: &HandshakeMessage) -> Self {
        let (payload, checked) = (message.clone(), checked.clone());
        Self { payload, plaintext: None, seq: None, checked }
    }
}

impl<W: Write> Page<W> {
    /// Makes a page that is written to `out`, in many small pieces.
    pub fn new(out: W) -> Self {
        Self { out, begun: false, section: None, rows: 0 }
    }

    /// Writes the next event of the run. Events come in causal order, one stage after the other.
    pub fn write(&mut self, event: &Event) -> io::Result<()> {
        self.begin()?;
        if self.section.as_ref().is_none_or(|section| section.stage != event.stage) {
            self.end_section()?;
            StageView { stage: event.stage }.write_into(&mut self.out)?;
            self.section = Some(Section::new(event.stage));
        }
        if let Some(section) = &mut self.section {
            section.take(event);
        }
        self.write_rows(Row::is_complete)
    }

    /// Completes the page.
    pub fn finish(mut self) -> io::Result<()> {
        self.begin()?;
        self.end_section()?;
        FootView.write_into(&mut self.out)?;
        self.out.flush()
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.begun {
            HeadView.write_into(&mut self.out)?;
            self.begun = true;
        }
        Ok(())
    }

    fn end_section(&mut self) -> io::Result<()> {
        if let Some(section) = &mut self.section {
            section.show_agreement();
        }
        self.write_rows(|_| true)?;
        if let Some(Section { stage, shown, more, meanings, .. }) = self.section.take() {
            ClosingView::new(stage, shown, more, &meanings).write_into(&mut self.out)?;
        }
        Ok(())
    }

    /// Writes the rows in front that are `ready`.
    fn write_rows(&mut self, ready: impl Fn(&Row) -> bool) -> io::Result<()> {
        let Some(section) = &mut self.section else { return Ok(()) };
        while section.waiting.front().is_some_and(&ready) {
            let Some(row) = section.waiting.pop_front() else { break };
            self.rows += 1;
            match row {
                Row::Note { role, text } => NoteView { role, text }.write_into(&mut self.out)?,
                Row::Exchange(exchange) => {
                    let view = ExchangeView::new(self.rows, section.stage, &exchange);
                    section.meanings.add(&view);
                    view.write_into(&mut self.out)?;
                }
                Row::Agreement(agreement) => agreement.write_into(&mut self.out)?,
            }
        }
        Ok(())
    }
}

impl Section {
    fn new(stage: &'static Stage) -> Self {
        Self {
            stage,
            waiting: VecDeque::new(),
            shown: 0,
            notes: 0,
            more: 0,
            client: Tally::default(),
            server: Tally::default(),
            agreement: Agreement::default(),
            keys: Keys::default(),
            meanings: Meanings::default(),
        }
    }

    fn take(&mut self, event: &Event) {
        let role = event.role;
        match &event.kind {
            EventKind::Listening { addr } => self.note(role, format!("listens on {addr}")),
            EventKind::Connected { peer } => {
                self.show_agreement();
                (self.client, self.server) = (Tally::default(), Tally::default());
                self.keys = Keys::default();
                let way = if role == Role::Client { "to" } else { "from" };
                self.note(role, format!("connected {way} {peer}"));
            }
            EventKind::Handshake(message) => self.message(role, message),
            EventKind::Derived { label, from, direction, fingerprint } => {
                self.agreement_under_way().add(
                    role,
                    Derived {
                        label: visible(label),
                        from: visible(from),
                        direction: *direction,
                        fingerprint: fingerprint.clone(),
                    },
                );
            }
            EventKind::Sent(record) => {
                self.place_agreement();
                self.tally(role).records_sent = record.index.saturating_add(1);
                let name = Name { step: None, index: record.index };
                self.show(Exchange { from: role, name, sent: Some(record.into()), arrival: None });
            }
            EventKind::Received(record) => {
                let name = Name { step: None, index: record.index };
                self.arrived(role, name, || Arrival::Accepted(record.into()));
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
            EventKind::Chunk { .. } | EventKind::End { .. } => {}
        }
    }

    fn note(&mut self, role: Role, text: String) {
        if self.notes < SHOWN {
            self.notes += 1;
            self.waiting.push_back(Row::Note { role, text });
        }
    }

    /// A message of the handshake, where it was sent or where it arrived.
    fn message(&mut self, role: Role, message: &HandshakeMessage) {
        let tally = self.tally(role);
        let count = match message.direction {
            Way::Sent => &mut tally.messages_sent,
            Way::Received => &mut tally.messages_received,
        };
        let name = Name { step: Some(message.step.clone()), index: *count };
        *count += 1;
        if role == Role::Client {
            self.vouch(message);
        }
        match message.direction {
            Way::Sent => {
                let sent = Some(message.into());
                self.show(Exchange { from: role, name, sent, arrival: None });
            }
            Way::Received => self.arrived(role, name, || Arrival::Accepted(message.into())),
        }
    }

    /// Keeps what the client knows by a message of who signs what.
    fn vouch(&mut self, message: &HandshakeMessage) {
        let HandshakeMessage { step, direction, message, .. } = message;
        match direction {
            Way::Sent => self.keys.pass(Direction::ToServer, message),
            Way::Received => {
                self.keys.pass(Direction::ToClient, message);
                let header_len = self.stage.header().len();
                let vouched = Vouched::new(&visible(step), message, header_len, &self.keys);
                if let Some(vouched) = vouched {
                    self.agreement_under_way().vouched = Some(vouched);
                }
            }
        }
    }

    /// Joins what arrived at `to` with what was sent to it.
    fn arrived(&mut self, to: Role, name: Name, arrival: impl FnOnce() -> Arrival) {
        let from = if to == Role::Server { Role::Client } else { Role::Server };
        let its_own = |exchange: &&mut Exchange| {
            exchange.from == from && exchange.name.is(&name) && exchange.arrival.is_none()
        };
        let exchanges = self.waiting.iter_mut().rev().filter_map(|row| match row {
            Row::Exchange(exchange) => Some(exchange),
            Row::Note { .. } | Row::Agreement(_) => None,
        });
        if let Some(exchange) = { exchanges }.find(its_own) {
            exchange.arrival = Some(arrival());
        } else if name.index >= self.tally(from).sent(&name) {
            self.show(Exchange { from, name, sent: None, arrival: Some(arrival()) });
        }
    }

    fn show(&mut self, exchange: Exchange) {
        if self.shown < SHOWN {
            self.shown += 1;
            self.waiting.push_back(Row::Exchange(exchange));
        } else {
            self.more += 1;
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
        let agreement = std::mem::take(&mut self.agreement);
        if !agreement.is_empty() && self.notes < SHOWN {
            self.notes += 1;
            self.waiting.push_back(Row::Agreement(agreement));
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

    fn tally(&mut self, role: Role) -> &mut Tally {
        if role == Role::Client { &mut self.client } else { &mut self.server }
    }
}

impl Name {
    /// Whether it is the same message, or the same record.
    fn is(&self, other: &Self) -> bool {
        (self.step.is_some(), self.index) == (other.step.is_some(), other.index)
    }
}

impl Tally {
    /// How many like this one were sent.
    fn sent(&self, name: &Name) -> u64 {
        if name.step.is_some() { self.messages_sent } else { self.records_sent }
    }
}

impl Row {
    /// Returns whether nothing more that belongs into it can come.
    fn is_complete(&self) -> bool {
        match self {
            Self::Note { .. } => true,
            Self::Exchange(exchange) => exchange.arrival.is_some(),
            Self::Agreement(agreement) => agreement.is_complete(),
        }
    }
}
