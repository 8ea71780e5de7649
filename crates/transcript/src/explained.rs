//! The events of a connection out of a capture as a person reads them. What one side sends encrypted and in a row stands
//! in one line, what passed by of it in the next, and what a key log lets one check in a third.

use framing::cutter::Cut;

use crate::lines::{BAD, DIM, GOOD, Lines, PLAIN};
use crate::overview::{counted, verdict, what_of};
use crate::summary::{encrypted, seen, words};
use crate::wire::{Cutters, message};
use crate::within::{Place, Within};
use crate::{Direction, Event, EventKind, Outcome, Role};

/// How many are told in one line: only a stranger's file has more.
const MAX_TOGETHER: usize = 8;

/// Tells the events of a connection, a few lines each.
#[derive(Debug, Default)]
pub(crate) struct Explained {
    wire: Cutters,
    within: Within,
    /// The messages in the next record, as they are told.
    due: Vec<String>,
    flight: Option<Flight>,
    /// What a key log has, one after the other.
    known: Vec<String>,
}

/// What one side sends encrypted and in a row.
#[derive(Debug)]
struct Flight {
    role: Role,
    messages: Vec<String>,
    /// Bytes within each record, and of all of them.
    lens: Vec<String>,
    len: usize,
    /// What was checked and holds.
    checked: Vec<String>,
    /// The lines of what does not.
    unchecked: String,
}

impl Explained {
    /// Returns the lines of an event. What may stand in a line with what follows is told with a later one, or by
    /// [`settle`](Self::settle).
    pub(crate) fn event(&mut self, event: &Event) -> String {
        let mut lines = Lines::of(event.role);
        let place = self.within.event(event);
        match &event.kind {
            EventKind::Handshake(message) => {
                let rest = if place == Place::Rest { "the rest of " } else { "" };
                self.due.push(format!("{rest}{}", message.step));
                return String::new();
            }
            EventKind::Fragment { step, .. } => {
                // Of many parts the first is told, and the last.
                if place != Place::Rest {
                    self.due.push(format!("a part of {step}"));
                }
                return String::new();
            }
            EventKind::Sent(record) => {
                let told = lines.data_shortly(&record.plaintext);
                lines.summary(PLAIN, "sends", [(PLAIN, told.as_str())]);
            }
            EventKind::Derived { label, .. } => {
                let before =
                    if self.known.len() < MAX_TOGETHER { String::new() } else { self.settle() };
                self.known.push(label.clone());
                return before;
            }
            EventKind::Check { of, what, outcome, message } => {
                let flight = self.flight.as_mut().filter(|it| of.is_none_or(|of| of == it.role));
                match (flight, outcome) {
                    (Some(flight), Outcome::Holds) if flight.checked.len() < MAX_TOGETHER => {
                        flight.checked.push(what.clone());
                        return String::new();
                    }
                    (flight, outcome) => {
                        let (style, word) = verdict(*outcome);
                        let told = format!("{}: {message}", what_of(what, *of));
                        lines.summary(style, word, words(&told));
                        if let Some(flight) = flight {
                            flight.unchecked += &lines.text;
                            return String::new();
                        }
                    }
                }
            }
            EventKind::Folded { direction, records, bytes } => {
                self.wire.event(event, |_, _, _| {});
                lines.summary(DIM, "and", words(&folded(*direction, *records, *bytes)));
            }
            EventKind::Missing { direction, bytes, .. } => {
                lines.summary(BAD, "lacks", words(&missing(*direction, *bytes)));
            }
            EventKind::End { direction, .. } => {
                lines.summary(DIM, "ends", words(&format!("TCP, {direction}")));
            }
            _ => return self.passes(event),
        }
        self.settle() + &lines.text
    }

    fn passes(&mut self, event: &Event) -> String {
        let (stage, mut text) = (event.stage, String::new());
        let mut wire = std::mem::take(&mut self.wire);
        wire.event(event, |direction, _, cut| {
            let (role, messages) = (Role::sender(direction), std::mem::take(&mut self.due));
            let within = self.within.take();
            let Cut::Record { bytes, .. } = cut else {
                text += &self.settle();
                text += &seen(stage, direction, cut);
                return;
            };
            if message(stage, direction, cut).is_some() {
                text += &self.settle();
                text += &sends(role, &messages);
                text += &if within.is_cut() {
                    let mut lines = Lines::of(Role::Wire);
                    lines.summary(DIM, &format!("{} B", bytes.len()), words("in the clear"));
                    lines.text
                } else {
                    seen(stage, direction, cut)
                };
                return;
            }
            let goes_on = |it: &Flight| it.role == role && it.lens.len() < MAX_TOGETHER;
            if !self.known.is_empty() || !self.flight.as_ref().is_some_and(goes_on) {
                text += &self.settle();
            }
            let flight = self.flight.get_or_insert_with(|| Flight::of(role));
            flight.messages.extend(messages);
            flight.lens.push(bytes.len().saturating_sub(stage.record_overhead()).to_string());
            flight.len += bytes.len();
        });
        self.wire = wire;
        text
    }

    /// Returns the lines of what is held back to stand in one with more.
    pub(crate) fn settle(&mut self) -> String {
        let flight = self.flight.take().map_or_else(String::new, Flight::told);
        flight + &listed(Role::KeyLog, PLAIN, "knows", &std::mem::take(&mut self.known))
    }
}

impl Flight {
    fn of(role: Role) -> Self {
        let (messages, lens, checked) = Default::default();
        Self { role, messages, lens, len: 0, checked, unchecked: String::new() }
    }

    fn told(self) -> String {
        let Self { role, messages, lens, len, checked, unchecked } = self;
        let checked = listed(Role::KeyLog, GOOD, verdict(Outcome::Holds).1, &checked);
        sends(role, &messages) + &encrypted(&lens, len) + &checked + &unchecked
    }
}

fn sends(role: Role, messages: &[String]) -> String {
    listed(role, PLAIN, "sends", messages)
}

/// A line of names, or none if there are none.
fn listed(role: Role, style: anstyle::Style, word: &str, names: &[String]) -> String {
    let Some((last, before)) = names.split_last() else { return String::new() };
    let mut pieces: Vec<_> = before.iter().map(|name| format!("{name},")).collect();
    pieces.push(last.clone());
    let mut lines = Lines::of(role);
    lines.summary(style, word, pieces.iter().map(|piece| (PLAIN, piece.as_str())));
    lines.text
}

/// Says how many records there are that are not told one by one.
pub(crate) fn folded(direction: Direction, records: u64, bytes: u64) -> String {
    let bytes = counted(bytes, "byte");
    match records {
        0 => format!("{bytes} more that are no record, {direction}"),
        records => format!("{} with {bytes}, {direction}", counted(records, "more record")),
    }
}

/// Says that bytes are missing.
pub(crate) fn missing(direction: Direction, bytes: Option<u64>) -> String {
    let bytes = bytes.map_or_else(|| "bytes".to_owned(), |bytes| counted(bytes, "byte"));
    format!("{bytes}, {direction}: not in the capture")
}
