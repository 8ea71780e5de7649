//! What is told of a recording: that it is told whole, and what is found in it.

use std::path::Path;
use std::process::Command;

use framing::Direction;
use transcript::event::Span;
use transcript::{Event, EventKind, Hex, Opened, Outcome, Role};

use super::found::Found;
use super::session::Session;

/// The header of a record, and what one that is encrypted has beside its content and padding: the inner type and a tag.
const HEADER: usize = 5;
const TYPE_AND_TAG: usize = 1 + 16;

/// A connection that was explained.
pub struct Explained {
    pub events: Vec<Event>,
    pub exit: Option<i32>,
    pub complaints: String,
}

/// Makes sure that what is found in each connection of a recording is what has to be. Of one that was made just now, the
/// ends are left out: whether a side's last word still passes by is a matter of luck.
pub fn assert_explained(folder: &Path, session: &Session, is_new: bool) {
    let told = explain(folder, session);
    for (number, (told, connection)) in (1..).zip(told.iter().zip(session.connections)) {
        let name = format!("{}, connection {number}", session.name);
        assert_eq!(told.exit, Some(0), "{name}: {}", told.complaints);
        let (mut expected, mut found) = (Found::expected(connection), told.found());
        if is_new {
            expected = expected.without_ends();
            found = found.without_ends();
        }
        assert_eq!(found.brief_as(&expected), expected, "{name}");
    }
}

/// Explains each connection of a recording.
pub fn explain(folder: &Path, session: &Session) -> Vec<Explained> {
    (1..=session.connections.len()).map(|it| explain_one(folder, session, it)).collect()
}

pub fn explain_one(folder: &Path, session: &Session, number: usize) -> Explained {
    let mut command = Command::new(env!("CARGO_BIN_EXE_explain"));
    command.arg(super::capture(folder, session)).arg("--json");
    for (option, kind) in [("--keylog", "keys"), ("--psk", "psks")] {
        command.args(
            super::secrets(folder, session, kind)
                .map(|path| [option.into(), path])
                .into_iter()
                .flatten(),
        );
    }
    command.args(["--connection", &number.to_string()]);
    command.arg("--roots").arg(folder.join("roots.pem"));
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let events = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    Explained {
        events: events.collect(),
        exit: output.status.code(),
        complaints: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What one side has sent since its last record passed by.
#[derive(Default)]
struct Side {
    /// The payload of the record, if it is encrypted, and its padding.
    sealed: Option<(Vec<u8>, usize)>,
    /// Bytes of the content that were told, and what they were.
    content: usize,
    told: Vec<String>,
    /// Bytes of a message that goes on in the next record.
    begun: usize,
    /// All that it has sent.
    sent: Vec<String>,
}

impl Side {
    fn tell(&mut self, what: &str, bytes: usize, sealed: Option<(Vec<u8>, usize)>) {
        if sealed.is_some() {
            assert!(self.told.is_empty(), "{what}: only the first of a record has its bytes");
            self.sealed = sealed;
        }
        self.content += bytes;
        self.told.push(what.to_owned());
    }

    /// A record passes by: every byte of it has to have been told.
    fn pass(&mut self, bytes: &[u8]) {
        let told = std::mem::take(&mut self.told);
        let (content, sealed) = (std::mem::take(&mut self.content), self.sealed.take());
        let is_record = bytes.get(3..HEADER).is_some_and(|len| {
            let len = u16::from_be_bytes(len.try_into().unwrap());
            bytes[1] == 3 && usize::from(len) == bytes.len() - HEADER
        });
        if told.is_empty() {
            self.sent.push(if is_record { "sealed" } else { "loose" }.to_owned());
            return;
        }
        assert!(is_record, "{told:?} in what is no record");
        let payload = &bytes[HEADER..];
        let len = match &sealed {
            Some((record, padding)) => {
                assert_eq!(record, payload, "{told:?}");
                content + TYPE_AND_TAG + padding
            }
            None => content,
        };
        assert_eq!(len, payload.len(), "{told:?}: bytes of the record that nobody names");
        self.sent.extend(told);
    }

    /// Names all that it sent; a run of the same but once.
    fn all(mut self) -> String {
        assert!(self.told.is_empty(), "{:?} never passed by", self.told);
        self.sent.dedup_by(|a, b| a == b && (a == "data" || a == "sealed" || a == "loose"));
        self.sent.join(" ")
    }
}

/// Makes sure that spans tile bytes from end to end, as do those inside of each.
fn assert_tiled(step: &str, spans: &[Span], from: usize, to: usize) {
    let mut at = from;
    for span in spans {
        assert_eq!(span.offset, at, "{step}: {}", span.name);
        assert!(!span.name.is_empty() && span.name != "rest", "{step}: bytes that nobody names");
        at += span.len;
        if !span.inside.is_empty() {
            assert_tiled(step, &span.inside, span.offset, at);
        }
    }
    assert_eq!(at, to, "{step}: bytes that nobody names");
}

impl Explained {
    /// Returns what is found in it, having made sure that it is told whole.
    pub fn found(&self) -> Found {
        let mut found = Found::default();
        let mut sides = [Side::default(), Side::default()];
        let mut events = self.events.iter();
        let first = events.next().unwrap_or_else(|| panic!("nothing told: {}", self.complaints));
        assert!(matches!(first.kind, EventKind::Captured { .. }), "{first:?}");
        for Event { role, kind, .. } in events {
            let side = &mut sides[usize::from(*role == Role::Server)];
            match kind {
                EventKind::Handshake(message) => {
                    assert_tiled(&message.step, &message.spans, 0, message.message.len());
                    let bytes = message.message.len() - std::mem::take(&mut side.begun);
                    side.tell(
                        &message.step,
                        bytes,
                        sealed(message.record.as_ref(), message.opened.as_ref()),
                    );
                    found.read(*role, &message.message);
                }
                EventKind::Fragment { step, bytes, record, opened, .. } => {
                    side.begun += bytes.len();
                    side.tell(
                        &format!("{step}.."),
                        bytes.len(),
                        sealed(record.as_ref(), opened.as_ref()),
                    );
                }
                EventKind::Sent(record) => {
                    let sealed = sealed(Some(&record.record), record.opened.as_ref());
                    side.tell("data", record.plaintext.len(), sealed);
                }
                EventKind::Chunk { direction, bytes, .. } => {
                    sides[usize::from(*direction == Direction::ToClient)].pass(bytes);
                }
                EventKind::Check { of, what, outcome, message } => {
                    let of = of.map(|of| format!("{of} ")).unwrap_or_default();
                    match outcome {
                        Outcome::Holds => found.holds.push(format!("{of}{what}")),
                        Outcome::Fails => panic!("{of}{what}: {message}"),
                        Outcome::NotMade => {
                            found.not_made.push(format!("{of}{what} not made: {message}"));
                        }
                    }
                }
                EventKind::Derived { .. } | EventKind::End { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        found.sent = sides.map(Side::all);
        found.holds.sort_unstable();
        found.not_made.sort_unstable();
        found
    }
}

/// The payload of a record that was opened, and its padding.
fn sealed(record: Option<&Hex>, opened: Option<&Opened>) -> Option<(Vec<u8>, usize)> {
    Some((record?.to_vec(), opened?.padding))
}
