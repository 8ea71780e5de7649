//! The summary of a run, three lines a message: who sends what, what the wire shows of it, and what its receiver
//! checks.

use framing::cutter::Cut;
use stages::{Stage, field};

use crate::lines::{BAD, DIM, GOOD, Lines, PLAIN, glimpse, hex, width, wrapped_to};
use crate::wire::{Cutters, message, parts, readable};
use crate::{Direction, Event, EventKind, HandshakeMessage, Record, Role, Way};

/// Tells the events of a run, one connection after the other.
#[derive(Debug, Default)]
pub struct Summary {
    wire: Cutters,
    count: Count,
}

/// The result of a run.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    sent: usize,
    accepted: usize,
    passed: usize,
    readable: usize,
}

impl Summary {
    /// Returns the lines of an event, styled with escape codes.
    pub fn event(&mut self, event: &Event) -> String {
        let (stage, mut lines) = (event.stage, Lines::of(event.role));
        match &event.kind {
            EventKind::Handshake(message) => handshake(&mut lines, message),
            EventKind::Derived { label, fingerprint, .. } => {
                let label = format!("the {label}");
                let fingerprint =
                    fingerprint.as_deref().map(|it| format!("(fingerprint {})", hex(it)));
                let told = words(&label).into_iter().map(|(style, word)| (style, word.to_owned()));
                let told: Vec<_> = told.chain(fingerprint.map(|it| (DIM, it))).collect();
                lines.summary(PLAIN, "makes", told.iter().map(|(style, it)| (*style, it.as_str())));
            }
            EventKind::Sent(record) => {
                self.count.sent += 1;
                let plaintext = lines.quoted_shortly(&record.plaintext);
                lines.summary(PLAIN, "sends", [(PLAIN, plaintext.as_str())]);
            }
            EventKind::Received(record) => {
                self.count.accepted += 1;
                accepts(&mut lines, stage, record);
            }
            EventKind::Rejected { error, message, .. } => {
                lines.summary(BAD, "refuses", words(&format!("{error}: {message}")));
            }
            EventKind::Closed { clean: false, .. } => {
                lines.summary(BAD, "closes", words("after a failure"));
            }
            EventKind::Dropped { events } => {
                lines.summary(BAD, "is cut", words(&format!("{events} events are missing here")));
            }
            EventKind::Chunk { .. } | EventKind::End { .. } => {
                let Self { wire, count } = self;
                wire.event(event, |direction, _, cut| {
                    if message(stage, direction, cut).is_none() {
                        count.passed += 1;
                        count.readable += usize::from(readable(stage, cut).is_some());
                    }
                    lines.text += &passes(stage, direction, cut);
                });
            }
            EventKind::Listening { .. }
            | EventKind::Connected { .. }
            | EventKind::Closed { .. } => {}
        }
        lines.text
    }

    /// Returns a line with the result of the run so far at `stage`, and counts from zero again.
    pub fn conclusion(&mut self, stage: &Stage) -> String {
        let Count { sent, accepted, passed, readable } = std::mem::take(&mut self.count);
        if !stage.has_data() {
            return "\nboth sides hold a secret, and nothing tells either with whom\n".to_owned();
        }
        let unit = if stage.has_records() { "records" } else { "messages" };
        let checked = match (stage.has(field::Role::Tag), stage.has(field::Role::Seq)) {
            (true, true) => "each unchanged and in its place",
            (true, false) => "each unchanged, though one may be a repetition",
            _ => "all unchecked",
        };
        let seen = if passed == 0 {
            String::new()
        } else {
            format!(
                "; readable on the wire: {}",
                match readable {
                    0 => "none".to_owned(),
                    all if all == passed => "all".to_owned(),
                    some => format!("{some} of {passed}"),
                }
            )
        };
        let text = format!("{sent} {unit} sent, {accepted} accepted, {checked}{seen}");
        format!("\n{}\n", textwrap::fill(&text, wrapped_to(width())))
    }
}

/// A message of the handshake, as the one who sends it or receives it tells it.
fn handshake(lines: &mut Lines, message: &HandshakeMessage) {
    let (word, style, rest) = match message.direction {
        Way::Sent => ("sends", PLAIN, String::new()),
        Way::Received => ("accepts", GOOD, format!(": {}", message.checked.join(", "))),
    };
    lines.summary(style, word, words(&format!("{}{rest}", message.step)));
}

/// What the receiver checked.
fn accepts(lines: &mut Lines, stage: &Stage, record: &Record) {
    if !stage.has(field::Role::Tag) {
        let why = "unchecked: nothing here tells a genuine message from a changed one";
        return lines.summary(DIM, "accepts", words(why));
    }
    let seq = record.seq.map(|seq| format!("seq OK: {seq} is the one expected"));
    let tag =
        if seq.is_some() { "tag OK: nothing was changed;" } else { "tag OK: nothing was changed" };
    let words = words(tag).into_iter().chain(words(seq.as_deref().unwrap_or_default()));
    lines.summary(GOOD, "accepts", words);
}

/// What anyone on the path sees.
fn passes(stage: &Stage, direction: Direction, cut: &Cut) -> String {
    let mut lines = Lines::of(Role::Wire);
    let (Cut::Record { bytes, .. } | Cut::Loose(bytes)) = cut;
    let len = format!("{} B", bytes.len());
    if let (Cut::Loose(_), Some(text)) = (cut, readable(stage, cut)) {
        let text = lines.quoted_shortly(text);
        lines.summary(DIM, &len, [(PLAIN, text.as_str())]);
        return lines.text;
    }
    if let Some(message) = message(stage, direction, cut) {
        let explained =
            bytes.get(stage.header().len()..).map(messages::explain).unwrap_or_default();
        let what: Vec<_> = explained.spans.iter().map(|span| span.name).collect();
        let text = format!("{}: {}, for all to read", message.name, what.join(", "));
        lines.summary(DIM, &len, words(&text));
        return lines.text;
    }
    let fields = glimpse(&parts(stage, direction, cut));
    lines.summary(DIM, &len, fields.iter().map(|(style, text)| (*style, text.as_str())));
    lines.text
}

fn words(text: &str) -> impl IntoIterator<Item = (anstyle::Style, &str)> {
    text.split_whitespace().map(|word| (PLAIN, word))
}
