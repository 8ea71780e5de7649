//! A story in words: the text that a terminal and a page share.

use std::borrow::Cow;

use framing::Header;
use stages::{Field, PART5_TLS13, Role, Stage, handshake};
use transcript::Hex;
use transcript::lines;
use transcript::lines::listed;

use super::{Act, Belief, Change, Deed, Leaf, Message, Said, Story, Who};
use crate::lab::verdict::Verdict;

/// One thing that someone does or has.
#[derive(Debug)]
pub struct Line<'s> {
    /// The tone.
    pub tone: Tone,
    /// The action, in a word. Empty if it stands above.
    pub word: Cow<'s, str>,
    /// The objects of the action.
    pub content: Content<'s>,
}

/// An act, and the lines to show for it.
pub type Told<'s> = (&'s Act, Vec<Line<'s>>);

/// The tone of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Neutral.
    Plain,
    /// A check passed, or stopped something.
    Good,
    /// Something happens that should not.
    Bad,
    /// It matters less.
    Quiet,
}

/// The object of an action.
#[derive(Debug)]
pub enum Content<'s> {
    /// Words.
    Words(Cow<'s, str>),
    /// A text, and a remark on it.
    Text {
        /// The text.
        text: &'s [u8],
        /// The text to compare it with.
        other: Option<&'s [u8]>,
        /// The remark.
        note: Option<String>,
    },
    /// A record, as its fields.
    Fields {
        /// Words in front of them.
        before: String,
        /// The stage whose layout it is read with.
        stage: &'static Stage,
        /// The record.
        bytes: &'s [u8],
    },
    /// A field, and its replacement.
    Change {
        /// Both.
        change: &'s Change,
        /// The field.
        field: &'static Field,
        /// The remark on the replacement.
        becomes: &'static str,
    },
}

