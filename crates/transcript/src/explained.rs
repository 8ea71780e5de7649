//! The events of a connection out of a capture as a person reads them. What one side sends encrypted and in a row stands
//! in one line, what passed by of it in the next, and what is checked of it in a third.

use framing::cutter::Cut;

use crate::lines::{BAD, DIM, Lines, PLAIN};
use crate::overview::{counted, verdict, what_of};
use crate::summary::{encrypted, seen, words};
use crate::wire::{Cutters, message};
use crate::within::{Place, Within};
use crate::{Direction, Event, EventKind, Outcome, Role};

/// Names, or records, that are told in one line: only a stranger's file has more.
const MAX_TOGETHER: usize = 8;
/// Bytes of lines that are held back: only a stranger's file has more.
const MAX_HELD: usize = 16 * 1024;

/// Tells the events of a connection, a few lines each.
#[derive(Debug, Default)]
pub(crate) struct Explained {
    wire: Cutters,
    within: Within,
    /// The messages in the next record, as they are told.
    due: Vec<String>,
    flight: Option<Flight>,
    /// The sender of what passed by last.
    last: Option<Role>,
    /// The checks of it that hold.
    checked: Vec<String>,
    /// The party that made them, and the others.
    checked_by: Option<Role>,
    /// The lines of the checks that do not hold.
    unchecked: String,
    /// The secrets that a key log has, by their names, one after the other.
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
                let is_of_last = of.is_none() || *of == self.last;
                let named = if is_of_last { what.clone() } else { what_of(what, *of) };
                let is_by_another = self.checked_by.is_some_and(|by| by != event.role);
                let before = if is_by_another { self.settle() } else { String::new() };
                self.checked_by = Some(event.role);
                if *outcome == Outcome::Holds {
                    self.checked.push(named);
                } else {
                    let (style, word) = verdict(*outcome);
                    lines.summary(
                        style,
                        word,
                        words(&format!("{}: {message}", what_of(what, *of))),
                    );
                    self.unchecked += &lines.text;
                }
                let is_full =
                    self.checked.len() >= MAX_TOGETHER || self.unchecked.len() >= MAX_HELD;
                return if is_full { before + &self.settle() } else { before };
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
                let before = self.settle();
                self.last = Some(Role::sender(*direction));
                return before + &lines.text;
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
            let (Cut::Record { bytes, .. } | Cut::Loose(bytes)) = cut;
            if let Cut::Loose(_) = cut {
                let data = Lines::of(Role::Wire).data_shortly(bytes);
                text += &self.settle();
                text += &passed(bytes, &format!("no record: {data}"));
                self.last = Some(role);
                return;
            }
            if message(stage, direction, cut).is_some() {
                text += &self.settle();
                text += &sends(role, &messages);
                let told = match (within.is_cut(), within.is_untold()) {
                    (true, _) => Some("in the clear"),
                    (_, true) => Some("a record that is not explained"),
                    _ => None,
                };
                text += &match told {
                    Some(told) => passed(bytes, told),
                    None => seen(stage, direction, cut),
                };
                self.last = Some(role);
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
            self.last = Some(role);
        });
        self.wire = wire;
        text
    }

    /// Returns the lines of what is held back to stand in one with more.
    pub(crate) fn settle(&mut self) -> String {
        let flight = self.flight.take().map_or_else(String::new, Flight::told);
        let (good, ok) = verdict(Outcome::Holds);
        let by = self.checked_by.take().unwrap_or(Role::KeyLog);
        let checked = listed(by, good, ok, &std::mem::take(&mut self.checked));
        let known = listed(Role::KeyLog, PLAIN, "knows", &std::mem::take(&mut self.known));
        flight + &checked + &std::mem::take(&mut self.unchecked) + &known
    }
}

impl Flight {
    fn of(role: Role) -> Self {
        Self { role, messages: Vec::new(), lens: Vec::new(), len: 0 }
    }

    fn told(self) -> String {
        sends(self.role, &self.messages) + &encrypted(&self.lens, self.len)
    }
}

fn sends(role: Role, messages: &[String]) -> String {
    listed(role, PLAIN, "sends", messages)
}

/// Returns the line of bytes that passed by.
fn passed(bytes: &[u8], told: &str) -> String {
    let mut lines = Lines::of(Role::Wire);
    lines.summary(DIM, &format!("{} B", bytes.len()), words(told));
    lines.text
}

/// Returns a line of names, or none if there are none.
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
