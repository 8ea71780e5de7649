//! The summary of a run, three lines a message: who sends what, what the wire shows of it, and what its receiver
//! checks. What is derived from one thing stands in one line, and so do messages that are sent together.

use std::fmt::Write;

use framing::cutter::Cut;
use stages::{Part, Stage, field};

use crate::agreed::{self, Agreed};
use crate::certified::{sender, subject};
use crate::explained::Explained;
use crate::lines::{
    BAD, DIM, GOOD, Lines, PLAIN, field_style, fingerprint as shown, glimpse, glimpse_values,
    listed, width, wrapped_to,
};
use crate::wire::{Cutters, message, parts, readable};
use crate::{
    Direction, Event, EventKind, HandshakeMessage, Hex, Overview, Record, Role, Way, visible,
};

/// Tells the events of a run, one connection after the other.
#[derive(Debug, Default)]
pub struct Summary {
    /// The connection out of a capture that is told, if one is.
    explained: Option<(Explained, Overview)>,
    wire: Cutters,
    count: Count,
    together: Option<Together>,
    /// The fingerprints of each side's secrets at the current stage.
    client: Vec<Hex>,
    server: Vec<Hex>,
    /// Whom the client takes the server for at the current stage, and the server the client.
    believed: Option<String>,
    believed_by_server: Option<String>,
    /// What passed by in the clear and names the server.
    exposed: Option<String>,
    agreed: Agreed,
    /// The sides that have accepted the other's Finished, and those that have told anything.
    finished: Vec<Role>,
    told_by: Vec<Role>,
}

/// What one side has done, or what passed by, and is told in one line as soon as nothing can be added.
#[derive(Debug)]
struct Together {
    role: Role,
    of: Of,
    what: Vec<String>,
    /// Bytes on the wire, if it passed by.
    len: usize,
}

/// What may stand in one line.
#[derive(Debug, PartialEq, Eq)]
enum Of {
    /// Secrets or keys that were made from the same thing.
    Derived(String),
    /// Messages of the handshake that were sent.
    Messages,
    /// Encrypted records that passed by.
    Encrypted(Direction),
}

