//! What passes by in one direction, in words: which message or record a packet carries, and what it holds.

use framing::Cutter;
use framing::cutter::Cut;
use messages::{Span, tls13};
use stages::{Role, Stage};
use transcript::Direction;
use transcript::lines::statement;

/// Fields of a message that are named. No honest one has as many, and a comment has room for 65,535 bytes.
const NAMED: usize = 16;

/// Makes the comments on the packets of one direction.
pub struct Comments {
    stage: &'static Stage,
    direction: Direction,
    cutter: Cutter,
    /// Which record is under way, those of the handshake among them.
    index: u64,
    /// How many of its bytes have passed.
    passed: usize,
}

impl Comments {
    pub fn new(stage: &'static Stage, direction: Direction) -> Self {
        Self { stage, direction, cutter: stage.cutter(direction), index: 0, passed: 0 }
    }

    /// Takes the bytes of the next packet, and returns a line for each record, or part of one, among them.
    pub fn packet(&mut self, bytes: &[u8]) -> Vec<String> {
        let Self { stage, direction, .. } = *self;
        let mut left = bytes.len();
        let mut lines = Vec::new();
        self.cutter.push(bytes, |cut| match cut {
            Cut::Record { index, bytes: record } => {
                let part = match self.passed {
                    0 => String::new(),
                    passed => range(passed, record.len()),
                };
                let name = if stage.has_types() {
                    name_of_tls(stage, index, &record)
                } else {
                    name(stage, direction, index)
                };
                let fields = fields(stage, direction, index, &record);
                lines.push(format!("{part}{name}, {direction}, {fields}"));
                left -= record.len() - self.passed;
                (self.index, self.passed) = (index + 1, 0);
            }
            Cut::Loose(_) => {
                let what = if self.stage.has_records() { "in no record" } else { "as they are" };
                lines.push(format!("{}, {direction}, {what}", count(left)));
                (left, self.passed) = (0, 0);
            }
        });
        if left > 0 {
            let part = range(self.passed, self.passed + left);
            lines.push(format!("{part}{}, {direction}", name(stage, direction, self.index)));
            self.passed += left;
        }
        lines
    }

    /// Returns a line for the end of the stream, if that cuts a record.
    pub fn end(&self) -> Option<String> {
        let Self { stage, direction, index, passed, .. } = *self;
        let (name, cut) = (name(stage, direction, index), count(passed));
        (passed > 0).then(|| format!("{name}, {direction}, cut after {cut}"))
    }
}

/// `ClientHello`; `record 2, encrypted`. Which messages come, and how many, is up to the two.
fn name_of_tls(stage: &Stage, index: u64, record: &[u8]) -> String {
    match record.split_at_checked(stage.header().len()) {
        Some((_, message)) if stage.is_open(record) => tls13::name(message).to_owned(),
        _ => format!("record {index}, encrypted"),
    }
}

/// `ClientHello`, `record 0`
fn name(stage: &Stage, direction: Direction, index: u64) -> String {
    if stage.has_types() {
        return format!("record {index}");
    }
    match stage.message(direction, index) {
        Some(message) => message.name.to_owned(),
        None => format!("record {}", index.saturating_sub(stage.messages(direction))),
    }
}

/// `101 bytes: length 4, seq 8, nonce 12, ciphertext 61, tag 16`; of a message: `40 bytes: length 4, X25519 key 36`,
/// each field with its own tag and length.
fn fields(stage: &Stage, direction: Direction, index: u64, record: &[u8]) -> String {
    let mut lengths = Vec::new();
    for part in stage.split_at(direction, index, record).unwrap_or_default() {
        if part.field.role == Role::Message {
            let mut spans = messages::explain(part.bytes).spans;
            if stage.has_types() {
                spans = spans.into_iter().flat_map(opened).collect();
            }
            lengths.extend(spans.iter().take(NAMED).map(|span| named(span, part.bytes)));
            if spans.len() > NAMED {
                lengths.push("more fields".to_owned());
            }
        } else {
            lengths.push(format!("{} {}", part.field.name, part.bytes.len()));
        }
    }
    format!("{}: {}", count(record.len()), lengths.join(", "))
}

/// What the body of a message is made of; or what is no body, as it is.
fn opened(span: Span) -> Vec<Span> {
    if span.inside.is_empty() { vec![span] } else { span.inside }
}

/// `X25519 key 36`; `certificate 995 ("localhost", signed by "Intermediate CA")`
fn named(span: &Span, message: &[u8]) -> String {
    let value = span.inside.last().and_then(|value| {
        let bytes = message.get(value.offset..value.offset + value.len)?;
        statement(bytes)
    });
    let value = value.map(|statement| format!(" ({statement})")).unwrap_or_default();
    format!("{} {}{value}", span.name, span.len)
}

/// `bytes 4 to 6 of `
fn range(from: usize, to: usize) -> String {
    match to - from {
        1 => format!("byte {from} of "),
        _ => format!("bytes {from} to {} of ", to - 1),
    }
}

fn count(bytes: usize) -> String {
    format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" })
}
