//! The summary of a run, three lines a message: who sends what, what the wire shows of it, and what its receiver
//! checks. What is derived from one thing stands in one line.

use std::fmt::Write;

use framing::cutter::Cut;
use stages::{Part, Stage, field};

use crate::certified::sender;
use crate::lines::{
    BAD, DIM, GOOD, Lines, PLAIN, fingerprint as shown, glimpse, glimpse_values, width, wrapped_to,
};
use crate::wire::{Cutters, message, parts, readable};
use crate::{Direction, Event, EventKind, HandshakeMessage, Hex, Record, Role, Way, visible};

/// Tells the events of a run, one connection after the other.
#[derive(Debug, Default)]
pub struct Summary {
    wire: Cutters,
    count: Count,
    derived: Option<Derived>,
    /// The fingerprints of each side's secrets at the current stage.
    client: Vec<Hex>,
    server: Vec<Hex>,
    /// Whom the client takes the server for at the current stage.
    believed: Option<String>,
    /// Whom the certificates that passed by in the clear are for.
    exposed: Option<String>,
}

/// Secrets or keys that one side has made from the same thing, and that are not told yet.
#[derive(Debug)]
struct Derived {
    role: Role,
    from: String,
    what: Vec<String>,
}

/// How many are told in one line: only a stranger's file has more.
const MAX_DERIVED: usize = 8;
/// Checks of a message that are named: only a stranger's file has more.
const MAX_CHECKED: usize = 8;

/// The result of a run.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    sent: usize,
    accepted: usize,
    passed: usize,
    readable: usize,
}

impl Summary {
    /// Returns the lines of an event, styled with escape codes. What is derived is told with the next event that is
    /// anything else, or by [`settle`](Self::settle).
    pub fn event(&mut self, event: &Event) -> String {
        let goes_on = |derived: &Derived| {
            let EventKind::Derived { from, .. } = &event.kind else { return false };
            derived.role == event.role && derived.from == *from && derived.what.len() < MAX_DERIVED
        };
        let before =
            if self.derived.as_ref().is_some_and(goes_on) { String::new() } else { self.settle() };
        before + &self.lines_of(event)
    }

    /// Returns the line of what was derived last, if it is not told yet.
    pub fn settle(&mut self) -> String {
        let Some(Derived { role, mut what, .. }) = self.derived.take() else {
            return String::new();
        };
        if let Some((_, all_but_last)) = what.split_last_mut() {
            for piece in all_but_last {
                piece.push(',');
            }
        }
        let mut lines = Lines::of(role);
        lines.summary(PLAIN, "derives", what.iter().map(|piece| (PLAIN, piece.as_str())));
        lines.text
    }