/// How many are told in one line: only a stranger's file has more.
const MAX_TOGETHER: usize = 8;
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
    /// Returns the lines of an event, styled with escape codes. What may stand in a line with what follows is told with
    /// the next event that is anything else, or by [`settle`](Self::settle).
    pub fn event(&mut self, event: &Event) -> String {
        if let EventKind::Captured { .. } = event.kind {
            self.explained = Some(<(Explained, Overview)>::default());
        }
        if let Some((explained, overview)) = &mut self.explained {
            overview.take(event);
            return explained.event(event);
        }
        let (stage, role) = (event.stage, event.role);
        if role != Role::Wire && !self.told_by.contains(&role) {
            self.told_by.push(role);
        }
        match &event.kind {
            EventKind::Handshake(message) => self.handshake(role, stage, message),
            EventKind::Derived { label, from, fingerprint, .. } => {
                self.derives(role, label, from, fingerprint.as_ref())
            }
            EventKind::Chunk { .. } | EventKind::End { .. } => self.passes(event),
            _ => self.settle() + &self.lines_of(event),
        }
    }

    /// Returns the line of what is held back to stand in one with more, if there is any.
    pub fn settle(&mut self) -> String {
        if let Some((explained, _)) = &mut self.explained {
            return explained.settle();
        }
        let Some(Together { role, of, mut what, len }) = self.together.take() else {
            return String::new();
        };
        if let Of::Encrypted(_) = of {
            return encrypted(&what, len);
        }
        let mut lines = Lines::of(role);
        if let Some((_, all_but_last)) = what.split_last_mut() {
            for piece in all_but_last {
                piece.push(',');
            }
        }
        let word = if of == Of::Messages { "sends" } else { "derives" };
        lines.summary(PLAIN, word, what.iter().map(|piece| (PLAIN, piece.as_str())));
        lines.text
    }

    /// Adds to what stands in one line. Returns the line before, if this begins another.
    fn add(&mut self, role: Role, of: Of, what: String, len: usize) -> String {
        let goes_on =
            |it: &Together| it.role == role && it.of == of && it.what.len() < MAX_TOGETHER;
        let before =
            if self.together.as_ref().is_some_and(goes_on) { String::new() } else { self.settle() };
        let together =
            self.together.get_or_insert_with(|| Together { role, of, what: Vec::new(), len: 0 });
        together.what.push(what);
        together.len += len;
        before
    }

    fn lines_of(&mut self, event: &Event) -> String {
        let (stage, mut lines) = (event.stage, Lines::of(event.role));
        match &event.kind {
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
            _ => {}
        }
        lines.text
    }

    /// A message of the handshake, as the one who sends it or receives it tells it.
    fn handshake(&mut self, role: Role, stage: &Stage, message: &HandshakeMessage) -> String {
        let HandshakeMessage { step, direction, message: bytes, checked, .. } = message;
        if stage.has_types() {
            let is_from_server = (role == Role::Server) == (*direction == Way::Sent);
            self.agreed.take(bytes, is_from_server);
        }
        if *direction == Way::Sent {
            return self.add(role, Of::Messages, step.clone(), 0);
        }
        // It means nothing, and that it was sent is told.
        if stage.has_types() && **bytes == [1] {
            return String::new();
        }
        let mut lines = Lines::of(role);
        accepts_message(&mut lines, stage, step, checked);
        self.believes(&mut lines, role, stage, bytes);
        if step == "Finished" && !self.finished.contains(&role) {
            self.finished.push(role);
        }
        self.settle() + &lines.text
    }

    /// A side has accepted a message, and takes its sender for whom the certificates in it are for.
    fn believes(&mut self, lines: &mut Lines, role: Role, stage: &Stage, message: &[u8]) {
        let name = match role {
            Role::Client => sender(message).map(|names| {
                // The certificate may be for more names: that it is for this one was checked.
                self.agreed.name.as_ref().map_or(names, |asked| format!("{asked:?}"))
            }),
            _ => subject(message).filter(|_| stage.has_types()),
        };
        let Some(name) = name else { return };
        lines.summary(GOOD, "believes", words(&format!("that it talks to {name}")));
        let believed =
            if role == Role::Client { &mut self.believed } else { &mut self.believed_by_server };
        *believed = Some(name);
    }

    fn derives(
        &mut self,
        role: Role,
        label: &str,
        from: &str,
        fingerprint: Option<&Hex>,
    ) -> String {
        let before = self.add(role, Of::Derived(from.to_owned()), label.to_owned(), 0);
        let Some(fingerprint) = fingerprint else { return before };
        if let Some(together) = &mut self.together {
            together.what.push(format!("fingerprint {}", shown(fingerprint)));
        }
        match role {
            Role::Client => self.client.push(fingerprint.clone()),
            Role::Server => self.server.push(fingerprint.clone()),
            Role::Wire | Role::KeyLog => {}
        }
        before
    }

    /// What anyone on the path sees.
    fn passes(&mut self, event: &Event) -> String {
        let (stage, mut text) = (event.stage, String::new());
        let mut wire = std::mem::take(&mut self.wire);
        wire.event(event, |direction, _, cut| {
            let is_message = message(stage, direction, cut).is_some();
            if is_message {
                self.exposed = exposed(stage, direction, cut).or(self.exposed.take());
            } else {
                self.count.passed += 1;
                self.count.readable += usize::from(readable(stage, cut).is_some());
            }
            text += &match cut {
                Cut::Record { bytes, .. } if stage.has_types() && !is_message => {
                    let within = bytes.len().saturating_sub(stage.record_overhead());
                    let of = Of::Encrypted(direction);
                    self.add(Role::Wire, of, within.to_string(), bytes.len())
                }
                _ => self.settle() + &seen(stage, direction, cut),
            };
        });
        self.wire = wire;
        text
    }

    /// Returns lines that say what came of the run so far at `stage`, and counts from zero again.
    pub fn conclusion(&mut self, stage: &Stage) -> String {
        let mut text = self.settle() + "\n";
        if let Some((_, overview)) = self.explained.take() {
            return text + &overview.conclusion();
        }
        let records = stage.has_data().then(|| self.records(stage));
        let exposed = self.exposed.take().map(|name| {
            format!(
                "anyone on the path reads the server's name, {}: {}",
                visible(&name),
                if stage.has_types() {
                    "the client asks for it in the clear"
                } else {
                    "its certificates travel in the clear"
                }
            )
        });
        let agreed = self.agreed.told().map(|told| visible(&told));
        let agreement = self.agreement(stage);
        for line in [records, exposed, agreed, agreement].into_iter().flatten() {
            _ = writeln!(text, "{}", textwrap::fill(&line, wrapped_to(width())));
        }
        text
    }

    /// Says whether both sides hold the same secrets. Nobody else can see that: each knows its own alone.
    fn agreement(&mut self, stage: &Stage) -> Option<String> {
        let sides = (std::mem::take(&mut self.client), std::mem::take(&mut self.server));
        let believed = [self.believed.take(), self.believed_by_server.take()];
        let finished = std::mem::take(&mut self.finished);
        let told_by = std::mem::take(&mut self.told_by);
        self.agreed = Agreed::default();
        let text = match sides {
            _ if stage.handshake.is_empty() => return None,
            _ if told_by.len() == 1 && finished == told_by => {
                let (told, silent) = match told_by.first() {
                    Some(Role::Client) => ("client", "server"),
                    _ => ("server", "client"),
                };
                let same = format!(
                    "the {silent} tells nothing itself, but the {told} accepts its Finished: both hold the same \
                     secret, and saw the same handshake."
                );
                return Some(format!("{same} {}", knowledge(&told_by, believed)));
            }
            (client, server) if client.is_empty() || server.is_empty() => {
                "the sides have not agreed on a secret"
            }
            (client, server) if client == server => {
                let same = "both fingerprints are equal: the sides hold the same secret.";
                let seen = if finished.len() == 2 {
                    " Each accepts the other's Finished: both saw the same handshake."
                } else {
                    ""
                };
                return Some(format!("{same}{seen} {}", knowledge(&told_by, believed)));
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
        let checked = match (stage.has(field::Role::Tag), stage.has_order()) {
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

/// Says which side knows with whom it holds a secret.
fn knowledge(told_by: &[Role], believed: [Option<String>; 2]) -> String {
    match believed.map(|name| name.as_deref().map(visible)) {
        [Some(server), client] => {
            let server = format!(
                "The client knows with whom: {server}, a name that a root of its own vouches for."
            );
            match client {
                Some(client) => format!("{server} The server knows too: {client}"),
                None => format!("{server} The server does not know"),
            }
        }
        [None, Some(client)] => format!("The server knows with whom: {client}"),
        [None, None] if told_by == [Role::Server] => {
            "The server does not know with whom".to_owned()
        }
        [None, None] => "That tells neither side with whom".to_owned(),
    }
}

/// A message of the handshake that its receiver has checked.
fn accepts_message(lines: &mut Lines, stage: &Stage, step: &str, checked: &[String]) {
    // Where there are many messages, that each has its form goes without saying.
    let form = usize::from(stage.has_types() && checked.len() > 1);
    let checked = checked.get(form..).unwrap_or_default();
    let mut named: Vec<_> = checked.iter().take(MAX_CHECKED).map(String::as_str).collect();
    if checked.len() > MAX_CHECKED {
        named.push("…");
    }
    let colon = if named.is_empty() { "" } else { ":" };
    lines.summary(GOOD, "accepts", words(&format!("{step}{colon} {}", named.join("; "))));
}

/// What the receiver checked.
fn accepts(lines: &mut Lines, stage: &Stage, record: &Record) {
    if !stage.has(field::Role::Tag) {
        let why = "unchecked: nothing here tells a genuine message from a changed one";
        return lines.summary(DIM, "accepts", words(why));
    }
    let seq = record.seq.map(|seq| format!("seq OK: {seq} is the one expected"));
    let tag = match seq {
        Some(_) => "tag OK: nothing was changed;",
        None if stage.has_order() => "tag OK: nothing was changed, and it is in its place",
        None => "tag OK: nothing was changed",
    };
    let words = words(tag).into_iter().chain(words(seq.as_deref().unwrap_or_default()));
    lines.summary(GOOD, "accepts", words);
}

/// Returns the line of encrypted records that passed by: the bytes within each, and all their bytes.
pub(crate) fn encrypted(lens: &[String], len: usize) -> String {
    let within = match lens {
        [len] => format!("encrypted: {len} bytes"),
        lens => format!("encrypted, in {} records: {} bytes", lens.len(), listed(lens)),
    };
    let mut lines = Lines::of(Role::Wire);
    lines.summary(DIM, &format!("{len} B"), words(&within));
    lines.text
}

/// Returns the line of a record that passed by, or of what stood in its place.
pub(crate) fn seen(stage: &Stage, direction: Direction, cut: &Cut) -> String {
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
            if stage.has_types() {
                let style = field_style(field::Role::Message);
                let words = agreed::glimpse(part.bytes);
                told.extend(words.split(' ').map(|word| (style, word.to_owned())));
            } else {
                told.extend(glimpse_values(part.bytes));
            }
            told
        }
        None => glimpse(&parts),
    };
    lines.summary(DIM, &len, told.iter().map(|(style, text)| (*style, text.as_str())));
    lines.text
}

/// Names the server, if a message that passed by does: in its certificates, or as the client asks for it.
fn exposed(stage: &Stage, direction: Direction, cut: &Cut) -> Option<String> {
    let carries_message = |part: &Part<'_>| part.field.role == field::Role::Message;
    let part = parts(stage, direction, cut).into_iter().find(carries_message)?;
    let asked_for = || agreed::asked_for(part.bytes).map(|name| format!("{name:?}"));
    if stage.has_types() { asked_for() } else { sender(part.bytes) }
}

pub(crate) fn words(text: &str) -> impl IntoIterator<Item = (anstyle::Style, &str)> {
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