impl Story {
    /// Returns the acts by connection, each with the lines to show for it. A connection that is
    /// left and resumed appears twice.
    pub fn scenes<'s>(&'s self, acts: &'s [Act]) -> Vec<(usize, Vec<Told<'s>>)> {
        let mut scenes: Vec<(usize, Vec<Told>)> = Vec::new();
        let mut refused = Vec::new();
        for act in acts {
            if let Deed::Refuses { .. } = act.deed {
                refused.push((act.connection, act.who));
            }
            let is_late = refused.contains(&(act.connection, Who::Server));
            if matches!(act.deed, Deed::Ends { to: Who::Server }) && is_late {
                continue;
            }
            let told = (act, self.lines(act, is_late));
            match scenes.last_mut() {
                Some((connection, scene)) if *connection == act.connection => scene.push(told),
                _ => scenes.push((act.connection, vec![told])),
            }
        }
        scenes
    }

    /// Returns the lines to show for an act, after the server has refused something or before.
    fn lines<'s>(&'s self, act: &'s Act, is_late: bool) -> Vec<Line<'s>> {
        match &act.deed {
            Deed::Sends { plaintext, .. } => vec![text("sends", plaintext)],
            Deed::Wants { .. }
            | Deed::SendsHello { .. }
            | Deed::AcceptsHello { .. }
            | Deed::Derives { .. }
            | Deed::Agree { .. }
            | Deed::SendsAlert { .. }
            | Deed::AcceptsAlert { .. }
            | Deed::GetsNoHello { .. } => self.handshake(act),
            Deed::PassesOn { message, bytes } => {
                self.message("passes on", *message, bytes).into_iter().collect()
            }
            Deed::Takes { message, bytes, kept } => {
                let keeps = || {
                    let what = self.name_of_message(*message);
                    words("keeps", format!("{what}: it goes nowhere"))
                };
                let takes = self.message("takes", *message, bytes);
                takes.into_iter().chain(kept.then(keeps)).collect()
            }
            Deed::Learns { text } => vec![bad(words("learns", text))],
            Deed::Holds { millis } => vec![words("waits", format!("{millis} ms"))],
            Deed::Compares { changes } => self.changes(changes, "other"),
            Deed::Computes { values } => {
                let value = |value: &'s super::Value| {
                    [words(&*value.name, &value.value), quiet(words("", &value.from))]
                };
                values.iter().flat_map(value).collect()
            }
            Deed::Puts { message, to, bytes, changes, .. } if is_other_hello(changes) => {
                let what = hello(self.name_of_hello(*message).unwrap_or_default(), bytes);
                let whom = self.the(*to, act.connection);
                vec![words("sends", format!("{whom} another one: {what}"))]
            }
            Deed::Makes { .. } => self.makes(act),
            Deed::GetsKeys { identity } => {
                let too = if *identity { ": the server's identity key too" } else { "" };
                let gets = "every key that was there beforehand, when everyone is gone";
                let gets = words("gets", format!("{gets}{too}"));
                let is_closed = self.verdict == Verdict::Refused;
                let opens = is_closed.then(|| words("opens", "nothing with any of them"));
                [gets].into_iter().chain(opens).collect()
            }
            Deed::Puts { message, to, bytes, again, changes } => {
                let what = if changes.is_empty() {
                    self.name_of_message(*message)
                } else {
                    format!("these {} B", bytes.len())
                };
                let whom = self.the(*to, act.connection);
                let once_more = if *again { ", once more" } else { "" };
                let is_late = is_late && *to == Who::Server;
                let late = if is_late { ", which has closed the connection" } else { "" };
                let sends = words("sends", format!("{what} to {whom}{once_more}{late}"));
                let mut lines = self.changes(changes, "becomes");
                lines.push(sends);
                lines
            }
            Deed::Ends { to } => vec![words("ends", ending(*to))],
            Deed::Accepts { seq, plaintext, instead_of, bytes, .. } => {
                let stage = self.stage_of(act.who);
                let reads = stage.filter(|_| self.is_misled()).map(|stage| {
                    let content = Content::Fields { before: "it as".to_owned(), stage, bytes };
                    Line { tone: Tone::Plain, word: "reads".into(), content }
                });
                let other = instead_of.as_deref();
                let accepts = Line {
                    tone: if other.is_some() { Tone::Bad } else { Tone::Plain },
                    word: "accepts".into(),
                    content: Content::Text { text: plaintext, other, note: None },
                };
                let checks = stage.map(|stage| checks(stage, *seq));
                reads.into_iter().chain([accepts]).chain(checks).collect()
            }
            Deed::Refuses { index, step, check, message } => {
                let refused = step.clone().unwrap_or_else(|| format!("record {index}"));
                let why = match message.strip_prefix(&format!("{refused} refused: ")) {
                    Some(why) => format!("{refused}, {check}: {why}"),
                    None => format!("{check}: {message}"),
                };
                vec![Line { tone: Tone::Good, ..words("refuses", why) }]
            }
            Deed::Answers { answers, accepted } => {
                vec![words("answers", self.answers(act, *answers, *accepted))]
            }
            Deed::GetsNoAnswer { sent, answered } => {
                let how = match (sent, answered) {
                    (1, _) => "in vain for an answer".to_owned(),
                    (_, 0) => format!("in vain for {sent} answers"),
                    _ => format!("in vain for {} more of {sent} answers", sent - answered),
                };
                vec![words("waits", how)]
            }
            Deed::EndsWell { received } => {
                let how = format!("well, after {received}: nothing tells it that there was more");
                vec![bad(words("ends", how))]
            }
        }
    }

    /// What is to be said of an act of the handshake.
    fn handshake<'s>(&'s self, act: &'s Act) -> Vec<Line<'s>> {
        match &act.deed {
            Deed::Wants { name } => vec![words("wants", name)],
            Deed::SendsHello { step, .. } => vec![words("sends", step)],
            Deed::AcceptsHello { step, checked, is_changed, .. } => {
                let accepts = if *is_changed {
                    let sender = if act.who == Who::Server { Who::Client } else { Who::Server };
                    let sender = self.the(sender, act.connection);
                    bad(words("accepts", format!("a {step} that {sender} has not sent")))
                } else {
                    words("accepts", step)
                };
                let checks = Line { tone: Tone::Good, ..words("", checked.join("; ")) };
                vec![accepts, checks]
            }
            Deed::Derives { label, fingerprint, .. } => {
                let fingerprint = fingerprint.as_deref().map(of_fingerprint);
                let makes = [format!("the {label}")].into_iter().chain(fingerprint);
                vec![words("makes", makes.collect::<Vec<_>>().join(" "))]
            }
            Deed::Agree { steps, fingerprint } => {
                let steps: Vec<_> = steps.iter().map(String::as_str).collect();
                let (steps, of) = (listed(&steps), of_fingerprint(fingerprint));
                vec![words("agrees", format!("on a secret, by {steps} {of}"))]
            }
            Deed::SendsAlert { alert, .. } => vec![words("says", alert)],
            Deed::AcceptsAlert { alert, .. } => vec![words("is told", alert)],
            Deed::GetsNoHello { step } => vec![words("waits", format!("in vain for a {step}"))],
            _ => Vec::new(),
        }
    }

    /// What is to be said of a message that the attacker made.
    fn makes<'s>(&'s self, act: &'s Act) -> Vec<Line<'s>> {
        let Deed::Makes { step, to, plaintext, instead_of, bytes, .. } = &act.deed else {
            return Vec::new();
        };
        let whom = self.the(*to, act.connection);
        if let Some(step) = step {
            let what = hello(step, bytes);
            return vec![words("sends", format!("{whom} one of its own: {what}"))];
        }
        let len = bytes.len();
        let seals = plaintext.as_deref().map(|text| {
            let content = Content::Text { text, other: instead_of.as_deref(), note: None };
            Line { tone: Tone::Bad, word: "seals".into(), content }
        });
        let how = format!("it to {whom}: {len} B under the key that {whom} expects");
        seals.into_iter().chain([words("sends", how)]).collect()
    }

    fn answers(&self, act: &Act, answers: usize, accepted: usize) -> String {
        let client = self.the(Who::Client, act.connection);
        let times = match answers {
            1 => "and",
            2 => "twice, and",
            _ => &format!("{answers} times, and"),
        };
        match (answers, accepted) {
            (1, 1) => format!("{times} {client} accepts it"),
            (_, 0) => format!("{times} {client} does not listen any more"),
            (2, 2) => format!("{times} {client} accepts both"),
            (all, some) if all == some => format!("{times} {client} accepts all"),
            (_, 1) => format!("{times} {client} accepts the first, as it waits for no other"),
            (_, some) => {
                format!("{times} {client} accepts the first {some}, as it waits for no other")
            }
        }
    }

    /// A message on the wire, as anyone on the path sees it.
    fn message<'s>(
        &self,
        word: &'static str,
        message: Message,
        bytes: &'s [u8],
    ) -> Option<Line<'s>> {
        let stage = self.stage_of(Who::Attacker)?;
        let content = if let Some(name) = self.name_of_hello(message) {
            Content::Words(format!("{} B: {}", bytes.len(), hello(name, bytes)).into())
        } else if stage.has_records() {
            Content::Fields { before: format!("{} B:", bytes.len()), stage, bytes }
        } else {
            Content::Text { text: bytes, other: None, note: None }
        };
        Some(Line { tone: Tone::Plain, word: word.into(), content })
    }

    fn changes<'s>(&self, changes: &'s [Change], becomes: &'static str) -> Vec<Line<'s>> {
        let fields = self.stage_of(Who::Attacker).map(|stage| stage.fields).unwrap_or_default();
        let changes = changes.iter().filter_map(|change| {
            let field = fields.iter().find(|field| field.name == change.field)?;
            let content = Content::Change { change, field, becomes };
            Some(Line { tone: Tone::Plain, word: "changes".into(), content })
        });
        changes.collect()
    }

    /// Returns what the sender and the receiver believe of a connection, the sender first.
    pub fn sides<'s>(&'s self, belief: &'s Belief) -> [(Who, Vec<Line<'s>>); 2] {
        let Belief { sender, sent, received, secrets, certificates, .. } = belief;
        if let Some(secrets) = secrets {
            return self.sides_of_secrets(belief, secrets, certificates.as_ref());
        }
        let receiver = if *sender == Who::Client { Who::Server } else { Who::Client };
        [(*sender, "it sent", sent, received), (receiver, "it got", received, sent)].map(
            |(who, word, said, others)| {
                let mut lines: Vec<_> = (0..)
                    .zip(said)
                    .map(|(number, said)| {
                        // They are compared where the one turned into the other.
                        let became =
                            received.get(number).is_some_and(|said| said.message.is_none());
                        let other = others.get(number);
                        let other = other.filter(|_| became && sent.len() == received.len());
                        let content = Content::Text {
                            text: &said.plaintext,
                            other: other.map(|other| &*other.plaintext),
                            note: self.origin(belief, said),
                        };
                        let word = if number == 0 { word } else { "" };
                        Line { tone: Tone::Plain, word: word.into(), content }
                    })
                    .collect();
                if lines.is_empty() {
                    lines.push(words(word, "nothing: no client opened this connection"));
                }
                (who, lines)
            },
        )
    }

    /// Returns which secret the client and the server hold, and whom they take for the other one.
    fn sides_of_secrets(
        &self,
        belief: &Belief,
        [client, server]: &[Option<Hex>; 2],
        certificates: Option<&[Leaf; 2]>,
    ) -> [(Who, Vec<Line<'static>>); 2] {
        let of = |at: usize| certificates.and_then(|both| both.get(at));
        let server_name = self.the(Who::Server, belief.connection);
        let with_server = of(0).map_or(server_name, |leaf| leaf.subject.clone());
        let mut with_client = self.the(Who::Client, belief.connection);
        if let Some(leaf) = of(1) {
            with_client = format!("{with_client}, as {}", leaf.subject);
        }
        let shares = |with, fingerprint: &Option<Hex>, none: &'static str, leaf: Option<&Leaf>| {
            let what = match fingerprint {
                Some(it) => format!("a secret with {with} {}", of_fingerprint(it)),
                None => none.to_owned(),
            };
            let by = leaf.map(|leaf| quiet(words("", format!("by {}", numbered(&leaf.serial)))));
            [words("it shares", what)].into_iter().chain(by).collect()
        };
        let not_there = "nothing: it knows of no such connection";
        let no_client = "nothing: no client opened this connection";
        [
            (Who::Client, shares(with_server, client, no_client, of(0))),
            (Who::Server, shares(with_client, server, not_there, of(1))),
        ]
    }

    /// Says where a message really came from, if not from the expected sender.
    fn origin(&self, belief: &Belief, said: &Said) -> Option<String> {
        match said.message {
            None => Some("nobody sent this".to_owned()),
            Some(message) if message.connection != belief.connection => {
                Some(self.name_of_message(message))
            }
            Some(Message { from, connection, .. }) if from != belief.sender => {
                Some(format!("from {}", self.the(from, connection)))
            }
            Some(_) => None,
        }
    }

    /// Returns the reason, the property at stake and what closes it, each with its name.
    pub fn conclusion(&self) -> Vec<(&'static str, String)> {
        // Where it is open, the verdict has said what is missing.
        let is_open = self.is_open();
        let all = [
            ("why", self.because.clone()),
            ("at stake", if is_open { String::new() } else { self.at_stake.clone() }),
            ("closed by", self.closed_by_in_words()),
        ];
        let shown = if self.is_control() { 1 } else { all.len() };
        all.into_iter().take(shown).filter(|(_, text)| !text.is_empty()).collect()
    }

    fn closed_by_in_words(&self) -> String {
        match self.closed_by.strip_prefix("none") {
            Some(rest) => format!("no stage here{rest}"),
            None => self.closed_by.clone(),
        }
    }
}