    fn lines_of(&mut self, event: &Event) -> String {
        let (stage, mut lines) = (event.stage, Lines::of(event.role));
        match &event.kind {
            EventKind::Handshake(message) => {
                handshake(&mut lines, message);
                if event.role == Role::Client && message.direction == Way::Received {
                    self.believes(&mut lines, &message.message);
                }
            }
            EventKind::Derived { label, from, fingerprint, .. } => {
                self.derives(event.role, label, from, fingerprint.as_ref());
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
                let Self { wire, count, exposed, .. } = self;
                wire.event(event, |direction, _, cut| {
                    if message(stage, direction, cut).is_none() {
                        count.passed += 1;
                        count.readable += usize::from(readable(stage, cut).is_some());
                    } else if let Some(name) = carried(stage, direction, cut) {
                        *exposed = Some(name);
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

    /// The client has accepted a message, and takes its sender for whom the certificates in it are for.
    fn believes(&mut self, lines: &mut Lines, message: &[u8]) {
        if let Some(name) = sender(message) {
            lines.summary(GOOD, "believes", words(&format!("that it talks to {name}")));
            self.believed = Some(name);
        }
    }

    fn derives(&mut self, role: Role, label: &str, from: &str, fingerprint: Option<&Hex>) {
        let derived = self.derived.get_or_insert_with(|| Derived {
            role,
            from: from.to_owned(),
            what: Vec::new(),
        });
        derived.what.push(label.to_owned());
        let Some(fingerprint) = fingerprint else { return };
        derived.what.push(format!("fingerprint {}", shown(fingerprint)));
        match role {
            Role::Client => self.client.push(fingerprint.clone()),
            Role::Server => self.server.push(fingerprint.clone()),
            Role::Wire => {}
        }
    }

    /// Returns lines that say what came of the run so far at `stage`, and counts from zero again.
    pub fn conclusion(&mut self, stage: &Stage) -> String {
        let mut text = self.settle() + "\n";
        let records = stage.has_data().then(|| self.records(stage));
        let exposed = self.exposed.take().map(|name| {
            format!(
                "anyone on the path reads the server's name, {}: its certificates travel in the clear",
                visible(&name)
            )
        });
        for line in records.into_iter().chain(exposed).chain(self.agreement(stage)) {
            _ = writeln!(text, "{}", textwrap::fill(&line, wrapped_to(width())));
        }
        text
    }

    /// Says whether both sides hold the same secrets. Nobody else can see that: each knows its own alone.
    fn agreement(&mut self, stage: &Stage) -> Option<String> {
        let sides = (std::mem::take(&mut self.client), std::mem::take(&mut self.server));
        let believed = self.believed.take();
        let text = match sides {
            _ if stage.handshake.is_empty() => return None,
            (client, server) if client.is_empty() || server.is_empty() => {
                "the sides have not agreed on a secret"
            }
            (client, server) if client == server => {
                let same = "both fingerprints are equal: the sides hold the same secret.";
                return Some(match believed {
                    Some(name) => format!(
                        "{same} The client knows with whom: {}, a name that a root of its own vouches for. The \
                         server does not know",
                        visible(&name)
                    ),
                    None => format!("{same} That tells neither side with whom"),
                });
            }
            _ => {
                "the fingerprints differ: each side holds a secret with someone else, and cannot see that"
            }
        };
        Some(text.to_owned())
    }

    /// Says what came of the records of data.
    fn records(&mut self, stage: &Stage) -> String {
        let Count { sent, accepted, passed, readable } = std::mem::take(&mut self.count);
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
        format!("{sent} {unit} sent, {accepted} accepted, {checked}{seen}")
    }
}

/// A message of the handshake, as the one who sends it or receives it tells it.
fn handshake(lines: &mut Lines, message: &HandshakeMessage) {
    let HandshakeMessage { step, direction, checked, .. } = message;
    match direction {
        Way::Sent => lines.summary(PLAIN, "sends", words(step)),
        Way::Received => {
            let mut named: Vec<_> = checked.iter().take(MAX_CHECKED).map(String::as_str).collect();
            if checked.len() > MAX_CHECKED {
                named.push("…");
            }
            lines.summary(GOOD, "accepts", words(&format!("{step}: {}", named.join("; "))));
        }
    }
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
    let parts = parts(stage, direction, cut);
    let carries_message = |part: &&Part<'_>| part.field.role == field::Role::Message;
    let told = match parts.iter().find(carries_message) {
        Some(part) => {
            let mut told = vec![(PLAIN, "in the clear:".to_owned())];
            told.extend(glimpse_values(part.bytes));
            told
        }
        None => glimpse(&parts),
    };
    lines.summary(DIM, &len, told.iter().map(|(style, text)| (*style, text.as_str())));
    lines.text
}

/// Whom the certificates in a message that passed by are for.
fn carried(stage: &Stage, direction: Direction, cut: &Cut) -> Option<String> {
    let carries_message = |part: &Part<'_>| part.field.role == field::Role::Message;
    parts(stage, direction, cut)
        .into_iter()
        .find(carries_message)
        .and_then(|part| sender(part.bytes))
}

fn words(text: &str) -> impl IntoIterator<Item = (anstyle::Style, &str)> {
    text.split_whitespace().map(|word| (PLAIN, word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stages::{PART3_DH, PART3_X25519};

    fn told(summary: &mut Summary, role: Role, kind: EventKind) -> String {
        let text = summary.event(&Event { role, stage: &PART3_X25519, kind });
        anstream::adapter::strip_str(&text).to_string()
    }

    fn derived(label: &str, from: &str, fingerprint: Option<[u8; 4]>) -> EventKind {
        EventKind::Derived {
            label: label.to_owned(),
            from: from.to_owned(),
            direction: None,
            fingerprint: fingerprint.map(|it| it.as_slice().into()),
        }
    }

    fn secret(fingerprint: [u8; 4]) -> EventKind {
        derived("shared secret", "X25519", Some(fingerprint))
    }

    fn closed() -> EventKind {
        EventKind::Closed { clean: true, records_sent: 0, records_received: 0 }
    }

    #[test]
    fn what_one_side_derives_from_one_thing_stands_in_one_line() {
        let mut summary = Summary::default();
        let text: String = [
            (Role::Server, secret([0xe4, 0x8a, 0xfe, 0xdf])),
            (Role::Server, derived("client write key", "HKDF", None)),
            (Role::Server, derived("server write key", "HKDF", None)),
            (Role::Client, derived("client write key", "HKDF", None)),
            (Role::Client, closed()),
        ]
        .into_iter()
        .map(|(role, kind)| told(&mut summary, role, kind))
        .collect();
        assert_eq!(
            text,
            "server │ derives  shared secret, fingerprint e48a fedf\n\
             server │ derives  client write key, server write key\n\
             client │ derives  client write key\n"
        );
        assert_eq!(told(&mut summary, Role::Client, derived("last", "HKDF", None)), "");
        assert_eq!(
            anstream::adapter::strip_str(&summary.settle()).to_string(),
            "client │ derives  last\n"
        );
        assert_eq!(summary.settle(), "");
    }

    #[test]
    fn keys_without_end_in_a_strangers_file_are_told_now_and_then() {
        let mut summary = Summary::default();
        let key = || derived("key", "HKDF", None);
        let lines: Vec<_> = (0..20).map(|_| told(&mut summary, Role::Client, key())).collect();
        assert_eq!(lines.iter().filter(|line| !line.is_empty()).count(), 2, "{lines:?}");
    }

    #[test]
    fn the_conclusion_compares_the_fingerprints_of_the_two_sides() {
        let equal = "both fingerprints are equal: the sides hold the same secret. That tells neither side with \
                     whom";
        let differ = "the fingerprints differ: each side holds a secret with someone else, and cannot see that";
        let none = "the sides have not agreed on a secret";
        for (client, server, expected) in [
            (&[[1; 4]][..], &[[1; 4]][..], equal),
            (&[[1; 4], [2; 4]], &[[1; 4], [2; 4]], equal),
            (&[[1; 4]], &[[2; 4]], differ),
            (&[[1; 4]], &[], none),
            (&[], &[], none),
        ] {
            let mut summary = Summary::default();
            for (role, fingerprints) in [(Role::Client, client), (Role::Server, server)] {
                for fingerprint in fingerprints {
                    told(&mut summary, role, secret(*fingerprint));
                }
            }
            let conclusion = summary.conclusion(&PART3_DH);
            assert_eq!(conclusion.lines().last(), Some(expected), "{conclusion}");
            // It begins again with the next stage.
            assert_eq!(summary.conclusion(&PART3_DH), format!("\n{none}\n"));
        }
    }

    #[test]
    fn a_message_of_many_values_is_shortened() {
        let message = [0xff, 0xff, 0, 0].repeat(100);
        let chunk = EventKind::Chunk {
            direction: Direction::ToServer,
            micros: 0,
            bytes: PART3_X25519.record(&message).as_slice().into(),
        };
        let text = told(&mut Summary::default(), Role::Wire, chunk);
        assert_eq!(text.matches("unknown field empty,").count(), 8, "{text}");
        assert!(text.ends_with("…\n"), "{text}");
    }
}
