//! A run as one page for a browser: the client on the left, the server on the right, and between them
//! every record, field by field.
//!
//! The page is one file that loads nothing and runs no script. It is written as the events come in:
//! only records on their way are held in memory, and no more of them than are shown.

pub mod attack;
mod view;

use std::collections::VecDeque;
use std::io::{self, Write};

use askama::Template;
use stages::Stage;
use transcript::{Event, EventKind, Record, Role, Way};

use view::{ClosingView, ExchangeView, FootView, HeadView, NoteView, StageView};

/// Records of a stage that are shown. If there are more, the page says how many.
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
    /// Records sent but not shown.
    more: u64,
    /// Records that the client sent on this connection so far, and the server.
    sent_by_client: u64,
    sent_by_server: u64,
}

/// One line of the story.
enum Row {
    /// Something that happened at one side.
    Note { role: Role, text: String },
    /// A record on its way.
    Exchange(Exchange),
}

/// A record, from its sender to its receiver.
struct Exchange {
    from: Role,
    index: u64,
    /// What was sent, if it was.
    sent: Option<Record>,
    arrival: Option<Arrival>,
}

/// What became of a record.
enum Arrival {
    /// It passed every check.
    Received(Record),
    /// It, or what came in its place, was refused.
    Rejected { error: String, message: String, payload: Option<Box<[u8]>> },
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
        self.write_rows(|_| true)?;
        if let Some(Section { stage, shown, more, .. }) = self.section.take() {
            ClosingView { stage, shown, more }.write_into(&mut self.out)?;
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
                Row::Exchange(exchange) => ExchangeView::new(self.rows, section.stage, &exchange)
                    .write_into(&mut self.out)?,
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
            sent_by_client: 0,
            sent_by_server: 0,
        }
    }

    fn take(&mut self, event: &Event) {
        let role = event.role;
        match &event.kind {
            EventKind::Listening { addr } => self.note(role, format!("listens on {addr}")),
            EventKind::Connected { peer } => {
                (self.sent_by_client, self.sent_by_server) = (0, 0);
                let way = if role == Role::Client { "to" } else { "from" };
                self.note(role, format!("connected {way} {peer}"));
            }
            EventKind::Handshake(message) => {
                let does = if message.direction == Way::Sent { "sends" } else { "accepts" };
                self.note(role, format!("{does} {}", message.step));
            }
            EventKind::Derived { label, .. } => self.note(role, format!("makes the {label}")),
            EventKind::Sent(record) => self.sent(role, record),
            EventKind::Received(record) => {
                self.arrived(role, record.index, || Arrival::Received(record.clone()));
            }
            EventKind::Rejected { index, error, message, record, .. } => {
                self.arrived(role, *index, || Arrival::Rejected {
                    error: error.clone(),
                    message: message.clone(),
                    payload: record.as_ref().map(|payload| payload.to_vec().into()),
                });
            }
            EventKind::Closed { clean, records_sent, records_received } => {
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

    fn sent(&mut self, from: Role, record: &Record) {
        *self.sent_by(from) = record.index.saturating_add(1);
        let sent = Some(record.clone());
        self.show(Exchange { from, index: record.index, sent, arrival: None });
    }

    /// Joins what arrived at `to` with what was sent to it.
    fn arrived(&mut self, to: Role, index: u64, arrival: impl FnOnce() -> Arrival) {
        let from = if to == Role::Server { Role::Client } else { Role::Server };
        let its_own = |exchange: &&mut Exchange| {
            (exchange.from, exchange.index) == (from, index) && exchange.arrival.is_none()
        };
        let exchanges = self.waiting.iter_mut().rev().filter_map(|row| match row {
            Row::Exchange(exchange) => Some(exchange),
            Row::Note { .. } => None,
        });
        if let Some(exchange) = { exchanges }.find(its_own) {
            exchange.arrival = Some(arrival());
        } else if index >= *self.sent_by(from) {
            self.show(Exchange { from, index, sent: None, arrival: Some(arrival()) });
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

    fn sent_by(&mut self, role: Role) -> &mut u64 {
        if role == Role::Client { &mut self.sent_by_client } else { &mut self.sent_by_server }
    }
}

impl Row {
    /// Returns whether nothing more that belongs into it can come.
    fn is_complete(&self) -> bool {
        !matches!(self, Self::Exchange(Exchange { arrival: None, .. }))
    }
}