fn words<'s>(word: impl Into<Cow<'s, str>>, text: impl Into<Cow<'s, str>>) -> Line<'s> {
    Line { tone: Tone::Plain, word: word.into(), content: Content::Words(text.into()) }
}

fn text<'s>(word: &'static str, text: &'s [u8]) -> Line<'s> {
    let content = Content::Text { text, other: None, note: None };
    Line { tone: Tone::Plain, word: word.into(), content }
}

fn bad(line: Line<'_>) -> Line<'_> {
    Line { tone: Tone::Bad, ..line }
}

fn quiet(line: Line<'_>) -> Line<'_> {
    Line { tone: Tone::Quiet, ..line }
}

/// Says what a receiver of this stage checked, and found to be right.
fn checks<'s>(stage: &Stage, seq: Option<u64>) -> Line<'s> {
    let tag = stage.has(Role::Tag).then(|| "tag OK: it verifies".to_owned());
    let seq = seq.map(|seq| format!("seq OK: {seq} is the one expected"));
    let checks: Vec<_> = tag.into_iter().chain(seq).collect();
    if checks.is_empty() {
        return quiet(words(
            "",
            "no check: nothing here tells a genuine message from a changed one",
        ));
    }
    Line { tone: Tone::Good, ..words("", checks.join("; ")) }
}

/// A message of the handshake by its name, and what it says: its fields, each with its first bytes.
fn hello(name: &str, bytes: &[u8]) -> String {
    if is_sealed(bytes) {
        return format!("{name}, encrypted");
    }
    let payload = payload_of_hello(bytes);
    let spans = messages::explain(payload).spans;
    // At TLS, the message is one span, behind its type; before, each field has a tag and a length in front.
    let is_tls = messages::tls13::is_one(payload);
    let body = spans.iter().rfind(|span| is_tls && !span.inside.is_empty());
    let fields = body.map_or(&spans, |body| &body.inside).iter().map(|span| {
        let value = span.inside.last().filter(|_| !is_tls).unwrap_or(span);
        let value = payload.get(value.offset..value.offset + value.len).unwrap_or_default();
        field_at_a_glance(span.name, value)
    });
    format!("{name}: {}", fields.collect::<Vec<_>>().join(", "))
}

/// How the attacker ends a connection towards someone.
fn ending(to: Who) -> &'static str {
    if to == Who::Client {
        "the connection to the client, as the server would by closing"
    } else {
        "the connection to the server, as the client would when it has sent all"
    }
}

/// A field of a message of the handshake: whose certificate it is, or its name and its first bytes.
pub fn field_at_a_glance(name: &str, value: &[u8]) -> String {
    match Leaf::of(value) {
        Some(Leaf { subject, serial }) => format!("{} of {subject}", numbered(&serial)),
        None => format!("{name} {}", glimpsed(value)),
    }
}

/// A certificate by its number.
fn numbered(serial: &[u8]) -> String {
    format!("certificate {}", glimpsed(serial))
}

/// The record of a message of the handshake without its header. That of TLS says in its first byte what it carries; at
/// the stages before, there is but a length, of less than 2^24.
pub(super) fn payload_of_hello(bytes: &[u8]) -> &[u8] {
    let is_length = bytes.first() == Some(&0);
    let header = if is_length { Header::LENGTH } else { PART5_TLS13.header() };
    bytes.get(header.len()..).unwrap_or_default()
}

/// Returns whether the record of a message of the handshake is encrypted.
pub(super) fn is_sealed(bytes: &[u8]) -> bool {
    bytes.first() == PART5_TLS13.record(&[]).first()
}

/// Returns whether a message of the handshake became another.
fn is_other_hello(changes: &[Change]) -> bool {
    let message = handshake::FIELDS.iter().find(|field| field.role == Role::Message);
    changes.iter().any(|change| message.is_some_and(|field| field.name == change.field))
}

/// The first bytes in hexadecimal.
fn glimpsed(bytes: &[u8]) -> String {
    match bytes {
        [] => "of no bytes".to_owned(),
        [a, b, c, d, _, ..] => format!("{a:02x}{b:02x}{c:02x}{d:02x}…"),
        _ => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat(),
    }
}

/// A fingerprint as a run tells it.
pub(super) fn of_fingerprint(fingerprint: &[u8]) -> String {
    format!("(fingerprint {})", lines::fingerprint(fingerprint))
}

/// Says what of a field is cut off, if something is.
pub fn cut_off(change: &Change) -> Option<String> {
    let Change { field, before, after, .. } = change;
    match before.len().saturating_sub(after.len()) {
        0 => None,
        cut if after.is_empty() => Some(format!("all {cut} bytes of the {field}")),
        cut => Some(format!("the last {cut} bytes of the {field}")),
    }
}

/// Returns the part of a text worth showing: its first line, or all of it if only space, or
/// something that differs from `other`, follows. And which of its bytes differ, unless most of them
/// do.
pub fn shown<'t>(text: &'t [u8], other: Option<&[u8]>) -> (&'t [u8], Vec<bool>) {
    let other = other.filter(|other| other.len() == text.len());
    let other = other.unwrap_or(text);
    let mut differ: Vec<_> = text.iter().zip(other).map(|(one, other)| one != other).collect();
    if 2 * differ.iter().filter(|differs| **differs).count() > text.len() {
        differ.fill(false);
    }
    let line = text.iter().position(|byte| *byte == b'\r').unwrap_or(text.len());
    let (first, rest) = text.split_at(line);
    let is_whole =
        rest.iter().all(u8::is_ascii_whitespace) || differ.iter().skip(line).any(|it| *it);
    (if is_whole { text } else { first }, differ)
}
